use crate::encode::{Body, check_binary, check_reason};
use crate::properties::wire::Block;
use crate::reader::Reader;
use crate::sink::Sink;
use crate::{AuthProperties, DecodeError, EncodeError, PacketType, ProtocolVersion, ReasonCode};

/// AUTH: one step of an enhanced authentication (§3.15); 5.0 only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Auth {
    /// Success, continue or re-authenticate.
    pub reason: ReasonCode,
    /// The properties.
    pub properties: AuthProperties,
}

impl Auth {
    /// A Remaining Length of 0 stands for success without properties (§3.15.2.1).
    pub(crate) fn read(mut reader: Reader) -> Result<Self, DecodeError> {
        if reader.is_empty() {
            return Ok(Self::default());
        }
        let reason = reader.reason()?;
        let properties = AuthProperties::read(&mut reader)?;
        if properties.authentication_method.is_none() {
            return Err(reader.protocol_error("the Authentication Method", "is missing"));
        }
        reader.end()?;
        Ok(Self { reason, properties })
    }

    fn is_short(&self) -> bool {
        self.reason == ReasonCode::Success && self.properties.is_empty()
    }
}

impl Body for Auth {
    fn check(&self, packet: PacketType, version: ProtocolVersion) -> Result<(), EncodeError> {
        if !version.is_v5() {
            return Err(EncodeError::NotInVersion { packet });
        }
        check_reason(packet, self.reason)?;
        if self.properties.authentication_method.is_none() && !self.is_short() {
            return Err(EncodeError::invalid(packet, "the Authentication Method", "is missing"));
        }
        check_binary(packet, "the Authentication Data", self.properties.authentication_data.as_ref())
    }

    fn put<S: Sink>(&self, _: ProtocolVersion, sink: &mut S) {
        if self.is_short() {
            return;
        }
        sink.u8(self.reason.value());
        self.properties.put_block(sink);
    }
}
