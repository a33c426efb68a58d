use crate::encode::{Body, check_reason};
use crate::properties::wire::Block;
use crate::reader::Reader;
use crate::sink::Sink;
use crate::{DecodeError, DisconnectProperties, EncodeError, PacketType, ProtocolVersion, ReasonCode};

/// DISCONNECT: the last packet on a connection (§3.14). Before 5.0 only a client sends it, and it says nothing more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disconnect {
    /// Why; left out before 5.0.
    pub reason: ReasonCode,
    /// The properties; left out before 5.0.
    pub properties: DisconnectProperties,
}

impl Disconnect {
    /// A good-bye for this reason, without properties.
    pub fn new(reason: ReasonCode) -> Self {
        Self { reason, properties: DisconnectProperties::default() }
    }
}

impl Disconnect {
    /// The reason and the properties may be missing from the end (§3.14.2.1, §3.14.2.2.1).
    pub(crate) fn read(mut reader: Reader, version: ProtocolVersion) -> Result<Self, DecodeError> {
        let mut disconnect = Self::default();
        if version.is_v5() && !reader.is_empty() {
            disconnect.reason = reader.reason()?;
            if !reader.is_empty() {
                disconnect.properties = DisconnectProperties::read(&mut reader)?;
            }
        }
        reader.end()?;
        Ok(disconnect)
    }
}

impl Body for Disconnect {
    fn check(&self, packet: PacketType, _: ProtocolVersion) -> Result<(), EncodeError> {
        check_reason(packet, self.reason)
    }

    fn put<S: Sink>(&self, version: ProtocolVersion, sink: &mut S) {
        let no_properties = self.properties.is_empty();
        if !version.is_v5() || self.reason == ReasonCode::NORMAL_DISCONNECTION && no_properties {
            return;
        }
        sink.u8(self.reason.value());
        if !no_properties {
            self.properties.put_block(sink);
        }
    }
}
