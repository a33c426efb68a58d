//! Streams with credit over one ordered message channel, sans-IO.
//!
//! A [`Link`] carries many byte streams, one per MQTT connection, over a single channel of whole messages: a
//! WebSocket between bridge and tab, or a `MessagePort` between two workers. The frames are the same on both. The
//! host owns the channel and the clock; the link owns the bytes.
//!
//! ```
//! use lacewing_link::{BrokerId, Config, Event, Hello, Link, Listener, Open, Side};
//!
//! let mut tab = Link::new(Side::Dialler, Config::default(), 0);
//! let mut bridge = Link::new(Side::Acceptor, Config::default(), 0);
//! tab.hello(Hello::new(BrokerId([7; 16])).with_token("secret"))?;
//! bridge.receive(0, tab.transmit().expect("the HELLO"))?;
//! let Some(Event::Hello(hello)) = bridge.poll_event() else { panic!("HELLO is the first event") };
//! assert_eq!(hello.token, "secret"); // a real host compares in constant time
//! bridge.hello(Hello::new(hello.broker))?;
//!
//! let device = bridge.open(Open::new(Listener::Mqtt, "127.0.0.1:50312"))?;
//! bridge.send(device, b"\x10\x0c")?;
//! tab.receive(0, bridge.transmit().expect("HELLO, OPEN and DATA in one message"))?;
//! assert!(matches!(tab.poll_event(), Some(Event::Hello(_))));
//! let Some(Event::Opened { stream, .. }) = tab.poll_event() else { panic!("a stream") };
//! let Some(Event::Data { bytes, .. }) = tab.poll_event() else { panic!("its bytes") };
//! tab.consume(stream, bytes.len() as u32);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A host's turn
//!
//! 1. Give each arrived message to [`Link::receive`], then take every [`Event`] with [`Link::poll_event`]. An error
//!    ends the link: send what [`Link::transmit`] still has (it tells the peer why), then close the channel.
//! 2. [`Link::consume`] what was used, [`Link::send`] what there is, at most [`Link::writable`] bytes a stream.
//! 3. While the channel has room, send what [`Link::transmit`] returns.
//! 4. Call [`Link::tick`] when [`Link::poll_timeout`] has passed, after handling messages that already arrived.
//!
//! # Frames
//!
//! A message is a row of whole frames. Each is a type byte and its fields; integers are LEB128 varints of at most 32
//! bits, texts are UTF-8 with their length in front.
//!
//! | frame | fields | meaning |
//! |---|---|---|
//! | HELLO | version (2 bytes), body length, broker id, flags, limits, token, info | first frame of either side, once |
//! | OPEN | stream, listener, peer, identity or nothing | a new stream; the side decides the id's parity |
//! | DATA | stream, length, bytes | at least one byte, within the credit |
//! | CREDIT | stream, bytes | the receiver has used so many bytes |
//! | CLOSE | stream, code, text | the sender's direction ends here, after all its DATA |
//! | RESET | stream, code, text | the sender has dropped the stream, both directions |
//! | DONE | stream | from the side that did not open it, its last frame: the id is free again |
//! | PING, PONG | | an answer is asked for, and given |
//! | GOODBYE | code, text | the last frame: why the link ends |
//!
//! # Credit
//!
//! Bytes that were sent and not yet given back by CREDIT count against the stream's own limit
//! ([`Config::stream_credit`]). The first [`Config::stream_reserve`] of them belong to the stream; those above it
//! count against one pool for the whole link ([`Config::connection_credit`]). So a few slow streams can fill the
//! pool, and every other stream still moves. What a receiver may have to hold is the pool, and the reserve for each
//! open stream. Either side states its limits in HELLO and both keep to the smaller of the two.

mod config;
mod credit;
mod error;
mod event;
mod frame;
mod hello;
mod link;
mod liveness;
mod open;
mod reason;
mod receive;
mod stream;
mod streams;
mod transmit;
mod varint;

pub use config::Config;
pub use error::{HelloError, LinkError, OpenError, SendError};
pub use event::Event;
pub use hello::{BrokerId, Hello, VERSION};
pub use link::{Link, Side};
pub use open::{Listener, Open};
pub use reason::{CloseCode, CloseReason};
pub use streams::StreamId;
