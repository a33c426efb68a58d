//! The obvious, slow model: a list of subscriptions and `TopicFilter::matches`.

use std::collections::VecDeque;

use lacewing_protocol::QoS;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::*;

#[derive(Debug, Clone)]
pub(super) enum Change {
    Insert {
        filter: TopicFilter,
        session: u32,
        options: SubscriptionOptions,
        id: Option<u32>,
    },
    Remove {
        filter: TopicFilter,
        session: u32,
    },
    Match {
        topic: TopicName,
        publisher: u32,
        available: u8,
    },
    /// A message that is sought for so many steps after each change.
    Seek {
        topic: TopicName,
        steps: u32,
    },
}

/// A message whose receivers are sought over several calls.
#[derive(Debug)]
struct Sought {
    message: u64,
    topic: TopicName,
    steps: u32,
    /// The sessions and filters that were subscribed when it began and still are, and those that ever were.
    throughout: Vec<(SessionKey, TopicFilter)>,
    ever: Vec<(SessionKey, TopicFilter)>,
}

#[derive(Debug)]
struct Subscribed {
    filter: TopicFilter,
    session: SessionKey,
    options: SubscriptionOptions,
    id: Option<u32>,
}

/// What a session gets: QoS, Retain As Published, Subscription Identifiers.
type Gets = (QoS, bool, Vec<u32>);

fn level() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "a", "b", "$s"])
}

fn filters() -> impl Strategy<Value = TopicFilter> {
    let levels = prop::collection::vec(prop_oneof![2 => level(), 1 => Just("+")], 0..4);
    let share = prop::sample::select(vec!["", "", "", "$share/g/", "$share/h/"]);
    (share, levels, any::<bool>()).prop_filter_map("well formed", |(share, mut levels, multi)| {
        levels.extend(multi.then_some("#"));
        TopicFilter::try_from(format!("{share}{}", levels.join("/"))).ok()
    })
}

pub(super) fn step() -> impl Strategy<Value = Change> {
    let options = (0..3u8, any::<bool>(), any::<bool>()).prop_map(|(qos, no_local, retain_as_published)| {
        let qos = QoS::try_from(qos).unwrap();
        SubscriptionOptions { qos, no_local, retain_as_published, ..SubscriptionOptions::default() }
    });
    let topics = prop::collection::vec(level(), 1..5)
        .prop_filter_map("well formed", |levels| TopicName::try_from(levels.join("/")).ok())
        .boxed();
    prop_oneof![
        1 => (topics.clone(), 1..40u32).prop_map(|(topic, steps)| Change::Seek { topic, steps }),
        3 => (filters(), 0..5u32, options, prop::option::of(1..4u32))
            .prop_map(|(filter, session, options, id)| Change::Insert { filter, session, options, id }),
        2 => (filters(), 0..5u32).prop_map(|(filter, session)| Change::Remove { filter, session }),
        3 => (topics, 0..5u32, any::<u8>())
            .prop_map(|(topic, publisher, available)| Change::Match { topic, publisher, available }),
    ]
}

pub(super) fn run(changes: Vec<Change>) -> Result<(), TestCaseError> {
    let mut subscriptions = Subscriptions::new(1);
    let mut model = Vec::<Subscribed>::new();
    // What was matched lately is matched again after each change: it may be in the cache.
    let mut lately = VecDeque::new();
    let mut sought = Vec::<Sought>::new();
    for (message, change) in (1..).zip(changes) {
        match change {
            Change::Insert { filter, session, options, id } => {
                let session = SessionKey(session);
                let before = model.len();
                model.retain(|one| (&one.filter, one.session) != (&filter, session));
                let expected = if model.len() == before { Inserted::New } else { Inserted::Replaced };
                prop_assert_eq!(subscriptions.insert(&filter, session, options, id), expected);
                model.push(Subscribed { filter, session, options, id });
            }
            Change::Remove { filter, session } => {
                let session = SessionKey(session);
                let before = model.len();
                model.retain(|one| (&one.filter, one.session) != (&filter, session));
                prop_assert_eq!(subscriptions.remove(&filter, session), model.len() != before);
            }
            Change::Match { topic, publisher, available } => {
                lately.push_back((topic, SessionKey(publisher), available));
                if lately.len() > 4 {
                    lately.pop_front();
                }
            }
            Change::Seek { topic, steps } => {
                if subscriptions.matches_within(message, &topic, 0).is_none() {
                    let throughout = matching(&model, &topic);
                    let ever = throughout.clone();
                    sought.push(Sought { message, topic, steps, throughout, ever });
                }
            }
        }
        for mut one in std::mem::take(&mut sought) {
            let matching = matching(&model, &one.topic);
            one.throughout.retain(|subscribed| matching.contains(subscribed));
            one.ever.extend(matching);
            match subscriptions.seek_within(one.message, &one.topic, one.steps, 0) {
                Some(matches) => check_sought(&subscriptions, &one, &matches)?,
                None => sought.push(one),
            }
        }
        for (topic, publisher, available) in &lately {
            check(&mut subscriptions, &model, topic, *publisher, *available)?;
        }
        prop_assert_eq!(subscriptions.len(), model.len() as u64);
    }
    // None waits for ever.
    for _ in 0..1000 {
        sought.retain(|one| subscriptions.seek_within(one.message, &one.topic, 40, 0).is_none());
    }
    prop_assert!(sought.is_empty() && subscriptions.search.is_none());
    for one in &model {
        prop_assert!(subscriptions.remove(&one.filter, one.session));
    }
    prop_assert!(is_clean(&subscriptions));
    Ok(())
}

fn matching(model: &[Subscribed], topic: &TopicName) -> Vec<(SessionKey, TopicFilter)> {
    let matching = model.iter().filter(|one| one.filter.matches(topic));
    matching.map(|one| (one.session, one.filter.clone())).collect()
}

/// Who was subscribed throughout is there once, and nobody who never was.
fn check_sought(
    subscriptions: &Subscriptions,
    sought: &Sought,
    matches: &Matches,
) -> Result<(), TestCaseError> {
    prop_assert!(matches.normal.is_sorted_by(|one, other| one.session < other.session));
    for (session, filter) in &sought.throughout {
        match filter.share_name() {
            None => prop_assert!(matches.normal.iter().any(|entry| entry.session == *session)),
            Some(_) => {
                let groups = matches.shared.iter().flat_map(|group| subscriptions.shared_filter(*group));
                prop_assert_eq!(groups.filter(|one| *one == filter).count(), 1);
            }
        }
    }
    for entry in &matches.normal {
        let mut ever = sought.ever.iter().filter(|(_, filter)| filter.share_name().is_none());
        prop_assert!(ever.any(|(session, _)| *session == entry.session));
    }
    for filter in matches.shared.iter().flat_map(|group| subscriptions.shared_filter(*group)) {
        prop_assert!(sought.ever.iter().any(|(_, one)| one == filter));
    }
    Ok(())
}

/// A lookup and a search find the same.
fn check(
    subscriptions: &mut Subscriptions,
    model: &[Subscribed],
    topic: &TopicName,
    publisher: SessionKey,
    available: u8,
) -> Result<(), TestCaseError> {
    let found = subscriptions.matches(0, topic);
    prop_assert!(found.is_some());
    let exact = subscriptions.exact.leaf(levels::hash(&subscriptions.hasher, topic), topic);
    let mut search = Search::new(0, topic, 0, subscriptions.trie.walk(), exact);
    let mut searched = None;
    while searched.is_none() {
        searched = search.go_on(&subscriptions.trie, &mut 1);
    }
    for matches in [found, searched].into_iter().flatten() {
        check_matches(subscriptions, model, topic, publisher, available, &matches)?;
    }
    Ok(())
}

fn check_matches(
    subscriptions: &mut Subscriptions,
    model: &[Subscribed],
    topic: &TopicName,
    publisher: SessionKey,
    available: u8,
    matches: &Matches,
) -> Result<(), TestCaseError> {
    let matching: Vec<&Subscribed> = model.iter().filter(|one| one.filter.matches(topic)).collect();
    for session in (0..5).map(SessionKey) {
        let entry = matches.normal.iter().find(|entry| entry.session == session);
        let entry = entry.and_then(|entry| matches.from(Some(publisher), entry));
        let gets = entry.map(|entry| (entry.qos, entry.retain_as_published, matches.ids(entry).to_vec()));
        prop_assert_eq!(gets, expected(&matching, session, publisher));
    }
    prop_assert!(matches.normal.is_sorted_by(|one, other| one.session < other.session));

    let mut shared: Vec<&TopicFilter> =
        matching.iter().map(|one| &one.filter).filter(|filter| filter.share_name().is_some()).collect();
    shared.sort();
    shared.dedup();
    let groups = matches.shared.iter().flat_map(|group| subscriptions.shared_filter(*group));
    let mut groups: Vec<&TopicFilter> = groups.collect();
    groups.sort();
    prop_assert_eq!(groups, shared);
    for group in &matches.shared {
        take_turns(subscriptions, matches, &matching, *group, available)?;
    }
    Ok(())
}

fn expected(matching: &[&Subscribed], session: SessionKey, publisher: SessionKey) -> Option<Gets> {
    let own = matching.iter().filter(|one| one.session == session && one.filter.share_name().is_none());
    let own: Vec<_> = own.filter(|one| !(one.options.no_local && session == publisher)).collect();
    let qos = own.iter().map(|one| one.options.qos).max()?;
    let mut ids: Vec<u32> = own.iter().flat_map(|one| one.id).collect();
    ids.sort_unstable();
    Some((qos, own.iter().any(|one| one.options.retain_as_published), ids))
}

/// In one round of choices each available member is chosen once.
fn take_turns(
    subscriptions: &mut Subscriptions,
    matches: &Matches,
    matching: &[&Subscribed],
    group: GroupKey,
    available: u8,
) -> Result<(), TestCaseError> {
    let is_available = |session: SessionKey| available >> session.0 & 1 == 1;
    let readiness = |member: &Match| is_available(member.session).then_some(Readiness::Now);
    let filter = subscriptions.shared_filter(group).cloned().unwrap();
    let members = matching.iter().filter(|one| one.filter == filter && is_available(one.session));
    let mut members: Vec<&&Subscribed> = members.collect();
    members.sort_by_key(|one| one.session);
    let round: Vec<Match> = (0..members.len()).flat_map(|_| subscriptions.choose(group, readiness)).collect();
    for one in &members {
        let Some(entry) = round.iter().find(|entry| entry.session == one.session) else {
            return Err(TestCaseError::fail("a member was passed over"));
        };
        prop_assert_eq!((entry.qos, matches.ids(entry)), (one.options.qos, one.id.as_slice()));
    }
    if members.is_empty() {
        prop_assert_eq!(subscriptions.choose(group, readiness), None);
    }
    Ok(())
}
