//! A device's connection, as the relay sees it.

use bytes::{Buf, BytesMut};
use lacewing_broker::Listener;
use lacewing_link::{CloseCode, StreamId};

use crate::hub::Arrival;

/// What waits in either direction, and where it is to go.
#[derive(Debug)]
pub(crate) struct Device {
    /// Where its bytes go.
    pub(crate) road: Road,
    /// What it said and the link has not taken yet.
    pub(crate) said: BytesMut,
    /// What it is to hear and the socket has not taken yet.
    pub(crate) heard: BytesMut,
    /// Its socket is not read.
    pub(crate) paused: bool,
    /// Its socket is gone, and this is how; what it said is still to be sent.
    pub(crate) gone: Option<CloseCode>,
    /// Where it came in.
    pub(crate) listener: Listener,
    /// Its address.
    pub(crate) peer: String,
    /// The name in its verified client certificate.
    pub(crate) identity: Option<String>,
}

/// Where a device's bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Road {
    /// Nowhere yet: no tab is linked, and none is waited for after this time.
    Held(u64),
    /// To the linked tab.
    Stream(StreamId),
    /// Nowhere any more: its socket is being closed.
    Leaving,
}

impl Device {
    /// A device that has just connected.
    pub(crate) fn new(arrival: Arrival) -> Self {
        Self {
            road: Road::Held(0),
            said: BytesMut::new(),
            heard: BytesMut::new(),
            paused: false,
            gone: None,
            listener: arrival.listener,
            peer: arrival.peer,
            identity: arrival.identity,
        }
    }

    /// The link has taken the first `bytes` of what it said.
    pub(crate) fn said_has_gone(&mut self, bytes: usize) {
        if bytes == self.said.len() {
            // An idle device keeps no buffer.
            self.said = BytesMut::new();
        } else {
            self.said.advance(bytes);
        }
    }

    /// Nothing that it says counts from now on; what it is to hear is still written.
    pub(crate) fn leave(&mut self) {
        self.road = Road::Leaving;
        self.said = BytesMut::new();
    }
}
