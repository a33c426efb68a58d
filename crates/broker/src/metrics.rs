use serde::{Deserialize, Serialize};

/// What a broker counts. Counters run from its start; gauges say how it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Metrics {
    /// Gauge: open transports, with or without a client.
    pub connections: u32,
    /// Gauge: clients that are in.
    pub clients: u32,
    /// The most clients that ever were in at a time.
    pub clients_maximum: u32,
    /// Gauge: sessions, of clients here and away.
    pub sessions: u32,
    /// Gauge: subscriptions, shared ones included.
    pub subscriptions: u32,
    /// Gauge: retained messages.
    pub retained: u32,
    /// Gauge: bytes of retained messages.
    pub retained_bytes: u64,
    /// Gauge: messages that wait in sessions' queues.
    pub queued: u64,
    /// Gauge: publishers that are paused, for a slow receiver or until records are durable.
    pub paused: u32,

    /// Transports accepted.
    pub opened: u64,
    /// Clients let in.
    pub connects: u64,
    /// Clients and packets turned away.
    pub refusals: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes transmitted.
    pub bytes_out: u64,
    /// Packets received.
    pub packets_in: u64,
    /// Packets put in line to go out.
    pub packets_out: u64,
    /// PUBLISH packets received, by QoS.
    pub published: [u64; 3],
    /// PUBLISH packets put in line to go out, by QoS.
    pub delivered: [u64; 3],
    /// Bytes of the payloads of PUBLISH packets received.
    pub payload_in: u64,
    /// Bytes of the payloads of PUBLISH packets put in line to go out.
    pub payload_out: u64,
    /// Messages without a subscriber.
    pub unmatched: u64,
    /// Messages dropped because a queue was full.
    pub dropped_queue: u64,
    /// QoS 0 messages dropped because a receiver was slow.
    pub dropped_slow: u64,
    /// Messages whose time was over before they could go.
    pub dropped_expired: u64,
    /// Messages dropped because no member of a shared subscription could take them.
    pub dropped_shared: u64,
    /// Messages dropped because they are larger than the receiver takes.
    pub dropped_large: u64,
    /// Messages not retained because of the limits.
    pub dropped_retained: u64,
    /// Sessions whose time ran out.
    pub sessions_expired: u64,
    /// Messages kept from a receiver by an access rule.
    pub not_allowed: u64,
    /// Wills published.
    pub wills: u64,
    /// Records made.
    pub records: u64,
    /// Events missed because nobody drained them.
    pub events_missed: u64,
}
