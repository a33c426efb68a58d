//! A tab that comes back, or a bridge that does: everything reconnects by itself.

use lacewing_tests::mosquitto::{Subscriber, publish};
use lacewing_tests::mqttjs;
use lacewing_tests::program::Program;
use lacewing_tests::stand::Stand;

/// Two ordinary clients that reconnect by themselves, as devices do.
struct Devices {
    over_tcp: Subscriber,
    over_websocket: Program,
}

impl Devices {
    fn connect(stand: &Stand) -> Self {
        let over_tcp = Subscriber::start(stand.port(), &["-t", "news"]);
        let mut over_websocket = mqttjs::start("subscribe.js", &[&stand.lacewing.websocket(), "5", "news"]);
        over_websocket.line_with("subscribed");
        Self { over_tcp, over_websocket }
    }

    /// Both have lost their connection, have another one and their subscription, and hear the news.
    fn reconnect(&mut self, stand: &Stand) {
        self.over_websocket.line_with("closed");
        self.over_tcp.skip_to("sending CONNECT");
        self.over_tcp.skip_to("Subscribed (mid");
        self.over_websocket.line_with("subscribed");
        publish(stand.port(), &["-t", "news", "-m", "all is well again"]);
        assert_eq!(self.over_tcp.said().1, "all is well again");
        assert!(self.over_websocket.line_with("> ").ends_with("all is well again"));
    }
}

#[test]
fn a_reloaded_tab_gets_its_devices_back() {
    let stand = Stand::tab();
    let mut devices = Devices::connect(&stand);
    for _ in 0..2 {
        stand.tab.as_ref().expect("the stand has a tab").reload();
        devices.reconnect(&stand);
    }
}

#[test]
fn a_reopened_tab_gets_its_devices_back() {
    let mut stand = Stand::tab();
    let mut devices = Devices::connect(&stand);
    stand.tab.take().expect("the stand has a tab").close();
    devices.over_websocket.line_with("closed");
    let chromium = stand.chromium.as_ref().expect("the stand has a browser");
    // The token was in the address the first time only: the page has to have kept it.
    stand.tab = Some(chromium.profile().open(&stand.lacewing.origin()));
    devices.over_tcp.skip_to("Subscribed (mid");
    devices.over_websocket.line_with("subscribed");
    publish(stand.port(), &["-t", "news", "-m", "all is well again"]);
    assert_eq!(devices.over_tcp.said().1, "all is well again");
    assert!(devices.over_websocket.line_with("> ").ends_with("all is well again"));
}

#[test]
fn a_restarted_bridge_gets_its_tab_and_its_devices_back() {
    let mut stand = Stand::tab();
    let mut devices = Devices::connect(&stand);
    stand.lacewing.restart();
    devices.reconnect(&stand);
    let tab = stand.tab.as_ref().expect("the stand has a tab");
    tab.shows("header.bar", "This tab is the broker");
}
