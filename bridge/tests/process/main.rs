//! The `lacewing` binary from outside: started as a process, talked to over sockets.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod daemon;
mod http;
mod images;
mod native;
mod relay;
mod scram;
mod start_and_stop;
mod tab;
mod tab_users;
mod tls;
mod tls_certificates;
mod tls_hostile;
mod users;
mod vault;
mod websocket;
