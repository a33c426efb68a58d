use crate::encode::{Body, check_binary, check_reason};
use crate::properties::wire::Block;
use crate::reader::Reader;
use crate::sink::Sink;
use crate::{
    ConnAckProperties, ConnectReturnCode, DecodeError, EncodeError, PacketType, ProtocolVersion, QoS,
    ReasonCode,
};

/// CONNACK: the server's answer to CONNECT (§3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnAck {
    /// Whether the server goes on with a session it had; only with success [MQTT-3.2.2-6]. Not said in 3.1.
    pub session_present: bool,
    /// Success or why not; before 5.0 it travels as a [`ConnectReturnCode`](crate::ConnectReturnCode).
    pub reason: ReasonCode,
    /// The properties; left out before 5.0.
    pub properties: ConnAckProperties,
}

impl ConnAck {
    /// An answer without properties.
    pub fn new(session_present: bool, reason: ReasonCode) -> Self {
        Self { session_present, reason, properties: ConnAckProperties::default() }
    }

    /// A server that does not know 5.0 answers a 5.0 CONNECT in the form of 3.1.1; its return code is understood too.
    pub(crate) fn read(mut reader: Reader, version: ProtocolVersion) -> Result<Self, DecodeError> {
        let old_form = !version.is_v5() || reader.len() == 2;
        let flags = reader.u8("the Connect Acknowledge Flags")?;
        let session_present = match version {
            ProtocolVersion::V3_1 => false,
            _ if flags > 1 => {
                // [MQTT-3.2.2-1]
                return Err(reader.malformed("the Connect Acknowledge Flags", "have a reserved bit set"));
            }
            _ => flags == 1,
        };
        let reason = if old_form { return_code(&mut reader)? } else { reader.reason()? };
        if session_present && reason != ReasonCode::Success {
            // [MQTT-3.2.2-6], [3.1.1 MQTT-3.2.2-4]
            return Err(reader.protocol_error("Session Present", "is set although the connection is refused"));
        }
        let mut connack = Self::new(session_present, reason);
        if !old_form {
            connack.properties = ConnAckProperties::read(&mut reader)?;
        } else if version.is_v5() && reason == ReasonCode::Success {
            return Err(reader.malformed("the Property Length", "is missing"));
        }
        reader.end()?;
        Ok(connack)
    }
}

fn return_code(reader: &mut Reader) -> Result<ReasonCode, DecodeError> {
    let field = "the Connect Return Code";
    match ConnectReturnCode::from_value(reader.u8(field)?) {
        Some(code) => Ok(code.into()),
        None => Err(reader.malformed(field, "is above 5")),
    }
}

impl Body for ConnAck {
    fn check(&self, packet: PacketType, version: ProtocolVersion) -> Result<(), EncodeError> {
        check_reason(packet, self.reason)?;
        if self.session_present && self.reason != ReasonCode::Success {
            let problem = "is set although the connection is refused";
            return Err(EncodeError::invalid(packet, "Session Present", problem));
        }
        if !version.is_v5() {
            return Ok(());
        }
        if self.properties.maximum_qos == Some(QoS::ExactlyOnce) {
            return Err(EncodeError::invalid(
                packet,
                "the Maximum QoS",
                "is 2, which is said by leaving it out",
            ));
        }
        check_binary(packet, "the Authentication Data", self.properties.authentication_data.as_ref())
    }

    fn put<S: Sink>(&self, version: ProtocolVersion, sink: &mut S) {
        sink.u8(u8::from(self.session_present && version != ProtocolVersion::V3_1));
        if !version.is_v5() {
            sink.u8(ConnectReturnCode::from(self.reason).value());
            return;
        }
        sink.u8(self.reason.value());
        self.properties.put_block(sink);
    }
}
