//! What the model wants done.

use super::Errand;
use crate::wire::Login;
use bytes::Bytes;
use lacewing_control::Request;
use lacewing_protocol::{PublishProperties, QoS, SubscriptionOptions, TopicFilter, TopicName};

/// The page is two MQTT clients, so that what is looked at does not mix with what the house shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The phone app: it draws the house and uses its controls.
    Phone,
    /// The client behind the stream of messages and the composer.
    Messages,
}

/// Something for the client worker to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Subscribe a client; tell the model with [`super::Model::subscribed`] what the broker answered.
    Subscribe {
        /// Which client.
        client: Who,
        /// To what.
        filter: TopicFilter,
        /// How.
        options: SubscriptionOptions,
    },
    /// Unsubscribe a client.
    Unsubscribe {
        /// Which client.
        client: Who,
        /// From what.
        filter: TopicFilter,
    },
    /// Publish.
    Publish {
        /// Which client publishes.
        client: Who,
        /// Why; [`super::Model::posted`] is to be told with it what became of it.
        errand: Errand,
        /// Where.
        topic: TopicName,
        /// What.
        payload: Bytes,
        /// How often it may arrive.
        qos: QoS,
        /// Whether the broker keeps it.
        retain: bool,
        /// Its properties; a 3.1.1 connection leaves them out.
        properties: PublishProperties,
    },
    /// Ask the host of the broker.
    Control(Request),
    /// Dial at once whatever waits for its next try.
    Retry,
    /// Connect anew as this user.
    LogIn(Login),
}
