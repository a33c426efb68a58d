//! Dialogues by chance.

use proptest::prelude::*;
use proptest::sample::select;

use crate::dialogue::*;

/// A dialogue of up to 80 steps.
pub(crate) fn dialogue() -> impl Strategy<Value = Dialogue> {
    let first = prop::collection::vec(prop::option::weighted(0.9, hello()), usize::from(CLIENTS));
    (setting(), first, prop::collection::vec(step(), 1..80)).prop_map(|(setting, hellos, steps)| {
        // Somebody is there from the start.
        let connects = (0..CLIENTS).zip(hellos);
        let connects = connects.filter_map(|(client, hello)| Some(Step::Connect { client, hello: hello? }));
        Dialogue { setting, steps: connects.chain(steps).collect() }
    })
}

fn setting() -> impl Strategy<Value = Setting> {
    let session_expiry_maximum = prop_oneof![3 => Just(u32::MAX), 1 => Just(8)];
    let keep_alive_maximum = prop_oneof![3 => Just(0), 1 => Just(6)];
    (any::<bool>(), select(vec![2, 5, 1024]), select(vec![2, 5, 1024]), keep_alive_maximum).prop_flat_map(
        move |(durable, inflight, receive_maximum, keep_alive_maximum)| {
            (session_expiry_maximum.clone(), any::<u32>()).prop_map(
                move |(session_expiry_maximum, splits)| Setting {
                    durable,
                    inflight,
                    receive_maximum,
                    keep_alive_maximum,
                    session_expiry_maximum,
                    splits,
                },
            )
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let connections = prop_oneof![
        6 => (client(), hello()).prop_map(|(client, hello)| Step::Connect { client, hello }),
        2 => client().prop_map(|client| Step::Drop { client }),
        1 => client().prop_map(|client| Step::DropMidway { client }),
        2 => (client(), any::<bool>(), prop::option::weighted(0.3, 0..4u32)).prop_map(
            |(client, with_will, expiry)| Step::Disconnect { client, with_will, expiry }
        ),
    ];
    let requests = prop_oneof![
        10 => (client(), id(), wish(), prop::option::weighted(0.3, wish())).prop_map(
            |(client, id, wish, another)| Step::Subscribe { client, id, wish, another }
        ),
        2 => (client(), filter(), prop::bool::weighted(0.8)).prop_map(
            |(client, filter, known)| Step::Unsubscribe { client, filter, known }
        ),
        20 => (client(), text(), prop_oneof![4 => Just(1u8), 1 => 2..5u8]).prop_map(
            |(client, text, times)| Step::Publish { client, text, times }
        ),
        1 => client().prop_map(|client| Step::Ping { client }),
    ];
    let answers = prop_oneof![
        8 => (client(), 0..4u8, prop::bool::weighted(0.1)).prop_map(
            |(client, which, failing)| Step::Acknowledge { client, which, failing }
        ),
        4 => client().prop_map(|client| Step::AcknowledgeAll { client }),
        3 => client().prop_map(|client| Step::Release { client }),
        1 => client().prop_map(|client| Step::Again { client }),
    ];
    let world = prop_oneof![
        2 => client().prop_map(|client| Step::Stall { client }),
        2 => client().prop_map(|client| Step::Flow { client }),
        6 => (1..14u16).prop_map(|half_seconds| Step::Pass { half_seconds }),
        2 => (1..12u32).prop_map(|seconds| Step::Sleep { seconds }),
        1 => client().prop_map(|client| Step::Kick { client }),
        2 => client().prop_map(|client| Step::EndSession { client }),
        1 => text().prop_map(|text| Step::Announce { text }),
        1 => select(&FILTERS[..12]).prop_map(|filter| Step::DropRetained { filter }),
        1 => rules().prop_map(|rules| Step::Rules { rules }),
        3 => Just(Step::Withhold),
        2 => (0..4u8).prop_map(|leave| Step::Commit { leave }),
        2 => Just(Step::Settle),
        2 => (0..12u16).prop_map(|seconds| Step::Crash { seconds }),
    ];
    prop_oneof![12 => connections, 34 => requests, 18 => answers, 18 => world]
}

fn client() -> impl Strategy<Value = Client> {
    0..CLIENTS
}

fn qos() -> impl Strategy<Value = u8> {
    prop_oneof![1 => Just(0u8), 2 => Just(1), 2 => Just(2)]
}

fn id() -> impl Strategy<Value = Option<u32>> {
    prop::option::weighted(0.6, select(vec![1, 2, 200]))
}

fn hello() -> impl Strategy<Value = Hello> {
    let limits = (
        prop_oneof![2 => Just(0u16), 3 => 1..4u16],
        prop_oneof![5 => Just(0u32), 1 => Just(90)],
        prop_oneof![3 => Just(0u16), 1 => 2..5u16],
    );
    let expiry = prop_oneof![1 => Just(0u32), 2 => 2..12u32, 2 => Just(u32::MAX)];
    (
        prop::bool::weighted(0.7),
        prop::bool::weighted(0.3),
        expiry,
        limits,
        prop::option::weighted(0.4, will()),
        prop::bool::weighted(0.8),
    )
        .prop_map(
            |(v5, clean, expiry, (receive_maximum, maximum_packet_size, keep_alive), will, resends)| Hello {
                v5,
                clean,
                expiry,
                receive_maximum,
                maximum_packet_size,
                keep_alive,
                will,
                resends,
            },
        )
}

fn will() -> impl Strategy<Value = Will> {
    let expiry = prop::option::weighted(0.3, 1..6u32);
    (select(&TOPICS[..]), qos(), prop::bool::weighted(0.3), prop_oneof![Just(0), 1..8u32], expiry)
        .prop_map(|(topic, qos, retain, delay, expiry)| Will { topic, qos, retain, delay, expiry })
}

fn wish() -> impl Strategy<Value = Wish> {
    let options = (
        qos(),
        prop::bool::weighted(0.2),
        any::<bool>(),
        prop_oneof![3 => Just(0u8), 1 => Just(1), 1 => Just(2)],
    );
    (filter(), options).prop_map(|(filter, (qos, no_local, retain_as_published, retain_handling))| {
        // A shared subscription with No Local is a protocol error [MQTT-3.8.3-4].
        let no_local = no_local && !filter.starts_with("$share/");
        Wish { filter, qos, no_local, retain_as_published, retain_handling }
    })
}

/// Those that match much, more often: shared subscriptions with several members, overlapping ones.
fn filter() -> impl Strategy<Value = &'static str> {
    prop_oneof![2 => select(&FILTERS[..]), 1 => select(&["#", "$share/g/a/#", "$share/k/#"][..])]
}

fn rules() -> impl Strategy<Value = [Option<&'static str>; 2]> {
    let rule = || prop::option::weighted(0.6, select(&RULES[..]));
    prop_oneof![1 => Just([None, None]), 1 => [rule(), rule()]]
}

fn text() -> impl Strategy<Value = Text> {
    let size = prop_oneof![8 => Just(Size::Short), 1 => Just(Size::Empty), 2 => Just(Size::Long)];
    let expiry = prop::option::weighted(0.25, 1..8u32);
    let alias = prop::option::weighted(0.2, 1..3u16);
    (select(&TOPICS[..]), qos(), prop::bool::weighted(0.25), size, expiry, prop::bool::weighted(0.3), alias)
        .prop_map(|(topic, qos, retain, size, expiry, adorned, alias)| Text {
            topic,
            qos,
            retain,
            size,
            expiry,
            adorned,
            alias,
        })
}
