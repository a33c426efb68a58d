use std::fmt;
use std::hash::{Hash, Hasher};
use std::num::NonZeroU16;
use std::ops::{Deref, DerefMut};

use bytes::Bytes;

use super::wire::{BlockReader, PropertyId};
use crate::reader::Reader;
use crate::{DecodeError, TopicName, UserProperties, Utf8String};

/// What a payload is (§3.3.2.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum PayloadFormatIndicator {
    /// Bytes of no stated kind; the same as no indicator.
    Unspecified = 0,
    /// UTF-8 encoded text.
    Utf8 = 1,
}

/// The properties of PUBLISH (§3.3.2.3): one word in size, and without an allocation when there are none.
///
/// It dereferences to [`PublishPropertyFields`], to be read and set as if they were its own:
///
/// ```
/// # use lacewing_protocol::PublishProperties;
/// let mut properties = PublishProperties::new();
/// assert_eq!(properties.message_expiry_interval, None);
/// properties.message_expiry_interval = Some(60);
/// assert!(!properties.is_empty());
/// ```
#[derive(Clone, Default)]
pub struct PublishProperties(Option<Box<PublishPropertyFields>>);

/// The fields behind [`PublishProperties`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PublishPropertyFields {
    /// What the payload is.
    pub payload_format_indicator: Option<PayloadFormatIndicator>,
    /// Seconds the message still lives; absent: for ever.
    pub message_expiry_interval: Option<u32>,
    /// The number that stands for the topic on this connection; never forwarded [MQTT-3.3.2-7].
    pub topic_alias: Option<NonZeroU16>,
    /// Where an answer should go.
    pub response_topic: Option<TopicName>,
    /// What an answer should carry, at most 65 535 bytes.
    pub correlation_data: Option<Bytes>,
    /// The Subscription Identifiers, 1 to 268 435 455, of the subscriptions that matched; only a server sends them
    /// [MQTT-3.3.4-6].
    pub subscription_identifiers: Vec<u32>,
    /// What the content is, usually a MIME type.
    pub content_type: Option<Utf8String>,
    /// User Properties, to be forwarded in this order [MQTT-3.3.2-18].
    pub user_properties: UserProperties,
}

static NONE: PublishPropertyFields = PublishPropertyFields {
    payload_format_indicator: None,
    message_expiry_interval: None,
    topic_alias: None,
    response_topic: None,
    correlation_data: None,
    subscription_identifiers: Vec::new(),
    content_type: None,
    user_properties: UserProperties::new(),
};

impl PublishProperties {
    /// No properties; allocates nothing.
    #[inline]
    pub const fn new() -> Self {
        Self(None)
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.as_deref().is_none_or(|fields| *fields == NONE)
    }

    /// The fields, if there may be any.
    #[inline]
    pub(crate) fn fields(&self) -> Option<&PublishPropertyFields> {
        self.0.as_deref()
    }

    /// Takes a block of PUBLISH properties off a packet.
    pub(crate) fn read(packet: &mut Reader) -> Result<Self, DecodeError> {
        let Some(mut block) = BlockReader::open(packet)? else { return Ok(Self::new()) };
        let mut properties = PublishPropertyFields::default();
        while let Some(id) = block.next()? {
            properties.read_one(&mut block, id)?;
        }
        Ok(Self(Some(Box::new(properties))))
    }

    /// A copy whose strings and data have allocations of exactly their size.
    pub fn compact(&self) -> Self {
        if self.is_empty() {
            return Self::new();
        }
        Self(Some(Box::new(PublishPropertyFields {
            payload_format_indicator: self.payload_format_indicator,
            message_expiry_interval: self.message_expiry_interval,
            topic_alias: self.topic_alias,
            response_topic: self.response_topic.as_ref().map(TopicName::compact),
            correlation_data: self.correlation_data.as_deref().map(Bytes::copy_from_slice),
            subscription_identifiers: self.subscription_identifiers.clone(),
            content_type: self.content_type.as_ref().map(Utf8String::compact),
            user_properties: self.user_properties.compact(),
        })))
    }
}

impl PublishPropertyFields {
    fn read_one(&mut self, block: &mut BlockReader, id: PropertyId) -> Result<(), DecodeError> {
        match id {
            PropertyId::PayloadFormatIndicator => {
                block.once(id, &mut self.payload_format_indicator, BlockReader::payload_format)
            }
            PropertyId::MessageExpiryInterval => {
                block.once(id, &mut self.message_expiry_interval, BlockReader::u32)
            }
            PropertyId::TopicAlias => block.once(id, &mut self.topic_alias, |block, id| {
                NonZeroU16::new(block.u16(id)?).ok_or(DecodeError::TopicAliasZero)
            }),
            PropertyId::ResponseTopic => block.once(id, &mut self.response_topic, BlockReader::topic_name),
            PropertyId::CorrelationData => block.once(id, &mut self.correlation_data, BlockReader::binary),
            PropertyId::SubscriptionIdentifier => {
                self.subscription_identifiers.push(block.subscription_identifier(id)?);
                Ok(())
            }
            PropertyId::ContentType => block.once(id, &mut self.content_type, BlockReader::string),
            PropertyId::UserProperty => block.user(id, &mut self.user_properties),
            _ => Err(block.not_allowed(id)),
        }
    }
}

impl Deref for PublishProperties {
    type Target = PublishPropertyFields;

    #[inline]
    fn deref(&self) -> &PublishPropertyFields {
        self.0.as_deref().unwrap_or(&NONE)
    }
}

/// Allocates the fields when there were none: read through a shared reference where that matters.
impl DerefMut for PublishProperties {
    fn deref_mut(&mut self) -> &mut PublishPropertyFields {
        self.0.get_or_insert_default()
    }
}

impl From<PublishPropertyFields> for PublishProperties {
    fn from(fields: PublishPropertyFields) -> Self {
        if fields == NONE { Self(None) } else { Self(Some(Box::new(fields))) }
    }
}

impl PartialEq for PublishProperties {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for PublishProperties {}

impl Hash for PublishProperties {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Debug for PublishProperties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
