//! What the broker keeps of a client, from one connection to the next (§4.1).

use std::collections::BTreeMap;
use std::rc::Rc;

use lacewing_protocol::{PacketId, ProtocolVersion, TopicFilter};

use crate::connection::ConnKey;
use crate::incoming::Incoming;
use crate::message::Message;
use crate::queue::Queue;
use crate::retained_delivery::RetainedDelivery;
use crate::subscription_list::SubscriptionList;
use crate::window::Window;
use crate::{Ending, Listener};

/// A session, of a client that is here or away.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client_id: Rc<str>,
    /// Counts the broker's sessions; never used again, also not after a restart.
    pub(crate) serial: u64,
    /// The client's connection while it is here.
    pub(crate) conn: Option<ConnKey>,
    pub(crate) version: ProtocolVersion,
    /// Seconds it outlives its connection; `u32::MAX` is for ever (§3.1.2.11.2).
    pub(crate) expiry: u32,
    /// Whether there are records of it.
    pub(crate) durable: bool,
    /// It has ended and is being taken apart.
    pub(crate) ended: bool,
    /// Since when the client is here or away, Unix microseconds.
    pub(crate) since: u64,
    pub(crate) subscriptions: SubscriptionList,
    /// Absent until a message with QoS 1 or 2 comes or goes.
    pub(crate) transit: Option<Box<Transit>>,
    pub(crate) will: Option<Box<Will>>,
    /// Who it is and where it came from, the last time.
    pub(crate) origin: Origin,
}

/// The client behind a session, the last time it was here.
#[derive(Debug, Default)]
pub(crate) struct Origin {
    pub(crate) listener: Listener,
    pub(crate) peer: Box<str>,
    pub(crate) user: Option<Box<str>>,
    /// Whether a certificate says who it is.
    pub(crate) certified: bool,
    /// Under which rules it came in.
    pub(crate) edition: u32,
    pub(crate) keep_alive: u16,
    /// Whether its session was there when it came.
    pub(crate) session_present: bool,
    pub(crate) ended: Option<Ending>,
    pub(crate) last_heard: u64,
    /// Messages to it that were dropped.
    pub(crate) dropped: u32,
    /// How many of them have been reported.
    pub(crate) reported: u32,
}

/// A will and when it is due (§3.1.2.5).
#[derive(Debug)]
pub(crate) struct Will {
    pub(crate) message: Rc<Message>,
    /// Seconds between the loss of the client and its publication.
    pub(crate) delay: u32,
    /// Seconds the message lives once it is published.
    pub(crate) expiry: Option<u32>,
    /// A crash took the connection: a client that is back in time goes on without this will, whatever it asked for.
    pub(crate) crashed: bool,
}

/// QoS 1 and 2 on their way.
#[derive(Debug, Default)]
pub(crate) struct Transit {
    /// Sent to the client and not yet acknowledged.
    pub(crate) window: Window,
    /// Yet to be sent to the client.
    pub(crate) queue: Queue,
    /// QoS 2 messages from the client that it has not yet released [MQTT-4.3.3-9].
    pub(crate) incoming: Incoming,
    /// The order of the next message to the client.
    pub(crate) next_order: u64,
    /// After a reconnect: from which identifier on the window is still to be sent again.
    pub(crate) resend_from: Option<PacketId>,
    /// Of those only messages are left: each PUBREL was sent again.
    pub(crate) releases_resent: bool,
    /// Retained messages that are still to be delivered, by subscription: one made again starts anew.
    pub(crate) retained: BTreeMap<TopicFilter, RetainedDelivery>,
    /// A job for them is in line.
    pub(crate) pumping: bool,
}

impl Session {
    /// The transit, made when it is first needed.
    pub(crate) fn transit_mut(&mut self) -> &mut Transit {
        self.transit.get_or_insert_default()
    }

    /// Whether a QoS 1 or 2 message need not wait: nothing is before it, and less than `window` are in flight.
    pub(crate) fn can_be_sent_to(&self, window: u16) -> bool {
        self.transit.as_ref().is_none_or(|transit| {
            transit.queue.is_empty() && transit.resend_from.is_none() && transit.window.has_room(window)
        })
    }

    /// How many messages wait for the client.
    pub(crate) fn queued(&self) -> u32 {
        self.transit.as_ref().map_or(0, |transit| u32::try_from(transit.queue.len()).unwrap_or(u32::MAX))
    }

    /// Lets the memory go when nothing is on its way.
    pub(crate) fn rest(&mut self) {
        let idle = |transit: &Transit| {
            transit.queue.is_empty()
                && transit.window.len() == 0
                && transit.incoming.is_empty()
                && transit.retained.is_empty()
                && transit.queue.capacity() + transit.window.capacity() > 64
        };
        if let Some(transit) = self.transit.as_deref_mut().filter(|transit| idle(transit)) {
            transit.queue.shrink();
            transit.window.shrink();
        }
    }
}
