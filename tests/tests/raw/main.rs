//! The specifications' chapters as bytes on sockets, written by hand: what a broker hears, and what it has to say and do.
//!
//! Nothing here uses the project's own codec. Each test has a `lacewing --broker native` of its own.

#![allow(clippy::print_stderr, reason = "which case of a table it was is shown when it fails")]

mod connect;
mod deliver;
mod format;
mod limits;
mod properties;
mod publish;
mod subscribe;
mod text;
mod websocket;
mod wire;
