//! Why a device does not get through, checked in the order in which it would fail.

use crate::wire::{Bridge, Operator, Outcome, Place, Reach, Status};

/// One thing that has to be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// How it stands.
    pub mark: Mark,
    /// What it is, in two or three words.
    pub what: &'static str,
    /// How it is, in a sentence or two.
    pub says: String,
    /// A command that tells more, or mends it.
    pub command: Option<String>,
}

/// How a check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It is so.
    Good,
    /// It may become so by itself, or by what one does next.
    Waiting,
    /// It is not so.
    Bad,
    /// It cannot be seen from here.
    Unknown,
}

/// The checks, in order: bridge, port, network, firewall, CONNECT.
pub fn checks(status: &Status) -> Vec<Check> {
    vec![up(status), port(status), network(status), firewall(status), connect(status)]
}

fn check(mark: Mark, what: &'static str, says: impl Into<String>) -> Check {
    Check { mark, what, says: says.into(), command: None }
}

impl Check {
    fn with(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }
}

fn up(status: &Status) -> Check {
    let what = "Bridge";
    if let Place::Native { reach, .. } = &status.place {
        return match reach {
            Reach::Connected => check(Mark::Good, what, "lacewing runs and is the broker itself."),
            Reach::Connecting => check(Mark::Waiting, what, "lacewing is being dialled."),
            Reach::Refused { why, .. } => check(Mark::Bad, what, why.clone()),
        };
    }
    match &status.bridge {
        Bridge::Linked(_) => check(Mark::Good, what, "It is up and linked to this page."),
        Bridge::Linking => check(Mark::Waiting, what, "It is being dialled."),
        Bridge::None => check(
            Mark::Bad,
            what,
            "This page was not opened at a bridge. Start one, and open the address it prints.",
        )
        .with("cargo xtask serve"),
        Bridge::Lost { why } => {
            let says = format!("{why} It is dialled again by itself; if it was stopped, start it.");
            check(Mark::Bad, what, says).with("cargo xtask serve")
        }
        Bridge::Refused { why } => check(Mark::Bad, what, why.clone()),
        Bridge::Elsewhere => {
            check(Mark::Bad, what, "It is up, and carries the devices to another browser's page.")
        }
    }
}

fn port(status: &Status) -> Check {
    let what = "Port";
    let Bridge::Linked(addresses) = &status.bridge else {
        let says = "If the bridge ended with “port in use”: an installed mosquitto often holds 1883. See who has it, or take another port \
                    with --mqtt localhost:1884.";
        return check(Mark::Unknown, what, says).with("ss -ltnp 'sport = :1883'");
    };
    let port = |address: &str| address.rsplit_once(':').map_or("", |(_, port)| port).to_owned();
    match (addresses.mqtt.first(), addresses.mqtts.first()) {
        (Some(plain), _) if port(plain) == "1883" => {
            check(Mark::Good, what, "It listens on 1883, where devices try by themselves.")
        }
        (Some(plain), _) => {
            let who = match &addresses.usual_port {
                Some(who) => format!("On 1883 {who} listens: a device that is told no port ends up there."),
                None => "A device that is told no port tries 1883 in vain.".into(),
            };
            check(Mark::Good, what, format!("It listens on {}, not on 1883. {who}", port(plain)))
        }
        (None, Some(secure)) => {
            let says = format!("It listens on {} with TLS only: plain MQTT gets no answer.", port(secure));
            check(Mark::Good, what, says)
        }
        (None, None) => check(Mark::Unknown, what, "The bridge does not say where it listens."),
    }
}

fn network(status: &Status) -> Check {
    let what = "Network";
    match &status.bridge {
        Bridge::Linked(addresses) => match &addresses.lan {
            Some(lan) => {
                check(Mark::Good, what, format!("Devices on this network reach it at {}.", lan.mqtt))
            }
            None => {
                let says = "It listens for this computer only. A device of its own (an ESP32, a phone) needs an address of the network:";
                check(Mark::Good, what, says).with("lacewing --mqtt 0.0.0.0:1883 --http 0.0.0.0:8830")
            }
        },
        _ => check(Mark::Unknown, what, "Without a bridge nothing listens."),
    }
}

fn firewall(status: &Status) -> Check {
    let what = "Firewall";
    if let Some(far) = status.arrivals.iter().find(|arrival| !arrival.local) {
        return check(Mark::Good, what, format!("None in the way: a device came through ({}).", far.from));
    }
    let Bridge::Linked(addresses) = &status.bridge else {
        return check(Mark::Unknown, what, "There is nothing to reach yet.");
    };
    let Some((host, port)) = addresses.lan.as_ref().and_then(|lan| lan.mqtt.rsplit_once(':')) else {
        return check(Mark::Good, what, "Programs on this computer pass none.");
    };
    check(
        Mark::Unknown,
        what,
        "No device of the network has come through yet. This, from another machine, tells whether one can:",
    )
    .with(format!("nc -vz {host} {port}"))
}

fn connect(status: &Status) -> Check {
    let what = "CONNECT";
    if let Operator::No { why } = &status.operator {
        return check(Mark::Unknown, what, why.clone());
    }
    let Some(last) = status.arrivals.first() else {
        return check(
            Mark::Waiting,
            what,
            "No device has knocked since this page opened. Run one of the commands above.",
        );
    };
    let who = last.client_id.as_deref().unwrap_or("A device");
    let (from, age) = (&last.from, &last.age);
    match &last.outcome {
        Outcome::LetIn => check(Mark::Good, what, format!("{who} was let in ({from}, {age}).")),
        Outcome::Waiting => check(
            Mark::Waiting,
            what,
            format!("Somebody opened a connection and has not said CONNECT ({from}, {age})."),
        ),
        Outcome::Silent => {
            let says = format!(
                "Somebody connected and left without CONNECT ({from}, {age}): does it speak TLS, or HTTP, to this port?"
            );
            check(Mark::Bad, what, says)
        }
        Outcome::TurnedAway { why } => {
            check(Mark::Bad, what, format!("{who} was turned away ({from}, {age}): {why}."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Arrival;
    use lacewing_control::{Addresses, LanInvitation};

    fn linked(addresses: Addresses) -> Status {
        Status {
            place: Place::ThisTab,
            bridge: Bridge::Linked(addresses),
            operator: Operator::Yes,
            ..Status::default()
        }
    }

    fn on(address: &str) -> Addresses {
        Addresses { mqtt: vec![address.into()], ..Addresses::default() }
    }

    fn arrival(outcome: Outcome, local: bool) -> Arrival {
        Arrival {
            client_id: Some("esp32".into()),
            from: "TCP 10.0.0.7:5000".into(),
            local,
            outcome,
            age: "4 s ago".into(),
        }
    }

    fn marks(status: &Status) -> Vec<Mark> {
        checks(status).iter().map(|check| check.mark).collect()
    }

    #[test]
    fn without_a_bridge_the_first_check_says_how_to_start_one() {
        let status = Status { place: Place::ThisTab, operator: Operator::Yes, ..Status::default() };
        let checks = checks(&status);
        assert_eq!((checks[0].mark, checks[0].command.as_deref()), (Mark::Bad, Some("cargo xtask serve")));
        assert!(checks[1].says.contains("mosquitto"));
    }

    #[test]
    fn a_linked_bridge_waits_for_the_first_connect() {
        use Mark::{Good, Waiting};
        assert_eq!(marks(&linked(on("localhost:1883"))), [Good, Good, Good, Good, Waiting]);
        assert!(checks(&linked(on("localhost:1884")))[1].says.contains("not on 1883"));
        let taken = Addresses { usual_port: Some("mosquitto (process 7)".into()), ..on("localhost:1884") };
        assert!(checks(&linked(taken))[1].says.contains("On 1883 mosquitto (process 7) listens"));
    }

    #[test]
    fn on_a_network_the_firewall_is_not_known_until_a_device_came_through() {
        let lan =
            LanInvitation { url: String::new(), mqtt: "10.0.0.2:1883".into(), tls: false, username: None };
        let mut status = linked(Addresses { lan: Some(lan), ..on("10.0.0.2:1883") });
        let firewall = |status: &Status| checks(status)[3].clone();
        assert_eq!(firewall(&status).mark, Mark::Unknown);
        assert_eq!(firewall(&status).command.as_deref(), Some("nc -vz 10.0.0.2 1883"));
        status.arrivals = vec![arrival(Outcome::LetIn, true)];
        assert_eq!(firewall(&status).mark, Mark::Unknown, "one of this computer passes no firewall");
        status.arrivals = vec![arrival(Outcome::LetIn, false)];
        assert_eq!(firewall(&status).mark, Mark::Good);
    }

    #[test]
    fn the_last_connect_and_its_answer_are_told() {
        let last = |outcome| {
            let status = Status { arrivals: vec![arrival(outcome, true)], ..linked(on("localhost:1883")) };
            let last = checks(&status).pop().unwrap();
            (last.mark, last.says)
        };
        assert_eq!(
            last(Outcome::LetIn),
            (Mark::Good, "esp32 was let in (TCP 10.0.0.7:5000, 4 s ago).".into())
        );
        let (mark, says) = last(Outcome::TurnedAway { why: "the password is wrong".into() });
        assert!(mark == Mark::Bad && says.ends_with("the password is wrong."), "{says}");
        assert_eq!(last(Outcome::Silent).0, Mark::Bad);
    }

    #[test]
    fn where_only_tls_listens_the_port_says_so() {
        let addresses = Addresses { mqtts: vec!["there:8883".into()], ..Addresses::default() };
        assert!(checks(&linked(addresses))[1].says.contains("TLS only"));
    }
}
