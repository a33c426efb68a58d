//! Dialogues that were found by chance and made short. Each is played with every run of the tests.
//!
//! What a search prints can be pasted as it is; what most of them have in common may then be left to the functions at
//! the end.

use crate::dialogue::{Client, Dialogue, Hello, Setting, Size::*, Step, Step::*, Text, Will, Wish};
use crate::play::play;

#[test]
fn a_will_is_held_back_again_by_a_second_crash() {
    let will = Some(Will { topic: "a", qos: 0, retain: false, delay: 0, expiry: None });
    agree(
        Setting { durable: true, ..SETTING },
        vec![
            Connect { client: 0, hello: Hello { will, ..HELLO } },
            Crash { seconds: 0 },
            Crash { seconds: 4 },
            Pass { half_seconds: 12 },
            Pass { half_seconds: 12 },
        ],
    );
}

#[test]
fn a_member_of_two_shared_subscriptions_gets_a_message_by_each() {
    agree(
        SETTING,
        vec![
            Connect { client: 2, hello: Hello { v5: true, ..HELLO } },
            Subscribe { client: 2, id: Some(1), wish: wish("$share/h/+/b"), another: None },
            subscribe(2, "$share/k/#"),
            Publish { client: 2, text: Text { topic: "a/b", qos: 0, ..TEXT }, times: 1 },
        ],
    );
}

#[test]
fn what_is_sent_again_goes_on_behind_a_message_that_is_too_large_for_the_new_connection() {
    let smaller = Hello { v5: true, receive_maximum: 1, maximum_packet_size: 90, ..HELLO };
    agree(
        Setting { inflight: 5, ..SETTING },
        vec![
            Connect { client: 0, hello: HELLO },
            subscribe(0, "#"),
            Publish { client: 0, text: TEXT, times: 1 },
            Publish { client: 0, text: Text { size: Long, ..TEXT }, times: 1 },
            Publish { client: 0, text: TEXT, times: 1 },
            Connect { client: 0, hello: smaller },
        ],
    );
}

#[test]
fn a_message_that_is_retained_while_retained_messages_wait_comes_once() {
    agree(
        SETTING,
        vec![
            Connect { client: 0, hello: HELLO },
            Publish { client: 0, text: Text { topic: "b/b", retain: true, ..TEXT }, times: 1 },
            subscribe(0, "a"),
            Publish { client: 0, text: TEXT, times: 3 },
            subscribe(0, "a/#"),
            Publish { client: 0, text: Text { topic: "a/b", retain: true, ..TEXT }, times: 1 },
        ],
    );
}

#[test]
fn a_message_that_is_retained_and_in_flight_is_still_there_after_two_crashes() {
    agree(
        Setting { durable: true, inflight: 5, ..SETTING },
        vec![
            Connect { client: 0, hello: HELLO },
            subscribe(0, "#"),
            Publish { client: 0, text: Text { topic: "a/b", retain: true, ..TEXT }, times: 1 },
            Crash { seconds: 0 },
            Connect { client: 0, hello: HELLO },
            subscribe(0, "a/b"),
            Acknowledge { client: 0, which: 0, failing: false },
            Connect { client: 0, hello: HELLO },
            Crash { seconds: 0 },
        ],
    );
}

#[test]
fn a_session_that_a_crash_ends_leaves_its_share_to_a_member_that_is_away() {
    let (brief, passing) = (Hello { v5: true, expiry: 2, ..HELLO }, Hello { v5: true, ..HELLO });
    agree(
        Setting { durable: true, ..SETTING },
        vec![
            Connect { client: 0, hello: HELLO },
            Connect { client: 1, hello: brief },
            subscribe(0, "$share/k/#"),
            subscribe(1, "$share/k/#"),
            Publish { client: 0, text: TEXT, times: 2 },
            Drop { client: 1 },
            Connect { client: 0, hello: passing },
            Crash { seconds: 0 },
        ],
    );
}

#[test]
fn retained_messages_that_waited_behind_a_share_go_to_a_client_that_stalls() {
    agree(
        SETTING,
        vec![
            Connect { client: 1, hello: HELLO },
            Stall { client: 1 },
            subscribe(1, "$share/h/+/b"),
            Publish { client: 1, text: Text { topic: "b/b", retain: true, ..TEXT }, times: 3 },
            subscribe(1, "#"),
            Unsubscribe { client: 1, filter: "$share/h/+/b", known: true },
        ],
    );
}

#[test]
fn a_session_that_ends_before_its_will_is_due_takes_no_part_in_it() {
    let will = Some(Will { topic: "a", qos: 1, retain: false, delay: 3, expiry: None });
    agree(
        Setting { durable: true, ..SETTING },
        vec![
            Connect { client: 2, hello: Hello { v5: true, expiry: 2, will, ..HELLO } },
            subscribe(2, "$share/g/a/#"),
            Drop { client: 2 },
            Sleep { seconds: 9 },
        ],
    );
}

fn agree(setting: Setting, steps: Vec<Step>) {
    if let Err(problem) = play(&Dialogue { setting, steps }) {
        panic!("{problem}");
    }
}

/// As most of what was made short ends up.
const SETTING: Setting = Setting {
    durable: false,
    inflight: 2,
    receive_maximum: 5,
    keep_alive_maximum: 0,
    session_expiry_maximum: u32::MAX,
    splits: 0,
};

/// 3.1.1, with a session that stays.
const HELLO: Hello = Hello {
    v5: false,
    clean: false,
    expiry: 0,
    receive_maximum: 0,
    maximum_packet_size: 0,
    keep_alive: 0,
    will: None,
    resends: true,
};

/// QoS 1 to `a`.
const TEXT: Text =
    Text { topic: "a", qos: 1, retain: false, size: Short, expiry: None, adorned: false, alias: None };

fn wish(filter: &'static str) -> Wish {
    Wish { filter, qos: 1, no_local: false, retain_as_published: false, retain_handling: 0 }
}

fn subscribe(client: Client, filter: &'static str) -> Step {
    Subscribe { client, id: None, wish: wish(filter), another: None }
}
