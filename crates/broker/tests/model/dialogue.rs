//! What a dialogue is made of, in the form in which it is written down.

use std::fmt;

/// Clients are numbered from 0.
pub(crate) type Client = u8;

/// How many clients take part.
pub(crate) const CLIENTS: Client = 3;

/// The topics that are published to.
pub(crate) const TOPICS: [&str; 7] = ["a", "a/b", "a/b/c", "b/b", "/b", "a/", "$data/a"];

/// The filters that are subscribed to. No ShareName has two filters, so that an event that names it names the group.
pub(crate) const FILTERS: [&str; 15] = [
    "a",
    "a/b",
    "#",
    "a/#",
    "a/b/#",
    "+",
    "+/b",
    "a/+",
    "+/+/c",
    "/+",
    "$data/#",
    "+/a",
    "$share/g/a/#",
    "$share/h/+/b",
    "$share/k/#",
];

/// The access rules there may be.
pub(crate) const RULES: [&str; 9] = [
    "allow publish a/b",
    "deny publish a/#",
    "deny publish +/b",
    "deny publish #",
    "deny subscribe +/b",
    "allow subscribe a/+",
    "deny subscribe #",
    "deny both $data/#",
    "deny both a/b/c",
];

/// Settings and steps; everything else follows from them.
#[derive(Debug, Clone)]
pub(crate) struct Dialogue {
    pub(crate) setting: Setting,
    pub(crate) steps: Vec<Step>,
}

/// The broker's limits, and where the bytes are split.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) durable: bool,
    /// [`Config::inflight`](lacewing_broker::Config::inflight).
    pub(crate) inflight: u16,
    pub(crate) receive_maximum: u16,
    pub(crate) keep_alive_maximum: u16,
    /// Seconds.
    pub(crate) session_expiry_maximum: u32,
    pub(crate) splits: u32,
}

/// One thing that happens. Where the client cannot do it (it is not connected, has nothing to acknowledge), the next one
/// that can does it; if there is none, it is passed over.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Dials and says CONNECT; takes over if the client is there already.
    Connect {
        client: Client,
        hello: Hello,
    },
    /// The client's transport breaks.
    Drop {
        client: Client,
    },
    /// A part of a packet comes, then the transport breaks.
    DropMidway {
        client: Client,
    },
    /// DISCONNECT, with reason 0x04 if `with_will`.
    Disconnect {
        client: Client,
        with_will: bool,
        expiry: Option<u32>,
    },
    Subscribe {
        client: Client,
        id: Option<u32>,
        wish: Wish,
        another: Option<Wish>,
    },
    /// Ends the subscription to this filter; if `known`, to the next one that the client has.
    Unsubscribe {
        client: Client,
        filter: &'static str,
        known: bool,
    },
    /// Publishes `times` messages in one go.
    Publish {
        client: Client,
        text: Text,
        times: u8,
    },
    /// Sends what is not acknowledged again, although the connection is the same one, with `dup`.
    Again {
        client: Client,
    },
    /// Sends the `which`th acknowledgement that is due; a PUBREC with an error if `failing`.
    Acknowledge {
        client: Client,
        which: u8,
        failing: bool,
    },
    /// Completes every exchange the client has a part in.
    AcknowledgeAll {
        client: Client,
    },
    /// The first PUBREL that is due.
    Release {
        client: Client,
    },
    Ping {
        client: Client,
    },
    /// Takes no bytes, from now on.
    Stall {
        client: Client,
    },
    /// Takes bytes again.
    Flow {
        client: Client,
    },
    Pass {
        half_seconds: u16,
    },
    /// The host sleeps: only the wall clock goes on.
    Sleep {
        seconds: u32,
    },
    Kick {
        client: Client,
    },
    EndSession {
        client: Client,
    },
    /// The operator publishes.
    Announce {
        text: Text,
    },
    DropRetained {
        filter: &'static str,
    },
    /// Other access rules for everyone come into force.
    Rules {
        rules: [Option<&'static str>; 2],
    },
    /// From now on records are not made durable.
    Withhold,
    /// All records but those of the last `leave` turns become durable.
    Commit {
        leave: u8,
    },
    /// Records become durable as they are made, again.
    Settle,
    /// The broker is gone and is restored from what is durable.
    Crash {
        seconds: u16,
    },
}

/// A CONNECT.
#[derive(Debug, Clone)]
pub(crate) struct Hello {
    pub(crate) v5: bool,
    pub(crate) clean: bool,
    /// Seconds; before 5.0 Clean Session decides.
    pub(crate) expiry: u32,
    /// 0: not said.
    pub(crate) receive_maximum: u16,
    /// 0: not said.
    pub(crate) maximum_packet_size: u32,
    pub(crate) keep_alive: u16,
    pub(crate) will: Option<Will>,
    /// Whether the client sends again what it had not finished, as it must (§4.4), or not yet.
    pub(crate) resends: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Will {
    pub(crate) topic: &'static str,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    /// Seconds.
    pub(crate) delay: u32,
    /// Seconds.
    pub(crate) expiry: Option<u32>,
}

/// One filter of a SUBSCRIBE.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) filter: &'static str,
    pub(crate) qos: u8,
    pub(crate) no_local: bool,
    pub(crate) retain_as_published: bool,
    pub(crate) retain_handling: u8,
}

/// A PUBLISH; what it says is a number of its own.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) topic: &'static str,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    /// No payload, or a long one, or a short one.
    pub(crate) size: Size,
    /// Seconds.
    pub(crate) expiry: Option<u32>,
    /// With properties that are forwarded.
    pub(crate) adorned: bool,
    /// By this alias, which stands for the topic from now on.
    pub(crate) alias: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    Empty,
    Short,
    Long,
}

impl fmt::Display for Dialogue {
    /// As a line of `kept.rs` would have it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Dialogue {{\n    setting: {:?},\n    steps: vec![", self.setting)?;
        for step in &self.steps {
            writeln!(f, "        {step:?},")?;
        }
        f.write_str("    ],\n}")
    }
}
