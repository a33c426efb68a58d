//! What a seed decides: who takes part, what they say, and what goes wrong.

use lacewing_broker::Config;
use lacewing_client::{Backoff, Options};
use lacewing_protocol::{
    ProtocolVersion, QoS, SubscriptionOptions, TopicFilter, TopicName, Utf8String, Will, WillProperties,
};
use lacewing_sim::Chance;
use lacewing_sim::wire::Quality;

use crate::server::SECOND;

const MILLISECOND: u64 = 1000;

/// A whole run, before it starts.
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) config: Config,
    /// The longest a commit takes.
    pub(crate) slowest_commit: u64,
    /// Times are rounded up to this, so that several things happen in one turn.
    pub(crate) turn: u64,
    pub(crate) parties: Vec<Setup>,
    /// What happens when, in order.
    pub(crate) script: Vec<(u64, Deed)>,
    /// What may go wrong.
    pub(crate) weather: Weather,
    /// Whether the clients' bytes go through a link, as those of devices do when the broker is in a tab.
    pub(crate) linked: bool,
}

/// How bad things are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Wires may be slow and narrow, and nothing else is wrong: every loss is a counted drop.
    Calm,
    /// Connections break, but the broker lives.
    Rough,
    /// The broker crashes, or is restarted, too.
    Stormy,
}

/// A client and what it is used for.
pub(crate) struct Setup {
    pub(crate) options: Options,
    pub(crate) habit: Habit,
    pub(crate) quality: Quality,
    pub(crate) subscriptions: Vec<(TopicFilter, SubscriptionOptions)>,
    /// It lives in the tab, and sleeps when the tab sleeps.
    pub(crate) in_tab: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Its session outlives its connections: nothing may be lost to it.
    Lasting,
    /// A member of a shared subscription, with a session that lasts.
    Member,
    /// Its session ends with each connection.
    Fleeting,
    /// The same, and it comes and goes.
    Visitor,
    /// The second of two instances with one client id; the first is the party before it.
    Twin,
}

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// A party publishes so many messages of so many bytes.
    Publish {
        party: usize,
        qos: QoS,
        count: u64,
        size: usize,
        retain: bool,
    },
    /// Something goes wrong with somebody's connection.
    Fault,
    /// The link between bridge and tab breaks.
    CutLink,
    /// The broker's process dies and comes back after a while.
    Crash {
        down: u64,
    },
    /// It is shut down in good order and started again.
    Restart {
        down: u64,
    },
    /// The broker's host sleeps.
    Sleep {
        micros: u64,
    },
    /// An operator sends a client away.
    Kick {
        party: usize,
    },
    /// Somebody starts or stops a client.
    Start {
        party: usize,
    },
    Stop {
        party: usize,
    },
}

impl Scenario {
    pub(crate) fn of(seed: u64) -> Self {
        let chance = &mut Chance::new(seed);
        let weather = match chance.between(0, 9) {
            0..=1 => Weather::Calm,
            2..=4 => Weather::Rough,
            _ => Weather::Stormy,
        };
        let linked = chance.between(0, 3) == 0;
        let tight = chance.between(0, 2) == 0;
        let config = config(chance, weather, tight);
        let span = chance.between(6, 20) * SECOND;
        let sleeps = weather != Weather::Calm && one_in(chance, 3);
        let mut parties = parties(chance, weather, sleeps, tight);
        if weather == Weather::Calm {
            // A ping may be behind a long upload, and nobody is to leave for that.
            parties.iter_mut().for_each(|setup| setup.options.ping_timeout = 60 * SECOND);
        }
        let mut script = Vec::new();
        publications(chance, &parties, span, &mut script);
        if weather != Weather::Calm {
            troubles(chance, &parties, span, weather, sleeps, linked, &mut script);
        }
        script.sort_by_key(|(at, _)| *at);
        let slowest_commit = [0, 2, 20, 300][chance.between(0, 3) as usize] * MILLISECOND;
        let turn = chance.between(1, 10) * MILLISECOND;
        Self { seed, config, slowest_commit, turn, parties, script, weather, linked }
    }
}

fn one_in(chance: &mut Chance, many: u64) -> bool {
    chance.between(1, many) == 1
}

fn config(chance: &mut Chance, weather: Weather, tight: bool) -> Config {
    let mut config = Config {
        durable: weather == Weather::Stormy || one_in(chance, 2),
        inflight: chance.between(1, 40) as u16,
        receive_maximum: chance.between(2, 50) as u16,
        topic_alias_maximum: chance.between(0, 4) as u16,
        session_expiry_maximum: 24 * 3600,
        restart_grace: 2,
        connect_timeout: 5,
        ..Config::default()
    };
    if tight {
        config.queue_messages = chance.between(2, 30) as u32;
        config.outgoing_bytes = chance.between(1, 8) as u32 * 1024;
        config.pause_maximum = chance.between(20, 500) as u32;
        config.stall_maximum = chance.between(5, 100) as u32;
    }
    config
}

fn parties(chance: &mut Chance, weather: Weather, sleeps: bool, tight: bool) -> Vec<Setup> {
    let mut parties = Vec::new();
    let mut add = |chance: &mut Chance, name: String, habit: Habit, filters: &[(&str, u64)]| {
        parties.push(setup(chance, name, habit, filters, sleeps, tight));
    };
    for number in 0..chance.between(1, 3) {
        let fleeting = one_in(chance, 4);
        let habit = if fleeting { Habit::Fleeting } else { Habit::Lasting };
        let listens: &[_] = if one_in(chance, 4) { &[("t/+/1", 1), ("t/+/2", 2)] } else { &[] };
        add(chance, format!("p{number}"), habit, listens);
    }
    for number in 0..chance.between(1, 2) {
        let filters: &[_] = match chance.between(0, 4) {
            0 => &[("t/#", 2)],
            1 => &[("t/#", 1)],
            2 => &[("t/+/0", 0), ("t/+/1", 0), ("t/+/2", 1)],
            _ => &[("t/+/0", 0), ("t/+/1", 1), ("t/+/2", 2)],
        };
        add(chance, format!("s{number}"), Habit::Lasting, filters);
    }
    if one_in(chance, 3) {
        for number in 0..chance.between(2, 3) {
            add(chance, format!("g{number}"), Habit::Member, &[("$share/g/t/+/1", 1), ("$share/g/t/+/2", 2)]);
        }
    }
    if weather == Weather::Calm {
        return parties;
    }
    if one_in(chance, 2) {
        add(chance, "v".to_owned(), Habit::Visitor, &[("t/#", 2)]);
    }
    if one_in(chance, 3) {
        let filters = &[("t/+/1", 1), ("t/+/2", 1)];
        add(chance, "x".to_owned(), Habit::Lasting, filters);
        add(chance, "x".to_owned(), Habit::Twin, filters);
    }
    parties
}

fn setup(
    chance: &mut Chance,
    name: String,
    habit: Habit,
    filters: &[(&str, u64)],
    sleeps: bool,
    tight: bool,
) -> Setup {
    let version = if one_in(chance, 2) { ProtocolVersion::V3_1_1 } else { ProtocolVersion::V5_0 };
    let mut options = Options::new(version, Utf8String::try_from(name.as_str()).unwrap());
    options.clean_start = matches!(habit, Habit::Fleeting | Habit::Visitor);
    options.session_expiry_s = if options.clean_start { 0 } else { 12 * 3600 };
    options.keep_alive_s = chance.between(2, 8) as u16;
    options.ping_timeout = chance.between(1, 3) * SECOND;
    options.connect_timeout = chance.between(1, 5) * SECOND;
    options.in_flight_maximum = chance.between(1, 30) as u16;
    options.receive_maximum = chance.between(1, 30) as u16;
    options.topic_alias_maximum = if one_in(chance, 2) { 8 } else { 0 };
    options.backoff =
        Backoff { min: 50 * MILLISECOND, max: chance.between(100, 1500) * MILLISECOND, jitter_percent: 50 };
    options.queue.messages = 10_000;
    options.seed = chance.any();
    if matches!(habit, Habit::Lasting | Habit::Member) && name != "x" {
        let delay = version.is_v5() && one_in(chance, 2);
        options.will = Some(Will {
            topic: TopicName::try_from(format!("w/{name}")).unwrap(),
            payload: bytes::Bytes::from_static(b"gone"),
            qos: QoS::AtLeastOnce,
            retain: true,
            properties: WillProperties {
                will_delay_interval: delay.then(|| chance.between(1, 5) as u32),
                ..WillProperties::default()
            },
        });
    }
    let subscriptions = filters.iter().map(|(filter, qos)| {
        let options = SubscriptionOptions { qos: QoS::try_from(*qos as u8).unwrap(), ..Default::default() };
        (TopicFilter::try_from(*filter).unwrap(), options)
    });
    let narrow = tight || one_in(chance, 5);
    let quality = Quality {
        latency: chance.between(0, 40) * MILLISECOND,
        bytes_per_second: if narrow { chance.between(3_000, 50_000) } else { 10_000_000 } as u32,
        window: if narrow { chance.between(500, 8_000) } else { 64_000 } as u32,
    };
    let in_tab = sleeps && one_in(chance, 3);
    Setup { options, habit, quality, subscriptions: subscriptions.collect(), in_tab }
}

fn publications(chance: &mut Chance, parties: &[Setup], span: u64, script: &mut Vec<(u64, Deed)>) {
    for (party, setup) in parties.iter().enumerate().filter(|(_, setup)| setup.publishes()) {
        let favourite = chance.between(0, 3);
        let least = if setup.options.client_id.as_str() == "x" { 1 } else { 0 };
        for _ in 0..chance.between(3, 12) {
            let qos = if favourite < 3 && one_in(chance, 2) { favourite } else { chance.between(0, 2) };
            let qos = if least == 1 { 1 } else { qos };
            let count = if one_in(chance, 4) { chance.between(5, 25) } else { chance.between(1, 4) };
            let size = if one_in(chance, 8) { chance.between(500, 3000) } else { chance.between(0, 60) };
            let retain = least == 0 && one_in(chance, 6);
            let qos = QoS::try_from(qos as u8).unwrap();
            let deed = Deed::Publish { party, qos, count, size: size as usize, retain };
            script.push((chance.between(0, span), deed));
        }
    }
}

fn troubles(
    chance: &mut Chance,
    parties: &[Setup],
    span: u64,
    weather: Weather,
    sleeps: bool,
    linked: bool,
    script: &mut Vec<(u64, Deed)>,
) {
    for _ in 0..chance.between(1, 25) {
        script.push((chance.between(0, span), Deed::Fault));
    }
    for _ in 0..if linked { chance.between(0, 4) } else { 0 } {
        script.push((chance.between(0, span), Deed::CutLink));
    }
    for _ in 0..if weather == Weather::Stormy { chance.between(1, 4) } else { 0 } {
        let down = if one_in(chance, 4) { chance.between(1, 6) * SECOND } else { chance.between(1, 300_000) };
        let deed = if one_in(chance, 4) { Deed::Restart { down } } else { Deed::Crash { down } };
        script.push((chance.between(0, span), deed));
    }
    for _ in 0..if sleeps { chance.between(1, 2) } else { 0 } {
        let deed = Deed::Sleep { micros: chance.between(1, 40) * SECOND };
        script.push((chance.between(0, span), deed));
    }
    for _ in 0..if one_in(chance, 3) { chance.between(1, 3) } else { 0 } {
        let party = chance.between(0, parties.len() as u64 - 1) as usize;
        script.push((chance.between(0, span), Deed::Kick { party }));
    }
    for (party, setup) in parties.iter().enumerate() {
        let comings = match setup.habit {
            Habit::Visitor => chance.between(1, 4),
            Habit::Twin => chance.between(1, 5),
            // An application may be stopped and started again; its session waits for it.
            Habit::Lasting if one_in(chance, 4) => 1,
            _ => 0,
        };
        for _ in 0..comings {
            let at = chance.between(0, span);
            script.push((at, Deed::Stop { party }));
            script.push((at + chance.between(1, 5_000) * MILLISECOND, Deed::Start { party }));
            if setup.habit == Habit::Twin {
                // Whoever was sent away by the twin comes back.
                script.push((at + chance.between(1, 5_000) * MILLISECOND, Deed::Start { party: party - 1 }));
            }
        }
    }
}

impl Setup {
    pub(crate) fn name(&self) -> &str {
        self.options.client_id.as_str()
    }

    /// Whether it is one of those who publish.
    fn publishes(&self) -> bool {
        self.name().starts_with('p') || (self.name() == "x" && self.habit == Habit::Lasting)
    }
}
