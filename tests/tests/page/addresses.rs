use std::fs;

use lacewing_tests::browser::{Chromium, Page};
use lacewing_tests::patience::eventually;
use lacewing_tests::program::Program;
use lacewing_tests::stand::Stand;
use lacewing_tests::tools;
use tempfile::TempDir;

#[test]
fn an_address_names_the_filter_and_the_client_and_survives_reload_and_the_back_button() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    let at = |fragment: &str| format!("{}/{fragment}", stand.lacewing.origin());
    page.navigate(&at("#/messages"));
    page.shows("main", "home/");
    page.write("#filter", "home/+/light/#");
    is_at(page, "#/messages/home/+/light/%23");
    reload(page);
    page.shows("main", "home/livingroom/light/state");
    assert_eq!(page.value("document.querySelector('#filter').value"), Some("home/+/light/#".into()));

    page.navigate(&at("#/clients/sim-livingroom-sensor"));
    page.shows(".card", "sim-livingroom-sensor");
    reload(page);
    page.shows(".card", "sim-livingroom-sensor");
    page.back();
    is_at(page, "#/messages/home/+/light/%23");
    page.shows("main", "home/livingroom/light/state");

    page.navigate("about:blank");
    eventually("the page is gone", || {
        page.value("document.body.children.length == 0").filter(|gone| *gone == true)
    });
    page.navigate(&at(""));
    is_at(page, "#/messages/home/+/light/%23");
}

/// A host that knows nothing of Lacewing, the page in some folder of it.
#[test]
fn any_static_host_serves_the_page_from_any_folder_without_a_bridge() {
    let site = TempDir::new().expect("a temporary folder");
    fs::create_dir_all(site.path().join("some/folder")).expect("a folder");
    std::os::unix::fs::symlink(tools::page(), site.path().join("some/folder/lacewing"))
        .expect("the page is put there");
    let mut command = tools::program("python3", None);
    command.args(["-u", "-m", "http.server", "--bind", "127.0.0.1", "0"]).current_dir(site.path());
    let mut host = Program::start(&mut command);
    let line = host.line_with("Serving HTTP on");
    let port = line.split_whitespace().skip_while(|word| *word != "port").nth(1).expect("a port");
    let chromium = Chromium::start();
    let page = chromium.profile().open(&format!("http://localhost:{port}/some/folder/lacewing/#/home"));
    page.shows("header.bar", "This tab is the broker");
    page.shows("[data-room=livingroom]", "°C");
    page.shows(".cabinet.none", "none yet");
    page.click("[data-device=sim-livingroom-light] .draw");
    eventually("the lamp says that it is on", || {
        page.attribute("[data-device=sim-livingroom-light] .draw", "aria-pressed")
            .filter(|pressed| pressed == "true")
    });
}

fn reload(page: &Page) {
    page.value("window.former = true");
    page.reload();
    eventually("the page is a new one", || page.value("!window.former").filter(|new| *new == true));
}

fn is_at(page: &Page, fragment: &str) {
    eventually(&format!("the address names {fragment}"), || {
        page.value("location.hash").filter(|hash| hash == fragment)
    });
}
