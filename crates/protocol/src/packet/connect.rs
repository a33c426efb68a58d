use bytes::Bytes;

use crate::encode::{Body, check_binary};
use crate::properties::wire::Block;
use crate::reader::Reader;
use crate::sink::Sink;
use crate::{
    ConnectProperties, DecodeError, EncodeError, PacketType, ProtocolVersion, QoS, TopicName, Utf8String,
    WillProperties,
};

/// CONNECT: a client asks for a connection (§3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connect {
    /// The protocol that the client wants to speak.
    pub version: ProtocolVersion,
    /// The Client Identifier; empty asks the server to assign one (not in 3.1).
    pub client_id: Utf8String,
    /// Whether the server is to forget the session it has; 3.1.1 calls it Clean Session.
    pub clean_start: bool,
    /// Seconds; 0 turns the mechanism off.
    pub keep_alive: u16,
    /// What the server is to publish when the client is lost.
    pub will: Option<Will>,
    /// The user name.
    pub username: Option<Utf8String>,
    /// The password, at most 65 535 bytes; before 5.0 only with a user name [3.1.1 MQTT-3.1.2-22].
    pub password: Option<Bytes>,
    /// The properties; empty before 5.0.
    pub properties: ConnectProperties,
}

/// A Will Message: what the server publishes when the client is lost without a DISCONNECT (§3.1.2.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Will {
    /// Where it is published.
    pub topic: TopicName,
    /// What is published, at most 65 535 bytes.
    pub payload: Bytes,
    /// With which QoS.
    pub qos: QoS,
    /// Whether it is retained.
    pub retain: bool,
    /// The properties; empty before 5.0.
    pub properties: WillProperties,
}

/// The bits of the Connect Flags (§3.1.2.3).
mod flag {
    pub(super) const RESERVED: u8 = 1;
    pub(super) const CLEAN_START: u8 = 1 << 1;
    pub(super) const WILL: u8 = 1 << 2;
    pub(super) const WILL_QOS: u8 = 0b11 << 3;
    pub(super) const WILL_RETAIN: u8 = 1 << 5;
    pub(super) const PASSWORD: u8 = 1 << 6;
    pub(super) const USER_NAME: u8 = 1 << 7;
}

impl Connect {
    /// Takes the Protocol Name and Level off a CONNECT: what follows them depends on their answer.
    pub(crate) fn read_version(reader: &mut Reader) -> Result<ProtocolVersion, DecodeError> {
        let name = reader.binary("the Protocol Name")?;
        if name != "MQTT" && name != "MQIsdp" {
            return Err(DecodeError::UnsupportedProtocolName);
        }
        match (&*name, reader.u8("the Protocol Version")?) {
            (b"MQIsdp", 3) => Ok(ProtocolVersion::V3_1),
            (b"MQTT", 4) => Ok(ProtocolVersion::V3_1_1),
            (b"MQTT", 5) => Ok(ProtocolVersion::V5_0),
            (_, level) => Err(DecodeError::UnsupportedProtocolVersion { level }),
        }
    }

    /// Takes what follows the version.
    pub(crate) fn read(mut reader: Reader, version: ProtocolVersion) -> Result<Self, DecodeError> {
        let flags = reader.u8("the Connect Flags")?;
        check_flags(&reader, flags, version)?;
        let keep_alive = reader.u16("the Keep Alive")?;
        let properties = read_properties(&mut reader, version)?;
        let client_id = reader.string("the Client Identifier")?;
        let will =
            if flags & flag::WILL == 0 { None } else { Some(Will::read(&mut reader, flags, version)?) };
        let username =
            if flags & flag::USER_NAME == 0 { None } else { Some(reader.string("the User Name")?) };
        let password = if flags & flag::PASSWORD == 0 { None } else { Some(reader.binary("the Password")?) };
        reader.end()?;
        let clean_start = flags & flag::CLEAN_START != 0;
        Ok(Self { version, client_id, clean_start, keep_alive, will, username, password, properties })
    }

    fn flags(&self) -> u8 {
        let mut flags = 0;
        if self.clean_start {
            flags |= flag::CLEAN_START;
        }
        if let Some(will) = &self.will {
            flags |= flag::WILL | u8::from(will.qos) << 3;
            if will.retain {
                flags |= flag::WILL_RETAIN;
            }
        }
        if self.password.is_some() {
            flags |= flag::PASSWORD;
        }
        if self.username.is_some() {
            flags |= flag::USER_NAME;
        }
        flags
    }
}

fn check_flags(reader: &Reader, flags: u8, version: ProtocolVersion) -> Result<(), DecodeError> {
    let malformed = |problem| Err(reader.malformed("the Connect Flags", problem));
    if flags & flag::RESERVED != 0 && version != ProtocolVersion::V3_1 {
        // [MQTT-3.1.2-3]; 3.1 leaves the bit unused.
        return malformed("have the reserved bit set");
    }
    if flags & flag::WILL == 0 && flags & (flag::WILL_QOS | flag::WILL_RETAIN) != 0 {
        // [MQTT-3.1.2-11], [MQTT-3.1.2-13]
        return malformed("have a Will QoS or Will Retain without a Will");
    }
    if flags & flag::WILL_QOS == flag::WILL_QOS {
        // [MQTT-3.1.2-12]
        return malformed("have the Will QoS 3, which there is not");
    }
    if flags & flag::PASSWORD != 0 && flags & flag::USER_NAME == 0 && !version.is_v5() {
        // [3.1.1 MQTT-3.1.2-22]
        return malformed("have a Password without a User Name");
    }
    Ok(())
}

fn read_properties(reader: &mut Reader, version: ProtocolVersion) -> Result<ConnectProperties, DecodeError> {
    if !version.is_v5() {
        return Ok(ConnectProperties::default());
    }
    let properties = ConnectProperties::read(reader)?;
    if properties.authentication_data.is_some() && properties.authentication_method.is_none() {
        // §3.1.2.11.10
        return Err(reader.protocol_error("the Authentication Data", "has no Authentication Method"));
    }
    Ok(properties)
}

impl Will {
    fn read(reader: &mut Reader, flags: u8, version: ProtocolVersion) -> Result<Self, DecodeError> {
        let properties =
            if version.is_v5() { WillProperties::read(reader)? } else { WillProperties::default() };
        let topic = reader.topic_name("the Will Topic")?;
        let payload = reader.binary("the Will Payload")?;
        let qos = QoS::try_from((flags & flag::WILL_QOS) >> 3)
            .map_err(|_| reader.malformed("the Will QoS", "is 3"))?;
        Ok(Self { topic, payload, qos, retain: flags & flag::WILL_RETAIN != 0, properties })
    }
}

impl Body for Connect {
    fn check(&self, packet: PacketType, _: ProtocolVersion) -> Result<(), EncodeError> {
        check_binary(packet, "the Password", self.password.as_ref())?;
        if let Some(will) = &self.will {
            check_binary(packet, "the Will Payload", Some(&will.payload))?;
            check_binary(packet, "the Correlation Data", will.properties.correlation_data.as_ref())?;
        }
        if !self.version.is_v5() {
            if self.password.is_some() && self.username.is_none() {
                return Err(EncodeError::invalid(packet, "the Password", "has no User Name"));
            }
            return Ok(());
        }
        let ConnectProperties { authentication_method, authentication_data, .. } = &self.properties;
        if authentication_data.is_some() && authentication_method.is_none() {
            let field = "the Authentication Data";
            return Err(EncodeError::invalid(packet, field, "has no Authentication Method"));
        }
        check_binary(packet, "the Authentication Data", authentication_data.as_ref())
    }

    fn put<S: Sink>(&self, _: ProtocolVersion, sink: &mut S) {
        sink.prefixed(self.version.protocol_name().as_bytes());
        sink.u8(self.version.level());
        sink.u8(self.flags());
        sink.u16(self.keep_alive);
        if self.version.is_v5() {
            self.properties.put_block(sink);
        }
        sink.prefixed(self.client_id.as_bytes());
        if let Some(will) = &self.will {
            if self.version.is_v5() {
                will.properties.put_block(sink);
            }
            sink.prefixed(will.topic.as_bytes());
            sink.prefixed(&will.payload);
        }
        if let Some(username) = &self.username {
            sink.prefixed(username.as_bytes());
        }
        if let Some(password) = &self.password {
            sink.prefixed(password);
        }
    }
}
