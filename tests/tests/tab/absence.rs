//! No tab, no broker: devices are told, in time.

use std::process::Command;
use std::time::{Duration, Instant};

use lacewing_protocol::{Packet, ProtocolVersion, QoS, ReasonCode};
use lacewing_tests::browser::Chromium;
use lacewing_tests::device::{self, Device};
use lacewing_tests::lacewing::{BrokerHome, Lacewing};
use lacewing_tests::patience::eventually;
use lacewing_tests::stand::{Stand, is_up};

/// How long the bridge lets a CONNECT wait for a tab.
const WAIT: Duration = Duration::from_secs(5);
/// What a busy machine may add to it.
const SLACK: Duration = Duration::from_secs(3);

#[test]
fn a_closed_tab_disconnects_devices_within_2_s() {
    let mut stand = Stand::tab();
    let mut device = Device::connect(stand.port(), ProtocolVersion::V5_0, "left-behind");
    device.ping();
    stand.tab.take().expect("the stand has a tab").close();
    device.ends_within(Duration::from_secs(2));
}

#[test]
fn a_killed_browser_disconnects_devices_within_2_s() {
    let mut stand = Stand::tab();
    let device = Device::connect(stand.port(), ProtocolVersion::V3_1_1, "left-behind");
    stand.tab = None;
    stand.chromium = None;
    device.ends_within(Duration::from_secs(2));
}

/// A tab whose browser froze it, or whose laptop was closed: its WebSocket stays open and says nothing.
#[test]
fn a_frozen_tab_is_given_up_after_30_s_and_carries_devices_again_when_it_thaws() {
    let stand = Stand::tab();
    let device = Device::connect(stand.port(), ProtocolVersion::V5_0, "left-behind");
    let frozen = Frozen::new(stand.chromium.as_ref().expect("the stand has a browser").renderers());
    let began = Instant::now();
    device.ends_within(Duration::from_secs(30) + SLACK);
    assert!(began.elapsed() > Duration::from_secs(20), "a short silence is forgiven");
    drop(frozen);
    stand.is_up();

    // The page's own clients had not heard of the broker for as long, and are back as well.
    let page = stand.tab.as_ref().expect("the stand has a tab");
    let mut terminal = Device::connect(stand.port(), ProtocolVersion::V5_0, "terminal");
    eventually("the page shows what was published after the thaw", || {
        terminal.publish("home/livingroom/temperature", b"11.1", QoS::AtLeastOnce);
        page.text(".phone [data-room=livingroom] data").filter(|text| text.contains("11.1"))
    });
}

/// Processes that stand still until this is dropped.
struct Frozen(Vec<u32>);

impl Frozen {
    fn new(processes: Vec<u32>) -> Self {
        let frozen = Self(processes);
        frozen.signal("-STOP");
        frozen
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(name).args(self.0.iter().map(u32::to_string)).status();
        assert!(status.is_ok_and(|status| status.success()), "{name} reaches the browser");
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        self.signal("-CONT");
    }
}

/// 3.1.1 knows it as return code 3, 5.0 as 0x88; the device reads both as the same reason.
#[test]
fn without_a_tab_a_connect_waits_5_s_and_is_told_server_unavailable() {
    let lacewing = Lacewing::start(BrokerHome::Tab);
    let port = lacewing.mqtt_port;
    let began = Instant::now();
    let versions = [ProtocolVersion::V3_1_1, ProtocolVersion::V5_0];
    let waiting = versions.map(|version| {
        let mut device = Device::dial(port, version);
        device.send(&Packet::Connect(Box::new(device::connect(version, "early"))));
        device
    });
    for mut device in waiting {
        let Packet::ConnAck(answer) = device.receive() else { panic!("a CONNACK was due") };
        let waited = began.elapsed();
        assert_eq!(answer.reason, ReasonCode::ServerUnavailable);
        assert!(waited >= WAIT - Duration::from_millis(100), "it was given up after {waited:?}");
        assert!(waited < WAIT + SLACK, "it was let wait for {waited:?}");
        device.ends_within(SLACK);
    }
}

#[test]
fn a_connect_that_waits_is_let_in_when_the_tab_opens() {
    let lacewing = Lacewing::start(BrokerHome::Tab);
    let chromium = Chromium::start();
    // Once before, so that the browser has compiled the page: its way to the link is not what is tested.
    let tab = chromium.profile().open(&lacewing.page());
    is_up(lacewing.mqtt_port);
    let before = Device::connect(lacewing.mqtt_port, ProtocolVersion::V5_0, "before");
    tab.close();
    before.ends_within(Duration::from_secs(2));

    let mut device = Device::dial(lacewing.mqtt_port, ProtocolVersion::V5_0);
    device.send(&Packet::Connect(Box::new(device::connect(ProtocolVersion::V5_0, "early"))));
    let _tab = chromium.profile().open(&lacewing.page());
    let Packet::ConnAck(answer) = device.receive() else { panic!("a CONNACK was due") };
    assert_eq!(answer.reason, ReasonCode::Success);
}
