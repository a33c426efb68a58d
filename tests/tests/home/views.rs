use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use lacewing_protocol::{ProtocolVersion, QoS};
use lacewing_tests::browser::Page;
use lacewing_tests::device::Device;
use lacewing_tests::mosquitto::{Subscriber, publish};
use lacewing_tests::patience::eventually;
use lacewing_tests::program::Program;
use lacewing_tests::stand::Stand;
use lacewing_tests::tools;
use tempfile::TempDir;

#[test]
fn mosquitto_sub_prints_the_home() {
    let stand = Stand::tab();
    let mut terminal = Subscriber::start(stand.port(), &["-t", "home/#"]);
    let rooms = ["hall", "livingroom", "kitchen", "bathroom", "bedroom", "study"];
    let mut said = BTreeMap::new();
    let is_whole = |said: &BTreeMap<String, String>| {
        rooms.iter().all(|room| {
            let says = |thing: &str| said.get(&format!("home/{room}/{thing}")).map(String::as_str);
            says("temperature").is_some_and(|text| text.parse::<f64>().is_ok())
                && says("light/state").is_some()
                && says("light/status") == Some("online")
                && says("sensor/status") == Some("online")
        }) && said.contains_key("home/livingroom/thermostat/state")
    };
    while !is_whole(&said) {
        said.extend([terminal.said()]);
    }
}

#[test]
fn a_real_client_is_listed_under_its_id() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    let device = Device::connect(stand.port(), ProtocolVersion::V5_0, "a-real-thermometer");
    page.navigate(&format!("{}/#/clients", stand.lacewing.origin()));
    page.shows("main", "a-real-thermometer");
    page.shows("main", "sim-livingroom-sensor");
    device.disconnect();
}

#[test]
fn messages_travel_between_a_terminal_and_the_page() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    page.navigate(&format!("{}/#/messages", stand.lacewing.origin()));
    page.shows("main", "home/livingroom/temperature");
    publish(stand.port(), &["-t", "terminal/says", "-m", "hello, page"]);
    page.shows("main", "terminal/says");

    let mut terminal = Subscriber::start(stand.port(), &["-t", "page/says", "-q", "2"]);
    page.press("Publish");
    page.write(".compose input", "page/says");
    page.write(".compose textarea", "hello, terminal");
    page.click(".compose fieldset label:nth-of-type(3)");
    page.click(".compose button[type=submit]");
    let message = terminal.message();
    assert_eq!((message.qos, message.payload.as_str()), (2, "hello, terminal"));
}

#[test]
fn the_commands_to_copy_do_what_is_said_beside_them() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    page.press("Connect a device");
    let [listen, be_cold] = to_copy(page, "mosquitto_sub");
    let mut terminal = in_a_shell(&format!("stdbuf -oL {listen}"));
    terminal.line_with("home/livingroom/temperature ");
    in_a_shell(&be_cold).finish();
    terminal.line_with("home/livingroom/temperature 15.5");

    page.press("Node.js");
    let [_, script] = to_copy(page, "npm install");
    let folder = TempDir::new().expect("a temporary folder");
    fs::write(folder.path().join("hello.mjs"), script).expect("the script can be kept");
    // In place of `npm install mqtt`.
    let modules = tools::mqttjs().join("node_modules");
    std::os::unix::fs::symlink(modules, folder.path().join("node_modules"))
        .expect("mqtt.js is where it is wanted");
    let mut node = Program::start(tools::program("node", None).arg(folder.path().join("hello.mjs")));
    assert_eq!(node.line().as_deref(), Some("connected"));
    assert_eq!(node.line().as_deref(), Some("test/topic Hello MQTT"));
}

/// What else may listen beside a page: a device that only its id tells apart from the simulated ones.
#[test]
fn a_client_that_an_operator_disconnects_is_told_so() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    let mut device = Device::connect(stand.port(), ProtocolVersion::V5_0, "unwelcome");
    device.subscribe("anything", QoS::AtMostOnce);
    page.navigate(&format!("{}/#/clients/unwelcome", stand.lacewing.origin()));
    page.press("Disconnect");
    assert!(matches!(device.receive(), lacewing_protocol::Packet::Disconnect(_)));
    assert!(device.receive_or_end().is_none());
}

/// The two texts to copy of the recipe on screen, the first with `mark` in it.
fn to_copy(page: &Page, mark: &str) -> [String; 2] {
    let read = "[...document.querySelectorAll('#recipe code')].map(code => code.textContent)";
    eventually("two texts to copy", || {
        let texts: Vec<String> = serde_json::from_value(page.value(read)?).ok()?;
        <[String; 2]>::try_from(texts).ok().filter(|[first, _]| first.contains(mark))
    })
}

fn in_a_shell(command: &str) -> Program {
    // Without `exec` the shell would be ended in its place.
    Program::start(Command::new("sh").args(["-c", &format!("exec {command}")]))
}

/// What the checklist of the sheet is for: to see a CONNECT arrive, and its answer.
#[test]
fn the_connect_sheet_shows_a_device_that_knocks() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    page.press("Connect a device");
    publish(stand.port(), &["-i", "esp32", "-t", "test/topic", "-m", "knock"]);
    page.shows(".checklist", "esp32 was let in (TCP 127.0.0.1:");
}

/// Who missed a sentence finds it again.
#[test]
fn the_sentences_before_the_last_one_are_read_under_the_house() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    page.shows("[data-room=livingroom] data", "");
    for state in ["ON", "OFF"] {
        publish(stand.port(), &["-i", "terminal", "-t", "home/study/light/set", "-m", state]);
        page.shows(".caption", &format!("asked the light in the study for “{state}”"));
    }
    page.click(".caption summary");
    let earlier = page.shows(".caption ol", "“ON”");
    assert!(earlier.contains("“terminal” asked the light in the study for “ON”."), "{earlier}");
}
