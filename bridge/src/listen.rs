//! Binds listeners, and explains a port that is taken.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};
use thiserror::Error;

use crate::address::{Address, Host};
use crate::occupant::{self, Occupant};

/// Connections that the kernel keeps for us until they are accepted.
const BACKLOG: i32 = 1024;
/// How often a free port is looked for that both loopback addresses have.
const PORT_ATTEMPTS: u32 = 16;

/// The bound sockets of one address, all on the same port, non-blocking.
#[derive(Debug)]
pub(crate) struct Bound {
    /// One, or two for `localhost`.
    pub(crate) listeners: Vec<TcpListener>,
    /// The address with the port that was taken.
    pub(crate) address: Address,
}

/// Why an address could not be listened on, in words that tell the way out.
#[derive(Debug, Error)]
pub(crate) enum ListenError {
    /// Someone else has the port.
    #[error("{}", taken(*address, flag, *port, occupant.as_ref()))]
    Taken {
        /// The address that is in use.
        address: SocketAddr,
        /// The flag that says where to listen.
        flag: &'static str,
        /// The port to suggest instead.
        port: u16,
        /// Who has it, where that can be known.
        occupant: Option<Occupant>,
    },
    /// The address cannot be used at all.
    #[error("cannot listen on {address} ({flag}): {source}")]
    Unusable {
        /// The address.
        address: SocketAddr,
        /// The flag that says where to listen.
        flag: &'static str,
        /// What the system says.
        source: io::Error,
    },
}

/// Listens on `address`. For `localhost` both loopback addresses get the same port; a machine without one of the two
/// families has the other alone. `flag` names the setting in errors.
pub(crate) fn bind(address: Address, flag: &'static str) -> Result<Bound, ListenError> {
    let mut attempt = 1;
    loop {
        match bind_all(address, flag) {
            Err(ListenError::Taken { .. }) if address.port == 0 && attempt < PORT_ATTEMPTS => attempt += 1,
            result => return result,
        }
    }
}

fn bind_all(address: Address, flag: &'static str) -> Result<Bound, ListenError> {
    let mut listeners = Vec::new();
    let mut port = address.port;
    let mut missing = None;
    for candidate in address.with_port(port).candidates() {
        let candidate = SocketAddr::new(candidate.ip(), port);
        match bind_one(candidate) {
            Ok(listener) => {
                port = listener.local_addr().map_or(port, |local| local.port());
                listeners.push(listener);
            }
            Err(source) if address.host == Host::Localhost && no_such_family(&source) => {
                missing = Some(ListenError::Unusable { address: candidate, flag, source });
            }
            Err(source) if source.kind() == io::ErrorKind::AddrInUse => {
                let port = candidate.port().wrapping_add(1).max(1024);
                let occupant = occupant::of_port(candidate.port());
                return Err(ListenError::Taken { address: candidate, flag, port, occupant });
            }
            Err(source) => return Err(ListenError::Unusable { address: candidate, flag, source }),
        }
    }
    match missing {
        Some(error) if listeners.is_empty() => Err(error),
        _ => Ok(Bound { listeners, address: address.with_port(port) }),
    }
}

fn bind_one(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // So that a restart does not wait for old connections to time out. On Windows the option means something else.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    if let SocketAddr::V6(v6) = address {
        // `[::]` takes both families, as people expect; `[::1]` beside `127.0.0.1` does not care.
        socket.set_only_v6(!v6.ip().is_unspecified())?;
    }
    // Connections inherit it: every turn's bytes go out in one write, so there is nothing to wait for.
    socket.set_tcp_nodelay(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn no_such_family(error: &io::Error) -> bool {
    #[cfg(unix)]
    if let Some(number) = error.raw_os_error() {
        return number == rustix::io::Errno::AFNOSUPPORT.raw_os_error()
            || number == rustix::io::Errno::ADDRNOTAVAIL.raw_os_error();
    }
    error.kind() == io::ErrorKind::AddrNotAvailable
}

fn taken(address: SocketAddr, flag: &str, port: u16, occupant: Option<&Occupant>) -> String {
    let who = match occupant {
        Some(who) => format!("{who} listens on {address} already"),
        None => format!("{address} is in use by another program"),
    };
    let stop = match occupant {
        Some(who) if who.name == "mosquitto" => "stop it (sudo systemctl stop mosquitto)".to_owned(),
        Some(who) => format!("stop it (kill {})", who.pid),
        None => "stop that program".to_owned(),
    };
    format!("{who}: {stop}, or take another port ({flag} localhost:{port})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_0_gives_both_loopback_addresses_the_same_free_port() {
        let bound = bind(Address::localhost(0), "--mqtt").unwrap();
        assert_ne!(bound.address.port, 0);
        for listener in &bound.listeners {
            assert_eq!(listener.local_addr().unwrap().port(), bound.address.port);
        }
    }

    #[test]
    fn connections_do_not_wait_to_fill_a_segment() {
        let listener = bind_one("127.0.0.1:0".parse().unwrap()).unwrap();
        listener.set_nonblocking(false).unwrap();
        let _device = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(listener.accept().unwrap().0.nodelay().unwrap());
    }

    #[test]
    fn a_taken_port_names_the_address_and_the_way_out() {
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = other.local_addr().unwrap().port();
        let message = bind(Address::localhost(port), "--mqtt").unwrap_err().to_string();
        assert!(message.contains(&format!("127.0.0.1:{port}")), "{message}");
        assert!(
            message.contains(&format!("--mqtt localhost:{}", port.wrapping_add(1).max(1024))),
            "{message}"
        );
    }

    #[test]
    fn an_installed_mosquitto_is_stopped_as_a_service() {
        let who = Occupant { pid: 812, name: "mosquitto".to_owned() };
        assert_eq!(
            taken("127.0.0.1:1883".parse().unwrap(), "--mqtt", 1884, Some(&who)),
            "mosquitto (process 812) listens on 127.0.0.1:1883 already: stop it (sudo systemctl stop mosquitto), \
             or take another port (--mqtt localhost:1884)"
        );
    }
}
