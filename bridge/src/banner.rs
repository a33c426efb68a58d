//! What is printed when everything listens: the address to open, and where devices connect.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

use crate::address::{Address, Host};
use crate::invitation::Reachable;
use crate::settings::BrokerHome;
use crate::token::Token;

/// What there is to say.
pub(crate) struct Banner<'a> {
    /// Where the broker runs.
    pub(crate) broker: BrokerHome,
    /// The folder that was named to keep things in.
    pub(crate) kept_in: Option<&'a Path>,
    /// Where devices and pages come in.
    pub(crate) reachable: &'a Reachable<'a>,
    /// The sockets of the listener for plain MQTT.
    pub(crate) bound: &'a [SocketAddr],
    /// The origin of the dashboard.
    pub(crate) home: &'a str,
    /// What there is to say of TLS.
    pub(crate) secured: Option<Secured>,
    /// Whether devices need a name and a password.
    pub(crate) users: bool,
    /// What pairs the page with this process.
    pub(crate) token: &'a Token,
}

/// What there is to say of TLS.
pub(crate) struct Secured {
    /// The origin of the dashboard over TLS, if it is served.
    pub(crate) home: Option<String>,
    /// What the certificate is.
    pub(crate) certificate: String,
    /// What should be done about it, if anything.
    pub(crate) advice: Option<String>,
    /// Whether devices need a certificate.
    pub(crate) clients_proven: bool,
}

impl Banner<'_> {
    /// The lines to print.
    pub(crate) fn text(&self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let place = match (self.broker, self.kept_in) {
            (BrokerHome::Tab, _) => "the broker lives in the tab".to_owned(),
            (BrokerHome::Native, Some(dir)) => {
                format!("the broker runs here, its state in {}", dir.display())
            }
            (BrokerHome::Native, None) => {
                "the broker runs here, its state in memory only (--data DIR keeps it)".to_owned()
            }
        };
        let Reachable { mqtt, http, mqtts, https, .. } = self.reachable;
        // Of `localhost` a machine may have one address only.
        let families: Vec<String> = match mqtt.host {
            Host::Localhost => self.bound.iter().map(|address| address.ip().to_string()).collect(),
            Host::Ip(_) => Vec::new(),
        };
        let devices = format!("mqtt://{mqtt}   {}", families.join(" and "));
        let mut lines = format!("Lacewing {version} – {place}\n");
        // Writing to a string does not fail.
        let pair = format!("/#pair={}", self.token.reveal());
        let _ = writeln!(lines, "  dashboard   {}{pair}   open this", self.home);
        if let Some(home) = self.secured.as_ref().and_then(|secured| secured.home.as_ref()) {
            let _ = writeln!(lines, "              {home}{pair}   or this, over TLS");
        }
        let _ = writeln!(lines, "  devices     {}", devices.trim_end());
        let _ = writeln!(lines, "              ws://{http}/mqtt");
        if let Some(mqtts) = mqtts {
            let _ = writeln!(lines, "              mqtts://{mqtts}");
        }
        if let Some(https) = https {
            let _ = writeln!(lines, "              wss://{https}/mqtt");
        }
        if let Some(secured) = &self.secured {
            let _ = writeln!(lines, "  certificate {}", secured.certificate);
        }
        for warning in self.warnings() {
            let _ = writeln!(lines, "  warning     {warning}");
        }
        lines
    }

    /// What someone should know who has not asked.
    fn warnings(&self) -> Vec<String> {
        let Reachable { mqtt, http, mqtts, https, .. } = *self.reachable;
        let clients_proven = self.secured.as_ref().is_some_and(|secured| secured.clients_proven);
        let plain = [mqtt, http].map(|address| (address, false, self.users));
        let secure = [mqtts, https].map(|address| Some((address?, true, self.users || clients_proven)));
        let listeners = plain.into_iter().chain(secure.into_iter().flatten());
        let advice = self.secured.as_ref().and_then(|secured| secured.advice.clone());
        listeners.filter_map(|(address, tls, known)| warning(address, tls, known)).chain(advice).collect()
    }
}

/// What is wrong with a listener that others can reach: anyone comes in, or anyone can listen in.
fn warning(address: Address, tls: bool, known: bool) -> Option<String> {
    let whom = match address.host {
        _ if address.is_loopback() => return None,
        Host::Ip(ip) if !ip.is_unspecified() => format!("who can reach {ip}"),
        _ => "in your network".to_owned(),
    };
    match (known, tls) {
        (true, true) => None,
        (true, false) => Some(format!(
            "{address} is without TLS: passwords and messages can be read on their way by others {whom}."
        )),
        (false, true) => Some(format!(
            "{address} is open to everyone {whom}: anyone there can join. TLS keeps others from reading along, not from \
             coming in."
        )),
        (false, false) => Some(format!(
            "{address} is open to everyone {whom}: anyone there can join, and read along. --mqtts and --https \
             have TLS."
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(mqtt: &str, mqtts: Option<&str>, users: bool) -> String {
        let dir = tempfile::tempdir().unwrap();
        let token = Token::load_or_create(dir.path()).unwrap();
        let mqtt: Address = mqtt.parse().unwrap();
        let http = "localhost:8830".parse().unwrap();
        let mqtts = mqtts.map(|address| address.parse().unwrap());
        Banner {
            broker: BrokerHome::Tab,
            kept_in: None,
            reachable: &Reachable { mqtt, http, mqtts, https: None, hosts: &[] },
            bound: &mqtt.candidates(),
            home: "http://localhost:8830",
            secured: None,
            users,
            token: &token,
        }
        .text()
    }

    fn text(mqtt: &str) -> String {
        lines(mqtt, None, false)
    }

    #[test]
    fn the_address_to_open_stands_in_a_line_of_its_own() {
        let text = text("localhost:1883");
        assert!(text.lines().any(|line| line.trim().starts_with("dashboard   http://localhost:8830/#pair=")));
        assert!(text.contains("mqtt://localhost:1883   127.0.0.1 and ::1\n"));
        assert!(!text.contains("warning"));
    }

    #[test]
    fn a_listener_that_the_network_reaches_is_warned_about() {
        let text = text("0.0.0.0:1883");
        assert!(text.contains("warning     0.0.0.0:1883 is open to everyone in your network"), "{text}");
        assert!(text.contains("and read along"), "{text}");
    }

    #[test]
    fn users_and_tls_together_leave_nothing_to_warn_about() {
        let both = lines("localhost:1883", Some("0.0.0.0:8883"), true);
        assert!(both.contains("mqtts://0.0.0.0:8883\n") && !both.contains("warning"), "{both}");
        let open = lines("localhost:1883", Some("192.168.1.20:8883"), false);
        assert!(open.contains("192.168.1.20:8883 is open to everyone who can reach 192.168.1.20"), "{open}");
        let clear = lines("0.0.0.0:1883", None, true);
        assert!(clear.contains("0.0.0.0:1883 is without TLS"), "{clear}");
    }
}
