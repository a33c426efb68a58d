use std::time::{Duration, Instant};

use lacewing_tests::mosquitto::Subscriber;
use lacewing_tests::stand::Stand;

const SENSOR: &str = "[data-device=sim-livingroom-sensor] .tag";
/// The keep-alive of every simulated device.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How far from its time a will may be seen in a terminal.
const TOLERANCE: Duration = Duration::from_secs(1);

/// The three ends of a device differ in when the terminal is told: never, at once, and when the broker has waited for one and a half keep-alives.
#[test]
fn the_will_of_a_crashed_device_comes_at_once_and_that_of_a_cut_one_after_one_and_a_half_keep_alives() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    // It pings often, so that it is seen to be there while nothing comes.
    let args = ["-t", "home/livingroom/sensor/status", "-q", "1", "-k", "5"];
    let mut status = Subscriber::start(stand.port(), &args);
    assert_eq!(status.said().1, "online");
    page.click(SENSOR);
    page.shows(".card", "Cut the cable");

    page.press("Crash");
    let crashed = Instant::now();
    assert_eq!(status.said().1, "offline");
    assert!(crashed.elapsed() < TOLERANCE, "the will of a crash came after {:?}", crashed.elapsed());
    page.shows(".scene .temperature[data-room=livingroom]", "last known");

    page.press("Power up");
    assert_eq!(status.said().1, "online");
    let mut reading = Subscriber::start(stand.port(), &["-t", "home/livingroom/temperature"]);
    // The first may be one that the broker kept, the second the one with which the sensor came back: then it has more to say.
    for _ in 0..3 {
        reading.said();
    }
    let last_heard = Instant::now();
    page.press("Cut the cable");
    assert_eq!(status.said().1, "offline");
    let (waited, due) = (last_heard.elapsed(), KEEP_ALIVE * 3 / 2);
    assert!(
        waited.abs_diff(due) <= TOLERANCE,
        "the will of a cut cable came after {waited:?}, due after {due:?}"
    );
}
