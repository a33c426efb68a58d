//! Who may ask what: the `Host` and `Origin` of every HTTP request.
//!
//! A page anywhere on the web can make its visitors' browsers call a server on their own machine. `Host` tells whether
//! the browser believes it talks to someone else (DNS rebinding); `Origin` tells which page asks.

use std::net::IpAddr;

use crate::address::{Address, Host};

const HTTP_PORT: u16 = 80;

/// The names and origins that are let in.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    address: Address,
    names: Vec<String>,
    origins: Vec<String>,
}

/// What a request's `Host` is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The one name under which the page lives.
    Home,
    /// Another name of the loopback: right for programs, while a page belongs to the home.
    OtherLoopback,
    /// A name of this machine in the network.
    Network,
    /// Not us.
    Foreign,
}

impl Gate {
    /// A gate for the listener at `address`, further `names` of this machine and foreign `origins` that may be devices.
    pub(crate) fn new(address: Address, names: &[String], origins: &[String]) -> Self {
        let lower = |texts: &[String]| texts.iter().map(|text| text.to_ascii_lowercase()).collect();
        Self { address, names: lower(names), origins: lower(origins) }
    }

    /// The origin of the dashboard, `http://localhost:8830`.
    pub(crate) fn home(&self) -> String {
        match self.address.port {
            HTTP_PORT => "http://localhost".to_owned(),
            port => format!("http://localhost:{port}"),
        }
    }

    /// What a `Host` header asks for.
    pub(crate) fn asked(&self, host: &str) -> Asked {
        let host = host.to_ascii_lowercase();
        let Some((name, port)) = split(&host) else { return Asked::Foreign };
        if port.unwrap_or(HTTP_PORT) != self.address.port {
            return Asked::Foreign;
        }
        if name == "localhost" {
            return Asked::Home;
        }
        if self.names.iter().any(|known| known == name) {
            return Asked::Network;
        }
        match name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            Ok(ip) if ip.is_loopback() && is_canonical(ip) => Asked::OtherLoopback,
            // An address cannot be rebound: whoever uses one knows whom they talk to.
            Ok(ip) if self.listens_on(ip) => Asked::Network,
            _ => Asked::Foreign,
        }
    }

    /// Whether a page may be the broker, or operate one: only the dashboard itself.
    pub(crate) fn may_operate(&self, origin: Option<&str>) -> bool {
        origin == Some(self.home().as_str())
    }

    /// Whether a client may be a device: a program, a page of this host under either scheme, or an allowed one.
    pub(crate) fn may_be_device(&self, origin: Option<&str>) -> bool {
        let Some(origin) = origin.map(str::to_ascii_lowercase) else { return true };
        let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        host.is_some_and(|host| self.asked(host) != Asked::Foreign) || self.origins.contains(&origin)
    }

    fn listens_on(&self, ip: IpAddr) -> bool {
        match self.address.host {
            Host::Localhost => false,
            Host::Ip(own) => own.is_unspecified() || own == ip,
        }
    }
}

/// Of 127.0.0.0/8 only the one address that browsers use for this machine.
fn is_canonical(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4 == std::net::Ipv4Addr::LOCALHOST,
        IpAddr::V6(_) => true,
    }
}

/// The name, IPv6 with its brackets, and the port.
fn split(host: &str) -> Option<(&str, Option<u16>)> {
    let name_ends =
        if host.starts_with('[') { host.find(']')? + 1 } else { host.find(':').unwrap_or(host.len()) };
    let (name, port) = host.split_at(name_ends);
    if name.is_empty() {
        return None;
    }
    match port.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some((name, Some(digits.parse().ok()?)))
        }
        Some(_) => None,
        None => port.is_empty().then_some((name, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(address: &str) -> Gate {
        Gate::new(
            address.parse().unwrap(),
            &["Pi.local".to_owned()],
            &["https://dash.example.org".to_owned()],
        )
    }

    #[test]
    fn the_loopback_names_with_the_port_are_us() {
        let gate = gate("localhost:8830");
        assert_eq!(gate.asked("localhost:8830"), Asked::Home);
        assert_eq!(gate.asked("LocalHost:8830"), Asked::Home);
        assert_eq!(gate.asked("127.0.0.1:8830"), Asked::OtherLoopback);
        assert_eq!(gate.asked("[::1]:8830"), Asked::OtherLoopback);
        assert_eq!(gate.asked("pi.local:8830"), Asked::Network);
    }

    #[test]
    fn any_other_host_is_foreign() {
        let gate = gate("localhost:8830");
        for host in [
            "",
            "localhost",
            "localhost:8831",
            "localhost:",
            "localhost:+8830",
            "localhost:8830:8830",
            "evil.example:8830",
            "localhost.evil.example:8830",
            "127.0.0.1.nip.io:8830",
            "127.0.0.2:8830",
            "192.168.1.20:8830",
            "[::1:8830",
            "[::1]8830",
            ":8830",
        ] {
            assert_eq!(gate.asked(host), Asked::Foreign, "{host}");
        }
    }

    #[test]
    fn a_listener_in_the_network_is_asked_for_by_its_address() {
        assert_eq!(gate("192.168.1.20:8830").asked("192.168.1.20:8830"), Asked::Network);
        assert_eq!(gate("192.168.1.20:8830").asked("192.168.1.21:8830"), Asked::Foreign);
        assert_eq!(gate("0.0.0.0:8830").asked("192.168.1.20:8830"), Asked::Network);
        assert_eq!(gate("0.0.0.0:8830").asked("evil.example:8830"), Asked::Foreign);
    }

    #[test]
    fn port_80_is_not_written() {
        let gate = gate("localhost:80");
        assert_eq!(gate.asked("localhost"), Asked::Home);
        assert!(gate.may_operate(Some("http://localhost")));
    }

    #[test]
    fn only_the_dashboard_may_operate() {
        let gate = gate("localhost:8830");
        assert!(gate.may_operate(Some("http://localhost:8830")));
        for origin in [
            None,
            Some("null"),
            Some("https://localhost:8830"),
            Some("http://127.0.0.1:8830"),
            Some("http://localhost:8830.evil.example"),
            Some("http://localhost"),
            Some("https://dash.example.org"),
        ] {
            assert!(!gate.may_operate(origin), "{origin:?}");
        }
    }

    #[test]
    fn a_device_is_a_program_or_a_page_of_this_host_or_an_allowed_one() {
        let gate = gate("localhost:8830");
        for origin in [
            None,
            Some("http://localhost:8830"),
            Some("https://localhost:8830"),
            Some("http://127.0.0.1:8830"),
            Some("https://dash.example.org"),
        ] {
            assert!(gate.may_be_device(origin), "{origin:?}");
        }
        for origin in
            [Some("null"), Some("http://localhost:3000"), Some("https://example.org"), Some("file://")]
        {
            assert!(!gate.may_be_device(origin), "{origin:?}");
        }
    }
}
