use lacewing_tests::browser::Page;
use lacewing_tests::mosquitto::Subscriber;
use lacewing_tests::patience::eventually;
use lacewing_tests::stand::Stand;

/// How often a key is pressed before it is given up.
const PRESSES: usize = 250;

#[test]
fn a_window_is_opened_a_message_published_and_a_card_read_without_a_mouse() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    page.shows("[data-room=livingroom] data", "");

    let mut terminal = Subscriber::start(stand.port(), &["-t", "home/livingroom/window/state"]);
    assert_eq!(terminal.said().1, "closed");
    reach(page, "[data-device=sim-livingroom-window] .draw");
    page.key(" ");
    assert_eq!(terminal.said().1, "open");

    let mut terminal = Subscriber::start(stand.port(), &["-t", "keyboard/says"]);
    page.key("p");
    page.shows("dialog", "Publish");
    reach(page, ".compose input");
    page.value("document.activeElement.select()");
    page.type_text("keyboard/says");
    reach(page, ".compose textarea");
    page.value("document.activeElement.select()");
    page.type_text("hello, mouse");
    reach(page, ".compose button[type=submit]");
    page.key("Enter");
    assert_eq!(terminal.said().1, "hello, mouse");

    page.key("Escape");
    eventually("the composer closes", || page.text("dialog").is_none().then_some(()));
    page.key("g");
    page.key("c");
    page.shows("main", "sim-livingroom-sensor");
    reach(page, "a[href$='sim-livingroom-sensor']");
    page.key("Enter");
    page.shows(".card", "sim-livingroom-sensor");
    page.shows(".card", "offline");
}

#[test]
fn a_message_is_opened_and_closed_by_enter_and_the_arrow_keys_go_to_the_next() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    page.navigate(&format!("{}/#/messages/lacewing/home", stand.lacewing.origin()));
    page.shows(".stream .row", "lacewing/home/");
    page.value("document.querySelector('.stream .row').focus()");
    let topic = || page.value("document.activeElement.querySelector('.topic')?.textContent");
    let first = topic();
    page.key("Enter");
    page.shows(".detail", "lacewing/home/");
    assert_eq!(topic(), first, "the row keeps the focus");
    page.key("Enter");
    eventually("it is closed", || page.text(".detail").is_none().then_some(()));
    assert_eq!(topic(), first, "the row keeps the focus");
    page.key("ArrowDown");
    assert!(topic() != first && topic().is_some_and(|topic| topic.is_string()), "the next row has it");
    page.key("ArrowUp");
    assert_eq!(topic(), first);
}

/// Goes on with Tab, and inside the house with the arrow that leads nearer, until `wanted` has the focus.
fn reach(page: &Page, wanted: &str) {
    let there = format!("!!document.activeElement?.matches({wanted:?})");
    let here = "(window.places ??= new Map(), places.has(document.activeElement) || \
                places.set(document.activeElement, places.size), places.get(document.activeElement))";
    // The longer way first, then the shorter one.
    let arrows = format!(
        "(() => {{
            const wanted = document.querySelector({wanted:?})?.closest('[data-device]');
            const here = document.activeElement?.closest('.scene [data-device]');
            if (!wanted || !here) return [];
            const middle = it => {{
                const box = it.getBoundingClientRect();
                return [box.x + box.width / 2, box.y + box.height / 2];
            }};
            const [x, y] = middle(here), [toX, toY] = middle(wanted);
            const across = toX > x ? 'ArrowRight' : 'ArrowLeft', along = toY > y ? 'ArrowDown' : 'ArrowUp';
            return Math.abs(toX - x) > Math.abs(toY - y) ? [across, along] : [along, across];
        }})()"
    );
    for _ in 0..PRESSES {
        if page.value(&there) == Some(true.into()) {
            return;
        }
        let before = page.value(here);
        let arrows = page.value(&arrows);
        let arrows: Vec<&str> = arrows
            .iter()
            .filter_map(|keys| keys.as_array())
            .flatten()
            .filter_map(|key| key.as_str())
            .collect();
        for key in arrows.into_iter().chain(["Tab"]) {
            page.key(key);
            if page.value(here) != before {
                break;
            }
        }
    }
    panic!(
        "the keyboard does not reach {wanted}; it is at {:?}",
        page.value("document.activeElement?.outerHTML")
    );
}
