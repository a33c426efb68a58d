//! What a page tells people about how devices connect: the addresses of the listeners, as others see them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use lacewing_control::{Addresses, LanInvitation};

use crate::address::{Address, Host};

/// The addresses of both listeners, and an invitation for phones if both are open to the network.
pub(crate) fn addresses(mqtt: Address, http: Address) -> Addresses {
    addresses_here(mqtt, http, own_address)
}

fn addresses_here(mqtt: Address, http: Address, own: impl Fn(IpAddr) -> Option<IpAddr>) -> Addresses {
    let lan = || {
        let (mqtt, http) = (in_network(mqtt, &own)?, in_network(http, &own)?);
        Some(LanInvitation { url: format!("http://{http}/"), mqtt: mqtt.to_string(), username: None })
    };
    let websocket = |address: String| format!("ws://{address}/mqtt");
    Addresses {
        mqtt: listed(mqtt, &own),
        websocket: listed(http, &own).into_iter().map(websocket).collect(),
        mqtts: Vec::new(),
        wss: Vec::new(),
        lan: lan(),
    }
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
        addresses_here(mqtt.parse().unwrap(), http.parse().unwrap(), own)
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
    fn a_phone_needs_both_listeners() {
        assert_eq!(told("0.0.0.0:1883", "localhost:8830").lan, None);
        assert_eq!(told("localhost:1883", "0.0.0.0:8830").lan, None);
        assert!(told("10.0.0.7:1883", "10.0.0.7:8830").lan.is_some());
        assert_eq!(told("[::]:1883", "[::]:8830").lan, told("0.0.0.0:1883", "0.0.0.0:8830").lan);
    }
}
