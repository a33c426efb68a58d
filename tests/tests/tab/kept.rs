//! What the broker in a tab acknowledged outlives it.
//!
//! `LACEWING_KILLS=30` kills the tab's renderer as often under load; it wants `-- --nocapture`.

use std::time::{Duration, Instant};

use lacewing_protocol::{ProtocolVersion, QoS};
use lacewing_tests::browser::{Chromium, Page};
use lacewing_tests::device::Device;
use lacewing_tests::kills::{Mortal, survives};
use lacewing_tests::mosquitto::{Subscriber, publish, subscribe};
use lacewing_tests::patience::eventually;
use lacewing_tests::stand::Stand;

/// How often the tab is killed in an ordinary run.
const KILLS: u32 = 3;
const STATUS: &str = "header.bar";

impl Mortal for Tab {
    fn port(&self) -> u16 {
        self.0.port()
    }

    fn kill(&mut self) {
        let witness = Device::connect(self.port(), ProtocolVersion::V5_0, "witness");
        chromium(&self.0).kill_tabs();
        witness.ends_within(Duration::from_secs(2));
    }

    /// As a person does who closes the tab that crashed and opens another.
    fn revive(&mut self) {
        let tab = chromium(&self.0).profile().open(&self.0.lacewing.origin());
        if let Some(crashed) = self.0.tab.replace(tab) {
            crashed.close();
        }
        self.0.is_up();
    }
}

/// A broker in a tab that can be killed.
struct Tab(Stand);

fn chromium(stand: &Stand) -> &Chromium {
    stand.chromium.as_ref().expect("the stand has a browser")
}

fn tab(stand: &Stand) -> &Page {
    stand.tab.as_ref().expect("the stand has a tab")
}

#[test]
fn a_reload_keeps_retained_messages_sessions_and_what_waits_in_them() {
    let stand = Stand::tab();
    let port = stand.port();
    publish(port, &["-q", "1", "-r", "-t", "kept/lamp", "-m", "on"]);
    let session = ["-c", "-i", "reader", "-q", "2", "-t", "kept/mail"];
    Subscriber::start(port, &session).disconnect();
    for qos in ["1", "2"] {
        publish(port, &["-q", qos, "-t", "kept/mail", "-m", &format!("letter {qos}")]);
    }
    tab(&stand).reload();
    stand.is_up();
    assert_eq!(subscribe(port, &["-t", "kept/lamp", "-C", "1"]), ["on"]);
    // Its subscription is kept as well: it does not ask for the topic again.
    let reader = ["-c", "-i", "reader", "-q", "2", "-t", "other"];
    let mut reader = Subscriber::start(port, &reader);
    let mut letters = [reader.message(), reader.message()].map(|message| message.payload);
    letters.sort();
    assert_eq!(letters, ["letter 1", "letter 2"]);
    publish(port, &["-q", "2", "-t", "kept/mail", "-m", "one more"]);
    assert_eq!(reader.message().payload, "one more");
    assert!(tab(&stand).text(STATUS).is_some_and(|text| !text.contains("saved")));
}

#[test]
fn killed_under_load_a_tab_loses_nothing_that_it_acknowledged() {
    let kills = std::env::var("LACEWING_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let mut broker = Tab(Stand::tab());
    survives(&mut broker, kills);
}

#[test]
fn wills_are_held_back_after_a_reload_and_the_home_is_there_again() {
    let stand = Stand::tab();
    let mut watcher = Subscriber::start(stand.port(), &["-t", "home/+/+/status"]);
    drop(watcher.message());
    let reloaded = Instant::now();
    tab(&stand).reload();
    watcher.skip_to("Subscribed (mid");
    tab(&stand).shows("[data-room=livingroom]", "°C");
    // By the end of the time for which wills are held back, nobody was said to be gone who is there.
    let mut clock = Device::connect(stand.port(), ProtocolVersion::V5_0, "clock");
    eventually("the time for which wills are held back is over", || {
        clock.ping();
        (reloaded.elapsed().as_secs() > 12).then_some(())
    });
    publish(stand.port(), &["-t", "home/the/end/status", "-m", "end"]);
    loop {
        let message = watcher.message();
        if message.payload == "end" {
            break;
        }
        assert_eq!(message.payload, "online", "{}", message.topic);
    }
    clock.publish("done", b"", QoS::AtMostOnce);
}

#[test]
fn the_next_tab_takes_over_what_was_kept() {
    let mut stand = Stand::tab();
    let port = stand.port();
    publish(port, &["-q", "1", "-r", "-t", "kept/lamp", "-m", "on"]);
    let second = chromium(&stand).profile().open(&stand.lacewing.origin());
    second.shows(STATUS, "Another tab is the broker");
    stand.tab.take().expect("the stand has a tab").close();
    second.shows(STATUS, "This tab is the broker");
    stand.is_up();
    assert_eq!(subscribe(port, &["-t", "kept/lamp", "-C", "1"]), ["on"]);
}
