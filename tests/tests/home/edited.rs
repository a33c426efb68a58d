use lacewing_tests::browser::{Chromium, Page};
use lacewing_tests::lacewing::Lacewing;
use lacewing_tests::mosquitto::{Subscriber, publish, subscribe};
use lacewing_tests::patience::eventually;
use lacewing_tests::stand::Stand;
use lacewing_tests::tools;

#[test]
fn what_is_removed_in_the_page_is_forgotten_by_the_broker_and_comes_back_by_undo() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    let mut terminal = Subscriber::start(stand.port(), &["-t", "home/kitchen/light/status"]);
    assert_eq!(terminal.said().1, "online");
    page.press("Edit the house");
    page.press("Remove Light, Kitchen");
    assert_eq!(terminal.said().1, "", "its retained messages are cleared");
    eventually("the page draws it no longer", || (!drawn(page)?.contains("sim-kitchen-light")).then_some(()));
    assert!(is_forgotten(stand.port(), "homeassistant/device/sim-kitchen-light/config"));
    page.shows(".undo", "Removed Light.");
    page.press("Undo");
    assert_eq!(terminal.said().1, "online");
    eventually("the page draws it again", || drawn(page)?.contains("sim-kitchen-light").then_some(()));
}

#[test]
fn a_home_that_was_changed_is_the_same_after_a_reload() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    page.press("Edit the house");
    page.write(".edit form input", "Attic");
    page.press("Add the room");
    page.shows(".scene", "Attic");
    page.press("Add a device to Attic");
    page.click(".library li:first-child button");
    // Nobody is connected from outside: the page would ask before it goes.
    eventually("this browser keeps it", || {
        let kept = page.value("localStorage.getItem('lacewing.home')")?;
        kept.as_str()?.contains("sim-attic-light").then_some(())
    });
    page.reload();
    page.shows(".scene", "Attic");
    let mut terminal = Subscriber::start(stand.port(), &["-t", "home/attic/light/#"]);
    // It says so when it has subscribed.
    while terminal.said() != ("home/attic/light/status".into(), "online".into()) {}
    publish(stand.port(), &["-t", "home/attic/light/set", "-m", "ON"]);
    while terminal.said() != ("home/attic/light/state".into(), "ON".into()) {}
}

#[test]
fn a_home_that_is_damaged_is_set_aside_and_told_in_words() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    page.shows(".scene", "Living room");
    page.value("localStorage.setItem('lacewing.home', '{\"version\": 1,')");
    page.reload();
    page.shows(".notices", "could not be read");
    page.shows(".scene", "Living room");
    let aside = page.value("localStorage.getItem('lacewing.home.damaged')");
    assert_eq!(aside.as_ref().and_then(|text| text.as_str()), Some("{\"version\": 1,"));
}

#[test]
fn a_home_is_exported_and_imported_as_a_file() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    page.press("Edit the house");
    eventually("there is a file to save", || {
        let href = page.attribute(".edit a[download]", "href")?;
        page.attribute(".edit a[download]", "download").filter(|name| name == "lacewing-house.json")?;
        href.contains("livingroom").then_some(())
    });
    let saved =
        "decodeURIComponent(document.querySelector('.edit a[download]').href.split(',').slice(1).join())";
    import(page, &format!("{saved}.replace('Living room', 'Parlour')"));
    page.shows(".scene", "Parlour");
    page.shows(".undo", "This is the home from home.json.");
    import(page, "'[]'");
    page.shows(".notices", "This is not the file of a home");
    page.click(".notices button");
    eventually("the notice is gone", || {
        page.text(".notices").is_some_and(|text| text.trim().is_empty()).then_some(())
    });
    page.press("Start again with the Lacewing house");
    page.shows(".scene", "Living room");
}

#[test]
fn a_native_broker_keeps_the_home_in_its_data_folder() {
    let files = tools::page();
    let mut lacewing = Lacewing::start_durable_with(&["--page", &files.to_string_lossy(), "--home"]);
    let chromium = Chromium::start();
    let page = chromium.profile().open(&lacewing.page());
    page.shows(".scene", "Living room");
    page.press("Edit the house");
    page.press("Remove room Study");
    eventually("the broker keeps nothing of the study", || {
        is_forgotten(lacewing.mqtt_port, "home/study/#").then_some(())
    });
    // It is written beside the broker's turns, and this is about what was.
    let file = lacewing.folder().join("home.json");
    eventually("the file has no study", || {
        let text = std::fs::read_to_string(&file).ok()?;
        (!text.contains("\"study\"")).then_some(())
    });
    lacewing.restart();
    let plan = subscribe(lacewing.mqtt_port, &["-t", "lacewing/home/plan", "-C", "1"]).concat();
    assert!(plan.contains("livingroom") && !plan.contains("study"), "{plan}");
}

#[test]
fn any_browser_sends_the_cat_and_rings_the_bell() {
    let stand = Stand::tab();
    let mut terminal =
        Subscriber::start(stand.port(), &["-t", "lacewing/home/cat", "-t", "home/kitchen/chime/state"]);
    terminal.skip_to("home/kitchen/chime/state 0");
    publish(stand.port(), &["-t", "lacewing/home/cat/set", "-m", "study"]);
    terminal.skip_to("lacewing/home/cat study");
    publish(stand.port(), &["-t", "home/hall/doorbell/press", "-m", "PRESS"]);
    terminal.skip_to("home/kitchen/chime/state 1");
}

/// Whether the broker keeps nothing on this topic.
fn is_forgotten(port: u16, filter: &str) -> bool {
    // What is kept comes first.
    let mut terminal = Subscriber::start(port, &["-t", filter, "-t", "the/end"]);
    publish(port, &["-t", "the/end", "-m", "of it"]);
    terminal.said().0 == "the/end"
}

/// The ids of the devices that are drawn.
fn drawn(page: &Page) -> Option<String> {
    let read =
        "[...document.querySelectorAll('.scene [data-device]')].map(device => device.dataset.device).join()";
    page.value(read)?.as_str().map(str::to_owned)
}

/// Chooses a file with this text, an expression, as a person does in the browser's dialog.
fn import(page: &Page, text: &str) {
    let choose = format!(
        "(() => {{ const files = new DataTransfer(); files.items.add(new File([{text}], 'home.json')); \
         const input = document.querySelector('.edit input[type=file]'); input.files = files.files; \
         input.dispatchEvent(new Event('change', {{ bubbles: true }})); return true; }})()"
    );
    assert!(page.value(&choose).is_some(), "the file is chosen");
}
