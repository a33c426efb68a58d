//! The broker and the reference play a dialogue, and are compared after each turn.

mod packets;

use std::collections::VecDeque;

use lacewing_broker::{Command, ConnId, Seq};
use lacewing_protocol::{
    Connect, Disconnect, Packet, ProtocolVersion, Publish, PublishProperties, QoS, ReasonCode,
    RetainHandling, Subscribe, SubscriptionOptions, TopicFilter, TopicName, Unsubscribe, UserProperties,
};

use packets::{as_connect, as_publish};

use crate::dialogue::*;
use crate::host::{Host, SECOND};
use crate::peer::Peer;
use crate::reference::{Law, Reference, State, client_id};

/// Plays a dialogue to its end.
///
/// # Errors
/// The first thing in which the broker and the reference differ, in words.
pub(crate) fn play(dialogue: &Dialogue) -> Result<(), String> {
    let mut play = Play::new(dialogue.setting);
    for (number, step) in dialogue.steps.iter().enumerate() {
        play.step(step).map_err(|problem| format!("after step {number}, {step:?}: {problem}"))?;
    }
    play.end().map_err(|problem| format!("in the end: {problem}"))
}

struct Play {
    host: Host,
    reference: Reference,
    peers: Vec<Peer>,
    /// The state after each turn whose records are not all durable: turn, last record, state.
    unsaved: VecDeque<(u64, Seq, State)>,
    /// The state that a restart finds.
    saved: State,
    /// Numbers the messages, so that no two are alike.
    messages: u32,
}

impl Play {
    fn new(setting: Setting) -> Self {
        let host = Host::new(&setting);
        let reference = Reference::new(host.config.clone(), host.now);
        let peers = (0..CLIENTS).map(|_| Peer::new()).collect();
        Self { host, reference, peers, unsaved: VecDeque::new(), saved: State::default(), messages: 0 }
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        self.act(step)?;
        self.resend()
    }

    /// Clients that found their session send again what they had not finished.
    fn resend(&mut self) -> Result<(), String> {
        for client in 0..CLIENTS {
            let peer = &mut self.peers[usize::from(client)];
            if peer.is_in() {
                let packets = peer.resend();
                self.say(client, packets)?;
            }
        }
        Ok(())
    }

    /// The first client from this one on that is connected and can do something.
    fn able(&self, client: Client, can: impl Fn(&Peer) -> bool) -> Client {
        let turn = (client..CLIENTS).chain(0..client);
        let mut able = turn.filter(|client| {
            let peer = &self.peers[usize::from(*client)];
            peer.conn.is_some() && can(peer)
        });
        able.next().unwrap_or(client)
    }

    /// The first client from this one on that is connected.
    fn connected(&self, client: Client) -> Client {
        self.able(client, |_| true)
    }

    fn act(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Connect { client, hello } => self.connect(*client, hello),
            Step::Drop { client } => self.lose(self.connected(*client), false),
            Step::DropMidway { client } => self.lose(self.connected(*client), true),
            Step::Disconnect { client, with_will, expiry } => {
                self.disconnect(self.connected(*client), *with_will, *expiry)
            }
            Step::Subscribe { client, id, wish, another } => {
                self.subscribe(self.connected(*client), *id, wish, another.as_ref())
            }
            Step::Unsubscribe { client, filter, known } => {
                let client = self.connected(*client);
                let filter = match known {
                    true => self.reference.known_filter(client, filter).unwrap_or((*filter).to_owned()),
                    false => (*filter).to_owned(),
                };
                let Some(peer) = self.here(client) else { return Ok(()) };
                let packet_id = peer.free_id();
                peer.asks(packet_id);
                let filters = vec![TopicFilter::try_from(filter).unwrap()];
                let packet = Unsubscribe { packet_id, filters, user_properties: UserProperties::new() };
                self.say(client, vec![Packet::Unsubscribe(packet)])
            }
            Step::Publish { client, text, times } => self.publish(self.connected(*client), text, *times),
            Step::Again { client } => {
                // Only before 5.0 [MQTT-4.4.0-1].
                let Some(peer) = self.here(*client).filter(|peer| !peer.version.is_v5()) else {
                    return Ok(());
                };
                let packets = peer.again();
                self.say(*client, packets)
            }
            Step::Acknowledge { client, which, failing } => {
                let client = self.able(*client, Peer::owes_answer);
                let answer = self.here(client).and_then(|peer| peer.answer(*which, *failing));
                self.say(client, answer.into_iter().collect())
            }
            Step::AcknowledgeAll { client } => self.acknowledge_all(self.able(*client, Peer::owes_answer)),
            Step::Release { client } => {
                let client = self.able(*client, Peer::owes_release);
                let release = self.here(client).and_then(Peer::release);
                self.say(client, release.into_iter().collect())
            }
            Step::Ping { client } => self.say(*client, vec![Packet::PingReq]),
            Step::Stall { client } => self.stall(*client, true),
            Step::Flow { client } => self.stall(*client, false),
            Step::Pass { half_seconds } => self.turn(|play| {
                play.host.pass(u64::from(*half_seconds) * SECOND / 2);
                play.reference.oracle = std::mem::take(&mut play.host.oracle);
                play.reference.pass(play.host.now);
            }),
            Step::Sleep { seconds } => self.turn(|play| {
                play.host.sleep(u64::from(*seconds) * SECOND);
                play.reference.oracle = std::mem::take(&mut play.host.oracle);
                play.reference.sleep(play.host.now);
            }),
            Step::Kick { client } => {
                let reason = ReasonCode::AdministrativeAction;
                let command = Command::Kick { client_id: client_id(*client), reason };
                self.command(command, |reference| reference.kick(*client, reason))
            }
            Step::EndSession { client } => {
                let command = Command::EndSession { client_id: client_id(*client) };
                self.command(command, |reference| reference.end_session_by_command(*client))
            }
            Step::Announce { text } => self.announce(text),
            Step::DropRetained { filter } => {
                let command = Command::DropRetained { filter: TopicFilter::try_from(*filter).unwrap() };
                self.command(command, |reference| reference.drop_retained(filter))
            }
            Step::Rules { rules } => {
                let law = Law::new(rules);
                let command = Command::Rules(Box::new(law.to_rules()));
                self.command(command, |reference| reference.law = law)
            }
            Step::Withhold => {
                self.host.commits = false;
                Ok(())
            }
            Step::Commit { leave } => {
                let Some(at) = self.unsaved.len().checked_sub(1 + usize::from(*leave)) else { return Ok(()) };
                let seq = self.unsaved[at].1;
                self.turn(|play| play.host.commit(seq))
            }
            Step::Settle => self.turn(|play| {
                play.host.commits = true;
                play.host.commit(play.host.last_seq);
            }),
            Step::Crash { seconds } => self.crash(u64::from(*seconds)),
        }
    }

    /// The broker does something, then the reference; both are compared.
    fn turn(&mut self, act: impl FnOnce(&mut Self)) -> Result<(), String> {
        self.reference.turn += 1;
        // No two things that are timed fall due at the same moment.
        self.host.pass(1000);
        self.reference.oracle = std::mem::take(&mut self.host.oracle);
        self.reference.pass(self.host.now);
        self.reference.finish();
        act(self);
        self.end_turn()
    }

    fn end_turn(&mut self) -> Result<(), String> {
        self.reference.finish();
        self.save();
        self.compare()
    }

    /// Notes what a restart would find.
    fn save(&mut self) {
        let state = self.reference.state.clone();
        self.unsaved.push_back((self.reference.turn, self.host.last_seq, state));
        while let Some((turn, ..)) = self.unsaved.front().filter(|(_, seq, _)| *seq <= self.host.durable_seq)
        {
            self.reference.lines.durable_turn = *turn;
            self.saved = self.unsaved.pop_front().map(|(.., state)| state).unwrap_or_default();
        }
    }

    fn compare(&mut self) -> Result<(), String> {
        for (conn, packets) in self.host.received() {
            for packet in packets {
                self.reference.hear(conn, &packet);
                if let Some(peer) = self.peers.iter_mut().find(|peer| peer.conn == Some(conn)) {
                    peer.receives(&packet);
                }
            }
        }
        let conns: Vec<ConnId> = self.reference.lines.all.keys().copied().collect();
        for conn in conns {
            if self.host.is_stalled(conn) {
                continue;
            }
            let is_closed = self.host.is_closed(conn);
            if let Err(problem) = self.reference.lines.missing(conn, is_closed) {
                self.reference.complain(problem);
            }
            if is_closed {
                self.reference.lose(conn);
                if let Some(peer) = self.peers.iter_mut().find(|peer| peer.conn == Some(conn)) {
                    peer.conn = None;
                }
            }
        }
        for client in 0..CLIENTS {
            self.reference.compare(client, self.host.broker.client(&client_id(client)).as_ref());
        }
        let mut retained = Vec::new();
        for filter in ["#", "$data/#"] {
            let shown = self.host.broker.retained(&TopicFilter::try_from(filter).unwrap(), 1000);
            retained.extend(shown.into_iter().map(|one| (one.topic, one.payload.head, one.qos)));
        }
        self.reference.compare_retained(retained);
        match self.reference.complaints.is_empty() {
            true => Ok(()),
            false => Err(self.reference.complaints.join("\n  and ")),
        }
    }

    /// The client, if it has a connection.
    fn here(&mut self, client: Client) -> Option<&mut Peer> {
        self.peers.get_mut(usize::from(client)).filter(|peer| peer.conn.is_some())
    }

    /// A client says something, in one go.
    fn say(&mut self, client: Client, mut packets: Vec<Packet>) -> Result<(), String> {
        let Some(peer) = self.here(client).filter(|_| !packets.is_empty()) else { return Ok(()) };
        let (Some(conn), version) = (peer.conn, peer.version) else { return Ok(()) };
        for packet in &mut packets {
            if let (Packet::Publish(publish), false) = (packet, version.is_v5()) {
                publish.properties = PublishProperties::new();
            }
        }
        self.turn(|play| {
            play.host.receive(conn, &packets, version);
            play.reference.oracle = std::mem::take(&mut play.host.oracle);
            for packet in &packets {
                play.reference.take(conn, packet);
            }
        })
    }

    fn command(&mut self, command: Command, act: impl FnOnce(&mut Reference)) -> Result<(), String> {
        self.turn(|play| {
            play.host.command(command);
            play.reference.oracle = std::mem::take(&mut play.host.oracle);
            act(&mut play.reference);
        })
    }

    fn connect(&mut self, client: Client, hello: &Hello) -> Result<(), String> {
        let version = if hello.v5 { ProtocolVersion::V5_0 } else { ProtocolVersion::V3_1_1 };
        self.messages += u32::from(hello.will.is_some());
        let connect = as_connect(client, hello, version, self.messages);
        if connect.will.as_ref().is_some_and(|will| !self.reference.law.may_publish(&will.topic)) {
            return self.knock(client, &connect);
        }
        self.turn(|play| {
            let conn = play.host.dial(version);
            let peer = &mut play.peers[usize::from(client)];
            peer.connects(conn, version, hello.clean, hello.resends);
            play.host.receive(conn, &[Packet::Connect(Box::new(connect.clone()))], version);
            play.reference.oracle = std::mem::take(&mut play.host.oracle);
            play.reference.connect(conn, client, &connect);
        })
    }

    /// A client that is not connected tries to be, with a will that it may not publish.
    fn knock(&mut self, client: Client, connect: &Connect) -> Result<(), String> {
        if self.here(client).is_some() {
            return Ok(());
        }
        self.turn(|play| {
            let conn = play.host.dial(connect.version);
            play.host.receive(conn, &[Packet::Connect(Box::new(connect.clone()))], connect.version);
            play.reference.oracle = std::mem::take(&mut play.host.oracle);
            play.reference.refuse(conn, client, connect);
        })
    }

    fn lose(&mut self, client: Client, midway: bool) -> Result<(), String> {
        let Some(peer) = self.here(client) else { return Ok(()) };
        let Some(conn) = peer.conn.take() else { return Ok(()) };
        self.turn(|play| {
            if midway {
                play.host.receive_part(conn);
            }
            play.host.lose(conn);
            play.reference.oracle = std::mem::take(&mut play.host.oracle);
            play.reference.lose(conn);
        })
    }

    fn disconnect(&mut self, client: Client, with_will: bool, expiry: Option<u32>) -> Result<(), String> {
        let Some(peer) = self.here(client) else { return Ok(()) };
        let mut disconnect = Disconnect::default();
        if peer.version.is_v5() {
            if with_will {
                disconnect.reason = ReasonCode::DisconnectWithWillMessage;
            }
            disconnect.properties.session_expiry_interval = expiry;
        }
        self.say(client, vec![Packet::Disconnect(Box::new(disconnect))])
    }

    fn subscribe(
        &mut self,
        client: Client,
        id: Option<u32>,
        wish: &Wish,
        another: Option<&Wish>,
    ) -> Result<(), String> {
        let Some(peer) = self.here(client) else { return Ok(()) };
        let packet_id = peer.free_id();
        peer.asks(packet_id);
        let v5 = peer.version.is_v5();
        let filters = [Some(wish), another].into_iter().flatten().map(|wish| {
            let mut options =
                SubscriptionOptions { qos: QoS::try_from(wish.qos).unwrap(), ..Default::default() };
            if v5 {
                options.no_local = wish.no_local;
                options.retain_as_published = wish.retain_as_published;
                options.retain_handling = match wish.retain_handling {
                    0 => RetainHandling::SendAlways,
                    1 => RetainHandling::SendIfNew,
                    _ => RetainHandling::DoNotSend,
                };
            }
            (TopicFilter::try_from(wish.filter).unwrap(), options)
        });
        let packet = Subscribe {
            packet_id,
            filters: filters.collect(),
            subscription_identifier: id.filter(|_| v5),
            user_properties: UserProperties::new(),
        };
        self.say(client, vec![Packet::Subscribe(packet)])
    }

    fn publish(&mut self, client: Client, text: &Text, times: u8) -> Result<(), String> {
        let mut packets = Vec::new();
        for _ in 0..times {
            self.messages += 1;
            let number = self.messages;
            let Some(peer) = self.here(client) else { return Ok(()) };
            if text.qos > 0 && !peer.may_publish() {
                break;
            }
            let mut publish = as_publish(text, number);
            if publish.qos != QoS::AtMostOnce {
                publish.packet_id = Some(peer.free_id());
            }
            peer.publishes(&publish);
            let alias = publish.properties.topic_alias.filter(|_| peer.version.is_v5());
            if let Some(alias) = alias
                && peer.aliases.insert(alias.get(), text.topic) == Some(text.topic)
            {
                publish.topic = None;
            }
            packets.push(Packet::Publish(publish));
        }
        self.say(client, packets)
    }

    fn announce(&mut self, text: &Text) -> Result<(), String> {
        self.messages += 1;
        let mut publish = as_publish(text, self.messages);
        publish.properties.topic_alias = None;
        let Publish { topic, payload, qos, retain, properties, .. } = publish.clone();
        let Some(topic) = topic else { return Ok(()) };
        let command = Command::Publish { topic, payload, qos, retain, properties };
        self.command(command, |reference| reference.announce(&publish))
    }

    fn acknowledge_all(&mut self, client: Client) -> Result<(), String> {
        loop {
            let Some(peer) = self.here(client) else { return Ok(()) };
            let Some(packet) = peer.answer(0, false).or_else(|| peer.release()) else { return Ok(()) };
            self.say(client, vec![packet])?;
        }
    }

    fn stall(&mut self, client: Client, stalled: bool) -> Result<(), String> {
        let Some(conn) = self.here(client).and_then(|peer| peer.conn) else { return Ok(()) };
        self.turn(|play| play.host.stall(conn, stalled))
    }

    fn crash(&mut self, seconds: u64) -> Result<(), String> {
        for peer in &mut self.peers {
            peer.conn = None;
        }
        self.host.crash(seconds, self.reference.law.to_rules())?;
        self.unsaved.clear();
        self.reference.turn += 1;
        self.reference.oracle = std::mem::take(&mut self.host.oracle);
        self.reference.restart(self.saved.clone(), self.host.now);
        self.end_turn()
    }

    /// Everything becomes durable, and everybody takes everything.
    fn end(&mut self) -> Result<(), String> {
        self.step(&Step::Settle)?;
        for client in 0..CLIENTS {
            self.step(&Step::Flow { client })?;
        }
        for client in 0..CLIENTS {
            self.acknowledge_all(client)?;
        }
        for client in 0..CLIENTS {
            for topic in TOPICS {
                let explanation =
                    self.host.broker.explain(&client_id(client), &TopicName::try_from(topic).unwrap());
                let mut shown: Vec<_> = explanation.matching.into_iter().map(|one| one.filter).collect();
                shown.sort();
                let ours = self.reference.filters_matching(client, topic);
                if ours != shown {
                    return Err(format!("c{client} gets {topic} by {ours:?}, explained by {shown:?}"));
                }
            }
        }
        Ok(())
    }
}
