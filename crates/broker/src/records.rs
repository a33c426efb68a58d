//! How what is kept is written as records. Their keys sort as what they stand for does.

use bytes::{BufMut, Bytes, BytesMut};
use lacewing_protocol::{PacketId, QoS, TopicFilter};

use crate::encoding::Writer;
use crate::message::Message;
use crate::queue::Waiting;
use crate::retain::RetainedMessage;
use crate::retained_delivery::Owed;
use crate::session::Session;
use crate::subscription_list::Subscription;
use crate::window::Sent;
use crate::{Change, Record, Table};

/// How far a recorded message to a client has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It waits.
    Waiting,
    /// It was sent under this identifier.
    Sent(PacketId),
    /// It was received; PUBREL is sent under this identifier.
    Released(PacketId),
}

/// Key parts that sort as the numbers do.
pub(crate) fn key(serial: u64, rest: &[u8]) -> Bytes {
    let mut key = BytesMut::with_capacity(8 + rest.len());
    key.put_u64(serial);
    key.put_slice(rest);
    key.freeze()
}

/// A session, and whether its client is here, or since when it is away.
pub(crate) fn session(session: &Session) -> Record {
    let mut value = Writer::new();
    value
        .number(session.serial)
        .number(u64::from(session.version.level()))
        .number(u64::from(session.expiry))
        .number(u64::from(session.conn.is_some()))
        .number(session.since)
        .origin(&session.origin);
    put(Table::Session, Bytes::copy_from_slice(session.client_id.as_bytes()), value)
}

/// A client's will, if it left one, and when it is due if the client is away.
pub(crate) fn will(session: &Session, due: Option<u64>) -> Option<Record> {
    let will = session.will.as_ref()?;
    let mut value = Writer::new();
    value
        .number(u64::from(will.delay))
        .maybe(will.expiry.map(u64::from))
        .maybe(due)
        .message(&will.message)
        .origin(&session.origin);
    Some(put(Table::Will, Bytes::copy_from_slice(session.client_id.as_bytes()), value))
}

/// A session's subscription; at its end the retained messages that it is still to bring.
pub(crate) fn subscription(
    serial: u64,
    filter: &TopicFilter,
    Subscription { options, id }: Subscription,
    owed: Option<Owed>,
) -> Record {
    let flags = options.qos as u64
        | u64::from(options.no_local) << 2
        | u64::from(options.retain_as_published) << 3
        | (options.retain_handling as u64) << 4;
    let mut value = Writer::new();
    value.number(flags).maybe(id.map(u64::from));
    if let Some(Owed { until, place }) = owed {
        value.number(until).number(u64::from(place.passed)).bytes(&place.key);
    }
    put(Table::Subscription, key(serial, filter.as_bytes()), value)
}

/// A QoS 2 message came from the session's client and is not released.
pub(crate) fn incoming(serial: u64, id: u16) -> Record {
    put(Table::Incoming, key(serial, &id.to_be_bytes()), Writer::new())
}

/// A message waits for a session's client.
pub(crate) fn waiting(serial: u64, waiting: &Waiting, share: Option<&TopicFilter>) -> Record {
    let Waiting { order, message, qos, retain, ids, .. } = waiting;
    outgoing(serial, *order, Stage::Waiting, message.number, (*qos, *retain), ids.as_deref(), share)
}

/// A message of this number was sent to a session's client.
pub(crate) fn sent(
    serial: u64,
    stage: Stage,
    sent: &Sent,
    number: u64,
    share: Option<&TopicFilter>,
) -> Record {
    let Sent { order, qos, retain, ids, .. } = sent;
    outgoing(serial, *order, stage, number, (*qos, *retain), ids.as_deref(), share)
}

/// A message that a session which is gone left to the other members of a shared subscription.
pub(crate) fn left_behind(serial: u64, order: u64, message: &Message, share: &TopicFilter) -> Record {
    let form = (QoS::AtLeastOnce, false);
    outgoing(serial, order, Stage::Waiting, message.number, form, None, Some(share))
}

/// The body of a message, to which others refer by its number.
pub(crate) fn message(message: &Message) -> Record {
    let mut value = Writer::new();
    value.message(message);
    put(Table::Message, key(message.number, &[]), value)
}

/// A retained message; at its end the client it is from, if it is from one.
pub(crate) fn retained(RetainedMessage { message, from }: &RetainedMessage) -> Record {
    let mut value = Writer::new();
    value.message(message);
    if let Some(from) = from {
        value.bytes(from.as_bytes());
    }
    put(Table::Retained, Bytes::copy_from_slice(message.topic.as_bytes()), value)
}

/// A message to a client; at its end the filter of the shared subscription it came by, if it did.
fn outgoing(
    serial: u64,
    order: u64,
    stage: Stage,
    number: u64,
    (qos, retain): (QoS, bool),
    ids: Option<&[u32]>,
    share: Option<&TopicFilter>,
) -> Record {
    let (stage, id) = match stage {
        Stage::Waiting => (0, 0),
        Stage::Sent(id) => (1, id.value()),
        Stage::Released(id) => (2, id.value()),
    };
    let ids = ids.unwrap_or_default();
    let mut value = Writer::new();
    value.number(stage).number(u64::from(id)).number(number).number(qos as u64).number(u64::from(retain));
    value.number(ids.len() as u64);
    for id in ids {
        value.number(u64::from(*id));
    }
    if let Some(share) = share {
        value.bytes(share.as_bytes());
    }
    put(Table::Outgoing, key(serial, &order.to_be_bytes()), value)
}

fn put(table: Table, key: Bytes, mut value: Writer) -> Record {
    Record { table, key, change: Change::Put(value.finish()) }
}
