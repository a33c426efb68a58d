//! Who may ask what: the `Host` and `Origin` of every HTTP request.
//!
//! A page anywhere on the web can make its visitors' browsers call a server on their own machine. `Host` tells whether
//! the browser believes it talks to someone else (DNS rebinding); `Origin` tells which page asks.

use std::net::IpAddr;

use crate::address::{Address, Host};

/// What goes before the host of an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// `http`
    Http,
    /// `https`
    Https,
}

impl Scheme {
    fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that is not written.
    fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// The names and origins that are let in.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    scheme: Scheme,
    address: Address,
    /// The name under which the page lives.
    own: String,
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
    pub(crate) fn new(scheme: Scheme, address: Address, names: &[String], origins: &[String]) -> Self {
        let lower = |texts: &[String]| texts.iter().map(|text| text.to_ascii_lowercase()).collect();
        let own = "localhost".to_owned();
        Self { scheme, address, own, names: lower(names), origins: lower(origins) }
    }

    /// The same for the hosts of a certificate. The page lives under the first of them, if it is not for `localhost`.
    pub(crate) fn certified(mut self, hosts: &[String]) -> Self {
        let hosts = hosts.iter().map(|host| host.to_ascii_lowercase());
        // A name with a star is not one name; an address is known from the listener.
        let hosts: Vec<String> =
            hosts.filter(|host| !host.contains('*') && host.parse::<IpAddr>().is_err()).collect();
        if !hosts.contains(&self.own)
            && let Some(first) = hosts.first().or(self.names.first())
        {
            self.own = first.clone();
        }
        self.names.extend(hosts);
        self
    }

    /// The origin of the dashboard, `http://localhost:8830`.
    pub(crate) fn home(&self) -> String {
        self.origin(&self.own)
    }

    fn origin(&self, name: &str) -> String {
        let scheme = self.scheme.name();
        match self.address.port {
            port if port == self.scheme.port() => format!("{scheme}://{name}"),
            port => format!("{scheme}://{name}:{port}"),
        }
    }

    /// What a `Host` header asks for.
    pub(crate) fn asked(&self, host: &str) -> Asked {
        let host = host.to_ascii_lowercase();
        let Some((name, port)) = split(&host) else { return Asked::Foreign };
        if port.unwrap_or(self.scheme.port()) != self.address.port {
            return Asked::Foreign;
        }
        if name == self.own {
            return Asked::Home;
        }
        if name == "localhost" {
            return Asked::OtherLoopback;
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

    /// Whether a page may be the broker, or operate one: only the dashboard itself. Over TLS that is the dashboard under
    /// any name of this machine, since nobody listens in on it and nobody else has the certificate.
    pub(crate) fn may_operate(&self, origin: Option<&str>) -> bool {
        let Some(origin) = origin else { return false };
        let host = origin.strip_prefix("https://").filter(|_| self.scheme == Scheme::Https);
        origin == self.home() || host.is_some_and(|host| self.asked(host) == Asked::Network)
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
            Scheme::Http,
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

    fn certified(hosts: &[&str]) -> Gate {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        Gate::new(Scheme::Https, "0.0.0.0:8843".parse().unwrap(), &[], &[]).certified(&hosts)
    }

    #[test]
    fn over_tls_the_page_lives_where_the_certificate_is_for() {
        assert_eq!(certified(&["127.0.0.1", "localhost", "pi.local"]).home(), "https://localhost:8843");
        let gate = certified(&["*.example.org", "Dash.example.org"]);
        assert_eq!(gate.home(), "https://dash.example.org:8843");
        assert_eq!(gate.asked("dash.example.org:8843"), Asked::Home);
        assert_eq!(gate.asked("localhost:8843"), Asked::OtherLoopback);
        assert_eq!(gate.asked("any.example.org:8843"), Asked::Foreign);
        assert_eq!(certified(&[]).home(), "https://localhost:8843");
    }

    #[test]
    fn over_tls_the_dashboard_under_any_name_of_this_machine_may_operate() {
        let gate = certified(&["localhost", "pi.local"]);
        for origin in ["https://localhost:8843", "https://pi.local:8843", "https://192.168.1.20:8843"] {
            assert!(gate.may_operate(Some(origin)), "{origin}");
        }
        for origin in [
            "http://localhost:8843",
            "http://pi.local:8843",
            "https://evil.example:8843",
            "https://pi.local",
            "null",
        ] {
            assert!(!gate.may_operate(Some(origin)), "{origin}");
        }
        assert!(!gate.may_operate(None));
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
