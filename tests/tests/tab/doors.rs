//! Who is not let in is told why, and a device that is in notices nothing.

use lacewing_protocol::{ProtocolVersion, QoS};
use lacewing_tests::device::Device;
use lacewing_tests::stand::Stand;

/// The lines of a WebSocket handshake, but for `Host` and `Origin`.
const HANDSHAKE: [&str; 4] = [
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

/// A device that subscribed to itself, and the proof that it was not disturbed.
struct Undisturbed {
    device: Device,
}

impl Undisturbed {
    fn connect(stand: &Stand) -> Self {
        let mut device = Device::connect(stand.port(), ProtocolVersion::V5_0, "undisturbed");
        device.subscribe("echo", QoS::AtMostOnce);
        Self { device }
    }

    fn is_still_so(&mut self) {
        self.device.publish("echo", b"here", QoS::AtMostOnce);
        assert_eq!(self.device.message().payload, "here");
    }
}

#[test]
fn a_page_with_a_wrong_token_is_refused_in_words() {
    let stand = Stand::tab();
    let mut device = Undisturbed::connect(&stand);
    let stranger = stand.chromium.as_ref().expect("the stand has a browser").another_profile();
    let page = stranger.open(&format!("{}/#pair=not-the-token", stand.lacewing.origin()));
    page.shows("header.bar", "The bridge does not know this page");
    device.is_still_so();
}

#[test]
fn a_page_without_a_token_is_a_broker_of_its_own() {
    let stand = Stand::tab();
    let mut device = Undisturbed::connect(&stand);
    let stranger = stand.chromium.as_ref().expect("the stand has a browser").another_profile();
    let page = stranger.open(&stand.lacewing.origin());
    page.shows("header.bar", "This tab is the broker");
    page.shows("header.bar", "no bridge yet");
    device.is_still_so();
}

#[test]
fn a_foreign_origin_is_refused_with_a_reason() {
    let stand = Stand::tab();
    let mut device = Undisturbed::connect(&stand);
    let host = format!("Host: localhost:{}", stand.lacewing.http_port);
    for (path, reason) in
        [("/link", "Only the dashboard at"), ("/mqtt", "Pages of this origin are not devices here")]
    {
        for origin in ["Origin: https://evil.example", "Origin: null"] {
            let headers = [&HANDSHAKE[..], &[&host, origin, "Sec-WebSocket-Protocol: mqtt"]].concat();
            let answer = stand.lacewing.ask(path, &headers);
            assert!(answer.starts_with("HTTP/1.1 403 "), "{path} with {origin}: {answer}");
            assert!(answer.contains(reason), "{path} with {origin}: {answer}");
        }
    }
    device.is_still_so();
}

/// As a page does whose name was pointed at this machine (DNS rebinding).
#[test]
fn a_foreign_host_is_refused_with_a_reason() {
    let stand = Stand::tab();
    let mut device = Undisturbed::connect(&stand);
    for path in ["/", "/link", "/mqtt", "/metrics"] {
        let headers = [&HANDSHAKE[..], &["Host: evil.example", "Origin: http://evil.example"]].concat();
        let answer = stand.lacewing.ask(path, &headers);
        assert!(answer.starts_with("HTTP/1.1 421 "), "{path}: {answer}");
        let (_, reason) = answer.split_once("\r\n\r\n").expect("the answer has a body");
        assert!(reason.len() > 20, "{path} says why: {reason}");
    }
    device.is_still_so();
}
