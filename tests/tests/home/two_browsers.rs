use lacewing_tests::browser::Page;
use lacewing_tests::mosquitto::Subscriber;
use lacewing_tests::patience::eventually;
use lacewing_tests::stand::Stand;

use crate::drawing;

const LIGHT: &str = "sim-livingroom-light";

/// The bridge turns away who does not offer the subprotocol mqtt [MQTT-6.0.0-3], [3.1.1 MQTT-6.0.0-3].
#[test]
fn a_second_browser_draws_the_same_home_and_its_light_switch_works() {
    let stand = Stand::tab();
    let first = stand.tab.as_ref().expect("the stand has a tab");
    let chromium = stand.chromium.as_ref().expect("the stand has a browser");
    let address = format!("{}/?broker={}", stand.lacewing.origin(), stand.lacewing.websocket());
    let second = chromium.another_profile().open(&address);
    second.shows("header.bar", "Connected to the broker at ws://localhost:");

    let home = eventually("the second browser draws all of the home", || {
        drawn(&second).filter(|home| home.contains(LIGHT) && home.contains("Living room"))
    });
    eventually("both draw the same", || drawn(first).filter(|first| *first == home));
    eventually("both show the same temperatures", || {
        let (first, second) = (temperatures(first)?, temperatures(&second)?);
        (first == second && first.split(' ').filter(|number| !number.is_empty()).count() >= 6).then_some(())
    });

    let mut terminal = Subscriber::start(stand.port(), &["-t", "home/livingroom/light/state"]);
    let before = terminal.said().1;
    second.click(&drawing(LIGHT));
    let after = terminal.said().1;
    assert_ne!(before, after, "the light itself says that it was switched");
    let pressed = if after == "ON" { "true" } else { "false" };
    for page in [first, &second] {
        eventually("the light is drawn as it says it is", || {
            page.attribute(&drawing(LIGHT), "aria-pressed").filter(|shown| shown == pressed)
        });
    }
}

/// The rooms by name and the devices by id.
fn drawn(page: &Page) -> Option<String> {
    let read = "[...document.querySelectorAll('.scene h2')].map(room => room.innerText).join() + ' ' + \
                [...document.querySelectorAll('.scene [data-device]')].map(device => device.dataset.device).sort().join()";
    page.value(read)?.as_str().map(str::to_owned)
}

fn temperatures(page: &Page) -> Option<String> {
    let read =
        "[...document.querySelectorAll('.scene [data-room] data')].map(number => number.value).join(' ')";
    page.value(read)?.as_str().map(str::to_owned)
}
