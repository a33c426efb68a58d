//! The obvious, slow model: a list of subscriptions and `TopicFilter::matches`.

use std::collections::VecDeque;

use lacewing_protocol::QoS;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::*;

#[derive(Debug, Clone)]
pub(super) enum Change {
    Insert { filter: TopicFilter, session: u32, options: SubscriptionOptions, id: Option<u32> },
    Remove { filter: TopicFilter, session: u32 },
    Match { topic: TopicName, publisher: u32, available: u8 },
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
        .prop_filter_map("well formed", |levels| TopicName::try_from(levels.join("/")).ok());
    prop_oneof![
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
    for change in changes {
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
        }
        for (topic, publisher, available) in &lately {
            check(&mut subscriptions, &model, topic, *publisher, *available)?;
        }
        prop_assert_eq!(subscriptions.len(), model.len() as u64);
    }
    for one in &model {
        prop_assert!(subscriptions.remove(&one.filter, one.session));
    }
    prop_assert!(is_clean(&subscriptions));
    Ok(())
}

fn check(
    subscriptions: &mut Subscriptions,
    model: &[Subscribed],
    topic: &TopicName,
    publisher: SessionKey,
    available: u8,
) -> Result<(), TestCaseError> {
    let matches = subscriptions.matches(topic);
    let matching: Vec<&Subscribed> = model.iter().filter(|one| one.filter.matches(topic)).collect();
    for session in (0..5).map(SessionKey) {
        let entry = matches.normal.iter().find(|entry| entry.session == session);
        let entry = entry.and_then(|entry| matches.from(Some(publisher), entry));
        let gets = entry.map(|entry| (entry.qos, entry.retain_as_published, matches.ids(entry).to_vec()));
        prop_assert_eq!(gets, expected(&matching, session, publisher));

        let mut filters = subscriptions.filters_matching(session, topic);
        filters.sort();
        let own = matching.iter().filter(|one| one.session == session);
        let mut expected: Vec<TopicFilter> = own.map(|one| one.filter.clone()).collect();
        expected.sort();
        prop_assert_eq!(filters, expected);
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
        take_turns(subscriptions, &matches, &matching, *group, available)?;
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
