use lacewing_protocol::QoS;
use proptest::prelude::*;

use super::*;

mod model;

fn topic(text: &str) -> TopicName {
    TopicName::try_from(text).unwrap()
}

fn filter(text: &str) -> TopicFilter {
    TopicFilter::try_from(text).unwrap()
}

fn options(qos: QoS) -> SubscriptionOptions {
    SubscriptionOptions { qos, ..SubscriptionOptions::default() }
}

fn subscribe(subscriptions: &mut Subscriptions, session: u32, text: &str) -> Inserted {
    subscriptions.insert(&filter(text), SessionKey(session), SubscriptionOptions::default(), None)
}

fn unsubscribe(subscriptions: &mut Subscriptions, session: u32, text: &str) -> bool {
    subscriptions.remove(&filter(text), SessionKey(session))
}

/// What a message to a topic goes to, however many calls it takes to find that.
fn lookup(subscriptions: &mut Subscriptions, topic: &TopicName) -> Rc<Matches> {
    let mut found = subscriptions.matches(0, topic);
    loop {
        if let Some(matches) = found {
            return matches;
        }
        found = subscriptions.seek(0, topic, 1000);
    }
}

fn sessions(subscriptions: &mut Subscriptions, text: &str) -> Vec<u32> {
    lookup(subscriptions, &topic(text)).normal.iter().map(|entry| entry.session.0).collect()
}

/// Whether nothing is left of any subscription.
fn is_clean(subscriptions: &Subscriptions) -> bool {
    subscriptions.trie.size() == (1, 0, 0)
        && subscriptions.exact.len() == 0
        && subscriptions.groups.len() == 0
        && (subscriptions.len(), subscriptions.wire_bytes()) == (0, 0)
}

#[test]
fn wildcards_match_whole_levels() {
    // The examples of §4.7.1.2 and §4.7.1.3.
    let mut subscriptions = Subscriptions::new(1);
    let filters = [
        "sport/tennis/player1/#",
        "sport/#",
        "#",
        "sport/tennis/+",
        "sport/+",
        "+",
        "+/+",
        "/+",
        "+/tennis/#",
    ];
    for (session, text) in filters.iter().enumerate() {
        subscribe(&mut subscriptions, session as u32, text);
    }
    let mut at = |text| sessions(&mut subscriptions, text);
    assert_eq!(at("sport/tennis/player1"), [0, 1, 2, 3, 8]);
    assert_eq!(at("sport/tennis/player1/score/wimbledon"), [0, 1, 2, 8]);
    assert_eq!(at("sport"), [1, 2, 5]);
    assert_eq!(at("sport/"), [1, 2, 4, 6]);
    assert_eq!(at("/finance"), [2, 6, 7]);
    assert_eq!(at("/"), [2, 6, 7]);
}

#[test]
fn dollar_topics_are_hidden_from_a_leading_wildcard() {
    // [MQTT-4.7.2-1]
    let mut subscriptions = Subscriptions::new(1);
    for (session, text) in ["#", "+/monitor/Clients", "$SYS/#", "$SYS/monitor/+"].iter().enumerate() {
        subscribe(&mut subscriptions, session as u32, text);
    }
    for (text, expected) in [("$SYS/monitor/Clients", [2, 3]), ("SYS/monitor/Clients", [0, 1])] {
        assert_eq!(subscriptions.matches_within(0, &topic(text), 0), None);
        let searched = subscriptions.seek_within(0, &topic(text), 1000, 0).unwrap();
        assert_eq!(searched.normal.iter().map(|entry| entry.session.0).collect::<Vec<_>>(), expected);
        subscriptions.cache = MatchCache::default();
        assert_eq!(sessions(&mut subscriptions, text), expected);
    }
}

#[test]
fn overlapping_subscriptions_deliver_once_at_the_highest_qos() {
    // [MQTT-3.3.4-2], [MQTT-3.3.4-3], [MQTT-3.3.4-4]; [MQTT-3.3.4-2], [3.1.1 MQTT-3.3.5-1] of 3.1.1.
    let mut subscriptions = Subscriptions::new(1);
    let session = SessionKey(7);
    subscriptions.insert(&filter("a/#"), session, options(QoS::AtMostOnce), Some(3));
    subscriptions.insert(&filter("a/+"), session, options(QoS::ExactlyOnce), None);
    subscriptions.insert(&filter("+/b"), session, options(QoS::AtMostOnce), Some(3));
    subscriptions.insert(&filter("a/b"), session, options(QoS::AtLeastOnce), Some(1));
    let matches = lookup(&mut subscriptions, &topic("a/b"));
    let [entry] = &matches.normal[..] else { panic!("{matches:?}") };
    assert_eq!((entry.qos, matches.ids(entry)), (QoS::ExactlyOnce, &[1, 3, 3][..]));
    assert!(!entry.retain_as_published && !entry.no_local);
}

#[test]
fn a_second_subscription_to_a_filter_replaces_the_first() {
    // [MQTT-3.8.4-3]
    for text in ["a/b", "a/+", "a/#", "$share/g/a/b", "$share/g/a/+"] {
        let mut subscriptions = Subscriptions::new(1);
        let session = SessionKey(0);
        let first = subscriptions.insert(&filter(text), session, options(QoS::AtMostOnce), Some(1));
        lookup(&mut subscriptions, &topic("a/b"));
        let second = subscriptions.insert(&filter(text), session, options(QoS::AtLeastOnce), Some(2));
        assert_eq!((first, second, subscriptions.len()), (Inserted::New, Inserted::Replaced, 1));
        let matches = lookup(&mut subscriptions, &topic("a/b"));
        let entry = match matches.shared[..] {
            [group] => subscriptions.choose(group, |_| Some(Readiness::Now)).unwrap(),
            _ => matches.normal[0],
        };
        assert_eq!((entry.qos, matches.ids(&entry)), (QoS::AtLeastOnce, &[2][..]));
        assert!(subscriptions.remove(&filter(text), session));
        assert!(!subscriptions.remove(&filter(text), session));
        assert!(lookup(&mut subscriptions, &topic("a/b")).is_empty() && is_clean(&subscriptions), "{text}");
    }
}

#[test]
fn no_local_keeps_a_session_from_its_own_messages() {
    // [MQTT-3.8.3-3]
    let mut subscriptions = Subscriptions::new(1);
    let no_local = SubscriptionOptions { no_local: true, ..options(QoS::ExactlyOnce) };
    subscriptions.insert(&filter("a"), SessionKey(1), no_local, Some(1));
    subscriptions.insert(&filter("a"), SessionKey(2), no_local, Some(1));
    subscriptions.insert(&filter("#"), SessionKey(2), options(QoS::AtLeastOnce), Some(2));
    let matches = lookup(&mut subscriptions, &topic("a"));
    let gets = |publisher, entry: usize| {
        let entry = matches.from(Some(SessionKey(publisher)), &matches.normal[entry])?;
        Some((entry.qos, matches.ids(entry)))
    };
    assert_eq!(gets(1, 0), None);
    assert_eq!(gets(2, 0), Some((QoS::ExactlyOnce, &[1][..])));
    assert_eq!(gets(2, 1), Some((QoS::AtLeastOnce, &[2][..])), "only the one without No Local counts");
    assert_eq!(gets(1, 1), Some((QoS::ExactlyOnce, &[1, 2][..])));
}

#[test]
fn the_members_of_a_shared_subscription_take_turns() {
    let mut subscriptions = Subscriptions::new(1);
    for session in [5, 3, 9] {
        subscribe(&mut subscriptions, session, "$share/g/a/+");
    }
    let matches = lookup(&mut subscriptions, &topic("a/b"));
    let [group] = matches.shared[..] else { panic!("{matches:?}") };
    assert!(matches.normal.is_empty());
    let turns = |subscriptions: &mut Subscriptions, available: &[u32]| -> Vec<Option<u32>> {
        let mut turn = || {
            subscriptions
                .choose(group, |member| available.contains(&member.session.0).then_some(Readiness::Now))
        };
        (0..4).map(|_| turn().map(|entry| entry.session.0)).collect()
    };
    assert_eq!(turns(&mut subscriptions, &[3, 5, 9]), [Some(3), Some(5), Some(9), Some(3)]);
    assert_eq!(turns(&mut subscriptions, &[3, 9]), [Some(9), Some(3), Some(9), Some(3)]);
    assert_eq!(turns(&mut subscriptions, &[]), [None; 4]);
    assert!(unsubscribe(&mut subscriptions, 3, "$share/g/a/+"));
    assert_eq!(turns(&mut subscriptions, &[3, 5, 9]), [Some(5), Some(9), Some(5), Some(9)]);
    assert!(unsubscribe(&mut subscriptions, 5, "$share/g/a/+"));
    assert!(unsubscribe(&mut subscriptions, 9, "$share/g/a/+"));
    subscribe(&mut subscriptions, 1, "$share/other/a/+");
    assert_eq!(turns(&mut subscriptions, &[1]), [None; 4], "the group is no more");
}

#[test]
fn the_members_that_are_readiest_take_turns_among_themselves() {
    let mut subscriptions = Subscriptions::new(1);
    for session in 1..=5 {
        subscribe(&mut subscriptions, session, "$share/g/a");
    }
    let [group] = lookup(&mut subscriptions, &topic("a")).shared[..] else { panic!("one group") };
    let mut turn = |ready: [Option<Readiness>; 5]| {
        let member = subscriptions.choose(group, |member| ready[member.session.0 as usize - 1]);
        member.map(|member| member.session.0)
    };
    let (now, behind, away) = (Some(Readiness::Now), Some(Readiness::Behind), Some(Readiness::Away));
    assert_eq!([(); 3].map(|()| turn([away, now, behind, None, now])), [Some(2), Some(5), Some(2)]);
    assert_eq!([(); 3].map(|()| turn([away, behind, away, behind, None])), [Some(4), Some(2), Some(4)]);
    assert_eq!([(); 3].map(|()| turn([away, None, away, None, None])), [Some(1), Some(3), Some(1)]);
    assert_eq!(turn([None; 5]), None);
}

#[test]
fn of_a_huge_group_so_many_members_are_looked_at_and_then_the_next() {
    let mut subscriptions = Subscriptions::new(1);
    for session in 0..3000 {
        subscribe(&mut subscriptions, session, "$share/g/a");
    }
    let [group] = lookup(&mut subscriptions, &topic("a")).shared[..] else { panic!("one group") };
    let mut turn = || {
        let mut asked = 0;
        let member = subscriptions.choose(group, |member| {
            asked += 1;
            (member.session.0 == 2500).then_some(Readiness::Away)
        });
        (asked, member.map(|member| member.session.0))
    };
    assert_eq!([(); 3].map(|()| turn()), [(1000, None), (1000, None), (1000, Some(2500))]);
}

#[test]
fn shared_subscriptions_and_others_deliver_apart() {
    // [MQTT-4.8.2-2]: the ShareName is not part of what is matched.
    let mut subscriptions = Subscriptions::new(1);
    for text in ["a", "$share/g/a", "$share/h/a", "$share/g/#"] {
        subscribe(&mut subscriptions, 1, text);
    }
    let matches = lookup(&mut subscriptions, &topic("a"));
    assert_eq!((matches.normal.len(), matches.shared.len()), (1, 3));
    let texts: Vec<&str> = matches
        .shared
        .iter()
        .flat_map(|group| subscriptions.shared_filter(*group))
        .map(|filter| filter.as_str())
        .collect();
    assert_eq!(texts, ["$share/g/a", "$share/h/a", "$share/g/#"]);
}

#[test]
fn a_held_match_list_survives_changes() {
    let mut subscriptions = Subscriptions::new(1);
    subscribe(&mut subscriptions, 1, "a");
    let held = lookup(&mut subscriptions, &topic("a"));
    unsubscribe(&mut subscriptions, 1, "a");
    subscribe(&mut subscriptions, 2, "#");
    assert_eq!(held.normal[0].session, SessionKey(1));
    assert_eq!(sessions(&mut subscriptions, "a"), [2]);
}

#[test]
fn a_subscription_without_wildcards_leaves_the_other_cached_matches() {
    let mut subscriptions = Subscriptions::new(1);
    subscribe(&mut subscriptions, 1, "a");
    let before = lookup(&mut subscriptions, &topic("a"));
    subscribe(&mut subscriptions, 1, "b");
    assert!(Rc::ptr_eq(&before, &lookup(&mut subscriptions, &topic("a"))));
    subscribe(&mut subscriptions, 2, "a");
    assert_eq!(sessions(&mut subscriptions, "a"), [1, 2]);
}

#[test]
fn more_topics_than_the_cache_holds_are_matched_alike() {
    let mut subscriptions = Subscriptions::new(1);
    subscribe(&mut subscriptions, 1, "t/+");
    for round in 0..2 {
        for n in 0..20_000 {
            assert_eq!(sessions(&mut subscriptions, &format!("t/{n}")), [1], "round {round}");
        }
    }
}

#[test]
fn many_subscribers_of_one_filter_come_and_go() {
    let mut subscriptions = Subscriptions::new(1);
    for text in ["a/b", "a/+"] {
        for session in (0..500).rev() {
            assert_eq!(subscribe(&mut subscriptions, session, text), Inserted::New);
        }
        assert_eq!(subscribe(&mut subscriptions, 7, text), Inserted::Replaced);
        assert_eq!(sessions(&mut subscriptions, "a/b"), (0..500).collect::<Vec<_>>());
        for session in 0..500 {
            assert!(unsubscribe(&mut subscriptions, session, text));
            assert!(!unsubscribe(&mut subscriptions, session, text));
        }
        assert!(is_clean(&subscriptions));
    }
}

#[test]
fn filters_with_thirty_thousand_levels_cost_no_stack() {
    let mut subscriptions = Subscriptions::new(1);
    let long = format!("{}x", "a/".repeat(32_767));
    let plus = format!("{}x", "+/".repeat(32_767));
    let hash = format!("{}#", "a/".repeat(32_766));
    let slashes = "/".repeat(65_535);
    let shared = format!("$share/g/{}#", "+/".repeat(32_000));
    for (session, text) in [&long, &plus, &hash, &slashes, &shared].into_iter().enumerate() {
        subscribe(&mut subscriptions, session as u32, text);
    }
    assert_eq!(sessions(&mut subscriptions, &long), [0, 1, 2]);
    assert_eq!(sessions(&mut subscriptions, &slashes), [3]);
    assert_eq!(lookup(&mut subscriptions, &topic(&long)).shared.len(), 1);
    for (session, text) in [&long, &plus, &hash, &slashes, &shared].into_iter().enumerate() {
        assert!(unsubscribe(&mut subscriptions, session as u32, text));
    }
    assert!(is_clean(&subscriptions));
}

#[test]
fn a_hundred_thousand_subscriptions_of_one_session_come_and_go() {
    let mut subscriptions = Subscriptions::new(1);
    let texts: Vec<String> = (0..100_000).map(|n| format!("f/{}/{n}/+", n % 7)).collect();
    for text in &texts {
        subscribe(&mut subscriptions, 1, text);
    }
    assert_eq!(subscriptions.len(), 100_000);
    assert_eq!(sessions(&mut subscriptions, "f/0/7/x"), [1]);
    for text in &texts {
        unsubscribe(&mut subscriptions, 1, text);
    }
    assert!(is_clean(&subscriptions));
}

#[test]
fn a_match_visits_only_nodes_that_filters_made() {
    let mut subscriptions = Subscriptions::new(1);
    for bits in 0..1u32 << 8 {
        let levels: Vec<&str> = (0..8).map(|bit| if bits >> bit & 1 == 0 { "a" } else { "+" }).collect();
        subscribe(&mut subscriptions, bits, &format!("{}/z", levels.join("/")));
    }
    assert_eq!(sessions(&mut subscriptions, "a/a/a/a/a/a/a/a/z").len(), 256);
    assert_eq!(sessions(&mut subscriptions, "a/a/a/a/a/a/a/a/y").len(), 0);
}

#[test]
fn a_lookup_that_takes_long_is_left_and_found_in_the_cache_by_those_that_waited() {
    let mut subscriptions = Subscriptions::new(1);
    for bits in 0..1u32 << 12 {
        let levels: Vec<&str> = (0..12).map(|bit| if bits >> bit & 1 == 0 { "a" } else { "+" }).collect();
        subscribe(&mut subscriptions, bits % 100, &levels.join("/"));
    }
    let (wide, narrow) = (topic("a/a/a/a/a/a/a/a/a/a/a/a"), topic("b/b"));
    subscriptions.take_cost();
    assert_eq!(subscriptions.matches(1, &wide), None);
    let given_up = subscriptions.take_cost();
    assert!((1000..3000).contains(&given_up), "{given_up}");
    assert_eq!(subscriptions.matches(2, &wide), None);
    assert!(subscriptions.matches(3, &narrow).is_some(), "others are not kept waiting");
    subscriptions.take_cost();
    let mut calls = 0;
    let found = loop {
        calls += 1;
        assert_eq!(subscriptions.seek(2, &wide, 500), None, "it waits for the first");
        subscriptions.take_cost();
        let found = subscriptions.seek(1, &wide, 500);
        let cost = subscriptions.take_cost();
        assert!(cost < 600, "{cost}");
        if let Some(found) = found {
            break found;
        }
    };
    assert!(calls > 10, "{calls}");
    assert_eq!(found.normal.len(), 100);
    assert!(Rc::ptr_eq(&found, &subscriptions.seek(2, &wide, 0).unwrap()));
}

#[test]
fn what_was_found_while_subscriptions_changed_is_not_remembered() {
    for change in ["a/a", "b/+"] {
        let mut subscriptions = Subscriptions::new(1);
        subscribe(&mut subscriptions, 1, "a/+");
        assert_eq!(subscriptions.matches_within(1, &topic("a/a"), 0), None);
        subscribe(&mut subscriptions, 2, change);
        assert!(subscriptions.seek_within(1, &topic("a/a"), 1000, 0).is_some());
        assert_eq!(subscriptions.matches_within(2, &topic("a/a"), 0), None, "{change}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn it_agrees_with_a_list_of_subscriptions(steps in prop::collection::vec(model::step(), 0..120)) {
        model::run(steps)?;
    }
}
