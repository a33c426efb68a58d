use std::iter;

use lacewing_broker::{Access, AccessRule, Act, Command, ConnId, Rules, TopicPattern, User};
use lacewing_protocol::QoS;

use crate::harness::{Harness, connect, messages, subscribe};

/// So many messages come in one read.
const READ: usize = 100;

type Case = fn(&mut Harness);

pub(crate) const ALL: &[(&str, Case)] = &[
    ("one-to-one QoS 0, 10 pairs", |harness| pairs(harness, QoS::AtMostOnce, READ)),
    ("one-to-one QoS 1, 10 pairs", |harness| pairs(harness, QoS::AtLeastOnce, READ)),
    ("one-to-one QoS 2, 10 pairs", |harness| pairs(harness, QoS::ExactlyOnce, READ)),
    ("one-to-one QoS 1, window 4", |harness| pairs(harness, QoS::AtLeastOnce, 4)),
    ("fan-out 1 to 1000", fan_out),
    ("fan-out 1 to 100 000", wide_fan_out),
    ("fan-in 200 to 1", fan_in),
    ("wildcards, 200 clients, 5 filters", wildcards),
    ("topics used once", topics_used_once),
    ("shared, 10 members", shared),
    ("retained 100 000, set", |harness| {
        let count = harness.times(100_000);
        retain(harness, count);
        harness.count(count as u64);
    }),
    ("retained 100 000, then #", |harness| {
        let count = harness.times(100_000);
        retained(harness, count);
    }),
    ("subscribe and leave, 100 000", subscriptions),
    ("connect and disconnect", connections),
    ("10 000 connections, 1 to all", many_connections),
    ("retained 1 000 000, set", |harness| {
        retain(harness, 1_000_000);
        harness.count(1_000_000);
    }),
    ("retained 1 000 000, then #", |harness| retained(harness, 1_000_000)),
    ("30 000 levels, 10 000 filters", deep_topic),
    ("filters of every + and a, 16 deep", every_combination),
    ("restore 100 000 sessions", restore),
    ("pairs under 10 000 rules", |harness| {
        harness.command(command(&rules(10_000)));
        harness.settle();
        pairs(harness, QoS::AtMostOnce, READ);
    }),
    ("new rules, 10 000, 10 000 clients", |harness| reload(harness, &rules(10_000))),
    ("new rules, 20 levels each, users", |harness| reload(harness, &most_rules())),
    ("new rules, each by a client id", |harness| reload(harness, &named_rules())),
];

fn pairs(harness: &mut Harness, qos: QoS, window: usize) {
    let pairs: Vec<_> =
        (0..10).map(|pair| (harness.connect(), harness.connect(), format!("bench/pair/{pair}"))).collect();
    for (_, to, topic) in &pairs {
        harness.receive(*to, subscribe([topic.clone()], qos));
    }
    let reads: Vec<_> = pairs
        .iter()
        .map(|(from, _, topic)| (*from, messages(iter::repeat_n(topic.as_str(), window), qos, false)))
        .collect();
    harness.settle();
    harness.start();
    for _ in 0..harness.times(500_000 / (10 * window)) {
        for (from, read) in &reads {
            harness.receive(*from, read.clone());
        }
        harness.settle();
    }
}

fn fan_out(harness: &mut Harness) {
    subscribers(harness, 1000, |_| vec!["bench/all".to_owned()]);
    let from = harness.connect();
    let read = messages(iter::repeat_n("bench/all", READ), QoS::AtMostOnce, false);
    harness.start();
    for _ in 0..harness.times(40) {
        harness.receive(from, read.clone());
        harness.settle();
    }
}

fn wide_fan_out(harness: &mut Harness) {
    subscribers(harness, 99_000, |_| vec!["bench/+".to_owned()]);
    let from = harness.connect();
    let read = messages(["bench/all"], QoS::AtMostOnce, false);
    harness.start();
    for _ in 0..harness.times(20) {
        harness.receive(from, read.clone());
        harness.settle();
    }
}

fn fan_in(harness: &mut Harness) {
    subscribers(harness, 1, |_| vec!["bench/in/#".to_owned()]);
    let from: Vec<_> = (0..200)
        .map(|number| {
            let topic = format!("bench/in/{number}");
            (harness.connect(), messages(iter::repeat_n(topic.as_str(), 10), QoS::AtMostOnce, false))
        })
        .collect();
    harness.start();
    for _ in 0..harness.times(250) {
        for (from, read) in &from {
            harness.receive(*from, read.clone());
        }
        harness.settle();
    }
}

fn wildcards(harness: &mut Harness) {
    let clients = subscribers(harness, 200, |number| {
        vec![
            format!("bench/{number}/+"),
            format!("bench/{number}/#"),
            format!("+/{number}/temperature"),
            format!("+/+/other{number}"),
            format!("bench/+/another{number}"),
        ]
    });
    let topics: Vec<String> = (0..200).map(|number| format!("bench/{number}/temperature")).collect();
    let read = messages(topics.iter().map(String::as_str), QoS::AtMostOnce, false);
    harness.start();
    for round in 0..harness.times(2500) {
        harness.receive(clients[round % 200], read.clone());
        harness.settle();
    }
}

fn topics_used_once(harness: &mut Harness) {
    subscribers(harness, 1, |_| vec!["bench/+/temperature".to_owned()]);
    let from = harness.connect();
    harness.start();
    for round in 0..harness.times(2000) {
        let topics: Vec<String> =
            (0..READ).map(|number| format!("bench/{}/temperature", round * READ + number)).collect();
        harness.receive(from, messages(topics.iter().map(String::as_str), QoS::AtMostOnce, false));
        harness.settle();
    }
}

fn shared(harness: &mut Harness) {
    subscribers(harness, 10, |_| vec!["$share/group/bench/jobs".to_owned()]);
    let from = harness.connect();
    let read = messages(iter::repeat_n("bench/jobs", READ), QoS::AtMostOnce, false);
    harness.start();
    for _ in 0..harness.times(5000) {
        harness.receive(from, read.clone());
        harness.settle();
    }
}

fn retained(harness: &mut Harness, count: usize) {
    retain(harness, count);
    let late = harness.connect();
    harness.start();
    harness.receive(late, subscribe(["#".to_owned()], QoS::AtMostOnce));
    harness.settle();
}

fn subscriptions(harness: &mut Harness) {
    let client = harness.connect();
    harness.start();
    let parts = harness.times(1000);
    for part in 0..parts {
        let filters = (0..100).map(|number| format!("bench/{part}/{number}/+"));
        harness.receive(client, subscribe(filters, QoS::AtLeastOnce));
        harness.settle();
    }
    harness.close(client);
    harness.settle();
    harness.count(parts as u64 * 100);
}

fn connections(harness: &mut Harness) {
    let hello = connect("come and go");
    let count = harness.times(100_000);
    for _ in 0..count {
        let conn = harness.open();
        harness.receive(conn, hello.clone());
        harness.settle();
        harness.close(conn);
        harness.settle();
    }
    harness.count(count as u64);
}

/// All come, each subscribes, one message goes to all, and all lose their connection.
fn many_connections(harness: &mut Harness) {
    harness.start();
    let clients = subscribers(harness, 10_000, |_| vec!["bench/all".to_owned()]);
    let from = harness.connect();
    harness.receive(from, messages(["bench/all"], QoS::AtMostOnce, false));
    harness.settle();
    for client in clients {
        harness.close(client);
        harness.settle();
    }
}

/// Filters with wildcards at every depth, and a topic as deep as a topic can be.
fn deep_topic(harness: &mut Harness) {
    let client = harness.connect();
    let filters = |part: usize| {
        (0..100).map(move |number| {
            let depth = part * 100 + number;
            let last = if depth.is_multiple_of(2) { "#".to_owned() } else { format!("x{depth}/+") };
            format!("{}{last}", "a/".repeat(depth))
        })
    };
    for part in 0..100 {
        harness.receive(client, subscribe(filters(part), QoS::AtMostOnce));
        harness.settle();
    }
    let from = harness.connect();
    let topics: Vec<String> = (0..10).map(|number| format!("{}{number}", "a/".repeat(30_000))).collect();
    harness.start();
    for topic in &topics {
        harness.receive(from, messages([topic.as_str()], QoS::AtMostOnce, true));
        harness.settle();
    }
}

/// As many nodes of the trie as can be made to match one topic by one session.
fn every_combination(harness: &mut Harness) {
    let client = harness.connect();
    let filter = |number: usize| {
        let levels: Vec<&str> = (0..16).map(|bit| if number >> bit & 1 == 1 { "a" } else { "+" }).collect();
        levels.join("/")
    };
    for part in 0..656 {
        let filters = (0..100).map(|number| filter(part * 100 + number));
        harness.receive(client, subscribe(filters, QoS::AtMostOnce));
        harness.settle();
    }
    let from = harness.connect();
    harness.start();
    harness.receive(from, messages([["a"; 16].join("/").as_str()], QoS::AtMostOnce, false));
    harness.settle();
}

/// Sessions with a subscription and a waiting message each.
fn restore(harness: &mut Harness) {
    harness.restore(100_000);
    harness.count(100_000);
}

fn reload(harness: &mut Harness, rules: &Rules) {
    subscribers(harness, 10_000, |number| vec![format!("bench/{number}")]);
    assert_eq!(rules.check(), Ok(()));
    let commands: Vec<_> = (0..10).map(|_| command(rules)).collect();
    harness.start();
    for command in commands {
        harness.command(command);
        harness.settle();
    }
    harness.count(10);
}

fn command(rules: &Rules) -> Command {
    Command::Rules(Box::new(rules.clone()))
}

/// So many rules: they allow what the cases use, and little else.
fn rules(count: usize) -> Rules {
    let rooms = (0..count - 2).flat_map(|number| rule(Access::Allow, format!("house/{number}/+/set")));
    let last = [(Access::Allow, "bench/#"), (Access::Deny, "#")];
    let last = last.into_iter().flat_map(|(verdict, topics)| rule(verdict, topics.to_owned()));
    Rules { access: rooms.chain(last).collect(), ..Rules::default() }
}

/// As many users, rules, levels and bytes as there can be.
fn most_rules() -> Rules {
    let user = |number: usize| User {
        name: format!("user {number:05}"),
        password: Some("p".repeat(Rules::BYTES / Rules::USERS - 500)),
        access: rule(Access::Allow, format!("{number:05}{}", format!("/{}", "x".repeat(24)).repeat(19)))
            .into_iter()
            .collect(),
        ..User::default()
    };
    Rules { users: (0..Rules::USERS).map(user).collect(), ..Rules::default() }
}

/// Rules in which each names its level in a way of its own by the client's id.
fn named_rules() -> Rules {
    let named = (0..Rules::ACCESS_RULES).flat_map(|number| rule(Access::Allow, format!("{number:05}%c/#")));
    Rules { access: named.collect(), ..Rules::default() }
}

fn rule(verdict: Access, topics: String) -> Option<AccessRule> {
    let topics = TopicPattern::try_from(topics).ok()?;
    Some(AccessRule { verdict, act: Act::Both, topics })
}

fn retain(harness: &mut Harness, count: usize) {
    let from = harness.connect();
    let topics: Vec<String> =
        (0..count).map(|number| format!("bench/{}/{number}/state", number % 100)).collect();
    let reads: Vec<_> = topics
        .chunks(READ)
        .map(|topics| messages(topics.iter().map(String::as_str), QoS::AtMostOnce, true))
        .collect();
    harness.start();
    for read in reads {
        harness.receive(from, read);
        harness.settle();
    }
}

fn subscribers(harness: &mut Harness, count: usize, filters: impl Fn(usize) -> Vec<String>) -> Vec<ConnId> {
    let subscriber = |number| {
        let conn = harness.connect();
        harness.receive(conn, subscribe(filters(number), QoS::AtMostOnce));
        harness.settle();
        conn
    };
    (0..count).map(subscriber).collect()
}
