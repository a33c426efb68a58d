//! The MQTT wire format: packets, properties, reason codes, topic names and filters.
//!
//! MQTT 3.1.1 and 5.0 as a whole, and 3.1 as far as old devices speak it. Nothing here reads or writes anywhere: a
//! [`Decoder`] makes [`Packet`]s out of bytes, and a packet [encodes](Packet::encode) itself into bytes.
//!
//! ```
//! use bytes::BytesMut;
//! use lacewing_protocol::{DecodeLimits, Decoder, Packet, ProtocolVersion, Publish, Role, TopicName};
//!
//! let topic = TopicName::try_from("home/livingroom/temperature")?;
//! let packet = Packet::Publish(Publish::new(topic, "21.5".into()));
//! let mut out = BytesMut::new();
//! packet.encode(ProtocolVersion::V5_0, &mut out)?;
//!
//! let mut decoder = Decoder::new(Role::Client, DecodeLimits { max_packet_size: 1024 });
//! decoder.set_version(ProtocolVersion::V5_0);
//! let rest = out.split_off(10);
//! decoder.push(out.freeze());
//! assert_eq!(decoder.next()?, None);
//! decoder.push(rest.freeze());
//! let received = decoder.next()?.expect("both parts are there");
//! assert_eq!(received.to_string(), "PUBLISH q0 home/livingroom/temperature 4 bytes");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What a server forwards to many it need not clone: a [`PublishRef`] encodes borrowed parts, a [`PublishShape`] is
//! encoded once and copied with another Packet Identifier for each receiver, [`encode_ack`] writes an acknowledgement.

mod decoder;
mod encode;
mod error;
mod packet;
mod packet_id;
mod packet_type;
mod properties;
mod publish_ref;
mod qos;
mod reader;
mod reason;
mod return_code;
mod sink;
mod summary;
mod topic_filter;
mod topic_name;
mod utf8;
mod varint;
mod version;

pub use decoder::{DecodeLimits, Decoder, Role};
pub use encode::{AckType, encode_ack};
pub use error::{DecodeError, EncodeError};
pub use packet::{
    Ack, Auth, ConnAck, Connect, Disconnect, Packet, Publish, RetainHandling, SubAck, Subscribe,
    SubscriptionOptions, UnsubAck, Unsubscribe, Will,
};
pub use packet_id::PacketId;
pub use packet_type::PacketType;
pub use properties::{
    AckProperties, AuthProperties, ConnAckProperties, ConnectProperties, DisconnectProperties,
    PayloadFormatIndicator, PublishProperties, PublishPropertyFields, UserProperties, WillProperties,
};
pub use publish_ref::{PublishLayout, PublishRef, PublishShape};
pub use qos::{InvalidQoS, QoS};
pub use reason::ReasonCode;
pub use return_code::ConnectReturnCode;
pub use topic_filter::{TopicFilter, TopicFilterError};
pub use topic_name::{TopicName, TopicNameError};
pub use utf8::{Utf8Error, Utf8String};
pub use version::ProtocolVersion;
