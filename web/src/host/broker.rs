//! The broker worker's turn: channels in, broker, home, operators, channels out.

mod link_events;

use std::collections::VecDeque;

use bytes::Bytes;
use hashbrown::HashMap;
use lacewing_broker::{Batch, Broker, CloseCause, Config, ConnId, EventMask, Input, Now, Output as Asked};
use lacewing_control::{
    Blueprint, BridgeState, Desk, Effect, HostKind, Household, OperatorId, Request, Response, Saving,
};
use lacewing_link::{CloseCode, Link, Side, StreamId};
use lacewing_store::Ledger;

use super::bridge::{Bridge, Dial};
use super::conn::{Conn, Served};
use super::service::Service;
use crate::sorted::Sorted;

/// Rounds of one turn; what is left then waits for the next one, so that no turn holds the worker for long.
const ROUNDS: u32 = 32;

/// Names a channel: a port of a guest, or the link to the bridge. Never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(pub u64);

/// What a broker host starts with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The broker's limits.
    pub config: Config,
    /// What its choices are drawn from.
    pub seed: u64,
    /// The name of this origin's broker.
    pub broker: [u8; 16],
    /// The link's address at the bridge and the pairing token.
    pub bridge: Option<(String, String)>,
    /// Minutes that local time is ahead of UTC.
    pub local_minutes: i32,
    /// The file of the home that was kept, if one was.
    pub home: Option<String>,
}

/// What the host asks of its worker.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Open a WebSocket, then say [`BrokerHost::bridge_opened`] or [`BrokerHost::bridge_failed`].
    Dial(Dial),
    /// Send what [`BrokerHost::transmit`] still has, then close this channel. Its id means nothing any more.
    Close(ChannelId),
    /// Send this to an operator.
    Tell(OperatorId, Box<Response>),
    /// Send this to the store's host.
    Store(Vec<u8>),
    /// Nothing can be kept any more, for this reason: the broker is to be started again from what was.
    Failed(String),
}

/// A broker with everything around it.
pub struct BrokerHost {
    name: [u8; 16],
    pub(super) broker: Broker,
    /// `None` where nothing is kept.
    pub(super) ledger: Option<Ledger>,
    pub(super) batch: Batch,
    channels: Sorted<ChannelId, Channel>,
    /// Channels with something to transmit may be among these.
    pub(super) talking: Vec<ChannelId>,
    conns: HashMap<ConnId, Conn, foldhash::fast::FixedState>,
    ready: VecDeque<ConnId>,
    /// Connections that are closing, by deadline.
    closing: VecDeque<(u64, ConnId)>,
    conns_opened: u64,
    pub(super) household: Household,
    bridge: Bridge,
    pub(super) bridge_channel: Option<ChannelId>,
    /// By which the linked bridge says who may come in.
    pub(super) service: Option<Service>,
    pub(super) desk: Desk,
    pub(super) mask: EventMask,
    pub(super) outputs: VecDeque<Output>,
}

struct Channel {
    link: Link,
    streams: Sorted<StreamId, ConnId>,
    is_bridge: bool,
}

impl BrokerHost {
    /// What surrounds a broker; the bridge, if there is one, is dialled in the first turn.
    pub(super) fn new(setup: Setup, broker: Broker, saving: Saving, now: Now) -> Self {
        let kept = setup.home.as_deref().map(Blueprint::from_json).transpose();
        let ledger = (saving == Saving::Everything).then(Ledger::default);
        let mut desk = Desk::new(HostKind::Tab, saving, true);
        let blueprint = kept.unwrap_or_else(|flaw| {
            desk.home_damaged(flaw.to_string());
            None
        });
        let household = Household::starting_at(setup.seed, setup.local_minutes, blueprint, now);
        desk.household(&household);
        Self {
            name: setup.broker,
            broker,
            ledger,
            batch: Batch::new(),
            channels: Sorted::new(),
            talking: Vec::new(),
            conns: HashMap::with_hasher(foldhash::fast::FixedState::with_seed(setup.seed)),
            ready: VecDeque::new(),
            closing: VecDeque::new(),
            conns_opened: 0,
            household,
            bridge: Bridge::new(setup.broker, setup.bridge, now.awake),
            bridge_channel: None,
            service: None,
            desk,
            mask: EventMask::NONE,
            outputs: VecDeque::new(),
        }
    }

    /// The broker, to be looked at.
    pub fn broker(&self) -> &Broker {
        &self.broker
    }

    /// A guest's port: a client worker of this tab or of another one.
    pub fn guest(&mut self, now: Now, id: ChannelId) {
        let link = Link::new(Side::Acceptor, lacewing_link::Config::default(), now.awake);
        self.channels.insert(id, Channel { link, streams: Sorted::new(), is_bridge: false });
    }

    /// The WebSocket to the bridge is open, as `id`.
    pub fn bridge_opened(&mut self, now: Now, id: ChannelId) {
        let mut link = Link::new(Side::Dialler, lacewing_link::Config::default(), now.awake);
        // A token of this page's own is never too long; a bridge answers any other one with a goodbye.
        if link.hello(self.bridge.hello()).is_err() {
            self.bridge.refused(now.awake, &CloseCode::Unauthorized.into());
            self.outputs.push_back(Output::Close(id));
            return;
        }
        self.channels.insert(id, Channel { link, streams: Sorted::new(), is_bridge: true });
        self.bridge_channel = Some(id);
        self.talking.push(id);
    }

    /// Whether devices are connected through the bridge.
    pub fn carries_devices(&self) -> bool {
        self.channels.values().any(|channel| channel.is_bridge && !channel.streams.is_empty())
    }

    /// The WebSocket to the bridge could not be opened.
    pub fn bridge_failed(&mut self, now: Now) {
        self.bridge.lost(now.awake, "The bridge cannot be reached.");
    }

    /// Takes the real devices over from another browser.
    pub fn take_over(&mut self, now: Now) {
        self.bridge.take_over(now.awake);
    }

    /// A message came on a channel.
    pub fn message(&mut self, now: Now, id: ChannelId, message: Bytes) {
        let Some(channel) = self.channels.get_mut(&id) else { return };
        let outcome = channel.link.receive(now.awake, message);
        self.talking.push(id);
        self.link_events(now, id);
        if let Err(error) = outcome {
            self.end_channel(now, id, &error.to_string());
        }
    }

    /// A channel closed by itself.
    pub fn closed(&mut self, now: Now, id: ChannelId) {
        self.drop_channel(now, id, "The connection to the bridge was lost.");
    }

    /// A guest's port for operators opened. It has the number of the guest's channel and ends with it: a port does not say
    /// that its other end is gone, but the link on the channel finds out.
    pub fn operator(&mut self, id: OperatorId) {
        self.desk.open(id);
    }

    /// An operator asked.
    pub fn request(&mut self, now: Now, id: OperatorId, request: Request) {
        match self.desk.request(now, id, request, &self.broker) {
            Some(Effect::Command(command)) => self.broker.handle(now, Input::Command(command)),
            Some(Effect::Home(command)) => {
                if let Err(why) = self.household.command(now, command) {
                    self.desk.refused(id, why);
                }
                self.desk.household(&self.household);
            }
            Some(Effect::ReloadRules) => self.reload_rules(id),
            Some(Effect::TakeImage) => self.take_image(),
            None => {}
        }
    }

    /// Does everything there is to do: call it after a batch of inputs and when [`poll_timeout`](Self::poll_timeout) says so.
    pub fn turn(&mut self, now: Now) {
        self.pass_time(now);
        self.replace(now);
        for _ in 0..ROUNDS {
            let asked = self.drain_broker(now);
            let served = self.serve_ready(now);
            let lived = self.household.drain(now, &mut self.broker, || {
                self.conns_opened += 1;
                ConnId(self.conns_opened)
            });
            if !asked && !served && !lived {
                break;
            }
        }
        self.pass_on();
        self.desk.bridge(self.bridge.state());
        self.desk.tick(now, &self.broker);
        let mask = self.desk.mask();
        if std::mem::replace(&mut self.mask, mask) != mask {
            self.broker.handle(now, Input::Command(lacewing_broker::Command::Watch { events: mask }));
        }
        while let Some((operator, response)) = self.desk.poll() {
            self.outputs.push_back(Output::Tell(operator, Box::new(response)));
        }
    }

    /// What the worker is to do next.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// The channels that have something to send, each once.
    pub fn talking(&mut self) -> Vec<ChannelId> {
        let mut talking = Vec::new();
        for id in self.talking.drain(..) {
            if !talking.contains(&id) {
                talking.push(id);
            }
        }
        talking
    }

    /// The next message for a channel. A worker whose channel has no room asks again later, after [`still_talking`](Self::still_talking).
    pub fn transmit(&mut self, id: ChannelId) -> Option<Bytes> {
        self.channels.get_mut(&id)?.link.transmit()
    }

    /// A channel had no room for all it has to send.
    pub fn still_talking(&mut self, id: ChannelId) {
        self.talking.push(id);
    }

    /// When the next [`turn`](Self::turn) is due: awake microseconds.
    pub fn poll_timeout(&self) -> Option<u64> {
        let links = self.channels.values().filter_map(|channel| channel.link.poll_timeout());
        let work = (!self.ready.is_empty()).then_some(0);
        links
            .chain(work)
            .chain(self.broker.poll_timeout())
            .chain(self.household.poll_timeout())
            .chain(self.desk.poll_timeout())
            .chain(self.bridge.poll_timeout())
            .chain(self.closing.front().map(|(deadline, _)| *deadline))
            .min()
    }

    fn pass_time(&mut self, now: Now) {
        self.household.pass_time(now);
        if self.broker.poll_timeout().is_some_and(|due| due <= now.awake) {
            self.broker.handle(now, Input::Tick);
        }
        let due = |channel: &Channel| channel.link.poll_timeout().is_some_and(|due| due <= now.awake);
        let ticking: Vec<_> = self.channels.iter().filter(|(_, c)| due(c)).map(|(id, _)| *id).collect();
        for id in ticking {
            let Some(channel) = self.channels.get_mut(&id) else { continue };
            self.talking.push(id);
            if let Err(error) = channel.link.tick(now.awake) {
                self.end_channel(now, id, &error.to_string());
            }
        }
        while let Some((deadline, conn)) = self.closing.front().copied()
            && deadline <= now.awake
        {
            self.closing.pop_front();
            self.cut(now, conn, CloseCode::TimedOut);
        }
        if let Some(dial) = self.bridge.dial(now.awake) {
            self.outputs.push_back(Output::Dial(dial));
        }
    }

    /// Ends a connection without a further word.
    pub(super) fn cut(&mut self, now: Now, id: ConnId, code: CloseCode) {
        let Some(conn) = self.conns.get(&id) else { return };
        let (channel, stream) = (conn.channel, conn.stream);
        if let Some(channel) = self.channels.get_mut(&channel) {
            channel.link.reset(stream, code);
        }
        self.talking.push(channel);
        self.forget(now, id, CloseCause::Local);
    }

    /// Carries out what the broker asks; says whether it asked for anything.
    pub(super) fn drain_broker(&mut self, now: Now) -> bool {
        let mut asked = false;
        while let Some(output) = self.broker.poll_output() {
            asked = true;
            match output {
                Asked::Ready { conn } if self.household.owns(conn) => {
                    self.household.receive(now, conn, &mut self.broker, &mut self.batch);
                }
                Asked::PauseRead { conn } if self.household.owns(conn) => {
                    self.household.pause(now, conn, &mut self.broker, true);
                }
                Asked::ResumeRead { conn } if self.household.owns(conn) => {
                    self.household.pause(now, conn, &mut self.broker, false);
                }
                Asked::Close { conn, .. } if self.household.owns(conn) => {
                    self.household.close(now, conn, &mut self.broker, &mut self.batch);
                }
                Asked::Ready { conn } => {
                    if let Some(known) = self.conns.get_mut(&conn) {
                        known.hungry = true;
                        self.ready.push_back(conn);
                    }
                }
                Asked::PauseRead { conn } => {
                    if let Some(known) = self.conns.get_mut(&conn) {
                        known.pause();
                    }
                }
                Asked::ResumeRead { conn } => {
                    if let Some(known) = self.conns.get_mut(&conn)
                        && let Some(channel) = self.channels.get_mut(&known.channel)
                    {
                        known.resume(&mut channel.link);
                        self.talking.push(known.channel);
                    }
                }
                Asked::Close { conn, .. } => {
                    if let Some(known) = self.conns.get_mut(&conn) {
                        known.close(now);
                        self.closing.extend(known.closing.map(|deadline| (deadline, conn)));
                        self.ready.push_back(conn);
                    }
                }
                Asked::Event(event) => self.desk.event(event),
                Asked::Authenticate { conn, request } => self.ask(now, conn, *request),
                Asked::Persist { seq, record } => self.record(seq, record),
            }
        }
        asked
    }

    /// Serves every connection that was ready when it began; says whether there was any.
    pub(super) fn serve_ready(&mut self, now: Now) -> bool {
        let waiting = self.ready.len();
        for _ in 0..waiting {
            let Some(id) = self.ready.pop_front() else { break };
            let Some(conn) = self.conns.get_mut(&id) else { continue };
            let Some(channel) = self.channels.get_mut(&conn.channel) else { continue };
            let served = conn.serve(now, id, &mut self.broker, &mut channel.link, &mut self.batch);
            self.talking.push(conn.channel);
            if served == Served::Done {
                self.forget(now, id, CloseCause::Local);
            }
        }
        waiting > 0
    }

    /// Forgets a connection and tells the broker that it has ended.
    fn forget(&mut self, now: Now, id: ConnId, cause: CloseCause) {
        let Some(conn) = self.conns.remove(&id) else { return };
        self.forget_question(id);
        if let Some(channel) = self.channels.get_mut(&conn.channel) {
            channel.streams.remove(&conn.stream);
        }
        self.broker.handle(now, Input::Closed { conn: id, cause });
    }

    /// Ends a channel whose link is over; what the link still says goes out first.
    pub(super) fn end_channel(&mut self, now: Now, id: ChannelId, why: &str) {
        self.leave(now, id, why);
        self.outputs.push_back(Output::Close(id));
    }

    fn drop_channel(&mut self, now: Now, id: ChannelId, why: &str) {
        self.leave(now, id, why);
        self.channels.remove(&id);
    }

    /// Every stream of the channel is lost with it.
    fn leave(&mut self, now: Now, id: ChannelId, why: &str) {
        let Some(channel) = self.channels.get_mut(&id) else { return };
        let lost = std::mem::take(&mut channel.streams);
        if channel.is_bridge && self.bridge_channel == Some(id) {
            self.bridge_channel = None;
            self.service = None;
            self.bridge.lost(now.awake, why);
        }
        self.desk.close(OperatorId(id.0));
        for &conn in lost.values() {
            self.forget(now, conn, CloseCause::Failed);
        }
    }

    /// The service stream and the link that carries it.
    pub(super) fn service_and_link(&mut self) -> Option<(&mut Service, &mut Link)> {
        let channel = self.channels.get_mut(&self.bridge_channel?)?;
        Some((self.service.as_mut()?, &mut channel.link))
    }

    /// How the road to the bridge stands.
    pub fn bridge_state(&self) -> &BridgeState {
        self.bridge.state()
    }
}
