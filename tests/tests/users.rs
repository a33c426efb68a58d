//! Users with passwords and access rules, with mosquitto's clients, against both brokers.

use std::fs;
use std::process::Command;

use lacewing_protocol::{ConnAck, Packet, ProtocolVersion, QoS, ReasonCode, Utf8String};
use lacewing_tests::device::{self, Device};
use lacewing_tests::lacewing::BrokerHome;
use lacewing_tests::mosquitto::{self, Subscriber};
use lacewing_tests::patience::eventually;
use lacewing_tests::stand::Stand;
use tempfile::TempDir;

/// "pencil", at the least cost there is.
const PENCIL: &str =
    "$argon2id$v=19$m=8,t=1,p=1$AQEBAQEBAQEBAQEBAQEBAQ$2vEyF5weWleEp5h7PY7aLi9Uo2VN9IQqwN4iQu3m4cw";

/// A broker whose settings file can be changed.
struct Guarded {
    stand: Stand,
    folder: TempDir,
}

impl Guarded {
    fn start(home: BrokerHome, settings: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("lacewing.toml");
        fs::write(&file, settings).expect("the file is written");
        let stand = Stand::start_with(home, &["--config", file.to_str().expect("a path in UTF-8")]);
        Self { stand, folder }
    }

    fn port(&self) -> u16 {
        self.stand.port()
    }

    /// Has other settings read.
    fn reload(&self, settings: &str) {
        fs::write(self.folder.path().join("lacewing.toml"), settings).expect("the file is written");
        let id = self.stand.lacewing.id().to_string();
        let sent = Command::new("kill").args(["-HUP", &id]).status().expect("kill runs");
        assert!(sent.success());
    }

    /// What a raw client of this name is answered.
    fn login(&self, version: ProtocolVersion, login: Option<(&str, &'static str)>) -> (Device, ConnAck) {
        let mut connect = device::connect(version, "raw");
        if let Some((name, password)) = login {
            connect.username = Some(Utf8String::try_from(name).expect("a user name"));
            connect.password = Some(password.into());
        }
        Device::ask(self.port(), connect)
    }
}

/// Two users; ada may do little.
fn two_users() -> String {
    format!(
        "[[user]]\nname = 'ada'\npassword = '{PENCIL}'\n\
         access = ['allow publish lab/%u/%c', 'allow subscribe lab/#', 'deny #']\n\
         [[user]]\nname = 'bob'\npassword = '{PENCIL}'\n"
    )
}

fn only_the_right_password_lets_a_client_in(home: BrokerHome) {
    let broker = Guarded::start(home, &two_users());
    for version in ["mqttv311", "mqttv5"] {
        let bob = ["-V", version, "-u", "bob", "-P", "pencil", "-t", "test/users"];
        let mut subscriber = Subscriber::start(broker.port(), &bob);
        mosquitto::publish(broker.port(), &[&bob[..], &["-m", "it is me"]].concat());
        assert_eq!(subscriber.said().1, "it is me");
        subscriber.disconnect();
    }
    for version in [ProtocolVersion::V3_1_1, ProtocolVersion::V5_0] {
        let reason = |login| broker.login(version, login).1.reason;
        assert_eq!(reason(Some(("bob", "pencil"))), ReasonCode::Success);
        assert_eq!(reason(Some(("bob", "pen"))), ReasonCode::BadUserNameOrPassword);
        assert_eq!(reason(Some(("eve", "pencil"))), ReasonCode::BadUserNameOrPassword);
        assert_eq!(reason(None), ReasonCode::NotAuthorized);
    }
}

fn access_rules_hold_on_the_wire(home: BrokerHome) {
    let broker = Guarded::start(home, &two_users());
    let bob = ["-u", "bob", "-P", "pencil", "-q", "1"];
    let mut everything =
        Subscriber::start(broker.port(), &[&bob[..], &["-t", "lab/#", "-t", "elsewhere"]].concat());
    for (version, q) in [("mqttv311", "0"), ("mqttv311", "1"), ("mqttv5", "0"), ("mqttv5", "2")] {
        let ada = ["-V", version, "-q", q, "-u", "ada", "-P", "pencil", "-i", "bench"];
        // What is denied is dropped, or answered by 0x87 in 5.0; neither ends the client.
        for topic in ["lab/bob/bench", "lab/ada/other", "elsewhere"] {
            mosquitto::try_publish(broker.port(), &[&ada[..], &["-t", topic, "-m", "no"]].concat());
        }
        mosquitto::publish(broker.port(), &[&ada[..], &["-t", "lab/ada/bench", "-m", version]].concat());
        assert_eq!(everything.said(), ("lab/ada/bench".to_owned(), version.to_owned()));
    }
    let ada = ["-u", "ada", "-P", "pencil"];
    // Wider than what is allowed: granted, and what is not allowed does not come.
    let mut some = Subscriber::start(broker.port(), &[&ada[..], &["-t", "+/#"]].concat());
    mosquitto::publish(broker.port(), &[&bob[..], &["-t", "office/x", "-m", "no"]].concat());
    mosquitto::publish(broker.port(), &[&bob[..], &["-t", "lab/x", "-m", "yes"]].concat());
    assert_eq!(some.said(), ("lab/x".to_owned(), "yes".to_owned()));
    for (version, reason) in [
        (ProtocolVersion::V3_1_1, ReasonCode::UnspecifiedError),
        (ProtocolVersion::V5_0, ReasonCode::NotAuthorized),
    ] {
        let (mut raw, _) = broker.login(version, Some(("ada", "pencil")));
        assert_eq!(raw.asks_for("office/x", QoS::AtMostOnce), reason);
    }
}

fn new_rules_disconnect_who_is_shut_out_and_nobody_else(home: BrokerHome) {
    let broker = Guarded::start(home, &two_users());
    let (mut ada, _) = broker.login(ProtocolVersion::V5_0, Some(("ada", "pencil")));
    let mut bob = Subscriber::start(broker.port(), &["-u", "bob", "-P", "pencil", "-t", "test/#"]);
    broker.reload(&format!("[[user]]\nname = 'bob'\npassword = '{PENCIL}'\n"));
    match ada.receive() {
        Packet::Disconnect(said) => assert_eq!(said.reason, ReasonCode::NotAuthorized),
        other => panic!("{other:?}"),
    }
    mosquitto::publish(broker.port(), &["-u", "bob", "-P", "pencil", "-t", "test/a", "-m", "still here"]);
    assert_eq!(bob.said().1, "still here");
    broker.reload("");
    eventually("the rules are read", || {
        let (_, answer) = broker.login(ProtocolVersion::V3_1_1, None);
        (answer.reason == ReasonCode::Success).then_some(())
    });
}

macro_rules! both_brokers {
    ($($promise:ident,)*) => {
        mod native {
            $(#[test] fn $promise() { super::$promise(super::BrokerHome::Native); })*
        }
        mod tab {
            $(#[test] fn $promise() { super::$promise(super::BrokerHome::Tab); })*
        }
    };
}

both_brokers! {
    only_the_right_password_lets_a_client_in,
    access_rules_hold_on_the_wire,
    new_rules_disconnect_who_is_shut_out_and_nobody_else,
}
