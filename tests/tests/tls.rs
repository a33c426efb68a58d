//! The clients of mosquitto over TLS, with a certificate for development, against both brokers.

use std::fs;
use std::process::Command;

use lacewing_tests::lacewing::BrokerHome;
use lacewing_tests::mosquitto::{self, Subscriber};
use lacewing_tests::stand::Stand;
use lacewing_tests::tools;
use tempfile::TempDir;

/// A broker with TLS.
struct Secured {
    stand: Stand,
    port: u16,
    /// The file that clients are told to trust.
    ca: String,
}

impl Secured {
    fn start(home: BrokerHome, args: &[&str]) -> Self {
        let mut stand = Stand::start_with(home, &[&["--mqtts", "localhost:0"], args].concat());
        let program = stand.lacewing.program();
        let after = |line: String, mark: &str| {
            let (_, after) = line.split_once(mark).expect("the mark is in the line");
            after.split_whitespace().next().unwrap_or_default().to_owned()
        };
        let port = after(program.line_with("mqtts://"), "mqtts://localhost:").parse().expect("a port");
        let ca = match args.iter().position(|arg| *arg == "--tls-client-ca") {
            Some(place) => args[place + 1].to_owned(),
            None => after(program.line_with("--cafile"), "--cafile "),
        };
        Self { stand, port, ca }
    }

    fn development(home: BrokerHome) -> Self {
        Self::start(home, &["--tls-dev"])
    }
}

fn mosquittos_clients_meet_over_tls(broker: &Secured) {
    let trust = ["--cafile", broker.ca.as_str()];
    for version in ["mqttv311", "mqttv5"] {
        for qos in ["0", "1", "2"] {
            let how = ["-V", version, "-q", qos, "-t", "test/tls"];
            let mut subscriber = Subscriber::start(broker.port, &[&trust[..], &how, &["-C", "2"]].concat());
            mosquitto::publish(broker.port, &[&trust[..], &how, &["-m", "sealed"]].concat());
            let message = subscriber.message();
            assert_eq!((message.qos.to_string().as_str(), message.payload.as_str()), (qos, "sealed"));
            // And across: from TLS to a client without it.
            let mut plain = Subscriber::start(broker.stand.port(), &how);
            mosquitto::publish(broker.port, &[&trust[..], &how, &["-m", "opened"]].concat());
            assert_eq!(plain.message().payload, "opened");
            subscriber.ended();
            plain.disconnect();
        }
    }
}

fn a_message_of_one_mebibyte_goes_over_tls_both_ways(broker: &Secured) {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("large");
    let payload: String = (0..1 << 20).map(|n: u32| char::from(b'a' + (n / 7 % 26) as u8)).collect();
    fs::write(&file, &payload).expect("the file is written");
    let trust = ["--cafile", broker.ca.as_str(), "-q", "1", "-t", "test/large"];
    let mut subscriber = Subscriber::start(broker.port, &[&trust[..], &["-C", "1"]].concat());
    let path = file.to_str().expect("a path in UTF-8");
    mosquitto::publish(broker.port, &[&trust[..], &["-f", path]].concat());
    assert!(subscriber.message().payload == payload);
    subscriber.ended();
}

#[test]
fn native_mosquittos_clients_meet_over_tls() {
    mosquittos_clients_meet_over_tls(&Secured::development(BrokerHome::Native));
}

#[test]
fn native_a_message_of_one_mebibyte_goes_over_tls_both_ways() {
    a_message_of_one_mebibyte_goes_over_tls_both_ways(&Secured::development(BrokerHome::Native));
}

#[test]
fn the_tab_takes_part_in_all_of_it() {
    let broker = Secured::development(BrokerHome::Tab);
    mosquittos_clients_meet_over_tls(&broker);
    a_message_of_one_mebibyte_goes_over_tls_both_ways(&broker);
}

#[test]
fn who_does_not_trust_the_certificate_does_not_come_in() {
    let broker = Secured::development(BrokerHome::Native);
    let stranger = certificates(&["--for", "localhost"]);
    let stranger_ca = stranger.path().join("ca.pem");
    for args in [["--cafile", stranger_ca.to_str().expect("a path")], ["--tls-version", "tlsv1.2"]] {
        assert!(!can_publish(broker.port, &args), "{args:?}");
    }
    assert!(can_publish(broker.port, &["--cafile", &broker.ca]));
    assert!(can_publish(broker.port, &["--cafile", &broker.ca, "--tls-version", "tlsv1.2"]));
}

#[test]
fn a_client_comes_in_under_the_name_in_its_certificate() {
    let vault = certificates(&["--for", "localhost", "--client", "lamp"]);
    let path = |file: &str| vault.path().join(file).to_str().expect("a path").to_owned();
    let settings = path("settings.toml");
    fs::write(&settings, "access = ['allow subscribe #', 'allow publish home/%u/#', 'deny #']\n")
        .expect("a file");
    let (server, key, ca) = (path("server.pem"), path("server.key"), path("ca.pem"));
    let args = ["--tls-cert", &server, "--tls-key", &key, "--tls-client-ca", &ca, "--config", &settings];
    let broker = Secured::start(BrokerHome::Native, &args);
    let (certificate, key) = (path("client-lamp.pem"), path("client-lamp.key"));
    let shown = ["--cafile", broker.ca.as_str(), "--cert", &certificate, "--key", &key];
    assert!(!can_publish(broker.port, &shown[..2]), "no certificate");

    let mut everything =
        Subscriber::start(broker.port, &[&shown[..], &["-q", "1", "-t", "#", "-C", "1"]].concat());
    for topic in ["home/door/state", "home/lamp/state"] {
        mosquitto::publish(broker.port, &[&shown[..], &["-q", "1", "-t", topic, "-m", "on"]].concat());
    }
    assert_eq!(everything.said(), ("home/lamp/state".to_owned(), "on".to_owned()));
    everything.ended();
}

/// A folder of `lacewing certificate`.
fn certificates(args: &[&str]) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    let made = Command::new(tools::lacewing()).arg("certificate").args(args).arg(folder.path()).output();
    assert!(made.expect("lacewing runs").status.success());
    folder
}

fn can_publish(port: u16, args: &[&str]) -> bool {
    let mut command = tools::program("mosquitto_pub", None);
    command.args(["-h", "localhost", "-p", &port.to_string(), "-q", "1", "-t", "test", "-m", "x"]).args(args);
    command.output().expect("mosquitto_pub runs").status.success()
}
