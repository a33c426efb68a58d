//! What the bridge and the host of the broker in a tab say to each other: who may come in, and what for.
//!
//! The bridge opens one stream of the link for it before any other (its listener is `Service`), and says the rules first. The
//! host answers [`FromHost::Ready`] once they are in force; no device is carried before. A message is its length in four bytes, the lowest first, and
//! then that many bytes of postcard.

use bytes::{Buf, Bytes, BytesMut};
use lacewing_broker::{AuthRequest, AuthStep, ConnId, Listener, Rules, Transport, Verdict};
use lacewing_protocol::{ProtocolVersion, ReasonCode};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{ControlError, MAXIMUM_MESSAGE};

/// From the bridge to the host of the broker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FromBridge {
    /// Go on with these rules. What passwords are checked against is left out: fingerprints stand in its place, which
    /// change when it does.
    Rules(Box<Rules>),
    /// The answer to a question.
    Verdict {
        /// Whom it is about.
        conn: u64,
        /// What came of it.
        decision: Decision,
    },
    /// What came of [`FromHost::ReloadRules`]: what has changed, or why nothing has, in a sentence.
    RulesReloaded {
        /// Who asked.
        operator: u64,
        /// What came of it.
        outcome: Result<String, String>,
    },
}

/// From the host of the broker to the bridge.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromHost {
    /// The rules are in force: devices may come.
    Ready,
    /// May this device come in?
    Question(Box<Question>),
    /// A device that was asked about is gone.
    Gone {
        /// Its connection.
        conn: u64,
    },
    /// An operator wants the rules read again.
    ReloadRules {
        /// Who.
        operator: u64,
    },
}

/// An [`AuthRequest`] on its way to the bridge.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as in `AuthRequest`")]
pub struct Question {
    pub conn: u64,
    pub client_id: String,
    /// The protocol's level: 3, 4 or 5.
    pub version: u8,
    pub username: Option<String>,
    pub password: Option<Vec<u8>>,
    pub listener: Listener,
    pub peer: String,
    pub certificate: Option<String>,
    pub method: Option<String>,
    pub data: Option<Vec<u8>>,
    pub step: Step,
}

/// An [`AuthStep`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as in `AuthStep`")]
pub enum Step {
    Connect,
    Continue,
    Reauthenticate,
}

/// A [`Verdict`] on its way from the bridge.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as in `Verdict`")]
pub enum Decision {
    Allow {
        user: Option<String>,
        data: Option<Vec<u8>>,
    },
    Continue {
        data: Vec<u8>,
    },
    Deny {
        /// The reason code's value.
        reason: u8,
    },
}

/// Puts the messages of one direction together again.
#[derive(Debug, Default)]
pub struct Inbox(BytesMut);

impl Inbox {
    /// Takes the next bytes of the stream.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The next message, if it is whole.
    ///
    /// # Errors
    /// When the other side does not speak this protocol; nothing more can be read then.
    pub fn take<T: DeserializeOwned>(&mut self) -> Result<Option<T>, ControlError> {
        let Some((head, rest)) = self.0.split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*head) as usize;
        if length > MAXIMUM_MESSAGE {
            return Err(ControlError::TooLong(length));
        }
        if rest.len() < length {
            return Ok(None);
        }
        self.0.advance(4);
        crate::decode(&self.0.split_to(length)).map(Some)
    }
}

/// The bytes of one message with their length in front.
///
/// # Errors
/// [`ControlError::TooLong`] when the other side would refuse it.
pub fn framed<T: Serialize>(message: &T) -> Result<Vec<u8>, ControlError> {
    let bytes = crate::encode(message)?;
    Ok([&(bytes.len() as u32).to_le_bytes()[..], &bytes].concat())
}

impl Question {
    /// What the broker asks of its host about `conn`.
    pub fn new(conn: ConnId, request: AuthRequest) -> Self {
        let AuthRequest { client_id, version, username, password, transport, method, data, step } = request;
        Self {
            conn: conn.0,
            client_id,
            version: version.level(),
            username,
            password: password.map(Vec::from),
            listener: transport.listener,
            peer: transport.peer,
            certificate: transport.tls,
            method,
            data: data.map(Vec::from),
            step: match step {
                AuthStep::Connect => Step::Connect,
                AuthStep::Continue => Step::Continue,
                AuthStep::Reauthenticate => Step::Reauthenticate,
            },
        }
    }

    /// The question as it was, and whom it is about.
    pub fn into_request(self) -> (ConnId, AuthRequest) {
        let version = match self.version {
            3 => ProtocolVersion::V3_1,
            4 => ProtocolVersion::V3_1_1,
            _ => ProtocolVersion::V5_0,
        };
        let request = AuthRequest {
            client_id: self.client_id,
            version,
            username: self.username,
            password: self.password.map(Bytes::from),
            transport: Transport { listener: self.listener, peer: self.peer, tls: self.certificate },
            method: self.method,
            data: self.data.map(Bytes::from),
            step: match self.step {
                Step::Connect => AuthStep::Connect,
                Step::Continue => AuthStep::Continue,
                Step::Reauthenticate => AuthStep::Reauthenticate,
            },
        };
        (ConnId(self.conn), request)
    }
}

impl From<Verdict> for Decision {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Allow { user, data } => Self::Allow { user, data: data.map(Vec::from) },
            Verdict::Continue { data } => Self::Continue { data: data.into() },
            Verdict::Deny { reason } => Self::Deny { reason: reason.value() },
        }
    }
}

impl From<Decision> for Verdict {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Allow { user, data } => Self::Allow { user, data: data.map(Bytes::from) },
            Decision::Continue { data } => Self::Continue { data: data.into() },
            Decision::Deny { reason } => {
                Self::Deny { reason: ReasonCode::from_value(reason).unwrap_or(ReasonCode::NotAuthorized) }
            }
        }
    }
}

impl std::fmt::Debug for Question {
    /// Leaves out what is secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Question").field("conn", &self.conn).field("step", &self.step).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for FromHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ready => f.write_str("Ready"),
            Self::Question(question) => question.fmt(f),
            Self::Gone { conn } => write!(f, "Gone({conn})"),
            Self::ReloadRules { operator } => write!(f, "ReloadRules({operator})"),
        }
    }
}

impl std::fmt::Debug for Decision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Allow { user, .. } => write!(f, "Allow({user:?})"),
            Self::Continue { .. } => f.write_str("Continue"),
            Self::Deny { reason } => write!(f, "Deny(0x{reason:02X})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question() -> AuthRequest {
        AuthRequest {
            client_id: "lamp".into(),
            version: ProtocolVersion::V3_1_1,
            username: Some("ada".into()),
            password: Some(Bytes::from_static(b"pencil")),
            transport: Transport { listener: Listener::Tls, peer: "10.0.0.1:1".into(), tls: None },
            method: None,
            data: None,
            step: AuthStep::Reauthenticate,
        }
    }

    #[test]
    fn a_question_and_its_answer_survive_the_way() {
        let asked = Question::new(ConnId(7), question());
        assert!(!format!("{:?}", FromHost::Question(Box::new(asked.clone()))).contains("pencil"));
        assert_eq!(asked.into_request(), (ConnId(7), question()));
        for verdict in [
            Verdict::Allow { user: Some("ada".into()), data: Some(Bytes::from_static(b"v=")) },
            Verdict::Continue { data: Bytes::from_static(b"r=") },
            Verdict::Deny { reason: ReasonCode::BadUserNameOrPassword },
        ] {
            assert_eq!(Verdict::from(Decision::from(verdict.clone())), verdict);
        }
    }

    #[test]
    fn messages_are_found_in_bytes_that_are_split_anywhere() {
        let rules = FromBridge::Rules(Box::default());
        let gone = FromBridge::Verdict { conn: 1, decision: Decision::Deny { reason: 0x87 } };
        let bytes = [framed(&rules).unwrap(), framed(&gone).unwrap()].concat();
        for split in 0..=bytes.len() {
            let mut inbox = Inbox::default();
            let mut messages: Vec<FromBridge> = Vec::new();
            for part in [&bytes[..split], &bytes[split..]] {
                inbox.receive(part);
                messages.extend(std::iter::from_fn(|| inbox.take().unwrap()));
            }
            assert_eq!(messages, [rules.clone(), gone.clone()]);
        }
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        let mut inbox = Inbox::default();
        inbox.receive(&u32::MAX.to_le_bytes());
        assert!(inbox.take::<FromHost>().is_err());
        let mut inbox = Inbox::default();
        inbox.receive(&[1, 0, 0, 0, 99]);
        assert!(inbox.take::<FromHost>().is_err());
    }
}
