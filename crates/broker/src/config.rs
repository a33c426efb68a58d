use serde::{Deserialize, Serialize};

/// The largest packet that the protocol has (§2.1.4): five bytes of fixed header, and what they can count.
pub(crate) const LARGEST_PACKET: u32 = 268_435_460;

/// Every limit of a broker, with what happens when it is reached.
///
/// Bytes are bytes on the wire: topic, properties and payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Make records and hold promises back until they are durable. Without it, the default, everything is in memory
    /// only, no record is made and nothing waits.
    pub durable: bool,
    /// Ask the host about every client that may come in by the [`Rules`](crate::Rules), also while there are no users.
    /// Default: no, only about those that have a user name or an Authentication Method.
    pub authenticate: bool,

    /// Connections at a time, 100 000. A further one is closed at once.
    pub connections: u32,
    /// Seconds a connection has for its CONNECT and its part in an AUTH exchange, 10. Then it is closed. A client that
    /// proves itself anew has as long.
    pub connect_timeout: u32,
    /// The longest keep-alive in seconds; 0, the default, leaves it to the clients. A 5.0 client that asks for a longer
    /// one, or for none, is told this Server Keep Alive.
    pub keep_alive_maximum: u16,
    /// The largest packet in bytes that is read, 2 MiB. A larger one ends the connection with 0x95.
    pub maximum_packet_size: u32,
    /// QoS 1 and 2 messages a 5.0 client may send before it waits for acknowledgements, 1024; 1 to 65 535. One more ends
    /// the connection with 0x93.
    pub receive_maximum: u16,
    /// Topic aliases a 5.0 client may use, 64. A higher alias ends the connection with 0x94.
    pub topic_alias_maximum: u16,
    /// The Response Information of a 5.0 client that asks for it, in which `%c` stands for its client id; none. Left out
    /// where it is more than the client takes, or where no topic could hold the client id.
    pub response_information: Option<String>,
    /// Where clients are sent that are told to use another server: one or more names, apart by spaces (§4.11); none.
    pub server_reference: Option<String>,
    /// Topic aliases that the broker uses towards a 5.0 client that takes some, 0. The first topics get them; further ones
    /// go by their names.
    pub topic_aliases_sent: u16,
    /// Bytes of the topics that the aliases of one client stand for, 128 KiB. More ends the connection with 0x97. The
    /// same towards the client, where further topics go by their names.
    pub topic_alias_bytes: u32,
    /// The longest client id in bytes, 1024. A longer one is refused with 0x85 (3.1.1: 2).
    pub client_id_length: u16,
    /// Levels of a topic or filter, 128. A message to a deeper topic is refused with 0x90 (3.1.1: the connection
    /// ends), a deeper filter with 0x8F (3.1.1: 0x80).
    pub topic_levels: u16,

    /// Sessions at a time, 200 000, those of connected clients included. A new client beyond them is refused with 0x97
    /// (3.1.1: 3).
    pub sessions: u32,
    /// The longest session expiry in seconds; the default, `u32::MAX`, is for ever. A 5.0 client that asks for longer
    /// is told this one; it also holds for 3.1.1 sessions without Clean Session.
    pub session_expiry_maximum: u32,
    /// Subscriptions of one session, 100 000. A further one is refused with 0x97 (3.1.1: 0x80).
    pub subscriptions: u32,
    /// Whether filters may have wildcards; yes. If not, such a SUBSCRIBE ends the connection with 0xA2 (3.1.1: the filter
    /// is answered with 0x80).
    pub wildcard_subscriptions: bool,
    /// Whether there are shared subscriptions; yes. If not, such a SUBSCRIBE ends the connection with 0x9E (3.1.1: the
    /// filter is answered with 0x80).
    pub shared_subscriptions: bool,
    /// Whether subscriptions may have an identifier; yes. If not, such a SUBSCRIBE ends the connection with 0xA1.
    pub subscription_identifiers: bool,
    /// Bytes of the filters of one session, 64 MiB, 64 more for each level of one with wildcards, which is what it may
    /// take of memory. A further subscription is refused with 0x97 (3.1.1: 0x80).
    pub subscription_bytes: u32,
    /// QoS 1 and 2 messages on their way to one client, 1024; 1 to 65 535. A 5.0 client's Receive Maximum lowers it.
    /// Further ones queue.
    pub inflight: u16,
    /// QoS 1 and 2 messages that wait for one client, 10 000. While the client is connected, publishers are paused when
    /// half of it is used; then the newest message is dropped, counted and reported.
    pub queue_messages: u32,
    /// Bytes of such messages, 16 MiB. The same effect.
    pub queue_bytes: u32,

    /// Tell a 5.0 publisher with 0x97 when the queue of a receiver had no room for its QoS 1 or 2 message. Default: no, the
    /// drop is only counted and reported. The others did get the message: a publisher that sends it again gives it to them
    /// a second time.
    pub report_full_queues: bool,

    /// Bytes that wait to be written to one connection, 256 KiB, beyond which publishers to it are paused, and beyond
    /// twice of which QoS 0 messages to it are dropped, counted and reported; QoS 1 and 2 messages queue in the session.
    pub outgoing_bytes: u32,
    /// How long in milliseconds a slow receiver may pause its publishers at a stretch, 1000. Then messages to it are
    /// dropped instead until it has caught up.
    pub pause_maximum: u32,
    /// How long in milliseconds publishers wait for a receiver that takes nothing at all, 100: it has stopped reading and
    /// is not waited for any longer. The same effect.
    pub stall_maximum: u32,
    /// Bytes that may come from a paused connection, 4 MiB: what the host had read already. More ends the connection
    /// with 0x97.
    pub held_bytes: u32,
    /// Bytes of records that may wait to become durable, 64 MiB. Then nothing more is read from clients that make
    /// records, until half of them are.
    pub backlog_bytes: u32,

    /// Retained messages, 1 000 000. A message to one more topic is delivered and not retained, counted and reported.
    /// Those whose time is over are cleared away, a minute later at most.
    pub retained_messages: u32,
    /// Bytes of retained messages, 256 MiB. The same effect; if the topic has a retained message already, that one goes,
    /// since it is out of date.
    pub retained_bytes: u32,

    /// Seconds between two publications of what has changed in `$SYS`, 10; 0 leaves `$SYS` empty.
    pub sys_interval: u32,
    /// Seconds that the wills of clients whose connections a crash cut are held back after a restart, 10.
    pub restart_grace: u32,
    /// Events that wait to be drained, 10 000. Then they are counted as missed, and the count is reported.
    pub events: u32,
    /// Payload bytes shown in an event, 256.
    pub event_preview: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            durable: false,
            authenticate: false,
            connections: 100_000,
            connect_timeout: 10,
            keep_alive_maximum: 0,
            maximum_packet_size: 2 << 20,
            receive_maximum: 1024,
            topic_alias_maximum: 64,
            topic_aliases_sent: 0,
            topic_alias_bytes: 128 << 10,
            response_information: None,
            server_reference: None,
            client_id_length: 1024,
            topic_levels: 128,
            sessions: 200_000,
            session_expiry_maximum: u32::MAX,
            subscriptions: 100_000,
            subscription_bytes: 64 << 20,
            wildcard_subscriptions: true,
            shared_subscriptions: true,
            subscription_identifiers: true,
            inflight: 1024,
            queue_messages: 10_000,
            queue_bytes: 16 << 20,
            report_full_queues: false,
            outgoing_bytes: 256 << 10,
            pause_maximum: 1000,
            stall_maximum: 100,
            held_bytes: 4 << 20,
            backlog_bytes: 64 << 20,
            retained_messages: 1_000_000,
            retained_bytes: 256 << 20,
            sys_interval: 10,
            restart_grace: 10,
            events: 10_000,
            event_preview: 256,
        }
    }
}

impl Config {
    /// The same with every limit that has no sense at 0 raised to its least.
    pub(crate) fn checked(mut self) -> Self {
        self.receive_maximum = self.receive_maximum.max(1);
        self.inflight = self.inflight.max(1);
        self.maximum_packet_size = self.maximum_packet_size.clamp(64, LARGEST_PACKET);
        self.topic_levels = self.topic_levels.max(1);
        self.outgoing_bytes = self.outgoing_bytes.max(1024);
        self.queue_messages = self.queue_messages.max(1);
        self
    }
}
