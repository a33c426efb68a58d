//! Dialogues that were found by chance and made short. Each is played with every run of the tests.

use crate::dialogue::{Dialogue, Hello, Setting, Size::*, Step::*, Text, Will, Wish};
use crate::play::play;

fn agree(dialogue: &Dialogue) {
    if let Err(problem) = play(dialogue) {
        panic!("{problem}");
    }
}

#[test]
fn a_will_is_held_back_again_by_a_second_crash() {
    agree(&Dialogue {
        setting: Setting {
            durable: true,
            inflight: 2,
            receive_maximum: 2,
            keep_alive_maximum: 0,
            session_expiry_maximum: 4294967295,
            splits: 0,
        },
        steps: vec![
            Connect {
                client: 0,
                hello: Hello {
                    v5: false,
                    clean: false,
                    expiry: 0,
                    receive_maximum: 0,
                    maximum_packet_size: 0,
                    keep_alive: 0,
                    will: Some(Will { topic: "a", qos: 0, retain: false, delay: 0, expiry: None }),
                    resends: false,
                },
            },
            Crash { seconds: 0 },
            Crash { seconds: 4 },
            Pass { half_seconds: 12 },
            Pass { half_seconds: 12 },
        ],
    });
}

#[test]
fn a_member_of_two_shared_subscriptions_gets_a_message_by_each() {
    agree(&Dialogue {
        setting: Setting {
            durable: false,
            inflight: 2,
            receive_maximum: 2,
            keep_alive_maximum: 0,
            session_expiry_maximum: 4294967295,
            splits: 0,
        },
        steps: vec![
            Connect {
                client: 2,
                hello: Hello {
                    v5: true,
                    clean: false,
                    expiry: 0,
                    receive_maximum: 0,
                    maximum_packet_size: 0,
                    keep_alive: 0,
                    will: None,
                    resends: false,
                },
            },
            Subscribe {
                client: 2,
                id: Some(1),
                wish: Wish {
                    filter: "$share/h/+/b",
                    qos: 1,
                    no_local: false,
                    retain_as_published: false,
                    retain_handling: 0,
                },
                another: None,
            },
            Subscribe {
                client: 2,
                id: None,
                wish: Wish {
                    filter: "$share/k/#",
                    qos: 1,
                    no_local: false,
                    retain_as_published: false,
                    retain_handling: 0,
                },
                another: None,
            },
            Publish {
                client: 2,
                text: Text {
                    topic: "a/b",
                    qos: 0,
                    retain: false,
                    size: Short,
                    expiry: None,
                    adorned: false,
                    alias: None,
                },
                times: 1,
            },
        ],
    });
}

#[test]
fn what_is_sent_again_goes_on_behind_a_message_that_is_too_large_for_the_new_connection() {
    let hello = |v5, receive_maximum, maximum_packet_size| Hello {
        v5,
        clean: false,
        expiry: 0,
        receive_maximum,
        maximum_packet_size,
        keep_alive: 0,
        will: None,
        resends: false,
    };
    let text =
        |size| Text { topic: "a", qos: 1, retain: false, size, expiry: None, adorned: false, alias: None };
    agree(&Dialogue {
        setting: Setting {
            durable: false,
            inflight: 5,
            receive_maximum: 2,
            keep_alive_maximum: 0,
            session_expiry_maximum: 4294967295,
            splits: 0,
        },
        steps: vec![
            Connect { client: 0, hello: hello(false, 0, 0) },
            Subscribe {
                client: 0,
                id: None,
                wish: Wish {
                    filter: "#",
                    qos: 1,
                    no_local: false,
                    retain_as_published: false,
                    retain_handling: 0,
                },
                another: None,
            },
            Publish { client: 0, text: text(Short), times: 1 },
            Publish { client: 0, text: text(Long), times: 1 },
            Publish { client: 0, text: text(Short), times: 1 },
            Connect { client: 0, hello: hello(true, 1, 90) },
        ],
    });
}
