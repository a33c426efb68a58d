use bytes::Bytes;

use super::table::property_table;
use crate::{PayloadFormatIndicator, TopicName, UserProperties, Utf8String};

/// The properties of a Will Message and how long it waits (§3.1.3.2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct WillProperties {
    /// Seconds between the loss of the connection and the message; absent: 0.
    pub will_delay_interval: Option<u32>,
    /// What the payload is.
    pub payload_format_indicator: Option<PayloadFormatIndicator>,
    /// Seconds the message lives after it is published; absent: for ever.
    pub message_expiry_interval: Option<u32>,
    /// What the content is, usually a MIME type.
    pub content_type: Option<Utf8String>,
    /// Where an answer should go.
    pub response_topic: Option<TopicName>,
    /// What an answer should carry, at most 65 535 bytes.
    pub correlation_data: Option<Bytes>,
    /// User Properties, to be forwarded in this order.
    pub user_properties: UserProperties,
}

impl WillProperties {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

property_table! {
    WillProperties {
        WillDelayInterval => will_delay_interval: u32,
        PayloadFormatIndicator => payload_format_indicator: payload_format,
        MessageExpiryInterval => message_expiry_interval: u32,
        ContentType => content_type: string,
        ResponseTopic => response_topic: topic_name,
        CorrelationData => correlation_data: binary,
    }
}
