//! Answers the broker's question who may come in, in this process or in a tab.
//!
//! Passwords are checked one after another on a thread of their own. What waits for it waits here: bounded, in turn for each
//! address, and forgotten when its connection closes.

use std::collections::VecDeque;

use lacewing_auth::{Answer, Attempts, Authenticator, CredentialsError, Nonce, Work};
use lacewing_broker::{AuthRequest, AuthStep, ConnId, Now, Rules, Verdict};
use lacewing_control::OPERATOR;
use lacewing_protocol::ReasonCode;
use tracing::{info, warn};

use super::line_limit::LineLimit;
use super::metrics;
use crate::hasher::{Hasher, IN_HAND, Ticket};
use crate::token::Token;
use crate::users::{changes, with_operator};

/// Passwords that wait; further clients are told that the server is busy.
const WAITING: usize = 256;
/// Of these, from one address.
const WAITING_FROM_ONE: usize = 128;

/// At most one line about clients that are turned away in this time, in microseconds.
const BUSY_TOLD_EVERY: u64 = 10_000_000;

/// Knows the users, and who is being looked at.
pub(crate) struct Doorkeeper {
    authenticator: Authenticator,
    attempts: Attempts,
    token: Token,
    rules: Rules,
    hasher: Hasher,
    waiting: VecDeque<(Visitor, Work)>,
    /// What the hasher has.
    in_hand: Vec<(Ticket, Option<Visitor>)>,
    tickets: u64,
    /// Whose password was given to the hasher last.
    last: String,
    lines: LineLimit,
    /// When it was last told that too many wait.
    busy_told: Option<u64>,
    counts: Counts,
}

/// What has been asked and answered.
#[derive(Debug, Default)]
struct Counts {
    /// Passwords that were checked.
    checked: u64,
    /// Clients that were wrong.
    wrong: u64,
    /// Clients that were turned away since too many waited.
    busy: u64,
    /// Clients that were turned away since they had been wrong too often.
    slowed: u64,
}

#[derive(Debug)]
struct Visitor {
    conn: ConnId,
    address: String,
    name: String,
}

impl Doorkeeper {
    /// Lets in by `rules`, and pages that show `token`. `noise` is random.
    ///
    /// # Errors
    /// When the rules hold what nobody could be let in by.
    pub(crate) fn new(
        rules: Rules,
        token: Token,
        hasher: Hasher,
        noise: [u8; 32],
    ) -> Result<Self, CredentialsError> {
        let mut keeper = Self {
            authenticator: Authenticator::new(noise),
            attempts: Attempts::new(),
            token,
            rules: Rules::default(),
            hasher,
            waiting: VecDeque::new(),
            in_hand: Vec::new(),
            tickets: 0,
            last: String::new(),
            lines: LineLimit::default(),
            busy_told: None,
            counts: Counts::default(),
        };
        keeper.set_rules(rules)?;
        Ok(keeper)
    }

    /// Goes on with other rules.
    ///
    /// # Errors
    /// When they cannot be used; then nothing changes.
    pub(crate) fn set_rules(&mut self, rules: Rules) -> Result<(), CredentialsError> {
        self.authenticator.set_rules(&rules)?;
        self.rules = rules;
        Ok(())
    }

    /// Goes on with the rules that were read again, if they could be read and can be used. Tells the log, and whoever asked, what
    /// came of it.
    pub(crate) fn reload(&mut self, rules: Result<Box<Rules>, String>) -> Result<String, String> {
        let outcome = rules.and_then(|rules| {
            let what = changes(&self.rules, &rules);
            self.set_rules(*rules).map(|()| what).map_err(|error| error.to_string())
        });
        match outcome {
            Ok(what) => {
                info!("{what}");
                Ok(what)
            }
            Err(error) => {
                let why = format!("The rules stay as they are: {error}.");
                warn!("{why}");
                Err(why)
            }
        }
    }

    /// The rules as the broker is to know them.
    pub(crate) fn rules_for_broker(&self) -> Rules {
        with_operator(&self.rules)
    }

    /// Adds what is counted here, in the text format of Prometheus.
    pub(crate) fn metrics(&self, text: &mut String) {
        let Counts { checked, wrong, busy, slowed } = self.counts;
        let waiting = (self.waiting.len() + self.in_hand.len()) as u64;
        metrics::one(text, "waiting_passwords", "Passwords that wait to be checked.", "gauge", waiting);
        metrics::one(text, "checked_passwords_total", "Passwords that were checked.", "counter", checked);
        let turned_away = [("wrong", wrong), ("busy", busy), ("too_often", slowed)];
        metrics::family(text, "logins_refused_total", "Logins turned away, by cause.", "cause", &turned_away);
    }

    /// Answers a question; without an answer, it comes out of [`checked`](Self::checked).
    pub(crate) fn ask(&mut self, now: Now, conn: ConnId, request: &AuthRequest) -> Option<Verdict> {
        let name = match (&request.username, request.step) {
            (_, AuthStep::Continue) => self.authenticator.name(conn).map(str::to_owned),
            (name, _) => name.clone(),
        };
        let name = name.unwrap_or_default();
        let address = address(&request.transport.peer).to_owned();
        if self.attempts.wait(now.awake, &address, &name) > 0 {
            self.authenticator.closed(conn);
            self.counts.slowed += 1;
            return Some(Verdict::Deny { reason: ReasonCode::ConnectionRateExceeded });
        }
        let visitor = Visitor { conn, address, name };
        if visitor.name == OPERATOR && request.method.is_none() {
            let verdict = self.operator(request);
            self.take_note(now, &visitor, &verdict);
            return Some(verdict);
        }
        let Some(nonce) = nonce() else {
            return Some(Verdict::Deny { reason: ReasonCode::ServerUnavailable });
        };
        match self.authenticator.answer(conn, request, &nonce) {
            Answer::Now(verdict) => {
                if request.step == AuthStep::Continue {
                    self.take_note(now, &visitor, &verdict);
                }
                Some(verdict)
            }
            Answer::Later(work) => self.queue(now, visitor, work),
        }
    }

    /// The hasher is done with a piece of work. What it says about a connection that is still there comes out.
    pub(crate) fn checked(
        &mut self,
        now: Now,
        ticket: Ticket,
        verdict: Verdict,
    ) -> Option<(ConnId, Verdict)> {
        let place = self.in_hand.iter().position(|(other, _)| *other == ticket);
        let visitor = place.and_then(|place| self.in_hand.swap_remove(place).1);
        self.counts.checked += 1;
        self.feed();
        let visitor = visitor?;
        self.take_note(now, &visitor, &verdict);
        Some((visitor.conn, verdict))
    }

    /// A connection is gone.
    pub(crate) fn closed(&mut self, conn: ConnId) {
        self.authenticator.closed(conn);
        if !self.waiting.is_empty() {
            self.waiting.retain(|(visitor, _)| visitor.conn != conn);
        }
    }

    /// All connections are gone.
    pub(crate) fn closed_all(&mut self) {
        self.authenticator.closed_all();
        self.waiting.clear();
        self.in_hand.iter_mut().for_each(|(_, visitor)| *visitor = None);
    }

    /// The page that has the pairing token belongs to the operator.
    fn operator(&self, request: &AuthRequest) -> Verdict {
        let shown = request.password.as_deref().and_then(|password| std::str::from_utf8(password).ok());
        match shown {
            Some(shown) if self.token.is(shown) => {
                let user = (self.rules != Rules::default()).then(|| OPERATOR.to_owned());
                Verdict::Allow { user, data: None }
            }
            _ => Verdict::Deny { reason: ReasonCode::BadUserNameOrPassword },
        }
    }

    fn queue(&mut self, now: Now, visitor: Visitor, work: Work) -> Option<Verdict> {
        let neighbours = self.waiting.iter().filter(|(other, _)| other.address == visitor.address).count();
        if self.waiting.len() >= WAITING || neighbours >= WAITING_FROM_ONE {
            self.counts.busy += 1;
            if self.busy_told.is_none_or(|told| told + BUSY_TOLD_EVERY <= now.awake) {
                self.busy_told = Some(now.awake);
                let (address, waiting) = (visitor.address, self.waiting.len());
                warn!(
                    "{waiting} passwords wait to be checked: further logins are turned away, now from {address}"
                );
            }
            return Some(Verdict::Deny { reason: ReasonCode::ServerBusy });
        }
        self.waiting.push_back((visitor, work));
        self.feed();
        None
    }

    /// Gives the hasher what it can take, addresses in turn.
    fn feed(&mut self) {
        while self.in_hand.len() < IN_HAND && !self.waiting.is_empty() {
            let other = self.waiting.iter().position(|(visitor, _)| visitor.address != self.last);
            let Some((visitor, work)) = self.waiting.remove(other.unwrap_or(0)) else { return };
            self.tickets += 1;
            let ticket = Ticket(self.tickets);
            self.last.clone_from(&visitor.address);
            if self.hasher.give(ticket, work) {
                self.in_hand.push((ticket, Some(visitor)));
            }
        }
    }

    fn take_note(&mut self, now: Now, visitor: &Visitor, verdict: &Verdict) {
        let Visitor { address, name, .. } = visitor;
        match verdict {
            Verdict::Allow { .. } => self.attempts.succeeded(address, name),
            Verdict::Continue { .. } => {}
            Verdict::Deny { .. } => {
                self.counts.wrong += 1;
                let wait = self.attempts.failed(now.awake, address, name);
                if wait > 0 && self.lines.allows(now) {
                    let seconds = wait / 1_000_000;
                    warn!("{name:.64?} at {address} was wrong again and has to wait {seconds} s");
                }
            }
        }
    }
}

/// The address without the port, which is another one for each connection.
fn address(peer: &str) -> &str {
    peer.rsplit_once(':').map_or(peer, |(address, _)| address)
}

fn nonce() -> Option<Nonce> {
    let mut nonce = Nonce::default();
    getrandom::fill(&mut nonce).ok()?;
    Some(nonce)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use lacewing_broker::{Transport, User};
    use lacewing_protocol::ProtocolVersion;

    use super::*;

    const NOW: Now = Now { awake: 1_000_000, wall: 1_000_000 };
    /// "pencil", at the least cost there is.
    const PENCIL: &str =
        "$argon2id$v=19$m=8,t=1,p=1$AQEBAQEBAQEBAQEBAQEBAQ$2vEyF5weWleEp5h7PY7aLi9Uo2VN9IQqwN4iQu3m4cw";

    struct Gate {
        keeper: Doorkeeper,
        work: std::sync::mpsc::Receiver<(Ticket, Work)>,
        token: Token,
        _folder: tempfile::TempDir,
    }

    fn gate() -> Gate {
        let (hasher, work) = Hasher::idle();
        let ada = User { name: "ada".into(), password: Some(PENCIL.into()), ..User::default() };
        let rules = Rules { anonymous: false, users: vec![ada], ..Rules::default() };
        let folder = tempfile::tempdir().unwrap();
        let token = Token::load_or_create(folder.path()).unwrap();
        let keeper = Doorkeeper::new(rules, token.clone(), hasher, [7; 32]).unwrap();
        Gate { keeper, work, token, _folder: folder }
    }

    fn login(peer: &str, name: &str, password: &str) -> AuthRequest {
        AuthRequest {
            client_id: "c".into(),
            version: ProtocolVersion::V5_0,
            username: Some(name.into()),
            password: Some(Bytes::copy_from_slice(password.as_bytes())),
            transport: Transport { peer: peer.into(), ..Transport::default() },
            method: None,
            data: None,
            step: AuthStep::Connect,
        }
    }

    impl Gate {
        fn ask(&mut self, conn: u64, request: &AuthRequest) -> Option<Verdict> {
            self.keeper.ask(NOW, ConnId(conn), request)
        }

        /// Does what the hasher would do next.
        fn hash(&mut self) -> Option<(ConnId, Verdict)> {
            let (ticket, work) = self.work.try_recv().expect("work is in hand");
            self.keeper.checked(NOW, ticket, work.run())
        }
    }

    fn denied(verdict: Option<Verdict>) -> Option<ReasonCode> {
        match verdict {
            Some(Verdict::Deny { reason }) => Some(reason),
            _ => None,
        }
    }

    #[test]
    fn a_password_is_checked_elsewhere_and_the_verdict_finds_its_connection() {
        let mut gate = gate();
        assert_eq!(gate.ask(1, &login("10.0.0.1:1", "ada", "pencil")), None);
        assert_eq!(gate.ask(2, &login("10.0.0.1:2", "ada", "pencils")), None);
        let ada = Verdict::Allow { user: Some("ada".into()), data: None };
        assert_eq!(gate.hash(), Some((ConnId(1), ada)));
        let wrong = Verdict::Deny { reason: ReasonCode::BadUserNameOrPassword };
        assert_eq!(gate.hash(), Some((ConnId(2), wrong)));
    }

    #[test]
    fn one_address_can_neither_fill_the_queue_nor_keep_others_waiting() {
        let mut gate = gate();
        let flood: Vec<_> =
            (0..200).map(|conn| gate.ask(conn, &login("10.0.0.66:1", &format!("n{conn}"), "x"))).collect();
        let busy = flood.into_iter().filter(|answer| *answer == denied_busy()).count();
        assert_eq!(busy, 200 - WAITING_FROM_ONE - IN_HAND);
        assert_eq!(gate.ask(900, &login("10.0.0.1:1", "ada", "pencil")), None);
        let served = (0..5).position(|_| gate.hash().is_some_and(|(conn, _)| conn == ConnId(900)));
        assert!(served.is_some_and(|place| place <= IN_HAND), "after what is in hand: {served:?}");
    }

    fn denied_busy() -> Option<Verdict> {
        Some(Verdict::Deny { reason: ReasonCode::ServerBusy })
    }

    #[test]
    fn a_connection_that_closes_is_not_checked_any_more() {
        let mut gate = gate();
        for conn in 0..10 {
            assert_eq!(gate.ask(conn, &login("10.0.0.1:1", &format!("n{conn}"), "x")), None);
        }
        (0..10).for_each(|conn| gate.keeper.closed(ConnId(conn)));
        let checked = std::iter::from_fn(|| gate.work.try_recv().ok()).count();
        assert_eq!(checked, IN_HAND);
    }

    #[test]
    fn who_is_wrong_again_and_again_has_to_wait_and_no_one_else_has() {
        let mut gate = gate();
        for conn in 0..6 {
            assert_eq!(gate.ask(conn, &login("10.0.0.66:1", "ada", "x")), None);
            gate.hash();
        }
        let again = gate.ask(7, &login("10.0.0.66:9", "ada", "pencil"));
        assert_eq!(denied(again), Some(ReasonCode::ConnectionRateExceeded));
        assert_eq!(gate.ask(8, &login("10.0.0.1:1", "ada", "pencil")), None, "ada herself, from elsewhere");
        let later = Now { awake: NOW.awake + 1_000_000, ..NOW };
        let after = gate.keeper.ask(later, ConnId(9), &login("10.0.0.66:1", "ada", "pencil"));
        assert_eq!(after, None);
    }

    #[test]
    fn the_page_with_the_token_is_let_in_as_the_operator() {
        let mut gate = gate();
        let token = gate.token.reveal().to_owned();
        let operator = Verdict::Allow { user: Some(OPERATOR.into()), data: None };
        assert_eq!(gate.ask(1, &login("127.0.0.1:1", OPERATOR, &token)), Some(operator));
        let wrong = gate.ask(2, &login("127.0.0.1:1", OPERATOR, "guess"));
        assert_eq!(denied(wrong), Some(ReasonCode::BadUserNameOrPassword));
    }

    #[test]
    fn rules_that_cannot_be_used_leave_the_old_ones() {
        let mut gate = gate();
        let old = gate.keeper.rules_for_broker();
        let broken = User { name: "bob".into(), password: Some("pencil".into()), ..User::default() };
        let rules = Rules { users: vec![broken], ..Rules::default() };
        let why = gate.keeper.reload(Ok(Box::new(rules))).unwrap_err();
        assert!(why.starts_with("The rules stay as they are: the password of user \"bob\""), "{why}");
        assert_eq!(gate.keeper.rules_for_broker(), old);
    }
}
