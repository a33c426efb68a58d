//! How heads and steps are written: numbers, texts, and bytes as hexadecimal digits.

use bytes::{Bytes, BytesMut};
use lacewing_protocol::{
    DecodeLimits, Decoder, Packet, PacketId, ProtocolVersion, Publish, QoS, ReasonCode, Role, TopicFilter,
};
use serde::{Deserialize, Serialize};

use super::{Call, Head, Step};
use crate::{
    Change, CloseCause, Command, Config, ConnId, EventMask, Input, Now, Record, Redirect, Rules, Seq, Table,
    Transport, Verdict,
};

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct HeadForm {
    config: Config,
    seed: u64,
    awake: u64,
    wall: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    image: Vec<RecordForm>,
}

#[derive(Clone, Serialize, Deserialize)]
struct RecordForm {
    table: u8,
    key: String,
    /// Absent for a deletion.
    value: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct StepForm {
    awake: u64,
    wall: u64,
    #[serde(flatten)]
    call: CallForm,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
enum CallForm {
    Opened {
        conn: u64,
        transport: Transport,
    },
    Received {
        conn: u64,
        bytes: String,
    },
    Closed {
        conn: u64,
        cause: CloseCause,
    },
    Allowed {
        conn: u64,
        user: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        data: Option<String>,
    },
    /// An AUTH exchange goes on; what is exchanged in it is kept, which is no secret of a password.
    Continued {
        conn: u64,
        data: String,
    },
    Denied {
        conn: u64,
        reason: u8,
    },
    Persisted {
        seq: u64,
    },
    Tick,
    Kick {
        client_id: String,
        reason: u8,
    },
    EndSession {
        client_id: String,
    },
    /// A whole PUBLISH of 5.0.
    Publish {
        packet: String,
    },
    DropRetained {
        filter: String,
    },
    Watch {
        events: EventMask,
    },
    Shutdown,
    Redirect {
        to: Redirect,
    },
    Rules {
        rules: Box<Rules>,
    },
    Reconfigure {
        config: Box<Config>,
    },
    Drain,
    Transmit {
        conn: u64,
        max_bytes: u32,
    },
}

/// Why a form does not stand for anything.
#[derive(Debug, thiserror::Error)]
pub(super) enum FormError {
    #[error("bytes that are not pairs of hexadecimal digits")]
    Hex,
    #[error("{0} is not a reason code")]
    Reason(u8),
    #[error("{0} is not a table")]
    Table(u8),
    #[error("a filter that is none")]
    Filter,
    #[error("a packet that is no PUBLISH")]
    Packet,
}

impl From<Head> for HeadForm {
    fn from(head: Head) -> Self {
        let Head { config, seed, start, image } = head;
        let image = image.iter().map(RecordForm::from).collect();
        Self { config, seed, awake: start.awake, wall: start.wall, image }
    }
}

impl TryFrom<HeadForm> for Head {
    type Error = FormError;

    fn try_from(form: HeadForm) -> Result<Self, FormError> {
        let HeadForm { config, seed, awake, wall, image } = form;
        let image = image.into_iter().map(Record::try_from).collect::<Result<_, _>>()?;
        Ok(Self { config, seed, start: Now { awake, wall }, image })
    }
}

impl From<&Record> for RecordForm {
    fn from(record: &Record) -> Self {
        let value = match &record.change {
            Change::Put(value) => Some(hex(value)),
            Change::Delete => None,
        };
        Self { table: record.table as u8, key: hex(&record.key), value }
    }
}

impl TryFrom<RecordForm> for Record {
    type Error = FormError;

    fn try_from(form: RecordForm) -> Result<Self, FormError> {
        let table = Table::ALL.into_iter().find(|table| *table as u8 == form.table);
        let change = match form.value {
            Some(value) => Change::Put(unhex(&value)?),
            None => Change::Delete,
        };
        Ok(Self { table: table.ok_or(FormError::Table(form.table))?, key: unhex(&form.key)?, change })
    }
}

impl From<Step> for StepForm {
    fn from(Step { at, call }: Step) -> Self {
        Self { awake: at.awake, wall: at.wall, call: call.into() }
    }
}

impl TryFrom<StepForm> for Step {
    type Error = FormError;

    fn try_from(StepForm { awake, wall, call }: StepForm) -> Result<Self, FormError> {
        Ok(Self { at: Now { awake, wall }, call: call.try_into()? })
    }
}

impl From<Call> for CallForm {
    fn from(call: Call) -> Self {
        match call {
            Call::Handle(input) => input.into(),
            Call::Drain => Self::Drain,
            Call::Transmit { conn, max_bytes } => Self::Transmit { conn: conn.0, max_bytes },
        }
    }
}

impl From<Input> for CallForm {
    fn from(input: Input) -> Self {
        match input {
            Input::Opened { conn, transport } => Self::Opened { conn: conn.0, transport },
            Input::Received { conn, bytes } => Self::Received { conn: conn.0, bytes: hex(&bytes) },
            Input::Closed { conn, cause } => Self::Closed { conn: conn.0, cause },
            Input::Authenticated { conn, verdict: Verdict::Allow { user, data } } => {
                Self::Allowed { conn: conn.0, user, data: data.as_deref().map(hex) }
            }
            Input::Authenticated { conn, verdict: Verdict::Continue { data } } => {
                Self::Continued { conn: conn.0, data: hex(&data) }
            }
            Input::Authenticated { conn, verdict: Verdict::Deny { reason } } => {
                Self::Denied { conn: conn.0, reason: reason as u8 }
            }
            Input::Persisted { seq } => Self::Persisted { seq: seq.0 },
            Input::Tick => Self::Tick,
            Input::Command(command) => command.into(),
        }
    }
}

impl From<Command> for CallForm {
    fn from(command: Command) -> Self {
        match command {
            Command::Kick { client_id, reason } => Self::Kick { client_id, reason: reason as u8 },
            Command::EndSession { client_id } => Self::EndSession { client_id },
            Command::Publish { topic, payload, qos, retain, properties } => {
                let packet_id = (qos != QoS::AtMostOnce).then_some(PacketId::MIN);
                let publish =
                    Publish { dup: false, qos, retain, topic: Some(topic), packet_id, payload, properties };
                let mut packet = BytesMut::new();
                // What no PUBLISH can hold, no broker has taken: it leaves an empty packet, which cannot be read.
                let _ = Packet::Publish(publish).encode(ProtocolVersion::V5_0, &mut packet);
                Self::Publish { packet: hex(&packet) }
            }
            Command::DropRetained { filter } => Self::DropRetained { filter: filter.as_str().to_owned() },
            Command::Watch { events } => Self::Watch { events },
            Command::Shutdown => Self::Shutdown,
            Command::Redirect(to) => Self::Redirect { to },
            Command::Rules(rules) => Self::Rules { rules },
            Command::Reconfigure(config) => Self::Reconfigure { config },
        }
    }
}

impl TryFrom<CallForm> for Call {
    type Error = FormError;

    fn try_from(form: CallForm) -> Result<Self, FormError> {
        let input = match form {
            CallForm::Drain => return Ok(Self::Drain),
            CallForm::Transmit { conn, max_bytes } => {
                return Ok(Self::Transmit { conn: ConnId(conn), max_bytes });
            }
            CallForm::Opened { conn, transport } => Input::Opened { conn: ConnId(conn), transport },
            CallForm::Received { conn, bytes } => {
                Input::Received { conn: ConnId(conn), bytes: unhex(&bytes)? }
            }
            CallForm::Closed { conn, cause } => Input::Closed { conn: ConnId(conn), cause },
            CallForm::Allowed { conn, user, data } => {
                let data = data.as_deref().map(unhex).transpose()?;
                Input::Authenticated { conn: ConnId(conn), verdict: Verdict::Allow { user, data } }
            }
            CallForm::Continued { conn, data } => Input::Authenticated {
                conn: ConnId(conn),
                verdict: Verdict::Continue { data: unhex(&data)? },
            },
            CallForm::Denied { conn, reason } => Input::Authenticated {
                conn: ConnId(conn),
                verdict: Verdict::Deny { reason: reason_code(reason)? },
            },
            CallForm::Persisted { seq } => Input::Persisted { seq: Seq(seq) },
            CallForm::Tick => Input::Tick,
            CallForm::Kick { client_id, reason } => {
                Input::Command(Command::Kick { client_id, reason: reason_code(reason)? })
            }
            CallForm::EndSession { client_id } => Input::Command(Command::EndSession { client_id }),
            CallForm::Publish { packet } => Input::Command(publish(unhex(&packet)?)?),
            CallForm::DropRetained { filter } => {
                let filter = TopicFilter::try_from(filter).map_err(|_| FormError::Filter)?;
                Input::Command(Command::DropRetained { filter })
            }
            CallForm::Watch { events } => Input::Command(Command::Watch { events }),
            CallForm::Shutdown => Input::Command(Command::Shutdown),
            CallForm::Redirect { to } => Input::Command(Command::Redirect(to)),
            CallForm::Rules { rules } => Input::Command(Command::Rules(rules)),
            CallForm::Reconfigure { config } => Input::Command(Command::Reconfigure(config)),
        };
        Ok(Self::Handle(input))
    }
}

fn reason_code(value: u8) -> Result<ReasonCode, FormError> {
    ReasonCode::from_value(value).ok_or(FormError::Reason(value))
}

fn publish(packet: Bytes) -> Result<Command, FormError> {
    let mut decoder = Decoder::new(Role::Any, DecodeLimits::default());
    decoder.set_version(ProtocolVersion::V5_0);
    decoder.push(packet);
    let Ok(Some(Packet::Publish(publish))) = decoder.next() else { return Err(FormError::Packet) };
    let Publish { topic: Some(topic), payload, qos, retain, properties, .. } = publish else {
        return Err(FormError::Packet);
    };
    Ok(Command::Publish { topic, payload, qos, retain, properties })
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn unhex(text: &str) -> Result<Bytes, FormError> {
    let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(FormError::Hex);
    let pairs = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| match *pair {
        [high, low] => Ok((digit(high)? << 4 | digit(low)?) as u8),
        _ => Err(FormError::Hex),
    };
    pairs.map(byte).collect::<Result<Vec<u8>, _>>().map(Bytes::from)
}
