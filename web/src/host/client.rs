//! The client worker's turn: the page's MQTT clients, the control channel, and the model that makes views of what they hear.

mod places;

use std::collections::VecDeque;

use bytes::Bytes;
use lacewing_client::{Cause, Event as ClientEvent, Message, Output as Asked, Token};
use lacewing_control::{Request, Response};
use lacewing_link::{BrokerId, Event as LinkEvent, Hello, Link, Side, StreamId};

use super::member::{Carrier, Member};
use crate::model::{Effect, Errand, Model, Outcome, Who};
use crate::roles::Place;
use crate::wire::{Login, PageToWorker, Reach, WorkerToPage};
use places::{credentials, sentence, shown, wants_login};

/// Between two pushes to the page, in microseconds: ten a second.
const PUSH_EVERY: u64 = 100_000;
/// Ages on the page ("4 s ago") move even when nothing comes.
const AGE_EVERY: u64 = 1_000_000;
/// Rounds of one turn.
const ROUNDS: u32 = 32;

const NO_OPERATOR: &str = "This page is an ordinary client of that broker: who is connected, how devices fare and their power are known to the page that the broker runs in, and changed there.";

/// The time, as a client worker needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Microseconds of a clock that never runs backwards.
    pub awake: u64,
    /// Microseconds since 1970.
    pub wall: u64,
}

/// What the host asks of its worker.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Open a WebSocket (subprotocol `mqtt`) for this client, then say how it went.
    OpenSocket(Who, String),
    /// Close this client's WebSocket.
    CloseSocket(Who),
    /// Send this on this client's WebSocket.
    SendSocket(Who, Bytes),
    /// Open the control WebSocket and send the token as its first message.
    OpenControl {
        /// `ws://HOST:PORT/control`.
        url: String,
        /// The pairing token.
        token: String,
    },
    /// Send this on the control channel, port or WebSocket.
    Control(Request),
    /// Post this to the page.
    Page(Box<WorkerToPage>),
}

/// The page's clients and their model.
pub struct ClientHost {
    pub(super) model: Model,
    members: [Member; 2],
    road: Road,
    place: Option<Place>,
    outputs: VecDeque<Output>,
    /// What was published and not yet answered, oldest first.
    pub(super) errands: VecDeque<(Who, Token, Errand)>,
    dirty: bool,
    pushed: u64,
}

/// How the broker is reached.
enum Road {
    /// Not yet.
    None,
    /// Streams over a port to a broker worker.
    Link(Box<Link>),
    /// A WebSocket each.
    Url(String),
}

impl ClientHost {
    /// Two clients that wait to be told where the broker is. `seed` makes their ids.
    pub fn new(seed: u64, now: Moment) -> Self {
        let tag = seed & 0xff_ffff;
        let (phone, messages) = (format!("phone-{tag:06x}"), format!("page-{tag:06x}"));
        let members = [
            Member::new(Who::Phone, &phone, seed, now.awake),
            Member::new(Who::Messages, &messages, seed.rotate_left(32), now.awake),
        ];
        let model = Model::new(&phone, &messages);
        Self {
            model,
            members,
            road: Road::None,
            place: None,
            outputs: VecDeque::new(),
            errands: VecDeque::new(),
            dirty: true,
            pushed: 0,
        }
    }

    /// Where the broker is. For a broker in a tab, the port to it is fresh and [`transmit_link`](Self::transmit_link) speaks on it.
    pub fn place(&mut self, now: Moment, place: Place) {
        self.leave_road(now);
        self.members.iter_mut().for_each(Member::strange);
        self.log_in(now, credentials(&place));
        self.model.place(shown(&place, Reach::Connecting));
        self.road = match &place {
            Place::Here | Place::OtherTab => {
                let mut link = Link::new(Side::Dialler, lacewing_link::Config::default(), now.awake);
                // A HELLO without token and info is never too long.
                let _ = link.hello(Hello::new(BrokerId::default()));
                Road::Link(Box::new(link))
            }
            Place::Native { mqtt, control, .. } => {
                match control.clone() {
                    Some((url, token)) => self.outputs.push_back(Output::OpenControl { url, token }),
                    None => self.model.control_closed("Open the address that lacewing prints, the one with #pair= in it, to be its operator."),
                }
                Road::Url(mqtt.clone())
            }
            Place::Foreign { url, because, .. } => {
                self.model.control_closed(NO_OPERATOR);
                because.iter().for_each(|because| self.model.problem(because.clone()));
                Road::Url(url.clone())
            }
            Place::Searching | Place::Stopped { .. } => Road::None,
        };
        self.place = Some(place);
        let awake = now.awake;
        self.members.iter_mut().for_each(|member| member.retry(awake));
        for index in 0..self.members.len() {
            if self.members[index].carrier == Carrier::Wanted {
                self.dial(now, index);
            }
        }
        self.dirty = true;
    }

    /// How far a broker of this tab is that is starting.
    pub fn starting(&mut self, how: String) {
        self.model.starting(how);
        self.dirty = true;
    }

    /// A message on the port to the broker worker.
    pub fn link_message(&mut self, now: Moment, message: Bytes) {
        let Road::Link(link) = &mut self.road else { return };
        let outcome = link.receive(now.awake, message);
        while let Road::Link(link) = &mut self.road
            && let Some(event) = link.poll_event()
        {
            self.link_event(now, event);
        }
        if outcome.is_err() {
            self.lose_road(now);
        }
    }

    /// The next message for the port to the broker worker.
    pub fn transmit_link(&mut self) -> Option<Bytes> {
        match &mut self.road {
            Road::Link(link) => link.transmit(),
            Road::None | Road::Url(_) => None,
        }
    }

    /// A client's WebSocket is open.
    pub fn socket_opened(&mut self, now: Moment, who: Who) {
        self.member(who).opened(now.awake);
    }

    /// A message on a client's WebSocket.
    pub fn socket_message(&mut self, now: Moment, who: Who, bytes: Bytes) {
        self.member(who).client.received(now.awake, bytes);
    }

    /// A client's WebSocket closed, or could not be opened.
    pub fn socket_closed(&mut self, now: Moment, who: Who) {
        self.member(who).lost(now.awake);
    }

    /// A message on the control channel.
    pub fn control(&mut self, now: Moment, response: Response) {
        self.model.control(now.wall, response);
        self.dirty = true;
    }

    /// The control WebSocket closed, or could not be opened.
    pub fn control_closed(&mut self) {
        self.model.control_closed("The control channel is closed: open the address that lacewing prints.");
        self.dirty = true;
    }

    /// The page said something.
    pub fn page(&mut self, now: Moment, message: PageToWorker) {
        match message {
            PageToWorker::Watch(screen) => {
                self.model.watch(screen);
                // Whoever turns to a screen sees it at once.
                self.pushed = 0;
            }
            PageToWorker::Action(action) => self.model.action(now.wall, action),
        }
        self.dirty = true;
    }

    /// Does everything there is to do.
    pub fn turn(&mut self, now: Moment) {
        if let Road::Link(link) = &mut self.road
            && link.tick(now.awake).is_err()
        {
            self.lose_road(now);
        }
        for member in &mut self.members {
            if member.client.poll_timeout().is_some_and(|due| due <= now.awake) {
                member.client.tick(now.awake);
            }
        }
        self.model.tick(now.wall);
        for _ in 0..ROUNDS {
            let asked = self.drain_clients(now);
            let wanted = self.drain_effects(now);
            self.transmit(now);
            if !asked && !wanted {
                break;
            }
        }
        self.push(now);
    }

    /// What the worker is to do next.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When the next [`turn`](Self::turn) is due: awake microseconds.
    pub fn poll_timeout(&self) -> Option<u64> {
        let link = match &self.road {
            Road::Link(link) => link.poll_timeout(),
            Road::None | Road::Url(_) => None,
        };
        let clients = self.members.iter().filter_map(|member| member.client.poll_timeout());
        clients.chain(link).chain([self.next_push()]).min()
    }

    fn next_push(&self) -> u64 {
        self.pushed + if self.dirty { PUSH_EVERY } else { AGE_EVERY }
    }

    fn push(&mut self, now: Moment) {
        if now.awake < self.next_push() {
            return;
        }
        self.pushed = now.awake;
        self.outputs.extend(self.model.views(now.wall).into_iter().map(Box::new).map(Output::Page));
        self.dirty = self.model.is_behind();
    }

    pub(super) fn member(&mut self, who: Who) -> &mut Member {
        &mut self.members[index(who)]
    }

    fn link_event(&mut self, now: Moment, event: LinkEvent) {
        let Road::Link(link) = &mut self.road else { return };
        match event {
            LinkEvent::Hello(_) => {
                for member in self.members.iter_mut().filter(|member| member.carrier == Carrier::Wanted) {
                    member.board(now.awake, link);
                }
            }
            LinkEvent::Data { stream, bytes } => {
                link.consume(stream, bytes.len() as u32);
                if let Some(member) = carried(&mut self.members, stream) {
                    member.client.received(now.awake, bytes);
                }
            }
            LinkEvent::Writable { .. } => {}
            LinkEvent::Closed { stream, .. } => {
                if let Some(member) = carried(&mut self.members, stream) {
                    member.leave_stream(link);
                    member.lost(now.awake);
                }
            }
            LinkEvent::Reset { stream, .. } => {
                if let Some(member) = carried(&mut self.members, stream) {
                    member.lost(now.awake);
                }
            }
            // A broker worker opens no streams; one that does is refused.
            LinkEvent::Opened { stream, .. } => link.reset(stream, lacewing_link::CloseCode::Refused),
            LinkEvent::Goodbye { .. } => self.lose_road(now),
        }
    }

    fn drain_clients(&mut self, now: Moment) -> bool {
        let mut asked = false;
        for index in 0..self.members.len() {
            while let Some(output) = self.members[index].client.poll_output() {
                asked = true;
                match output {
                    Asked::Dial => self.dial(now, index),
                    Asked::Close => self.hang_up(now, index),
                    Asked::Event(event) => self.client_event(now, index, event),
                }
            }
        }
        asked
    }

    fn dial(&mut self, now: Moment, index: usize) {
        let member = &mut self.members[index];
        match &mut self.road {
            Road::None => member.carrier = Carrier::Wanted,
            Road::Link(link) => member.board(now.awake, link),
            Road::Url(url) => {
                member.opening();
                self.outputs.push_back(Output::OpenSocket(member.who, url.clone()));
            }
        }
    }

    fn hang_up(&mut self, now: Moment, index: usize) {
        let member = &mut self.members[index];
        match (member.carrier, &mut self.road) {
            (Carrier::Stream(_), Road::Link(link)) => {
                member.transmit_stream(now.awake, link);
                member.leave_stream(link);
            }
            (Carrier::Socket | Carrier::Opening, _) => {
                while let Some(bytes) = member.transmit_socket(now.awake) {
                    self.outputs.push_back(Output::SendSocket(member.who, bytes));
                }
                self.outputs.push_back(Output::CloseSocket(member.who));
            }
            _ => {}
        }
        member.carrier = Carrier::None;
        member.client.closed(now.awake);
    }

    fn client_event(&mut self, now: Moment, index: usize, event: ClientEvent) {
        let who = self.members[index].who;
        match event {
            ClientEvent::Connected(_) => {
                self.members[index].welcomed();
                self.model.connected(who, true);
                self.reach(Reach::Connected);
            }
            ClientEvent::Disconnected { cause, retry_at } => {
                self.model.connected(who, false);
                self.members[index].fall_back(now.awake, &cause);
                if cause != Cause::Stopped {
                    let retry_in = retry_at.map(|at| (at.saturating_sub(now.awake) / 1_000_000) as u32);
                    let login = wants_login(&cause).then(|| self.members[index].username());
                    self.reach(Reach::Refused { why: sentence(&cause), retry_in, login });
                }
            }
            ClientEvent::Message(publish) => self.model.message(now.wall, who, &publish),
            ClientEvent::Subscribed { results, .. } => {
                for (filter, reason) in results {
                    self.model.subscribed(who, filter.as_str(), reason);
                }
            }
            ClientEvent::Published { token, reason } => self.posted(who, token, Outcome::Answered(reason)),
            ClientEvent::Dropped { token, cause } => {
                self.posted(who, token, Outcome::Dropped(cause.to_string()));
            }
            ClientEvent::Unsubscribed { .. } => {}
        }
        self.dirty = true;
    }

    fn drain_effects(&mut self, now: Moment) -> bool {
        let mut wanted = false;
        while let Some(effect) = self.model.poll_effect() {
            wanted = true;
            self.carry_out(now, effect);
        }
        wanted
    }

    fn carry_out(&mut self, now: Moment, effect: Effect) {
        let outcome = match effect {
            Effect::Subscribe { client, filter, options } => {
                self.member(client).client.subscribe(now.awake, vec![(filter, options)]).err()
            }
            Effect::Unsubscribe { client, filter } => {
                self.member(client).client.unsubscribe(now.awake, vec![filter]).err()
            }
            Effect::Publish { client, errand, topic, payload, qos, retain, properties } => {
                let message = Message { topic, payload, qos, retain, properties };
                match self.member(client).client.publish(now.awake, message) {
                    Ok(token) => {
                        self.sent(client, token, errand, qos);
                        None
                    }
                    Err(full) => Some(full),
                }
            }
            Effect::Control(request) => {
                self.outputs.push_back(Output::Control(request));
                None
            }
            Effect::Retry => {
                self.members.iter_mut().for_each(|member| member.retry(now.awake));
                None
            }
            Effect::LogIn(login) => {
                self.log_in(now, Some(login));
                self.reach(Reach::Connecting);
                None
            }
        };
        if let Some(full) = outcome {
            self.model.problem(format!("Not sent: {full}."));
        }
    }

    fn transmit(&mut self, now: Moment) {
        for member in &mut self.members {
            if let Road::Link(link) = &mut self.road {
                member.transmit_stream(now.awake, link);
            }
            while let Some(bytes) = member.transmit_socket(now.awake) {
                self.outputs.push_back(Output::SendSocket(member.who, bytes));
            }
        }
    }

    /// The broker worker does not answer, or does not know this one any more: the page finds it again.
    fn lose_road(&mut self, now: Moment) {
        self.leave_road(now);
        self.outputs.push_back(Output::Page(Box::new(WorkerToPage::RoadLost)));
    }

    /// Everything that the road carried is lost.
    fn leave_road(&mut self, now: Moment) {
        self.road = Road::None;
        for member in &mut self.members {
            if matches!(member.carrier, Carrier::Socket | Carrier::Opening) {
                self.outputs.push_back(Output::CloseSocket(member.who));
            }
            if member.carrier != Carrier::None {
                member.lost(now.awake);
            }
        }
        self.dirty = true;
    }

    /// From now on the clients say that they are this user, and begin again if they said otherwise.
    fn log_in(&mut self, now: Moment, login: Option<Login>) {
        for member in &mut self.members {
            let opened = matches!(member.carrier, Carrier::Socket | Carrier::Opening);
            if member.log_in(now.awake, login.as_ref()) && opened {
                self.outputs.push_back(Output::CloseSocket(member.who));
            }
        }
    }

    fn reach(&mut self, reach: Reach) {
        if let Some(place @ (Place::Native { .. } | Place::Foreign { .. })) = &self.place {
            self.model.place(shown(place, reach));
        }
    }
}

fn index(who: Who) -> usize {
    match who {
        Who::Phone => 0,
        Who::Messages => 1,
    }
}

fn carried(members: &mut [Member; 2], stream: StreamId) -> Option<&mut Member> {
    members.iter_mut().find(|member| member.carrier == Carrier::Stream(stream))
}
