//! Where a listener listens, as a person writes it: `localhost:1883`, `0.0.0.0:1883`, `[::1]:0`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use serde::Deserialize;
use thiserror::Error;

/// A host and a port; port 0 takes a free one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Address {
    /// Whose connections are taken.
    pub(crate) host: Host,
    /// The port, 0 for any free one.
    pub(crate) port: u16,
}

/// The host part of an [`Address`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    /// Both loopback addresses, 127.0.0.1 and ::1, so that `localhost` works whichever of them a device tries.
    Localhost,
    /// One address.
    Ip(IpAddr),
}

/// What is wrong with a written address.
#[derive(Debug, PartialEq, Eq, Error)]
pub(crate) enum AddressError {
    #[error("an address is HOST:PORT, for example localhost:1883")]
    NoPort,
    #[error("the port is a number from 0 (any free one) to 65535")]
    Port,
    #[error("the host is localhost or an IP address (0.0.0.0 takes devices from the whole network)")]
    Host,
}

impl Address {
    /// An address on this machine only.
    pub(crate) const fn localhost(port: u16) -> Self {
        Self { host: Host::Localhost, port }
    }

    /// What to bind: two addresses for `localhost`, else one.
    pub(crate) fn candidates(&self) -> Vec<SocketAddr> {
        match self.host {
            Host::Localhost => {
                let both: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
                both.map(|ip| SocketAddr::new(ip, self.port)).to_vec()
            }
            Host::Ip(ip) => vec![SocketAddr::new(ip, self.port)],
        }
    }

    /// Whether only this machine can reach it.
    pub(crate) fn is_loopback(&self) -> bool {
        match self.host {
            Host::Localhost => true,
            Host::Ip(ip) => ip.is_loopback(),
        }
    }

    /// The same host with another port.
    pub(crate) fn with_port(self, port: u16) -> Self {
        Self { port, ..self }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (host, port) = text.trim().rsplit_once(':').ok_or(AddressError::NoPort)?;
        let port = port.parse().map_err(|_| AddressError::Port)?;
        let host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(v6) => Host::Ip(v6.parse::<Ipv6Addr>().map_err(|_| AddressError::Host)?.into()),
            None if host.eq_ignore_ascii_case("localhost") => Host::Localhost,
            None => Host::Ip(host.parse::<Ipv4Addr>().map_err(|_| AddressError::Host)?.into()),
        };
        Ok(Self { host, port })
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host {
            Host::Localhost => write!(f, "localhost:{}", self.port),
            Host::Ip(ip) => SocketAddr::new(ip, self.port).fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[test]
    fn localhost_is_both_loopback_addresses() {
        let address = parsed("localhost:1883");
        assert_eq!(address, Address::localhost(1883));
        assert_eq!(address.candidates(), ["127.0.0.1:1883".parse().unwrap(), "[::1]:1883".parse().unwrap()]);
        assert!(address.is_loopback());
    }

    #[test]
    fn an_address_prints_as_it_is_written() {
        for text in ["localhost:1883", "127.0.0.1:0", "[::1]:8830", "0.0.0.0:1883", "[::]:65535"] {
            assert_eq!(parsed(text).to_string(), text);
        }
    }

    #[test]
    fn only_loopback_is_loopback() {
        assert!(parsed("127.0.0.1:1").is_loopback());
        assert!(parsed("[::1]:1").is_loopback());
        assert!(!parsed("0.0.0.0:1").is_loopback());
        assert!(!parsed("192.168.1.20:1").is_loopback());
    }

    #[test]
    fn a_bad_address_says_what_is_wrong() {
        assert_eq!("localhost".parse::<Address>(), Err(AddressError::NoPort));
        assert_eq!("localhost:mqtt".parse::<Address>(), Err(AddressError::Port));
        assert_eq!("localhost:70000".parse::<Address>(), Err(AddressError::Port));
        assert_eq!("example.org:1883".parse::<Address>(), Err(AddressError::Host));
        assert_eq!("::1:1883".parse::<Address>(), Err(AddressError::Host));
        assert_eq!("[127.0.0.1]:1883".parse::<Address>(), Err(AddressError::Host));
    }
}
