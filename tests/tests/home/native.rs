use lacewing_protocol::{ProtocolVersion, QoS};
use lacewing_tests::browser::Chromium;
use lacewing_tests::device::Device;
use lacewing_tests::lacewing::{BrokerHome, Lacewing};
use lacewing_tests::mosquitto::publish;
use lacewing_tests::tools;

/// With `--broker native` the same page is the broker's dashboard.
#[test]
fn the_page_of_a_native_broker_shows_its_clients_and_messages() {
    let page = tools::page();
    let lacewing = Lacewing::start_with(BrokerHome::Native, &["--page", &page.to_string_lossy()]);
    let chromium = Chromium::start();
    let page = chromium.profile().open(&lacewing.page());
    page.shows("header.bar", "Connected to lacewing at ws://localhost:");

    let mut device = Device::connect(lacewing.mqtt_port, ProtocolVersion::V5_0, "a-real-thermometer");
    device.subscribe("anything", QoS::AtMostOnce);
    page.navigate(&format!("{}/#/clients/a-real-thermometer", lacewing.origin()));
    page.shows("main", "a-real-thermometer");
    page.shows(".card", "anything");
    page.navigate(&format!("{}/#/messages", lacewing.origin()));
    page.shows("main", "Subscribed");
    publish(lacewing.mqtt_port, &["-t", "terminal/says", "-m", "hello, page"]);
    page.shows("main", "terminal/says");

    page.navigate(&format!("{}/#/clients/a-real-thermometer", lacewing.origin()));
    page.press("Disconnect");
    assert!(matches!(device.receive(), lacewing_protocol::Packet::Disconnect(_)));
    page.navigate(&format!("{}/#/clients/one-that-left", lacewing.origin()));
    page.shows("main .hint", "one-that-left is not here");
}

/// Without the token a page is a client like any other, and says what it therefore does not know.
#[test]
fn a_page_without_the_token_does_not_operate_a_native_broker() {
    let page = tools::page();
    let lacewing = Lacewing::start_with(BrokerHome::Native, &["--page", &page.to_string_lossy()]);
    let chromium = Chromium::start();
    let page = chromium.profile().open(&lacewing.origin());
    page.shows("header.bar", "Connected to lacewing at ws://localhost:");
    page.navigate(&format!("{}/#/clients", lacewing.origin()));
    page.shows("main", "Who else is here is not known");
    page.shows("main", "Open the address that lacewing prints");
}

/// Where a user name is needed, the token is one; without it the page asks, and is told in words when it is wrong.
#[test]
fn a_page_logs_in_with_the_token_or_with_a_name_and_password() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let settings = folder.path().join("lacewing.toml");
    // The password is "pencil".
    let hash =
        "$argon2id$v=19$m=8,t=1,p=1$AQEBAQEBAQEBAQEBAQEBAQ$2vEyF5weWleEp5h7PY7aLi9Uo2VN9IQqwN4iQu3m4cw";
    std::fs::write(&settings, format!("[[user]]\nname = 'ada'\npassword = '{hash}'\n"))
        .expect("the file is written");
    let (page, settings) = (tools::page(), settings.to_string_lossy().into_owned());
    let args = ["--page", &page.to_string_lossy(), "--config", &settings];
    let lacewing = Lacewing::start_with(BrokerHome::Native, &args);
    let chromium = Chromium::start();
    let operator = chromium.profile().open(&lacewing.page());
    operator.shows("header.bar", "Connected to lacewing at ws://localhost:");

    let guest = chromium.another_profile().open(&lacewing.origin());
    guest.shows("main", "The broker wants to know who you are");
    let log_in = |password: &str| {
        guest.write("form.login input[autocomplete=username]", "ada");
        guest.write("form.login input[type=password]", password);
        guest.press("Log in");
    };
    log_in("pen");
    guest.shows("header.bar", "Bad User Name or Password");
    log_in("pencil");
    guest.shows("header.bar", "Connected to lacewing at ws://localhost:");
    guest.reload();
    guest.shows("header.bar", "Connected to lacewing at ws://localhost:");
}
