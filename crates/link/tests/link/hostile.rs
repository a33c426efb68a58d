//! A peer that breaks the rules.

use bytes::Bytes;
use lacewing_link::{CloseCode, Config, Event, LinkError, Side};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::pair::{Pair, hello};

/// What the bridge says to `message` from a tab that has said its HELLO and may open two streams.
fn refusal(message: &[u8]) -> LinkError {
    let mut pair = Pair::greeted(&Config { max_streams: 2, ..Config::default() });
    let error = pair.bridge.link.receive(0, Bytes::copy_from_slice(message)).expect_err("a refusal");
    assert!(pair.bridge.link.is_over());
    pair.settle();
    assert_eq!(pair.tab.event(), Event::Goodbye { reason: error.reason() }, "the peer is told why");
    assert_eq!(error.reason().code, CloseCode::ProtocolError);
    error
}

const OPEN_0: &[u8] = b"\x02\x00\x00\x01x\x00";
const OPEN_2: &[u8] = b"\x02\x02\x00\x01x\x00";

fn opened(rest: &[u8]) -> Vec<u8> {
    [OPEN_0, rest].concat()
}

#[test]
fn each_broken_rule_has_its_words() {
    assert_eq!(refusal(&[0; 70_000]), LinkError::MessageTooLong { len: 70_000, max: 65_536 });
    assert_eq!(refusal(b"\x77"), LinkError::UnknownFrame(0x77));
    assert_eq!(refusal(b"\x02\x00"), LinkError::Truncated);
    assert_eq!(refusal(b"\x07\xff\xff\xff\xff\xff"), LinkError::Varint);
    assert!(matches!(refusal(b"\x02\x00\x00\x02\xff\xff"), LinkError::Text(_)));
    let long_name = [b"\x02\x00\x00\x81\x02".as_slice(), &[b'x'; 257]].concat();
    assert!(matches!(refusal(&long_name), LinkError::Text(_)));
    let long_identity = [b"\x02\x00\x00\x01x\x81\x02".as_slice(), &[b'x'; 257]].concat();
    assert!(matches!(refusal(&long_identity), LinkError::Text(_)));

    assert_eq!(refusal(b"\x02\x01\x00\x00\x00"), LinkError::BadStream { stream: 1 }, "a number of ours");
    assert_eq!(refusal(&opened(OPEN_0)), LinkError::BadStream { stream: 0 }, "a number in use");
    assert_eq!(refusal(OPEN_2), LinkError::BadStream { stream: 2 }, "a number is left out");
    let third = [OPEN_0, OPEN_2, b"\x02\x04\x00\x01x\x00"].concat();
    assert_eq!(refusal(&third), LinkError::TooManyStreams { max: 2 });

    for frame in
        [b"\x03\x02\x01x".as_slice(), b"\x04\x02\x01", b"\x05\x02\x00\x00", b"\x06\x02\x00\x00", b"\x07\x02"]
    {
        assert_eq!(refusal(&opened(frame)), LinkError::UnknownStream { stream: 2 });
    }
    assert_eq!(refusal(&opened(b"\x03\x00\x00")), LinkError::Empty { stream: 0 });
    assert_eq!(refusal(&opened(b"\x04\x00\x00")), LinkError::Empty { stream: 0 });
    assert_eq!(refusal(&opened(b"\x04\x00\x05")), LinkError::CreditUnearned { stream: 0, bytes: 5, sent: 0 });
    assert_eq!(refusal(&opened(b"\x05\x00\x00\x00\x03\x00\x01x")), LinkError::OutOfOrder { stream: 0 });
    assert_eq!(refusal(&opened(b"\x05\x00\x00\x00\x05\x00\x00\x00")), LinkError::OutOfOrder { stream: 0 });
    assert_eq!(refusal(&opened(b"\x06\x00\x00\x00\x06\x00\x00\x00")), LinkError::OutOfOrder { stream: 0 });
    assert_eq!(refusal(&opened(b"\x06\x00\x00\x00\x03\x00\x01x")), LinkError::OutOfOrder { stream: 0 });
    assert_eq!(refusal(&opened(b"\x07\x00")), LinkError::OutOfOrder { stream: 0 }, "DONE is ours to send");
}

#[test]
fn more_data_than_credit_ends_the_link() {
    let mut pair = Pair::greeted(&Config::default());
    let data = |len: usize| Bytes::from([b"\x03\x00\x80\x80\x02".as_slice(), &vec![0; len]].concat());
    pair.bridge.link.receive(0, Bytes::from_static(OPEN_0)).unwrap();
    pair.bridge.link.receive(0, data(32 << 10)).unwrap();
    pair.bridge.link.receive(0, data(32 << 10)).unwrap();
    assert_eq!(
        pair.bridge.link.receive(0, data(32 << 10)),
        Err(LinkError::CreditExceeded { stream: 0, len: 32 << 10, credit: 0 })
    );
}

#[test]
fn frames_before_the_hellos_are_refused() {
    let mut pair = Pair::new(&Config::default());
    assert_eq!(pair.bridge.link.receive(0, Bytes::from_static(OPEN_0)), Err(LinkError::TooEarly));

    let mut pair = Pair::new(&Config::default());
    pair.tab.link.hello(hello()).unwrap();
    pair.settle();
    assert_eq!(
        pair.bridge.link.receive(0, Bytes::from_static(OPEN_0)),
        Err(LinkError::TooEarly),
        "the bridge has not said its own"
    );
}

#[test]
fn a_second_hello_is_refused() {
    let mut pair = Pair::new(&Config::default());
    pair.tab.link.hello(hello()).unwrap();
    let message = pair.tab.link.transmit().unwrap();
    pair.bridge.link.receive(0, message.clone()).unwrap();
    assert!(matches!(pair.bridge.link.receive(0, message), Err(LinkError::Hello(_))));
}

#[test]
fn a_hello_with_limits_that_could_stall_is_refused() {
    let hello_with = |limits: &[u8]| {
        let body = [&[0; 17], limits, b"\x00\x00"].concat();
        Bytes::from([b"\x01\x00\x02".as_slice(), &[body.len() as u8], &body].concat())
    };
    // Longest message, stream credit, reserve, connection credit, streams.
    let good = b"\x80\x20\x80\x08\x80\x08\x00\x01";
    assert_eq!(Pair::new(&Config::default()).bridge.link.receive(0, hello_with(good)), Ok(()));
    for bad in [
        b"\xff\x1f\x80\x08\x80\x08\x00\x01".as_slice(),
        b"\x80\x20\xff\x07\x80\x08\x00\x01",
        b"\x80\x20\x80\x08\xff\x07\x00\x01",
        b"\x80\x20\x80\x08\x80\x08\x00\x00",
    ] {
        let refused = Pair::new(&Config::default()).bridge.link.receive(0, hello_with(bad));
        assert!(matches!(refused, Err(LinkError::Hello(_))), "{bad:?}");
    }
}

#[test]
fn after_the_end_messages_are_ignored() {
    let mut pair = Pair::greeted(&Config::default());
    pair.bridge.link.receive(0, Bytes::from_static(b"\xff")).unwrap_err();
    assert_eq!(pair.bridge.link.receive(0, Bytes::from_static(b"\xff")), Ok(()));
    assert!(pair.bridge.link.poll_event().is_none());
}

/// A host that answers everything: echoes, closes, opens, and forgets to consume every third time.
fn serve(pair: &mut Pair, messages: impl IntoIterator<Item = Bytes>) {
    let config = Config { max_streams: 8, ..Config::default() };
    let mut unused = 0u64;
    for (n, message) in messages.into_iter().enumerate() {
        if pair.bridge.link.receive(0, message).is_err() {
            break;
        }
        let link = &mut pair.bridge.link;
        while let Some(event) = link.poll_event() {
            match event {
                Event::Opened { stream, .. } if n % 2 == 0 => {
                    let _ = link.open(lacewing_link::Open::new(lacewing_link::Listener::Page, "echo"));
                    let _ = link.send(stream, b"welcome");
                }
                Event::Data { stream, bytes } => {
                    let _ = link.send(stream, &bytes);
                    match n % 3 {
                        0 => unused += bytes.len() as u64,
                        _ => link.consume(stream, bytes.len() as u32),
                    }
                }
                Event::Closed { stream, reason } => link.close(stream, reason),
                _ => {}
            }
        }
        assert!(link.streams() <= 2 * config.max_streams);
        let bound = u64::from(config.connection_credit + config.max_streams * 2 * config.stream_credit);
        assert!(link.queued() <= bound && unused <= bound + (n as u64 + 1) * u64::from(config.max_message));
        if n % 4 != 3 {
            while link.transmit().is_some() {}
        }
    }
    while pair.bridge.link.transmit().is_some() {}
}

/// Messages of an honest tab that opens, sends, closes and resets.
fn honest_messages() -> Vec<Bytes> {
    let mut pair = Pair::greeted(&Config { max_streams: 8, ..Config::default() });
    let mut messages = Vec::new();
    for n in 0..4u8 {
        let stream = pair.tab.open();
        pair.tab.send(stream, &[n; 300]);
        messages.extend(pair.tab.link.transmit());
        pair.tab.send(stream, &[n; 5000]);
        match n % 2 {
            0 => pair.tab.link.close(stream, CloseCode::Ended),
            _ => pair.tab.link.reset(stream, CloseCode::Aborted),
        }
        messages.extend(pair.tab.link.transmit());
    }
    messages
}

/// Frames that are well formed, with numbers that are often in use.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let number = 0..6u8;
    prop_oneof![
        number.clone().prop_map(|n| vec![0x02, n, 0, 1, b'x']),
        (number.clone(), 1..100u8)
            .prop_map(|(n, len)| [&[0x03, n, len], vec![0; len.into()].as_slice()].concat()),
        (number.clone(), 1..100u8).prop_map(|(n, len)| vec![0x04, n, len]),
        (0x05..0x07u8, number.clone()).prop_map(|(kind, n)| vec![kind, n, 0, 0]),
        number.prop_map(|n| vec![0x07, n]),
        (0x08..0x0au8).prop_map(|kind| vec![kind]),
    ]
}

fn greeted() -> Pair {
    Pair::greeted(&Config { max_streams: 8, ..Config::default() })
}

proptest! {
    #[test]
    fn no_bytes_make_a_link_panic(messages in vec(vec(any::<u8>(), 0..200), 1..20)) {
        serve(&mut greeted(), messages.iter().cloned().map(Bytes::from));
        serve(&mut Pair::new(&Config::default()), messages.into_iter().map(Bytes::from));
    }

    #[test]
    fn no_order_of_frames_makes_a_link_panic(messages in vec(vec(frame(), 1..8), 1..40)) {
        serve(&mut greeted(), messages.into_iter().map(|frames| frames.concat().into()));
    }

    #[test]
    fn no_damage_to_honest_messages_makes_a_link_panic(
        damage in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..6),
    ) {
        let mut messages: Vec<Vec<u8>> = honest_messages().iter().map(|message| message.to_vec()).collect();
        for (which, at, byte, kind) in damage {
            let which = which.index(messages.len());
            let message = &mut messages[which];
            if message.is_empty() {
                continue;
            }
            let at = at.index(message.len());
            match kind {
                0 => message[at] = byte,
                1 => message.truncate(at),
                2 => message.insert(at, byte),
                _ => {
                    let again = message.clone();
                    messages.push(again);
                }
            }
        }
        serve(&mut greeted(), messages.into_iter().map(Bytes::from));
    }
}

#[test]
fn the_honest_messages_are_accepted_undamaged() {
    let mut pair = greeted();
    for message in honest_messages() {
        pair.bridge.arriving.push_back(message);
        pair.arrive(Side::Acceptor);
    }
    assert!(!pair.bridge.link.is_over());
}
