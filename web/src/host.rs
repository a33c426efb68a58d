//! What the workers do, without JavaScript: the broker with its channels, home and road to the bridge; its store; the page's clients and model.
//!
//! Like the core they take inputs with their time and are polled for outputs, so that all of it runs in native tests; `worker` wires them to
//! ports, sockets and timers.

mod admission;
mod bridge;
mod broker;
mod client;
mod conn;
mod errands;
mod keeping;
mod member;
mod replacing;
mod service;
mod start;
mod store;
mod store_port;

pub use bridge::{Bridge, Dial};
pub use broker::{BrokerHost, ChannelId, Output, Setup};
pub use client::{ClientHost, Moment, Output as ClientOutput};
pub use start::{Start, StartOutput};
pub use store::StoreHost;
pub use store_port::{FromStore, ToStore, hear, say};

#[cfg(test)]
mod tests;
