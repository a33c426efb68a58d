//! What a page tells people about how devices connect: the addresses of the listeners, as others see them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use lacewing_control::{Addresses, LanInvitation};

use crate::address::{Address, Host};

/// Where devices and pages come in, with the ports that were taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reachable<'a> {
    /// MQTT.
    pub(crate) mqtt: Address,
    /// HTTP.
    pub(crate) http: Address,
    /// MQTT over TLS.
    pub(crate) mqtts: Option<Address>,
    /// HTTP over TLS.
    pub(crate) https: Option<Address>,
    /// The hosts that the certificate is for.
    pub(crate) hosts: &'a [String],
}

impl Reachable<'_> {
    /// The addresses of all listeners, and an invitation for phones if those for devices and pages are open to the network:
    /// both without TLS, or else both with it.
    pub(crate) fn addresses(&self) -> Addresses {
        self.addresses_here(own_address)
    }

    fn addresses_here(&self, own: impl Fn(IpAddr) -> Option<IpAddr>) -> Addresses {
        let lan = || {
            let (mqtt, http) = (in_network(self.mqtt, &own)?, in_network(self.http, &own)?);
            let (url, mqtt) = (format!("http://{http}/"), mqtt.to_string());
            Some(LanInvitation { url, mqtt, tls: false, username: None })
        };
        let secure_lan = || {
            let outside = |address: Option<Address>| {
                let address = address.filter(|address| !address.is_loopback())?;
                certified(address, self.hosts, &own).into_iter().find(|name| !name.starts_with("localhost:"))
            };
            let (mqtt, https) = (outside(self.mqtts)?, outside(self.https)?);
            // A page that comes over TLS could be a broker of its own; who is invited is to be a client of this one.
            let url = format!("https://{https}/?broker=wss://{https}/mqtt");
            Some(LanInvitation { url, mqtt, tls: true, username: None })
        };
        let websocket = |scheme: &str, addresses: Vec<String>| {
            addresses.iter().map(|address| format!("{scheme}://{address}/mqtt")).collect()
        };
        let secure = |address: Option<Address>| {
            address.map(|address| certified(address, self.hosts, &own)).unwrap_or_default()
        };
        Addresses {
            mqtt: listed(self.mqtt, &own),
            websocket: websocket("ws", listed(self.http, &own)),
            mqtts: secure(self.mqtts),
            wss: websocket("wss", secure(self.https)),
            usual_port: None,
            lan: lan().or_else(secure_lan),
        }
    }
}

/// The address of this machine under which others reach the listener, if they can.
pub(crate) fn in_network_here(address: Address) -> Option<IpAddr> {
    in_network(address, &own_address).map(|socket| socket.ip())
}

/// How a listener with TLS is named: by what its certificate is for, since other names are not believed.
fn certified(address: Address, hosts: &[String], own: &impl Fn(IpAddr) -> Option<IpAddr>) -> Vec<String> {
    let all = listed(address, own);
    let is_for = |host: &str| hosts.iter().any(|known| known == host.trim_matches(['[', ']']));
    let mut certified: Vec<String> = all
        .iter()
        .filter(|address| address.rsplit_once(':').is_some_and(|(host, _)| is_for(host)))
        .cloned()
        .collect();
    if !address.is_loopback() {
        let names = hosts
            .iter()
            .filter(|host| !host.contains('*') && *host != "localhost" && host.parse::<IpAddr>().is_err());
        certified.extend(names.map(|host| format!("{host}:{}", address.port)));
    }
    if certified.is_empty() { all } else { certified }
}

/// How the listener is named: first for this machine, then for others.
fn listed(address: Address, own: &impl Fn(IpAddr) -> Option<IpAddr>) -> Vec<String> {
    let here = match address.host {
        Host::Ip(ip) if ip.is_unspecified() => Some(Address::localhost(address.port)),
        _ if address.is_loopback() => Some(address),
        _ => None,
    };
    let there = in_network(address, own);
    here.map(|here| here.to_string()).into_iter().chain(there.map(|there| there.to_string())).collect()
}

/// How other machines reach the listener, if they can.
fn in_network(address: Address, own: &impl Fn(IpAddr) -> Option<IpAddr>) -> Option<SocketAddr> {
    match address.host {
        // `[::]` takes IPv4 too.
        Host::Ip(any) if any.is_unspecified() => {
            let ip = own(any).or_else(|| own(Ipv4Addr::UNSPECIFIED.into()))?;
            Some(SocketAddr::new(ip, address.port))
        }
        Host::Ip(ip) if !ip.is_loopback() => Some(SocketAddr::new(ip, address.port)),
        Host::Ip(_) | Host::Localhost => None,
    }
}

/// The address under which this machine goes out into its network. Nothing is sent: a UDP socket that is connected to
/// an address for documentation (RFC 5737, RFC 3849) only asks the routing table.
fn own_address(any: IpAddr) -> Option<IpAddr> {
    let beyond = if any.is_ipv4() { "192.0.2.1:9" } else { "[2001:db8::1]:9" };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).ok()?;
    socket.connect(beyond).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(mqtt: &str, http: &str) -> Addresses {
        let own = |any: IpAddr| any.is_ipv4().then(|| "192.168.1.20".parse().unwrap());
        let (mqtt, http) = (mqtt.parse().unwrap(), http.parse().unwrap());
        Reachable { mqtt, http, mqtts: None, https: None, hosts: &[] }.addresses_here(own)
    }

    #[test]
    fn loopback_listeners_invite_nobody() {
        let told = told("localhost:1883", "localhost:8830");
        assert_eq!(told.mqtt, ["localhost:1883"]);
        assert_eq!(told.websocket, ["ws://localhost:8830/mqtt"]);
        assert_eq!(told.lan, None);
    }

    #[test]
    fn a_listener_for_all_is_named_for_this_machine_and_for_others() {
        let told = told("0.0.0.0:1883", "0.0.0.0:8830");
        assert_eq!(told.mqtt, ["localhost:1883", "192.168.1.20:1883"]);
        let lan = told.lan.unwrap();
        assert_eq!((lan.url.as_str(), lan.mqtt.as_str()), ("http://192.168.1.20:8830/", "192.168.1.20:1883"));
    }

    #[test]
    fn over_tls_a_listener_is_named_as_its_certificate_is() {
        let named = |address: &str, hosts: &[&str]| {
            let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
            let own = |any: IpAddr| any.is_ipv4().then(|| "192.168.1.20".parse().unwrap());
            certified(address.parse().unwrap(), &hosts, &own)
        };
        assert_eq!(named("localhost:8883", &["localhost", "pi.local"]), ["localhost:8883"]);
        assert_eq!(named("0.0.0.0:8883", &["localhost", "pi.local"]), ["localhost:8883", "pi.local:8883"]);
        assert_eq!(named("0.0.0.0:8883", &["192.168.1.20"]), ["192.168.1.20:8883"]);
        assert_eq!(named("[::1]:8883", &["::1"]), ["[::1]:8883"]);
        assert_eq!(named("localhost:8883", &["*.example.org"]), ["localhost:8883"], "better than nothing");
    }

    #[test]
    fn a_phone_is_invited_over_tls_where_nothing_else_is_open() {
        let own = |any: IpAddr| any.is_ipv4().then(|| "192.168.1.20".parse().unwrap());
        let here = |port| Address::localhost(port);
        let open = |port| Some(format!("0.0.0.0:{port}").parse().unwrap());
        let hosts = ["localhost".to_owned(), "192.168.1.20".to_owned(), "pi.local".to_owned()];
        let mut reachable = Reachable {
            mqtt: here(1883),
            http: here(8830),
            mqtts: open(8883),
            https: open(8843),
            hosts: &hosts,
        };
        let lan = reachable.addresses_here(own).lan.unwrap();
        let url = "https://192.168.1.20:8843/?broker=wss://192.168.1.20:8843/mqtt";
        assert_eq!((lan.url.as_str(), lan.mqtt.as_str(), lan.tls), (url, "192.168.1.20:8883", true));
        reachable.https = None;
        assert_eq!(reachable.addresses_here(own).lan, None);
    }

    #[test]
    fn a_phone_needs_both_listeners() {
        assert_eq!(told("0.0.0.0:1883", "localhost:8830").lan, None);
        assert_eq!(told("localhost:1883", "0.0.0.0:8830").lan, None);
        assert!(told("10.0.0.7:1883", "10.0.0.7:8830").lan.is_some());
        assert_eq!(told("[::]:1883", "[::]:8830").lan, told("0.0.0.0:1883", "0.0.0.0:8830").lan);
    }
}
