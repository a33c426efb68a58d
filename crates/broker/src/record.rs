use bytes::Bytes;

/// One change to the durable state: idempotent, by table and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Which table it is in.
    pub table: Table,
    /// Its key in that table; keys have no meaning outside the broker but sort by what belongs together.
    pub key: Bytes,
    /// What becomes of it.
    pub change: Change,
}

/// What becomes of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It has this value from now on. The encoding is the broker's and starts with a version.
    Put(Bytes),
    /// It is gone.
    Delete,
}

/// The tables of the durable state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Table {
    /// Sessions by client id.
    Session = 1,
    /// Subscriptions by session and filter.
    Subscription = 2,
    /// Message bodies by message number, each once however many sessions wait for it.
    Message = 3,
    /// What a session has yet to deliver, by session and position.
    Outgoing = 4,
    /// Packet Identifiers of QoS 2 messages received and not yet released, by session and identifier.
    Incoming = 5,
    /// Retained messages by topic.
    Retained = 6,
    /// Wills by client id.
    Will = 7,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 7] = [
        Self::Session,
        Self::Subscription,
        Self::Message,
        Self::Outgoing,
        Self::Incoming,
        Self::Retained,
        Self::Will,
    ];
}
