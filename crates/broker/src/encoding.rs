//! How the values of records are written: a version, then numbers of seven bits a byte, and bytes behind their length.

use std::cell::Cell;

use bytes::{Buf, Bytes};
use lacewing_protocol::{
    PayloadFormatIndicator, PublishProperties, PublishPropertyFields, QoS, TopicName, UserProperties,
    Utf8String,
};

use crate::Listener;
use crate::message::Message;
use crate::session::Origin;

/// The first byte of each value. Older ones are read as long as anybody may have them.
const VERSION: u8 = 1;

/// Listeners by the numbers they are written as.
const LISTENERS: [Listener; 7] = [
    Listener::Tcp,
    Listener::Tls,
    Listener::WebSocket,
    Listener::Page,
    Listener::Home,
    Listener::Link,
    Listener::WebSocketTls,
];

/// Writes one value.
#[derive(Debug)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn new() -> Self {
        Self(vec![VERSION])
    }

    pub(crate) fn number(&mut self, mut number: u64) -> &mut Self {
        while number > 0x7F {
            self.0.push((number & 0x7F) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
        self
    }

    /// A number that may be absent.
    pub(crate) fn maybe(&mut self, number: Option<u64>) -> &mut Self {
        match number {
            None => self.number(0),
            Some(number) => self.number(1).number(number),
        }
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    /// Who a client is and where it came in.
    pub(crate) fn origin(&mut self, origin: &Origin) -> &mut Self {
        let listener = LISTENERS.iter().position(|listener| *listener == origin.listener).unwrap_or(0);
        self.number(listener as u64)
            .number(u64::from(origin.certified))
            .maybe_bytes(origin.user.as_deref().map(str::as_bytes))
    }

    fn maybe_bytes(&mut self, bytes: Option<&[u8]>) -> &mut Self {
        match bytes {
            None => self.number(0),
            Some(bytes) => self.number(1).bytes(bytes),
        }
    }

    pub(crate) fn message(&mut self, message: &Message) -> &mut Self {
        let Message { number, topic, payload, properties, qos, retain, expires, recorded: _ } = message;
        self.number(*number).bytes(topic.as_bytes()).bytes(payload);
        self.number(u64::from(u8::from(*qos))).number(u64::from(*retain)).maybe(*expires);
        let format = properties.payload_format_indicator.map(|format| format as u64);
        self.maybe(format)
            .maybe_bytes(properties.response_topic.as_ref().map(|topic| topic.as_str().as_bytes()))
            .maybe_bytes(properties.correlation_data.as_deref())
            .maybe_bytes(properties.content_type.as_ref().map(|text| text.as_str().as_bytes()))
            .number(properties.user_properties.len() as u64);
        for (name, value) in &properties.user_properties {
            self.bytes(name.as_bytes()).bytes(value.as_bytes());
        }
        self
    }

    pub(crate) fn finish(&mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.0).into_boxed_slice())
    }
}

/// Reads one value; `None` everywhere when it is not what a [`Writer`] wrote.
#[derive(Debug)]
pub(crate) struct Reader(Bytes);

impl Reader {
    pub(crate) fn new(mut value: Bytes) -> Option<Self> {
        (value.try_get_u8().ok()? == VERSION).then_some(Self(value))
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.0.try_get_u8().ok()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(crate) fn small<T: TryFrom<u64>>(&mut self) -> Option<T> {
        T::try_from(self.number()?).ok()
    }

    pub(crate) fn flag(&mut self) -> Option<bool> {
        match self.number()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    pub(crate) fn maybe(&mut self) -> Option<Option<u64>> {
        match self.flag()? {
            false => Some(None),
            true => Some(Some(self.number()?)),
        }
    }

    /// A copy of its own, so that nothing keeps the whole value alive.
    pub(crate) fn bytes(&mut self) -> Option<Bytes> {
        let len = self.small::<usize>()?;
        let bytes = Bytes::copy_from_slice(self.0.get(..len)?);
        self.0.advance(len);
        Some(bytes)
    }

    fn maybe_bytes(&mut self) -> Option<Option<Bytes>> {
        match self.flag()? {
            false => Some(None),
            true => Some(Some(self.bytes()?)),
        }
    }

    fn string(&mut self) -> Option<Utf8String> {
        Utf8String::try_from(self.bytes()?).ok()
    }

    pub(crate) fn qos(&mut self) -> Option<QoS> {
        QoS::try_from(self.small::<u8>()?).ok()
    }

    pub(crate) fn message(&mut self) -> Option<Message> {
        let number = self.number()?;
        let topic = TopicName::try_from(self.bytes()?).ok()?;
        let payload = self.bytes()?;
        let (qos, retain, expires) = (self.qos()?, self.flag()?, self.maybe()?);
        let format = match self.maybe()? {
            None => None,
            Some(0) => Some(PayloadFormatIndicator::Unspecified),
            Some(1) => Some(PayloadFormatIndicator::Utf8),
            Some(_) => return None,
        };
        let response_topic = self.maybe_bytes()?.map(TopicName::try_from).transpose().ok()?;
        let correlation_data = self.maybe_bytes()?;
        let content_type = self.maybe_bytes()?.map(Utf8String::try_from).transpose().ok()?;
        let mut user_properties = UserProperties::new();
        for _ in 0..self.number()? {
            let name = self.string()?;
            user_properties.push(name, self.string()?);
        }
        let properties = PublishProperties::from(PublishPropertyFields {
            payload_format_indicator: format,
            response_topic,
            correlation_data,
            content_type,
            user_properties,
            ..PublishPropertyFields::default()
        });
        Some(Message { number, topic, payload, properties, qos, retain, expires, recorded: Cell::new(0) })
    }

    /// Who a client is and where it came in, as far as any version of this broker wrote it.
    pub(crate) fn origin(&mut self) -> Option<Origin> {
        if self.is_done() {
            return Some(Origin::default());
        }
        let listener = *LISTENERS.get(self.small::<usize>()?)?;
        let certified = self.flag()?;
        let user = match self.maybe_bytes()? {
            Some(user) => Some(std::str::from_utf8(&user).ok()?.into()),
            None => None,
        };
        Some(Origin { listener, certified, user, ..Origin::default() })
    }

    /// Whether everything was read.
    pub(crate) fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}
