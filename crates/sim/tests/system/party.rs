//! A client, its application, and the end of a wire that it holds.

use bytes::{Bytes, BytesMut};
use lacewing_broker::ConnId;
use lacewing_client::{Client, Event, Message, Output, State};
use lacewing_protocol::{Publish, QoS, TopicName};
use lacewing_sim::wire::{Arrival, End};

use crate::account::Account;
use crate::scenario::{Habit, Setup};
use crate::story::Story;
use crate::wires::Wires;

pub(crate) struct Party {
    pub(crate) index: usize,
    pub(crate) client: Client,
    pub(crate) habit: Habit,
    pub(crate) in_tab: bool,
    name: String,
    setup_quality: lacewing_sim::wire::Quality,
    pub(crate) conn: Option<ConnId>,
    /// When the line that was dialled is there.
    dialling: Option<u64>,
    /// Counts its sessions.
    session: u32,
    pub(crate) subscribed: bool,
    /// What came that was retained.
    pub(crate) retained: Vec<Publish>,
    buffer: BytesMut,
}

impl Party {
    pub(crate) fn new(index: usize, setup: &Setup) -> Self {
        let mut client = Client::new(setup.options.clone());
        let subscribes = !setup.subscriptions.is_empty();
        if subscribes {
            client.subscribe(0, setup.subscriptions.clone()).unwrap();
        }
        Self {
            index,
            client,
            habit: setup.habit,
            in_tab: setup.in_tab,
            name: setup.name().to_owned(),
            setup_quality: setup.quality,
            conn: None,
            dialling: None,
            session: 0,
            subscribed: !subscribes,
            retained: Vec::new(),
            buffer: BytesMut::new(),
        }
    }

    pub(crate) fn publish(
        &mut self,
        now: u64,
        account: &mut Account,
        qos: QoS,
        (count, size): (u64, usize),
        retain: bool,
    ) {
        let kind = if retain { 'r' } else { 't' };
        let topic = TopicName::try_from(format!("{kind}/{}/{}", self.name, u8::from(qos))).unwrap();
        for _ in 0..count {
            let payload = account.next(&self.name, qos, retain, size);
            let mut message = Message::new(topic.clone(), payload).qos(qos);
            message.retain = retain;
            let token = self.client.publish(now, message).expect("the queue has room");
            account.sent(self.index, &self.name, qos, retain, token);
        }
    }

    /// When it has something to do. `now` is its own clock.
    pub(crate) fn poll_timeout(&self, wires: &Wires) -> Option<u64> {
        let waiting = self.conn.filter(|conn| self.client.has_output() && wires.client_room(*conn) > 0);
        [waiting.map(|_| 0), self.client.poll_timeout()].into_iter().flatten().min()
    }

    /// When a line that it dialled is there, or something arrives: true time.
    pub(crate) fn next_arrival(&self, wires: &Wires) -> Option<u64> {
        let arrival = self.conn.and_then(|conn| wires.poll_timeout(conn, End::Client));
        [self.dialling, arrival].into_iter().flatten().min()
    }

    /// Takes what came, does what is due, and says what there is to say. `now` is its own clock, `t` the true one;
    /// `reachable` says whether anybody answers where it dials.
    pub(crate) fn turn(
        &mut self,
        (now, t): (u64, u64),
        reachable: bool,
        wires: &mut Wires,
        account: &mut Account,
        story: &mut Story,
    ) {
        // What the script asked for comes before what the network has.
        self.settle((now, t), wires, account, story);
        if self.dialling.is_some_and(|at| at <= t) {
            self.dialling = None;
            if reachable {
                self.conn = Some(wires.dial(self.setup_quality));
                self.client.connected(now);
            } else {
                self.client.closed(now);
            }
        }
        while let Some(conn) = self.conn {
            match wires.receive(t, conn, End::Client, 4096) {
                None => break,
                Some(Arrival::Bytes(bytes)) => {
                    story.bytes(&bytes);
                    self.client.received(now, bytes);
                }
                Some(Arrival::Closed | Arrival::Reset) => self.hang_up(now, t, wires),
            }
            self.settle((now, t), wires, account, story);
        }
        if self.client.poll_timeout().is_some_and(|at| at <= now) {
            self.client.tick(now);
        }
        self.settle((now, t), wires, account, story);
    }

    fn hang_up(&mut self, now: u64, t: u64, wires: &mut Wires) {
        if let Some(conn) = self.conn.take() {
            wires.client_leaves(t, conn);
        }
        self.client.closed(now);
    }

    fn settle(&mut self, (now, t): (u64, u64), wires: &mut Wires, account: &mut Account, story: &mut Story) {
        loop {
            self.transmit(now, t, wires, story);
            let Some(output) = self.client.poll_output() else { return };
            match output {
                Output::Dial => self.dialling = Some(t + self.setup_quality.latency),
                Output::Close => {
                    self.dialling = None;
                    self.transmit(now, t, wires, story);
                    self.hang_up(now, t, wires);
                }
                Output::Event(event) => self.event(now, t, event, account, story),
            }
        }
    }

    fn transmit(&mut self, now: u64, t: u64, wires: &mut Wires, story: &mut Story) {
        let Some(conn) = self.conn else { return };
        loop {
            let room = wires.client_room(conn);
            self.buffer.clear();
            if room == 0 {
                return;
            }
            let more = self.client.transmit(now, room, &mut self.buffer);
            story.bytes(&self.buffer);
            wires.client_sends(t, conn, &self.buffer);
            if !more {
                return;
            }
        }
    }

    fn event(&mut self, now: u64, t: u64, event: Event, account: &mut Account, story: &mut Story) {
        let name = &self.name;
        match event {
            Event::Connected(connected) => {
                story.tell(t, format_args!("{name} is in, session present {}", connected.session_present));
                let lasts = matches!(self.habit, Habit::Lasting | Habit::Member | Habit::Twin);
                assert!(
                    !lasts || self.session == 0 || connected.session_present,
                    "the session of {name} is gone"
                );
                if !connected.session_present || self.session == 0 {
                    self.session += 1;
                }
                if self.has_will() {
                    let topic = TopicName::try_from(format!("w/{name}")).unwrap();
                    let here =
                        Message::new(topic, Bytes::from_static(b"here")).qos(QoS::AtLeastOnce).retained();
                    self.client.publish(now, here).unwrap();
                }
            }
            Event::Disconnected { cause, .. } => story.tell(t, format_args!("{name} is out: {cause}")),
            Event::Message(publish) => {
                let (topic, number) = (publish.topic.as_deref(), publish.payload.len());
                story.tell(t, format_args!("{name} hears {topic:?} {number} {:?}", publish.packet_id));
                account.heard(name, self.session, &publish);
                if publish.retain {
                    self.retained.push(publish);
                }
            }
            Event::Published { token, reason } => account.published(self.index, token, reason),
            Event::Dropped { token, cause } => {
                story.tell(t, format_args!("{name} drops {token:?}: {cause}"));
                account.dropped(self.index, token, cause, self.habit);
            }
            Event::Subscribed { results, .. } => {
                assert!(results.iter().all(|(_, reason)| !reason.is_error()), "{name}: {results:?}");
                self.subscribed = true;
            }
            Event::Unsubscribed { .. } => {}
        }
    }

    pub(crate) fn has_will(&self) -> bool {
        matches!(self.habit, Habit::Lasting | Habit::Member) && self.name != "x"
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is connected and has nothing left to do.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.client.state() == State::Connected
            && self.client.unsent() == 0
            && self.client.identifiers_in_use() == 0
            && self.client.unreleased() == 0
    }
}
