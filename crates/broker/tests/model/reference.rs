//! The broker as the specification has it: obvious and slow.

mod flight;
mod messages;
mod rules;
mod sessions;

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use bytes::Bytes;
use lacewing_broker::{Config, ConnId, Now};
use lacewing_protocol::{Packet, PublishProperties, QoS, SubscriptionOptions, TopicName};

use crate::dialogue::Client;
use crate::host::SECOND;
use crate::lines::{Gate, Line, Lines, What};
use crate::oracle::Oracle;

pub(crate) use rules::Law;

pub(crate) struct Reference {
    config: Config,
    pub(crate) law: Law,
    pub(crate) state: State,
    pub(crate) lines: Lines,
    pub(crate) oracle: Oracle,
    /// The turn that is being played.
    pub(crate) turn: u64,
    now: Now,
    /// What sessions that have just ended leave to the other members of their shared subscriptions.
    orphans: Vec<(String, Rc<Message>)>,
    /// The number of the last message that came in.
    last_number: u64,
    pub(crate) complaints: Vec<String>,
}

/// What a restart keeps, if it is durable.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) sessions: BTreeMap<Client, Session>,
    /// By topic, with the client it is from.
    pub(crate) retained: BTreeMap<TopicName, (Rc<Message>, Option<Client>)>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Session {
    pub(crate) conn: Option<ConnId>,
    /// Seconds it outlives its connection; `u32::MAX` is for ever.
    pub(crate) expiry: u32,
    /// It is kept over a restart.
    durable: bool,
    /// When it ends, wall microseconds.
    ends: Option<u64>,
    /// The broker's crash took the client's connection, and the client has not been back.
    cut: bool,
    pub(crate) will: Option<Will>,
    pub(crate) subscriptions: BTreeMap<String, Subscription>,
    /// Not sent yet.
    pub(crate) queue: VecDeque<Item>,
    /// Sent and not acknowledged, in the order in which they were sent first.
    pub(crate) flying: Vec<Item>,
    /// Those of them that are still to be sent again on this connection.
    again: VecDeque<u64>,
    /// By filter, subscriptions whose retained messages are still to be sent.
    owed: BTreeMap<String, Owed>,
    /// QoS 2 identifiers received and not released, each with the turn in which it came.
    incoming: BTreeMap<u16, u64>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Subscription {
    pub(crate) options: SubscriptionOptions,
    pub(crate) id: Option<u32>,
}

/// Retained messages that are to be sent.
#[derive(Debug, Clone, Copy)]
struct Owed {
    subscription: Subscription,
    /// The last message before the subscription was made: what is retained later goes by the subscription itself.
    until: u64,
}

/// A message on its way to one session.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    uid: u64,
    message: Rc<Message>,
    qos: QoS,
    retain: bool,
    ids: Vec<u32>,
    /// The filter of the shared subscription it came by, while that has members.
    group: Option<String>,
    /// The same, as it is recorded.
    share: Option<String>,
    /// PUBREC came.
    released: bool,
    /// The connection it was last sent on.
    sent_on: Option<ConnId>,
}

#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// The broker's own number, by which its events name it.
    number: u64,
    pub(crate) topic: TopicName,
    pub(crate) payload: Bytes,
    pub(crate) qos: QoS,
    retain: bool,
    properties: PublishProperties,
    /// Wall microseconds.
    expires: Option<u64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Will {
    message: Message,
    /// Seconds.
    delay: u32,
    /// Seconds the message lives once it is published.
    expiry: Option<u32>,
    /// When it is to be published, wall microseconds; `None` while the client is here.
    due: Option<u64>,
    /// The broker's crash took the client's connection.
    crashed: bool,
}

pub(crate) fn client_id(client: Client) -> String {
    format!("c{client}")
}

impl Item {
    fn of(message: &Rc<Message>) -> Self {
        Self {
            uid: 0,
            message: message.clone(),
            qos: message.qos,
            retain: false,
            ids: Vec::new(),
            group: None,
            share: None,
            released: false,
            sent_on: None,
        }
    }
}

impl Message {
    fn is_expired(&self, wall: u64) -> bool {
        self.expires.is_some_and(|expires| expires <= wall)
    }
}

/// What falls due, in the order in which it is dealt with at the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    KeepAlive(ConnId),
    Will(Client),
    SessionEnd(Client),
}

impl Reference {
    pub(crate) fn new(config: Config, now: Now) -> Self {
        Self {
            config,
            law: Law::default(),
            state: State::default(),
            lines: Lines::default(),
            oracle: Oracle::default(),
            turn: 0,
            now,
            orphans: Vec::new(),
            last_number: 0,
            complaints: Vec::new(),
        }
    }

    pub(crate) fn complain(&mut self, complaint: impl Into<String>) {
        self.complaints.push(complaint.into());
    }

    /// Both clocks go on to `to`.
    pub(crate) fn pass(&mut self, to: Now) {
        while let Some((at, due)) = self.next_due().filter(|(at, _)| *at <= to.awake) {
            let step = at.saturating_sub(self.now.awake);
            self.now = Now { awake: self.now.awake + step, wall: self.now.wall + step };
            self.falls_due(due);
            let same_moment = self.next_due().is_some_and(|(at, _)| at <= self.now.awake);
            if !same_moment {
                self.hand_over();
            }
        }
        self.now = to;
    }

    /// The wall clock alone goes on to `to`; what fell due meanwhile is dealt with then.
    pub(crate) fn sleep(&mut self, to: Now) {
        self.now.wall = to.wall;
        self.pass(to);
    }

    /// What falls due next, on the awake clock.
    fn next_due(&self) -> Option<(u64, Due)> {
        let lines = self.lines.all.iter().filter(|(_, line)| !line.closing && line.keep_alive > 0);
        // [MQTT-3.1.2-22]
        let lines = lines.map(|(conn, line)| {
            (line.last_heard + u64::from(line.keep_alive) * SECOND * 3 / 2, Due::KeepAlive(*conn))
        });
        let on_awake = |wall: u64| (self.now.awake + wall).saturating_sub(self.now.wall);
        let sessions = self.state.sessions.iter().filter(|(_, session)| session.conn.is_none());
        let sessions = sessions.flat_map(|(client, session)| {
            let will = session.will.as_ref().and_then(|will| will.due);
            let will = will.map(|at| (on_awake(at), Due::Will(*client)));
            let end = session.ends.map(|at| (on_awake(at), Due::SessionEnd(*client)));
            will.into_iter().chain(end)
        });
        let all: Vec<_> = lines.chain(sessions).collect();
        let (at, mut first) = all.iter().min().copied()?;
        // The specification has no order for what happens at once; the broker has one.
        let next = self.oracle.next_publisher();
        for (other_at, due) in all {
            if let (Due::Will(client), true, true) = (due, other_at == at, matches!(first, Due::Will(_)))
                && next == Some(&client_id(client))
            {
                first = due;
            }
        }
        Some((at, first))
    }

    fn falls_due(&mut self, due: Due) {
        match due {
            Due::KeepAlive(conn) => self.keep_alive_ends(conn),
            Due::Will(client) => self.will_is_due(client),
            Due::SessionEnd(client) => self.end_session(client),
        }
    }

    /// A packet came whole.
    pub(crate) fn take(&mut self, conn: ConnId, packet: &Packet) {
        let Some(line) = self.lines.all.get_mut(&conn).filter(|line| !line.closing) else { return };
        line.last_heard = self.now.awake;
        let client = line.client;
        match packet {
            Packet::Publish(publish) => self.publish_from(conn, client, publish),
            Packet::PubAck(ack) => self.puback(client, ack.packet_id.value()),
            Packet::PubRec(ack) => self.pubrec(conn, client, ack),
            Packet::PubRel(ack) => self.pubrel(conn, client, ack.packet_id),
            Packet::PubComp(ack) => self.pubcomp(client, ack.packet_id.value()),
            Packet::Subscribe(subscribe) => self.subscribe(conn, client, subscribe),
            Packet::Unsubscribe(unsubscribe) => self.unsubscribe(conn, client, unsubscribe),
            Packet::PingReq => self.lines.expect(conn, Gate::FREE, What::OneOf(vec![Packet::PingResp])),
            Packet::Disconnect(disconnect) => self.disconnect(conn, client, disconnect),
            other => self.complain(format!("no client says {other}")),
        }
    }

    /// The end of a turn: nothing is left half done.
    pub(crate) fn finish(&mut self) {
        self.hand_over();
        if let Some(rest) = self.oracle.rest() {
            self.complain(rest);
        }
    }

    /// What came to a client is what was to come.
    pub(crate) fn hear(&mut self, conn: ConnId, packet: &Packet) {
        let client = self.lines.all.get(&conn).map(|line| line.client);
        // What still comes on a connection that was taken over may belong to a session that was ended.
        let session = client.and_then(|client| self.state.sessions.get(&client));
        let session = session.filter(|session| session.conn == Some(conn));
        let flying: Vec<u64> =
            session.into_iter().flat_map(|session| session.flying.iter().map(|item| item.uid)).collect();
        if let Err(problem) = self.lines.received(conn, packet, &flying) {
            let who = client.map(client_id).unwrap_or_default();
            self.complain(format!("{who} got {packet:?}: {problem}"));
        }
    }

    fn line(&self, conn: ConnId) -> Option<&Line> {
        self.lines.all.get(&conn)
    }

    /// The gate of what promises something of a session. One that ends with its connection promises nothing, although
    /// there may be records of what it was before.
    fn gate(&self, client: Client) -> Gate {
        match self.state.sessions.get(&client) {
            Some(session) if session.durable && session.expiry == 0 => Gate::since(0, self.turn),
            Some(session) if session.durable => Gate::waits(self.turn),
            _ => Gate::FREE,
        }
    }
}
