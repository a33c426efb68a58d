//! A peer that sends anything, first as a stranger or after an honest HELLO: the link never panics and keeps within
//! its bounds. Each message is a length byte and its bytes; the length's top bit says whether the host transmits.

use bytes::Bytes;
use lacewing_link::{BrokerId, Config, Event, Hello, Link, Listener, Open, Side};

/// One conversation: a byte that says whether there was an honest HELLO, then messages.
pub fn run(data: &[u8]) {
    let Some((&first, mut rest)) = data.split_first() else { return };
    let config = Config {
        max_streams: 4,
        connection_credit: 4096,
        stream_credit: 2048,
        stream_reserve: 1024,
        ..Config::default()
    };
    let mut link = Link::new(Side::Acceptor, config.clone(), 0);
    if first & 1 == 0 {
        greet(&mut link, &config);
    }
    let mut now = 0;
    while let Some((&head, tail)) = rest.split_first() {
        let (message, tail) = tail.split_at(tail.len().min((head & 0x7f).into()));
        rest = tail;
        now += 100_000;
        if link.receive(now, Bytes::copy_from_slice(message)).is_err() || link.tick(now).is_err() {
            break;
        }
        while let Some(event) = link.poll_event() {
            serve(&mut link, event);
        }
        assert!(link.streams() <= 2 * config.max_streams);
        assert!(link.queued() <= u64::from(config.connection_credit + 8 * config.stream_reserve));
        while head >= 0x80
            && let Some(message) = link.transmit()
        {
            assert!(message.len() <= config.max_message as usize);
        }
    }
    while link.transmit().is_some() {}
}

fn greet(link: &mut Link, config: &Config) {
    let mut tab = Link::new(Side::Dialler, config.clone(), 0);
    tab.hello(Hello::new(BrokerId::default())).expect("HELLO is the first");
    link.receive(0, tab.transmit().expect("HELLO")).expect("an honest HELLO");
    link.hello(Hello::new(BrokerId::default())).expect("HELLO is the first");
    link.transmit().expect("HELLO");
}

/// A host that opens as many streams as it is asked for, echoes, and uses most of what it gets.
fn serve(link: &mut Link, event: Event) {
    match event {
        Event::Hello(hello) => drop(link.hello(hello)),
        Event::Opened { open, .. } => drop(link.open(Open::new(Listener::Page, open.peer))),
        Event::Data { stream, bytes } => {
            let fits = bytes.len().min(link.writable(stream) as usize);
            drop(link.send(stream, &bytes[..fits]));
            link.consume(stream, bytes.len() as u32 - u32::from(bytes[0] & 1));
        }
        Event::Closed { stream, reason } if reason.text.is_empty() => link.close(stream, reason),
        Event::Closed { stream, reason } => link.reset(stream, reason),
        Event::Writable { stream } => drop(link.send(stream, b"more")),
        Event::Reset { .. } | Event::Goodbye { .. } => {}
    }
}
