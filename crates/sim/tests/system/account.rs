//! What was promised, what came, and whether the one is the other.

use std::collections::{BTreeMap, BTreeSet};

use bytes::{BufMut, Bytes, BytesMut};
use lacewing_client::{DropCause, Token};
use lacewing_protocol::{Publish, QoS, ReasonCode};

use crate::scenario::{Habit, Scenario, Setup, Weather};

/// What became of a message, as its publisher knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// QoS 0: nobody says.
    Unknown,
    Waiting,
    /// The broker acknowledged it.
    Reached,
    /// QoS 2, and the session was lost: it may have arrived.
    Doubtful,
}

/// Messages of one publisher and QoS, which have a topic of their own and are numbered from 0.
type Row = (String, QoS);

#[derive(Default)]
pub(crate) struct Account {
    sent: BTreeMap<Row, Vec<Fate>>,
    tokens: BTreeMap<(usize, Token), (Row, usize)>,
    /// By client id: what came in which of its sessions, in order.
    heard: BTreeMap<String, BTreeMap<Row, Vec<Heard>>>,
    /// Of what is retained: the last number of each row, and the last one that was acknowledged.
    retained: BTreeMap<Row, Vec<Fate>>,
    retained_tokens: BTreeMap<(usize, Token), (Row, usize)>,
    pub(crate) arrived: u64,
}

#[derive(Debug, Clone, Copy)]
struct Heard {
    session: u32,
    number: usize,
}

impl Account {
    /// The payload of the next message of a row.
    pub(crate) fn next(&self, publisher: &str, qos: QoS, retain: bool, size: usize) -> Bytes {
        let rows = if retain { &self.retained } else { &self.sent };
        let number = rows.get(&(publisher.to_owned(), qos)).map_or(0, Vec::len);
        let mut payload = BytesMut::new();
        payload.put_slice(format!("{number} {size} ").as_bytes());
        payload.put_bytes(b'.', size);
        payload.freeze()
    }

    /// That message was accepted by its client.
    pub(crate) fn sent(&mut self, party: usize, publisher: &str, qos: QoS, retain: bool, token: Token) {
        let (rows, tokens) = if retain {
            (&mut self.retained, &mut self.retained_tokens)
        } else {
            (&mut self.sent, &mut self.tokens)
        };
        let row = (publisher.to_owned(), qos);
        let fates = rows.entry(row.clone()).or_default();
        fates.push(if qos == QoS::AtMostOnce { Fate::Unknown } else { Fate::Waiting });
        tokens.insert((party, token), (row, fates.len() - 1));
    }

    pub(crate) fn published(&mut self, party: usize, token: Token, reason: ReasonCode) {
        assert!(!reason.is_error(), "a message was refused: {reason}");
        self.settle(party, token, Fate::Reached);
    }

    pub(crate) fn dropped(&mut self, party: usize, token: Token, cause: DropCause, habit: Habit) {
        assert_eq!(cause, DropCause::SessionLost, "a client drops a message");
        assert_eq!(habit, Habit::Fleeting, "a lasting session was lost");
        self.settle(party, token, Fate::Doubtful);
    }

    fn settle(&mut self, party: usize, token: Token, fate: Fate) {
        let (rows, tokens) = if self.tokens.contains_key(&(party, token)) {
            (&mut self.sent, &self.tokens)
        } else {
            (&mut self.retained, &self.retained_tokens)
        };
        // What a client says by itself, and that it is here, are not in the account.
        let Some((row, number)) = tokens.get(&(party, token)) else { return };
        let known = &mut rows.get_mut(row).unwrap()[*number];
        assert_eq!(*known, Fate::Waiting, "message {number} of {row:?} has two fates");
        *known = fate;
    }

    /// A message came to a client. Those of other topics are not in the account.
    pub(crate) fn heard(&mut self, client_id: &str, session: u32, publish: &Publish) {
        let Some((row, number)) = read(publish, "t/") else { return };
        self.arrived += 1;
        let rows = self.heard.entry(client_id.to_owned()).or_default();
        rows.entry(row).or_default().push(Heard { session, number });
    }

    /// How many messages were published and how many came.
    pub(crate) fn totals(&self) -> (u64, u64) {
        (self.sent.values().chain(self.retained.values()).map(|fates| fates.len() as u64).sum(), self.arrived)
    }

    /// Holds everything against what was promised. `drops` are those that the broker reported, by client and topic.
    pub(crate) fn audit(&self, scenario: &Scenario, drops: &BTreeMap<(String, String), u64>) -> Vec<String> {
        let mut findings = Vec::new();
        let mut missing = 0;
        for ((publisher, qos), fates) in &self.sent {
            if fates.contains(&Fate::Waiting) {
                findings.push(format!("{publisher} has unacknowledged messages: {fates:?}"));
            }
            let row = (publisher.clone(), *qos);
            for setup in scenario.parties.iter().filter(|setup| setup.habit != Habit::Twin) {
                let Some(granted) = setup.granted(*qos) else { continue };
                let heard = self.heard.get(setup.name()).and_then(|rows| rows.get(&row));
                let heard = heard.map_or(&[][..], Vec::as_slice);
                let dropped = drops.get(&(setup.name().to_owned(), topic(&row))).copied().unwrap_or(0);
                let subject = format!("{} from {publisher} at QoS {qos} as {granted}", setup.name());
                let mut ledger = Ledger {
                    scenario,
                    setup,
                    qos: *qos,
                    granted,
                    fates,
                    heard,
                    dropped,
                    subject,
                    missing: 0,
                };
                findings.extend(ledger.findings());
                missing += ledger.missing;
            }
            findings.extend(self.audit_group(scenario, &row, fates, drops, &mut missing));
        }
        let dropped: u64 = drops.values().sum();
        if scenario.weather == Weather::Calm && missing != dropped {
            findings.push(format!("{missing} messages are missing and {dropped} were counted as dropped"));
        }
        findings
    }

    /// A message to a shared subscription comes to one of its members (§4.8.2).
    fn audit_group(
        &self,
        scenario: &Scenario,
        row: &Row,
        fates: &[Fate],
        drops: &BTreeMap<(String, String), u64>,
        missing: &mut u64,
    ) -> Vec<String> {
        let mut findings = Vec::new();
        let members: Vec<_> = scenario.parties.iter().filter(|setup| setup.habit == Habit::Member).collect();
        if members.is_empty() || row.1 == QoS::AtMostOnce {
            return findings;
        }
        let mut times = vec![0; fates.len()];
        // What no member could take is reported under the share's own name.
        let share = format!("$share/g/t/+/{}", u8::from(row.1));
        let mut dropped = drops.get(&(share, topic(row))).copied().unwrap_or(0);
        for member in members {
            dropped += drops.get(&(member.name().to_owned(), topic(row))).copied().unwrap_or(0);
            let heard = self.heard.get(member.name()).and_then(|rows| rows.get(row)).into_iter().flatten();
            let numbers: Vec<_> = heard.map(|heard| heard.number).collect();
            if row.1 == QoS::ExactlyOnce && !numbers.is_sorted() {
                findings.push(format!("{} has {row:?} out of order: {numbers:?}", member.name()));
            }
            numbers.iter().for_each(|number| times[*number] += 1);
        }
        let lost =
            (0..fates.len()).filter(|at| fates[*at] == Fate::Reached && times[*at] == 0).count() as u64;
        *missing += lost;
        if lost > dropped {
            findings.push(format!("the group lost {lost} of {row:?}, {dropped} of them counted: {times:?}"));
        }
        if row.1 == QoS::ExactlyOnce && times.iter().any(|times| *times > 1) {
            findings.push(format!("the group has {row:?} more than once: {times:?}"));
        }
        findings
    }

    /// What a new subscriber was given, or what the broker keeps, against what was to be kept.
    pub(crate) fn audit_retained(&self, scenario: &Scenario, kept: &[Publish]) -> Vec<String> {
        let mut findings = Vec::new();
        let kept: BTreeMap<_, _> = kept.iter().filter_map(|publish| read(publish, "r/")).collect();
        for (row, fates) in &self.retained {
            let least = if scenario.weather == Weather::Calm {
                fates.len().checked_sub(1)
            } else {
                fates.iter().rposition(|fate| *fate == Fate::Reached)
            };
            if kept.get(row).copied() < least {
                findings.push(format!(
                    "{:?} of {row:?} is retained, and {least:?} was to be: {fates:?}",
                    kept.get(row)
                ));
            }
        }
        findings
    }
}

/// One subscriber's share of one row.
struct Ledger<'a> {
    scenario: &'a Scenario,
    setup: &'a Setup,
    qos: QoS,
    granted: QoS,
    fates: &'a [Fate],
    heard: &'a [Heard],
    dropped: u64,
    subject: String,
    missing: u64,
}

impl Ledger<'_> {
    fn findings(&mut self) -> Vec<String> {
        let mut findings = Vec::new();
        let twins = self.scenario.parties.iter().any(|setup| setup.habit == Habit::Twin);
        let alone = !(twins && self.setup.name() == "x");
        if alone && !self.is_ordered() {
            findings.push(format!("{}: out of order: {:?}", self.subject, self.heard));
        }
        if alone && self.is_unique() {
            let mut times = BTreeMap::new();
            self.heard.iter().for_each(|heard| *times.entry((heard.session, heard.number)).or_insert(0) += 1);
            if times.values().any(|times| *times > 1) {
                findings.push(format!("{}: more than once: {:?}", self.subject, self.heard));
            }
        }
        let lasts = matches!(self.setup.habit, Habit::Lasting | Habit::Member);
        if lasts || self.scenario.weather == Weather::Calm {
            findings.extend(self.losses());
        }
        findings
    }

    fn lowest(&self) -> QoS {
        self.qos.min(self.granted)
    }

    fn crashes(&self) -> bool {
        self.scenario.weather == Weather::Stormy
    }

    /// What is sent once goes in order; of what is sent again, the first time does.
    fn is_ordered(&self) -> bool {
        let once = self.qos != QoS::AtLeastOnce && self.lowest() != QoS::AtLeastOnce;
        let is_fleeting = matches!(self.setup.habit, Habit::Visitor | Habit::Fleeting);
        if once && !(self.crashes() && self.qos == QoS::ExactlyOnce && self.granted == QoS::AtMostOnce) {
            return self.sessions().iter().all(|numbers| numbers.is_sorted());
        }
        // What was dropped, or was not meant for a session that did not exist yet, may come when it is sent again.
        if self.dropped > 0 || is_fleeting || self.granted == QoS::AtMostOnce {
            return true;
        }
        let mut seen = BTreeSet::new();
        let first: Vec<_> = self.heard.iter().map(|heard| heard.number).filter(|n| seen.insert(*n)).collect();
        first.is_sorted()
    }

    /// What came, by session.
    fn sessions(&self) -> Vec<Vec<usize>> {
        let mut sessions: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        self.heard.iter().for_each(|heard| sessions.entry(heard.session).or_default().push(heard.number));
        sessions.into_values().collect()
    }

    fn is_unique(&self) -> bool {
        match (self.qos, self.granted) {
            (QoS::AtMostOnce, _) => true,
            (QoS::ExactlyOnce, QoS::ExactlyOnce) => true,
            (QoS::ExactlyOnce, QoS::AtMostOnce) => !self.crashes(),
            _ => false,
        }
    }

    /// Nothing that was acknowledged is lost, but what was counted.
    fn losses(&mut self) -> Vec<String> {
        let mut findings = Vec::new();
        let heard: BTreeSet<_> = self.heard.iter().map(|heard| heard.number).collect();
        let expected = |fate: Fate| match fate {
            Fate::Reached => true,
            Fate::Unknown => self.scenario.weather == Weather::Calm,
            Fate::Waiting | Fate::Doubtful => false,
        };
        let all = (0..self.fates.len()).filter(|number| expected(self.fates[*number]));
        let lost: Vec<_> = all.filter(|number| !heard.contains(number)).collect();
        if self.lowest() == QoS::AtMostOnce && self.scenario.weather != Weather::Calm {
            return findings;
        }
        self.missing = lost.len() as u64;
        if self.missing > self.dropped {
            findings.push(format!("{}: lost {lost:?}, {} of them counted", self.subject, self.dropped));
        }
        // A message that is routed once is dropped once, or it arrives.
        let is_exact = self.qos == QoS::ExactlyOnce && self.setup.name() != "x" && !self.crashes();
        let doubtful = self.fates.contains(&Fate::Doubtful);
        if is_exact && !doubtful && self.missing != self.dropped {
            findings.push(format!("{}: {} dropped, but only {lost:?} lost", self.subject, self.dropped));
        }
        findings
    }
}

impl Setup {
    /// The QoS at which it gets messages that are published with this one, by a subscription of its own alone.
    fn granted(&self, qos: QoS) -> Option<QoS> {
        let wanted = format!("t/+/{}", u8::from(qos));
        let found = self
            .subscriptions
            .iter()
            .find(|(filter, _)| filter.as_str() == wanted || filter.as_str() == "t/#");
        found.map(|(_, options)| options.qos)
    }
}

fn topic((publisher, qos): &Row) -> String {
    format!("t/{publisher}/{}", u8::from(*qos))
}

/// The row and number of a message, whose payload must be whole.
fn read(publish: &Publish, kind: &str) -> Option<(Row, usize)> {
    let topic = publish.topic.as_ref()?.as_str().strip_prefix(kind)?;
    let (publisher, qos) = topic.split_once('/').expect("a publisher and a QoS");
    let qos = QoS::try_from(qos.parse::<u8>().unwrap()).unwrap();
    let text = std::str::from_utf8(&publish.payload).expect("text");
    let mut parts = text.splitn(3, ' ');
    let mut number = || parts.next().and_then(|part| part.parse::<usize>().ok()).expect("a number");
    let (number, size) = (number(), number());
    let rest = parts.next().unwrap_or_default();
    assert!(rest.len() == size && rest.bytes().all(|byte| byte == b'.'), "a payload is damaged: {text}");
    Some(((publisher.to_owned(), qos), number))
}
