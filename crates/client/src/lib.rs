//! One MQTT client session, sans-IO.
//!
//! A [`Client`] holds the session; the host owns the transport and the clock and hands both in: bytes as they arrive,
//! the time as microseconds of a monotonic clock. The client answers with [`Output`]s and with the bytes to send.

mod event;
mod options;

pub use event::{Cause, Connected, DropCause, Event, Message, Output, QueueFull, State, Token};
pub use options::{Backoff, Options, QueueLimits};
