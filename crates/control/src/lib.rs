//! The control protocol: what an operator may ask the host of a broker, and what the host answers; and the two things that every
//! host keeps beside its broker: the [`Desk`] that serves operators, and the [`Household`] of simulated devices.
//!
//! Everything a device could do goes over MQTT. What only an operator may do, or see, goes here: who is
//! connected, why a message went where it went, ending a session, cutting a simulated cable. The same
//! messages travel over a port inside the tab and over the token-guarded WebSocket `/control` of
//! `lacewing --broker native`; without such a channel the page is an ordinary MQTT client and says so.
//!
//! The host speaks first, with [`Response::Hello`]; over `/control` it does so once the page's first message was the
//! pairing token, as UTF-8 bytes. A message is one postcard-encoded [`Request`] or
//! [`Response`] in one binary WebSocket message or one posted buffer; there is no further framing.

mod desk;
mod household;
mod images;
mod request;
mod response;
pub mod service;

pub use desk::{Desk, Effect, OperatorId};
pub use household::Household;
pub use images::{Taken, Taking};
pub use lacewing_broker::{
    ClientDetail, ClientInfo, CloseCause, Contents, Ending, Event, EventKind, Explanation, Listener, Metrics,
    NotDelivered, Preview, SubscriptionInfo, WillInfo,
};
pub use lacewing_sim::house::blueprint as standard_home;
pub use lacewing_sim::{Blueprint, Command as HomeCommand, Edit, Power as DevicePower};
pub use request::{Request, Watch};
pub use response::{Addresses, BridgeState, HostKind, LanInvitation, Response, Saving};

use serde::{Serialize, de::DeserializeOwned};

/// The version of this protocol. A host and a page of different versions do not talk: the page says which
/// of the two is older.
pub const VERSION: u16 = 5;

/// The user name by which a page that has the pairing token logs in as an MQTT client, with the token as its password.
pub const OPERATOR: &str = "$operator";

/// The largest message either side accepts, in bytes.
pub const MAXIMUM_MESSAGE: usize = 1 << 20;

/// Why a control message was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// The message is longer than [`MAXIMUM_MESSAGE`].
    #[error("a control message of {0} bytes is too long")]
    TooLong(usize),
    /// The bytes are not a message of this version of the protocol.
    #[error("not a control message: {0}")]
    Malformed(postcard::Error),
}

/// The bytes of one message.
///
/// # Errors
/// [`ControlError::TooLong`] when the receiver would refuse it.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, ControlError> {
    let bytes = postcard::to_stdvec(message).map_err(ControlError::Malformed)?;
    if bytes.len() > MAXIMUM_MESSAGE {
        return Err(ControlError::TooLong(bytes.len()));
    }
    Ok(bytes)
}

/// The message in `bytes`.
///
/// # Errors
/// [`ControlError`] when the bytes are not exactly one message.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ControlError> {
    if bytes.len() > MAXIMUM_MESSAGE {
        return Err(ControlError::TooLong(bytes.len()));
    }
    let (message, rest) = postcard::take_from_bytes(bytes).map_err(ControlError::Malformed)?;
    if !rest.is_empty() {
        return Err(ControlError::Malformed(postcard::Error::DeserializeUnexpectedEnd));
    }
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_the_wire() {
        let request = Request::Kick { client_id: "sensor".into() };
        let bytes = encode(&request).unwrap();
        assert_eq!(decode::<Request>(&bytes).unwrap(), request);
    }

    #[test]
    fn bytes_after_a_message_are_refused() {
        let mut bytes = encode(&Request::EndSession { client_id: "sensor".into() }).unwrap();
        bytes.push(0);
        assert!(decode::<Request>(&bytes).is_err());
    }

    #[test]
    fn arbitrary_bytes_are_an_error_and_not_a_panic() {
        for length in 0..64usize {
            let bytes: Vec<u8> = (0..length).map(|i| (i * 37 + length) as u8).collect();
            let _ = decode::<Request>(&bytes);
            let _ = decode::<Response>(&bytes);
        }
    }
}
