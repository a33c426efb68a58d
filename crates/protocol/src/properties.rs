//! The properties of each packet, as fields (§2.2.2).

mod ack;
mod auth;
mod connack;
mod connect;
mod disconnect;
mod publish;
mod table;
mod user;
mod will;
pub(crate) mod wire;

pub use ack::AckProperties;
pub use auth::AuthProperties;
pub use connack::ConnAckProperties;
pub use connect::ConnectProperties;
pub use disconnect::DisconnectProperties;
pub use publish::{PayloadFormatIndicator, PublishProperties, PublishPropertyFields};
pub use user::UserProperties;
pub use will::WillProperties;
