//! What is printed when everything listens: the address to open, and where devices connect.

use std::fmt::Write;
use std::net::SocketAddr;

use crate::address::{Address, Host};
use crate::settings::BrokerHome;
use crate::token::Token;

/// What there is to say.
pub(crate) struct Banner<'a> {
    /// Where the broker runs.
    pub(crate) broker: BrokerHome,
    /// Where devices connect, with the port that was taken.
    pub(crate) mqtt: Address,
    /// The sockets of it.
    pub(crate) bound: &'a [SocketAddr],
    /// Where HTTP is served, with the port that was taken.
    pub(crate) http: Address,
    /// The origin of the dashboard.
    pub(crate) home: &'a str,
    /// What pairs the page with this process.
    pub(crate) token: &'a Token,
}

impl Banner<'_> {
    /// The lines to print.
    pub(crate) fn text(&self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let place = match self.broker {
            BrokerHome::Tab => "the broker lives in the tab",
            BrokerHome::Native => "the broker runs here, its state in memory only",
        };
        // Of `localhost` a machine may have one address only.
        let families: Vec<String> = match self.mqtt.host {
            Host::Localhost => self.bound.iter().map(|address| address.ip().to_string()).collect(),
            Host::Ip(_) => Vec::new(),
        };
        let devices = format!("mqtt://{}   {}", self.mqtt, families.join(" and "));
        let mut lines = format!("Lacewing {version} – {place}\n");
        // Writing to a string does not fail.
        let page = format!("{}/#pair={}", self.home, self.token.reveal());
        let _ = writeln!(lines, "  dashboard   {page}   open this");
        let _ = writeln!(lines, "  devices     {}", devices.trim_end());
        let _ = writeln!(lines, "              ws://{}/mqtt", self.http);
        for address in [self.mqtt, self.http] {
            if !address.is_loopback() {
                let whom = match address.host {
                    Host::Ip(ip) if !ip.is_unspecified() => format!("who can reach {ip}"),
                    _ => "in your network".to_owned(),
                };
                let _ = writeln!(
                    lines,
                    "  warning     {address} is open to everyone {whom}: anyone there can join."
                );
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(mqtt: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let token = Token::load_or_create(dir.path()).unwrap();
        let mqtt: Address = mqtt.parse().unwrap();
        Banner {
            broker: BrokerHome::Tab,
            mqtt,
            bound: &mqtt.candidates(),
            http: "localhost:8830".parse().unwrap(),
            home: "http://localhost:8830",
            token: &token,
        }
        .text()
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
        assert!(
            text("0.0.0.0:1883").contains("warning     0.0.0.0:1883 is open to everyone in your network")
        );
    }
}
