//! Certificates: those that are wrong, those that are made, and those of clients.

use std::fs;
use std::io::Write;

use crate::daemon::{Daemon, command, read, read_to_end};
use crate::vault::{Vault, dial};

const CONNECT: &[u8] = b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01c";
const CONNACK: [u8; 4] = [0x20, 2, 0, 0];

/// What `lacewing` says instead of starting.
fn refusal(args: &[&str]) -> String {
    let data = tempfile::tempdir().unwrap();
    let mut command = command(&["--mqtt", "127.0.0.1:0", "--http", "localhost:0", "--mqtts", "localhost:0"]);
    let output = command.args(args).arg("--data").arg(data.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// A certificate for `localhost` that is valid between two years, and its key.
fn dated(vault: &Vault, name: &str, (from, until): (i32, i32)) {
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(from, 1, 1);
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    fs::write(vault.path(&format!("{name}.pem")), params.self_signed(&key).unwrap().pem()).unwrap();
    fs::write(vault.path(&format!("{name}.key")), key.serialize_pem()).unwrap();
}

#[test]
fn a_wrong_certificate_or_key_is_explained_at_the_start() {
    let vault = Vault::new(&["lamp"]);
    dated(&vault, "old", (2020, 2021));
    dated(&vault, "early", (2999, 3000));
    fs::write(vault.path("nothing"), "nothing").unwrap();
    let words = |certificate: &str, key: &str| {
        refusal(&["--tls-cert", &vault.text(certificate), "--tls-key", &vault.text(key)])
    };
    for (certificate, key, wanted) in [
        ("none.pem", "server.key", "cannot read"),
        ("nothing", "server.key", "holds no certificate (--tls-cert)"),
        ("server.key", "server.pem", "the wrong way round"),
        ("server.pem", "nothing", "holds no private key (--tls-key)"),
        ("server.pem", "client-lamp.key", "does not belong to the certificate"),
        ("old.pem", "old.key", "expired on 2021-01-01: renew it"),
        ("early.pem", "early.key", "valid from 2999-01-01 on: is the clock of this machine right?"),
    ] {
        let words = words(certificate, key);
        assert!(words.contains(wanted), "{certificate} {key}: {words}");
    }
    let (pem, key, nothing) = (vault.text("server.pem"), vault.text("server.key"), vault.text("nothing"));
    let words = refusal(&["--tls-cert", &pem, "--tls-key", &key, "--tls-client-ca", &nothing]);
    assert!(words.contains("no certificate of an authority (--tls-client-ca)"), "{words}");
    assert!(refusal(&[]).contains("need a certificate"));
}

#[test]
fn a_device_has_to_show_a_certificate_of_the_authority() {
    let (vault, others) = (Vault::new(&["lamp"]), Vault::new(&["lamp"]));
    let args = [vec!["--broker".to_owned(), "native".to_owned()], vault.args_with_clients()].concat();
    let mut daemon = Daemon::heard(&args.iter().map(String::as_str).collect::<Vec<_>>());

    let mut known = dial(vault.as_user("lamp"), daemon.mqtts_port);
    known.write_all(CONNECT).unwrap();
    assert_eq!(read::<4>(&mut known), CONNACK);

    let mut nameless = dial(vault.trusting(), daemon.mqtts_port);
    let _ = nameless.write_all(CONNECT);
    assert!(nameless.conn.complete_io(&mut nameless.sock).is_err(), "an alert");
    daemon.says("it shows no client certificate, and one is required");

    for file in ["client-lamp.pem", "client-lamp.key"] {
        fs::copy(others.path(file), vault.path(&file.replace("lamp", "foreign"))).unwrap();
    }
    let mut foreign = dial(vault.as_user("foreign"), daemon.mqtts_port);
    let _ = foreign.write_all(CONNECT);
    assert!(foreign.conn.complete_io(&mut foreign.sock).is_err(), "an alert");
    daemon.says("not signed by an authority of --tls-client-ca");

    let mut server = dial(vault.showing("server"), daemon.mqtts_port);
    let _ = server.write_all(CONNECT);
    assert!(server.conn.complete_io(&mut server.sock).is_err(), "an alert");
    daemon.says("its certificate is not one for clients");

    // Pages come without a certificate; a device by WebSocket does not.
    let ask = |path: &str| {
        let mut socket = dial(vault.trusting(), daemon.https_port);
        let host = format!("localhost:{}", daemon.https_port);
        write!(socket, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        String::from_utf8(read_to_end(&mut socket)).unwrap()
    };
    assert!(ask("/healthz").starts_with("HTTP/1.1 200 "));
    assert!(ask("/mqtt").starts_with("HTTP/1.1 403 "));
}

#[test]
fn the_settings_file_makes_a_client_certificate_an_offer() {
    let vault = Vault::new(&["lamp"]);
    let file = vault.path("settings.toml");
    let text = format!(
        "broker = 'native'\n[tls]\ncertificate = '{}'\nkey = '{}'\nclient-ca = '{}'\n\
         require-client-certificate = false\n",
        vault.text("server.pem"),
        vault.text("server.key"),
        vault.text("ca.pem")
    );
    fs::write(&file, text).unwrap();
    let daemon = Daemon::start(&["--mqtts", "localhost:0", "--config", file.to_str().unwrap()]);
    for config in [vault.trusting(), vault.as_user("lamp")] {
        let mut device = dial(config, daemon.mqtts_port);
        device.write_all(CONNECT).unwrap();
        assert_eq!(read::<4>(&mut device), CONNACK);
    }
}

#[test]
fn a_certificate_that_was_replaced_is_shown_after_sighup_and_a_broken_one_is_not() {
    let vault = Vault::new(&[]);
    let args = [vec!["--broker".to_owned(), "native".to_owned()], vault.args()].concat();
    let mut daemon = Daemon::heard(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let port = daemon.mqtts_port;
    let shown = || {
        let mut device = dial(vault.trusting(), port);
        device.write_all(CONNECT).unwrap();
        assert_eq!(read::<4>(&mut device), CONNACK);
        device.conn.peer_certificates().unwrap()[0].to_vec()
    };
    let first = shown();
    vault.make(&["--for", "localhost"]);
    assert_eq!(shown(), first, "nobody has asked yet");
    daemon.signal("HUP");
    while shown() == first {}
    fs::write(vault.path("server.pem"), "garbage").unwrap();
    daemon.signal("HUP");
    daemon.says("the certificate stays as it was");
}

#[test]
fn a_development_certificate_is_kept_with_its_authority() {
    let data = tempfile::tempdir().unwrap();
    let ca = data.path().join("tls/ca.pem");
    let args = ["--broker", "native", "--mqtts", "localhost:0", "--tls-dev"];
    drop(Daemon::start_in(data.path(), &args));
    let first = fs::read(&ca).unwrap();
    drop(Daemon::start_in(data.path(), &args));
    assert_eq!(fs::read(&ca).unwrap(), first);
}

#[test]
fn what_is_made_is_explained() {
    let vault = Vault::new(&[]);
    let words = vault.make(&["--for", "pi.local", "--client", "hall lamp"]);
    for wanted in [
        "server.pem   for pi.local",
        "client-hall_lamp.pem   its holder is the user \"hall lamp\"",
        "Nobody trusts it yet",
        "mosquitto_pub --cafile",
        "--tls-client-ca",
    ] {
        assert!(words.contains(wanted), "{words}");
    }
    let output =
        command(&["certificate", "--for", "bad name", "--for", "\u{1F600}"]).arg(vault.path("x")).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot stand in a certificate"));
}
