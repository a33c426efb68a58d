//! Why a client does not get what is published to a topic, or did not get one message, in words.

use lacewing_control::{ClientInfo, Explanation, NotDelivered, SubscriptionInfo};

use super::traffic::Traced;
use super::words;

/// Why `id` did not get the message that was traced, or that it did. `client` is what the list of clients says of it.
pub(crate) fn this_one(
    answer: &Explanation,
    id: &str,
    traced: &Traced,
    client: Option<&ClientInfo>,
) -> String {
    let journey = &traced.journey;
    if let Some(receiver) = journey.receivers.iter().rev().find(|one| one.client_id == id) {
        return format!("It is in the list: {}.", receiver.how);
    }
    if traced.is_partial {
        return format!("What became of this one was not told in full. {}", now(answer));
    }
    if journey.more > 0 {
        return format!("It may be one of the {} that are not listed. {}", journey.more, now(answer));
    }
    if let Some(why) = no_subscription(answer) {
        return why;
    }
    let shared = answer.matching.iter().find(|one| is_shared(one));
    if let Some(own) = answer.matching.iter().find(|one| !is_shared(one)) {
        let came_later = client.filter(|client| client.connected && client.since > traced.at);
        return match came_later {
            Some(client) if !client.session_present => format!(
                "It came only afterwards, {} later, and had no session from before in which the message could have waited.",
                words::span((client.since - traced.at).div_ceil(1_000_000))
            ),
            _ => format!("It subscribed to {} only afterwards.", own.filter),
        };
    }
    let shared = shared.map_or("", |one| one.filter.as_str());
    match traced.turns.iter().find(|(filter, _)| filter == shared) {
        Some((_, member)) => {
            format!("It shares {shared} with others, each in turn: this one went to {member}.")
        }
        None => format!(
            "It shares {shared} with others, and no member could take this one, or it joined only afterwards."
        ),
    }
}

/// How it stands now with what is published to the topic.
pub(crate) fn now(answer: &Explanation) -> String {
    if let Some(why) = no_subscription(answer) {
        return why;
    }
    let filters: Vec<String> = answer.matching.iter().map(|one| one.filter.clone()).collect();
    let by = words::list(&filters);
    if let Some(rule) = &answer.denied_by {
        return format!("It is subscribed to {by}, but an access rule keeps the topic from it: {rule}.");
    }
    let mut says = match (answer.obstacles.first(), answer.granted) {
        (Some(NotDelivered::Away), _) => {
            format!("It is away, and its subscription to {by} is of QoS 0, which waits for nobody.")
        }
        (Some(why), _) => {
            format!("It is subscribed to {by}, but would not get it now: {}.", words::obstacle(*why))
        }
        (None, _) if !answer.connected => {
            format!(
                "It is away. By its subscription to {by}, QoS 1 and 2 wait in its session; QoS 0 does not."
            )
        }
        (None, qos) => format!(
            "It gets what is published now, by its subscription to {by}, up to QoS {}.",
            qos.unwrap_or(0)
        ),
    };
    if answer.matching.iter().all(is_shared) {
        says.push_str(" It shares that with others, each in turn.");
    }
    if answer.matching.iter().any(|one| one.no_local) {
        says.push_str(" What it publishes itself is left out (No Local).");
    }
    if answer.dropped > 0 {
        says.push_str(&format!(" So far {} messages to it were dropped.", answer.dropped));
    }
    says
}

/// Why it cannot get anything on the topic, as far as its subscriptions go.
fn no_subscription(answer: &Explanation) -> Option<String> {
    if !answer.known {
        return Some("The broker knows no client of this name: it is not connected, and has no session in which anything could wait.".into());
    }
    if !answer.matching.is_empty() {
        return None;
    }
    Some(match (answer.unseen, &answer.nearest) {
        (0, None) => "It is not subscribed to the topic, nor to anything like it.".into(),
        (0, Some(nearest)) => format!(
            "It is not subscribed to the topic. What comes nearest is {nearest}, which does not match."
        ),
        (unseen, _) => format!("None of its subscriptions matches that were looked at; {unseen} were not."),
    })
}

fn is_shared(subscription: &SubscriptionInfo) -> bool {
    subscription.filter.starts_with("$share/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::inquiry::tests::explanation;
    use crate::model::roster::tests::client;
    use crate::wire::{Journey, Receiver};

    const SECOND: u64 = 1_000_000;

    fn traced(change: impl FnOnce(&mut Traced)) -> Traced {
        let mut traced = Traced { at: 10 * SECOND, ..Traced::default() };
        change(&mut traced);
        traced
    }

    fn asked(change: impl FnOnce(&mut Explanation), traced: &Traced) -> String {
        let mut answer = explanation();
        change(&mut answer);
        this_one(&answer, "lamp", traced, None)
    }

    fn subscribed(filters: &[&str]) -> Explanation {
        let one = explanation().matching.remove(0);
        let matching =
            filters.iter().map(|filter| SubscriptionInfo { filter: (*filter).into(), ..one.clone() });
        Explanation { matching: matching.collect(), ..explanation() }
    }

    #[test]
    fn what_the_broker_told_of_the_message_comes_before_what_is_now() {
        let how = "not delivered: it is away, and QoS 0 waits for nobody";
        let failed = traced(|traced| {
            let receiver = Receiver { client_id: "lamp".into(), how: how.into(), failed: true };
            traced.journey = Journey { receivers: vec![receiver], ..Journey::default() };
        });
        assert_eq!(asked(|_| {}, &failed), format!("It is in the list: {how}."));
    }

    #[test]
    fn who_is_not_subscribed_is_told_what_comes_nearest() {
        let traced = traced(|_| {});
        let none = |answer: &mut Explanation| answer.matching.clear();
        assert!(asked(none, &traced).contains("nor to anything like it"));
        let near = |answer: &mut Explanation| {
            answer.matching.clear();
            answer.nearest = Some("Lamp/set".into());
        };
        assert!(asked(near, &traced).contains("nearest is Lamp/set"));
        assert!(asked(|answer| answer.known = false, &traced).contains("no client of this name"));
    }

    #[test]
    fn who_came_or_subscribed_after_the_message_is_told_so() {
        let traced = traced(|_| {});
        assert_eq!(asked(|_| {}, &traced), "It subscribed to lamp/set only afterwards.");
        let mut late = client("lamp", true);
        late.since = 22 * SECOND;
        let says = this_one(&explanation(), "lamp", &traced, Some(&late));
        assert!(says.contains("12 s later") && says.contains("no session"), "{says}");
        late.session_present = true;
        assert!(this_one(&explanation(), "lamp", &traced, Some(&late)).contains("subscribed"));
    }

    #[test]
    fn a_member_of_a_share_is_told_whose_turn_it_was() {
        let share = subscribed(&["$share/g/lamp/#"]);
        let turn = traced(|traced| traced.turns = vec![("$share/g/lamp/#".into(), "other".into())]);
        assert!(this_one(&share, "lamp", &turn, None).ends_with("this one went to other."));
        assert!(this_one(&share, "lamp", &traced(|_| {}), None).contains("no member"));
        assert!(now(&share).contains("each in turn"));
        let both = subscribed(&["$share/g/lamp/#", "lamp/set"]);
        assert!(this_one(&both, "lamp", &turn, None).contains("subscribed to lamp/set only afterwards"));
    }

    #[test]
    fn what_is_not_known_of_a_message_is_not_claimed() {
        let more = traced(|traced| traced.journey.more = 3);
        let says = asked(|_| {}, &more);
        assert!(says.starts_with("It may be one of the 3") && says.contains("up to QoS 1"), "{says}");
        assert!(asked(|_| {}, &traced(|traced| traced.is_partial = true)).starts_with("What became"));
    }

    #[test]
    fn each_thing_that_stands_in_the_way_now_has_its_sentence() {
        let says = |change: fn(&mut Explanation)| {
            let mut answer = explanation();
            change(&mut answer);
            now(&answer)
        };
        assert!(says(|_| {}).contains("by its subscription to lamp/set, up to QoS 1"));
        assert!(
            says(|answer| answer.denied_by = Some("deny subscribe #".into())).contains("deny subscribe #")
        );
        assert!(says(|answer| answer.obstacles.push(NotDelivered::Away)).contains("waits for nobody"));
        assert!(says(|answer| answer.obstacles.push(NotDelivered::QueueFull)).contains("its queue is full"));
        assert!(says(|answer| answer.connected = false).contains("wait in its session"));
        assert!(says(|answer| answer.matching[0].no_local = true).contains("No Local"));
        assert!(says(|answer| answer.dropped = 7).ends_with("7 messages to it were dropped."));
    }
}
