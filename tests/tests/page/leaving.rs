use lacewing_protocol::ProtocolVersion;
use lacewing_tests::browser::Page;
use lacewing_tests::device::Device;
use lacewing_tests::patience::eventually;
use lacewing_tests::stand::Stand;

#[test]
fn leaving_is_asked_about_only_while_a_real_device_depends_on_this_tab() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    eventually("nobody depends on the tab", || (!asks(page)).then_some(()));
    let device = Device::connect(stand.port(), ProtocolVersion::V5_0, "a-real-thermometer");
    eventually("a device depends on the tab", || asks(page).then_some(()));

    let chromium = stand.chromium.as_ref().expect("the stand has a browser");
    let address = format!("{}/?broker={}", stand.lacewing.origin(), stand.lacewing.websocket());
    let guest = chromium.another_profile().open(&address);
    guest.shows("header.bar", "Connected to the broker at ws://localhost:");
    assert!(!asks(&guest), "nobody depends on a page that is only a client");
    guest.close();

    device.disconnect();
    eventually("nobody depends on the tab any more", || (!asks(page)).then_some(()));
}

/// Whether the page would have the browser ask before it is left.
fn asks(page: &Page) -> bool {
    let leave = "(() => { const leaving = new Event('beforeunload', { cancelable: true }); \
                 dispatchEvent(leaving); return leaving.defaultPrevented; })()";
    page.value(leave) == Some(true.into())
}
