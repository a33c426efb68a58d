//! One MQTT client session, sans-IO.
//!
//! A [`Client`] holds the session; the host owns the transport and the clock and hands both in: bytes as they arrive,
//! the time as microseconds of a monotonic clock. The client answers with [`Output`]s and with the bytes to send.
//!
//! ```
//! use bytes::BytesMut;
//! use lacewing_client::{Client, Message, Options, Output};
//! use lacewing_protocol::{ProtocolVersion, QoS, TopicName, Utf8String};
//!
//! let id = Utf8String::try_from("thermometer")?;
//! let mut client = Client::new(Options::new(ProtocolVersion::V5_0, id));
//! client.start(0);
//! assert_eq!(client.poll_output(), Some(Output::Dial));
//!
//! // The host opens a transport, and some milliseconds later:
//! client.connected(5_000);
//! let mut bytes = BytesMut::new();
//! client.transmit(5_000, 64 * 1024, &mut bytes);
//! assert_eq!(bytes[0], 0x10, "CONNECT goes first");
//!
//! // This waits until the server has accepted the connection.
//! let topic = TopicName::try_from("home/livingroom/temperature")?;
//! client.publish(6_000, Message::new(topic, "20.4").qos(QoS::AtLeastOnce).retained())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod backoff;
mod client;
mod connection;
mod event;
mod incoming;
mod keep_alive;
mod options;
mod outgoing;
mod packet_ids;
mod packets;
mod subscriptions;

pub use client::Client;
pub use event::{Cause, Connected, DropCause, Event, Message, Output, QueueFull, State, Token};
pub use options::{Backoff, Options, QueueLimits};
