//! Who is here, who has just left and who is away.

use lacewing_control::{ClientDetail, ClientInfo, EventKind, Listener};

use super::words;
use crate::sorted::ByName;
use crate::wire::{ClientCard, ClientRow, ClientsView, Here, MessageDetail, Passer, SubscriptionRow};

/// How long a client without a session is still shown after it went, in microseconds.
const LINGER: u64 = 10_000_000;
/// How many clients are shown as just left at most.
const LINGERING: usize = 100;

/// The clients of the broker as its host tells of them.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    known: bool,
    clients: Vec<ClientInfo>,
    /// Clients that went and left no session, by client id.
    left: ByName<Left>,
    detail: Option<Box<ClientDetail>>,
}

#[derive(Debug)]
struct Left {
    at: u64,
    how: &'static str,
    /// What was last known of it; a client that came and went between two lists was never listed.
    info: Option<ClientInfo>,
}

impl Roster {
    /// The list as it is now.
    pub(crate) fn list(&mut self, now: u64, clients: Vec<ClientInfo>) {
        self.known = true;
        let here = |id: &str| clients.iter().any(|client| client.client_id == id);
        for gone in self.clients.drain(..) {
            if here(&gone.client_id) {
                continue;
            }
            let left =
                self.left.get_or_insert_with(&gone.client_id, || Left { at: now, how: "left", info: None });
            left.info = Some(gone);
        }
        self.left.retain(|id, left| left.at + LINGER > now && !here(id));
        self.clients = clients;
    }

    /// An event of the broker.
    pub(crate) fn event(&mut self, at: u64, kind: &EventKind) {
        match kind {
            EventKind::Connected { client_id, .. } => {
                self.left.remove(client_id);
            }
            EventKind::Disconnected { client_id, how, .. } if self.left.len() < LINGERING => {
                let left = Left { at, how: words::ending(*how), info: self.find(client_id).cloned() };
                self.left.insert(client_id.clone(), left);
            }
            _ => {}
        }
    }

    /// The client whose card is open.
    pub(crate) fn detail(&mut self, detail: Option<Box<ClientDetail>>) {
        self.detail = detail;
    }

    /// The control channel is gone and with it what it said.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// What is known of the client whose card is open, beyond the list.
    pub(crate) fn opened(&self, client_id: &str) -> Option<&ClientDetail> {
        self.detail.as_deref().filter(|detail| detail.info.client_id == client_id)
    }

    /// What is known of a connected or remembered client.
    pub(crate) fn find(&self, client_id: &str) -> Option<&ClientInfo> {
        self.clients.iter().find(|client| client.client_id == client_id)
    }

    /// The first clients that are not `among` some: their client ids.
    pub(crate) fn others(&self, among: impl Fn(&str) -> bool) -> Vec<String> {
        let ids = self.clients.iter().map(|client| &client.client_id);
        ids.filter(|id| !among(id)).take(MessageDetail::OTHERS).cloned().collect()
    }

    /// Whether a client is known not to be connected.
    pub(crate) fn has_left(&self, client_id: &str) -> bool {
        self.known && !self.find(client_id).is_some_and(|client| client.connected)
    }

    /// The first `most` clients that are `outside`, those here before those that have just left, and how many more
    /// there are.
    pub(crate) fn passers(
        &mut self,
        now: u64,
        most: usize,
        outside: impl Fn(&str) -> bool,
    ) -> (Vec<Passer>, u32) {
        self.left.retain(|_, left| left.at + LINGER > now);
        let here = self.clients.iter().filter(|client| client.connected && client.listener != Listener::Home);
        let passer =
            |id: &str, left| Passer { client_id: id.into(), left, page: words::other_page(id).is_some() };
        let here = here.map(|client| passer(&client.client_id, None));
        let gone = self.left.iter().map(|(id, left)| passer(id, Some(left.how.into())));
        let mut passers: Vec<Passer> = here.collect();
        let gone: Vec<Passer> =
            gone.filter(|gone| passers.iter().all(|here| here.client_id != gone.client_id)).collect();
        passers.extend(gone);
        passers.retain(|passer| outside(&passer.client_id));
        let more = passers.len().saturating_sub(most) as u32;
        passers.truncate(most);
        (passers, more)
    }

    /// The list, with the card of `open` if it is known; `own` are the page's own client ids.
    pub(crate) fn view(&mut self, now: u64, open: Option<&str>, own: &[&str]) -> ClientsView {
        self.left.retain(|_, left| left.at + LINGER > now);
        // Both lists are in the order of the client ids.
        let known = |connected| {
            let clients = self.clients.iter().filter(move |client| client.connected == connected);
            clients.map(|client| row(now, client, own))
        };
        let left = self.left.iter().filter(|(id, _)| self.find(id).is_none());
        let left = left.map(|(id, left)| lingering(now, id, left));
        let rows: Vec<ClientRow> = known(true).chain(left).chain(known(false)).collect();
        let card = open.and_then(|id| {
            let row = rows.iter().find(|row| row.client_id == id)?;
            let detail = self.opened(id);
            Some(card(now, row, self.find(id), detail))
        });
        ClientsView { known: self.known, rows, card }
    }
}

fn row(now: u64, client: &ClientInfo, own: &[&str]) -> ClientRow {
    let here = match (client.connected, client.ended) {
        (true, _) => Here::Yes,
        (false, Some(ending)) => Here::Away { how: words::ending(ending).into() },
        (false, None) => Here::Away { how: "not seen since the broker started".into() },
    };
    ClientRow {
        client_id: client.client_id.clone(),
        since: match here {
            Here::Yes => words::for_(now, client.since),
            _ => words::ago(now, client.since),
        },
        here,
        simulated: client.listener == Listener::Home,
        page: is_page(client),
        own: own.contains(&client.client_id.as_str()),
        listener: words::listener(client.listener).into(),
        peer: client.peer.clone(),
        version: client.version.clone(),
        user: client.user.clone(),
        keep_alive: client.keep_alive,
        subscriptions: client.subscriptions,
        queued: client.queued + client.inflight,
        received: client.messages_in,
        sent: client.messages_out,
    }
}

fn lingering(now: u64, id: &str, left: &Left) -> ClientRow {
    let known = left.info.as_ref();
    ClientRow {
        client_id: id.into(),
        here: Here::JustLeft { how: left.how.into() },
        simulated: known.is_some_and(|info| info.listener == Listener::Home),
        page: known.is_some_and(is_page),
        own: false,
        listener: known.map_or(String::new(), |info| words::listener(info.listener).into()),
        peer: known.map_or(String::new(), |info| info.peer.clone()),
        version: known.map_or(String::new(), |info| info.version.clone()),
        user: known.and_then(|info| info.user.clone()),
        keep_alive: known.map_or(0, |info| info.keep_alive),
        subscriptions: 0,
        queued: 0,
        received: known.map_or(0, |info| info.messages_in),
        sent: known.map_or(0, |info| info.messages_out),
        since: words::ago(now, left.at),
    }
}

fn card(now: u64, row: &ClientRow, info: Option<&ClientInfo>, detail: Option<&ClientDetail>) -> ClientCard {
    ClientCard {
        row: row.clone(),
        heard: info.map_or_else(String::new, |info| format!("heard {}", words::ago(now, info.last_heard))),
        session: info
            .map_or_else(|| "It left no session behind.".into(), |info| words::session(info.session_expiry)),
        will: info.and_then(|info| info.will.as_ref()).map(|will| {
            let kept = if will.retain { ", retained" } else { "" };
            let delay = match will.delay {
                0 => String::new(),
                seconds => format!(" {} later", words::span(seconds.into())),
            };
            format!(
                "If it vanishes, the broker says “{}” on {}{delay} (QoS {}{kept}).",
                words::preview(&will.payload),
                will.topic,
                will.qos
            )
        }),
        subscriptions: detail.map_or_else(Vec::new, |detail| {
            detail
                .subscriptions
                .iter()
                .map(|one| SubscriptionRow { filter: one.filter.clone(), qos: one.qos })
                .collect()
        }),
        waiting: detail.map_or_else(Vec::new, waiting),
        last: Vec::new(),
        answer: None,
        ending: false,
    }
}

/// What is on its way to a client and what waits for it.
fn waiting(detail: &ClientDetail) -> Vec<String> {
    let sent = detail.inflight.iter().map(|one| {
        let state = if one.released { "PUBCOMP awaited" } else { "sent, not acknowledged" };
        let topic = one.topic.as_deref().unwrap_or("a message no longer kept");
        format!("{topic}: QoS {}, {state}", one.qos)
    });
    let queued = detail
        .queue
        .iter()
        .map(|one| format!("{}: QoS {}, queued", one.topic.as_deref().unwrap_or_default(), one.qos));
    sent.chain(queued).take(ClientCard::WAITING).collect()
}

/// Whether it is one of a page's two clients, in this browser or in another one.
fn is_page(client: &ClientInfo) -> bool {
    client.listener == Listener::Page || words::other_page(&client.client_id).is_some()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use lacewing_broker::{ConnId, Ending};

    const SECOND: u64 = 1_000_000;

    pub(crate) fn client(id: &str, connected: bool) -> ClientInfo {
        ClientInfo {
            client_id: id.into(),
            connected,
            since: SECOND,
            listener: Listener::Tcp,
            peer: "127.0.0.1:5000".into(),
            version: "3.1.1".into(),
            user: None,
            keep_alive: 60,
            session_present: false,
            session_expiry: 0,
            subscriptions: 1,
            queued: 0,
            inflight: 0,
            will: None,
            messages_in: 1,
            messages_out: 0,
            bytes_in: 20,
            bytes_out: 4,
            last_heard: SECOND,
            ended: None,
        }
    }

    fn ids(view: &ClientsView) -> Vec<&str> {
        view.rows.iter().map(|row| row.client_id.as_str()).collect()
    }

    #[test]
    fn those_here_come_before_those_away() {
        let mut roster = Roster::default();
        roster.list(SECOND, vec![client("a", false), client("b", true)]);
        assert_eq!(ids(&roster.view(SECOND, None, &[])), ["b", "a"]);
    }

    fn connected(id: &str) -> EventKind {
        EventKind::Connected {
            conn: ConnId(1),
            client_id: id.into(),
            version: "5.0".into(),
            user: None,
            keep_alive: 60,
            clean_start: true,
            session_present: false,
            session_expiry: 0,
            will: false,
        }
    }

    fn disconnected(id: &str) -> EventKind {
        EventKind::Disconnected { conn: ConnId(1), client_id: id.into(), how: Ending::Clean, reason: 0 }
    }

    #[test]
    fn a_client_that_lived_a_moment_lingers_for_ten_seconds() {
        let mut roster = Roster::default();
        roster.list(SECOND, Vec::new());
        roster.event(2 * SECOND, &connected("mosq"));
        roster.event(2 * SECOND, &disconnected("mosq"));
        let view = roster.view(3 * SECOND, None, &[]);
        assert_eq!(view.rows[0].here, Here::JustLeft { how: "said goodbye".into() });
        assert!(roster.view(12 * SECOND, None, &[]).rows.is_empty());
    }

    #[test]
    fn a_client_that_is_no_longer_listed_has_just_left() {
        let mut roster = Roster::default();
        roster.list(SECOND, vec![client("a", true)]);
        roster.list(2 * SECOND, Vec::new());
        let view = roster.view(3 * SECOND, None, &[]);
        assert!(matches!(view.rows[0].here, Here::JustLeft { .. }));
        assert_eq!(view.rows[0].listener, "TCP");
    }

    #[test]
    fn a_client_that_came_back_has_not_left() {
        let mut roster = Roster::default();
        roster.event(SECOND, &disconnected("a"));
        roster.event(SECOND, &connected("a"));
        roster.list(2 * SECOND, vec![client("a", true)]);
        assert_eq!(roster.view(2 * SECOND, None, &[]).rows.len(), 1);
    }

    #[test]
    fn who_is_outside_is_on_the_pavement_until_ten_seconds_after_it_went() {
        let mut roster = Roster::default();
        roster.list(SECOND, vec![client("a", true), client("phone", true), client("away", false)]);
        roster.event(SECOND, &disconnected("mosq"));
        let outside = |id: &str| id != "phone";
        let (passers, more) = roster.passers(2 * SECOND, 6, outside);
        assert_eq!(passers[0], Passer { client_id: "a".into(), left: None, page: false });
        assert_eq!(
            passers[1],
            Passer { client_id: "mosq".into(), left: Some("said goodbye".into()), page: false }
        );
        assert_eq!((passers.len(), more), (2, 0));
        assert_eq!(roster.passers(12 * SECOND, 6, outside).0.len(), 1);
    }
}
