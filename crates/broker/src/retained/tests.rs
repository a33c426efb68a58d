use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

impl WireBytes for String {
    fn wire_bytes(&self) -> u64 {
        self.len() as u64
    }
}

fn topic(text: &str) -> TopicName {
    TopicName::try_from(text).unwrap()
}

fn filter(text: &str) -> TopicFilter {
    TopicFilter::try_from(text).unwrap()
}

fn retained(topics: &[&str]) -> Retained<String> {
    let mut retained = Retained::new();
    for text in topics {
        retained.set(&topic(text), (*text).to_owned());
    }
    retained
}

fn found(retained: &Retained<String>, text: &str) -> Vec<String> {
    let mut cursor = retained.cursor(&filter(text));
    let mut found = Vec::new();
    loop {
        match retained.next(&mut cursor, 1) {
            Step::Found(message) => found.push(message.clone()),
            Step::Paused => {}
            Step::Done => return found,
        }
    }
}

#[test]
fn a_topic_keeps_only_its_last_message() {
    // [MQTT-3.3.1-5], [MQTT-3.3.1-6]
    let mut retained = Retained::new();
    assert_eq!(retained.set(&topic("a"), "one".to_owned()), None);
    assert_eq!(retained.set(&topic("a"), "three".to_owned()), Some("one".to_owned()));
    assert_eq!((retained.len(), retained.wire_bytes()), (1, 5));
    assert_eq!(retained.message(&topic("a")), Some(&"three".to_owned()));
    assert_eq!(retained.clear(&topic("a")), Some("three".to_owned()));
    assert_eq!(retained.clear(&topic("a")), None);
    assert_eq!((retained.len(), retained.wire_bytes()), (0, 0));
}

#[test]
fn topics_come_level_by_level() {
    let retained = retained(&["b", "a!", "a/c", "a", "a/", "/", "/a", "a/c/d"]);
    assert_eq!(found(&retained, "#"), ["/", "/a", "a", "a/", "a/c", "a/c/d", "a!", "b"]);
}

#[test]
fn a_multi_level_wildcard_matches_the_parent() {
    let retained = retained(&["sport", "sport/tennis", "sport/tennis/player1", "sports"]);
    assert_eq!(found(&retained, "sport/#"), ["sport", "sport/tennis", "sport/tennis/player1"]);
    assert_eq!(found(&retained, "sport/tennis/#"), ["sport/tennis", "sport/tennis/player1"]);
}

#[test]
fn dollar_topics_are_hidden_from_a_leading_wildcard() {
    // [MQTT-4.7.2-1]
    let retained = retained(&["!", "$", "$SYS/uptime", "$SYSTEM", "a/uptime"]);
    assert_eq!(found(&retained, "#"), ["!", "a/uptime"]);
    assert_eq!(found(&retained, "+/uptime"), ["a/uptime"]);
    assert_eq!(found(&retained, "$SYS/#"), ["$SYS/uptime"]);
    assert_eq!(found(&retained, "$SYS/+"), ["$SYS/uptime"]);
}

#[test]
fn a_filter_without_wildcards_looks_at_two_entries_at_most() {
    let topics: Vec<String> = (0..5000).map(|n| format!("t/{n:04}/state")).collect();
    let retained = retained(&topics.iter().map(String::as_str).collect::<Vec<_>>());
    let mut cursor = retained.cursor(&filter("t/2500/state"));
    let mut scan = retained.scan(&mut cursor, 12);
    assert_eq!(scan.next(), Step::Found(&"t/2500/state".to_owned()));
    assert_eq!(scan.next(), Step::Done);
}

#[test]
fn a_filter_skips_what_is_below_other_topics() {
    let mut retained = retained(&["a/x", "b/x", "c/x"]);
    for n in 0..5000 {
        let text = format!("b/{n}/x/y");
        retained.set(&topic(&text), text.clone());
    }
    let mut cursor = retained.cursor(&filter("+/x"));
    let mut scan = retained.scan(&mut cursor, 40);
    assert_eq!(scan.next(), Step::Found(&"a/x".to_owned()));
    assert_eq!(scan.next(), Step::Found(&"b/x".to_owned()));
    assert_eq!(scan.next(), Step::Found(&"c/x".to_owned()));
    assert_eq!(scan.next(), Step::Done);
}

#[test]
fn topics_of_full_length_with_thirty_thousand_levels_are_found() {
    let long = format!("{}x", "a/".repeat(32_767));
    let retained = retained(&[&long, &"/".repeat(65_535), &"y".repeat(65_535)]);
    assert_eq!(found(&retained, "#").len(), 3);
    assert_eq!(found(&retained, &long), std::slice::from_ref(&long));
    assert_eq!(found(&retained, &format!("{}x", "+/".repeat(32_767))), [long]);
    assert_eq!(found(&retained, &format!("{}#", "+/".repeat(32_767))).len(), 2);
}

#[test]
fn long_topics_use_up_the_budget_faster() {
    let topics: Vec<String> = (0..10).map(|n| format!("{n}{}", "y".repeat(20_000))).collect();
    let retained = retained(&topics.iter().map(String::as_str).collect::<Vec<_>>());
    let mut cursor = retained.cursor(&filter("#"));
    let mut scan = retained.scan(&mut cursor, 150);
    assert!(matches!(scan.next(), Step::Found(_)));
    assert!(matches!(scan.next(), Step::Found(_)));
    assert_eq!(scan.next(), Step::Paused);
}

fn level() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "a", "b", "a!", "$s", "ab"])
}

fn topics() -> impl Strategy<Value = TopicName> {
    let levels = prop::collection::vec(level(), 1..5);
    levels.prop_filter_map("at least one byte", |levels| TopicName::try_from(levels.join("/")).ok())
}

fn filters() -> impl Strategy<Value = TopicFilter> {
    let levels = prop::collection::vec(prop_oneof![2 => level(), 1 => Just("+")], 0..5);
    (levels, any::<bool>()).prop_filter_map("at least one byte", |(mut levels, multi)| {
        levels.extend(multi.then_some("#"));
        TopicFilter::try_from(levels.join("/")).ok()
    })
}

#[derive(Debug, Clone)]
enum Change {
    Set(TopicName, u8),
    Clear(TopicName),
    /// So many steps with so much budget each.
    Steps(u32, u32),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (topics(), any::<u8>()).prop_map(|(topic, message)| Change::Set(topic, message)),
        topics().prop_map(Change::Clear),
        (1..4u32, 1..6u32).prop_map(|(steps, budget)| Change::Steps(steps, budget)),
    ]
}

impl WireBytes for (TopicName, u8) {
    fn wire_bytes(&self) -> u64 {
        self.0.len() as u64 + u64::from(self.1)
    }
}

/// What the cursor found, with the message.
fn steps(
    retained: &Retained<(TopicName, u8)>,
    cursor: &mut Cursor,
    steps: u32,
    budget: u32,
    found: &mut Vec<(TopicName, u8)>,
) -> bool {
    let mut scan = retained.scan(cursor, budget);
    for _ in 0..steps {
        match scan.next() {
            Step::Found(message) => found.push(message.clone()),
            Step::Paused => return false,
            Step::Done => return true,
        }
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_cursor_misses_nothing_and_repeats_nothing_while_messages_change(
        filter in filters(),
        start in prop::collection::vec((topics(), any::<u8>()), 0..60),
        changes in prop::collection::vec(change(), 0..60),
    ) {
        let mut retained = Retained::new();
        let mut model = BTreeMap::new();
        for (topic, message) in start {
            retained.set(&topic, (topic.clone(), message));
            model.insert(topic, message);
        }
        let mut throughout: Vec<TopicName> = model.keys().filter(|topic| filter.matches(topic)).cloned().collect();
        let mut ever = throughout.clone();
        let mut cursor = retained.cursor(&filter);
        let mut found = Vec::new();
        for change in changes {
            match change {
                Change::Set(topic, message) => {
                    let before = retained.set(&topic, (topic.clone(), message));
                    prop_assert_eq!(before.map(|(_, message)| message), model.insert(topic.clone(), message));
                    ever.push(topic);
                }
                Change::Clear(topic) => {
                    prop_assert_eq!(retained.clear(&topic).map(|(_, message)| message), model.remove(&topic));
                    throughout.retain(|other| *other != topic);
                }
                Change::Steps(count, budget) => {
                    let seen = found.len();
                    steps(&retained, &mut cursor, count, budget, &mut found);
                    for (topic, message) in &found[seen..] {
                        prop_assert_eq!(model.get(topic), Some(message));
                    }
                }
            }
            prop_assert_eq!(retained.len(), model.len() as u64);
            let bytes: u64 = model.iter().map(|(topic, message)| topic.len() as u64 + u64::from(*message)).sum();
            prop_assert_eq!(retained.wire_bytes(), bytes);
        }
        while !steps(&retained, &mut cursor, 100, 3, &mut found) {}
        let topics: Vec<&TopicName> = found.iter().map(|(topic, _)| topic).collect();
        for topic in throughout {
            prop_assert!(topics.contains(&&topic), "{} was there throughout", topic);
        }
        for (index, topic) in topics.iter().enumerate() {
            prop_assert!(!topics[..index].contains(topic), "{} came twice", topic);
            prop_assert!(filter.matches(topic) && ever.contains(topic));
        }
    }
}
