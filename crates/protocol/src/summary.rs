//! Packets as one line for a person, as in `PUBLISH q1 id 7 retain home/livingroom/temperature 4 bytes`.

use std::fmt::{self, Display, Formatter, Write};

use crate::{
    Ack, Auth, ConnAck, Connect, Disconnect, Packet, Publish, ReasonCode, RetainHandling, SubAck, Subscribe,
    SubscriptionOptions, UnsubAck, Unsubscribe, UserProperties, Will,
};

/// One line that says what matters in the packet. Passwords and payloads are not in it; control characters are escaped,
/// so it is one line indeed. After eight filters or reason codes it says how many more there are.
impl Display for Packet {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.packet_type().name())?;
        match self {
            Self::Connect(packet) => connect(packet, f),
            Self::ConnAck(packet) => connack(packet, f),
            Self::Publish(packet) => publish(packet, f),
            Self::PubAck(packet) | Self::PubRec(packet) | Self::PubRel(packet) | Self::PubComp(packet) => {
                ack(packet, f)
            }
            Self::Subscribe(packet) => subscribe(packet, f),
            Self::SubAck(packet) => suback(packet, f),
            Self::Unsubscribe(packet) => unsubscribe(packet, f),
            Self::UnsubAck(packet) => unsuback(packet, f),
            Self::PingReq | Self::PingResp => Ok(()),
            Self::Disconnect(packet) => disconnect(packet, f),
            Self::Auth(packet) => auth(packet, f),
        }
    }
}

fn connect(packet: &Connect, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, " {}", packet.version)?;
    if packet.client_id.is_empty() {
        f.write_str(" without a client id")?;
    } else {
        write!(f, " as {}", OneLine(&packet.client_id))?;
    }
    f.write_str(if packet.clean_start { " clean" } else { " resuming" })?;
    match packet.keep_alive {
        0 => f.write_str(" no keep-alive")?,
        seconds => write!(f, " keep-alive {seconds} s")?,
    }
    if let Some(username) = &packet.username {
        write!(f, " user {}", OneLine(username))?;
    }
    if packet.password.is_some() {
        f.write_str(" with password")?;
    }
    if let Some(seconds) = packet.properties.session_expiry_interval {
        f.write_str(", session ")?;
        expiry(seconds, f)?;
    }
    if let Some(method) = &packet.properties.authentication_method {
        write!(f, ", method {}", OneLine(method))?;
    }
    user_properties(&packet.properties.user_properties, f)?;
    packet.will.as_ref().map_or(Ok(()), |packet| will(packet, f))
}

fn will(packet: &Will, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, ", will q{}", packet.qos)?;
    if packet.retain {
        f.write_str(" retain")?;
    }
    write!(f, " {} {}", OneLine(&packet.topic), Bytes(packet.payload.len()))?;
    if let Some(seconds) = packet.properties.will_delay_interval {
        write!(f, " after {seconds} s")?;
    }
    Ok(())
}

fn connack(packet: &ConnAck, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, " {}", packet.reason)?;
    if packet.session_present {
        f.write_str(", session present")?;
    }
    if let Some(client_id) = &packet.properties.assigned_client_identifier {
        write!(f, ", client id {}", OneLine(client_id))?;
    }
    if let Some(seconds) = packet.properties.session_expiry_interval {
        f.write_str(", session ")?;
        expiry(seconds, f)?;
    }
    if let Some(seconds) = packet.properties.server_keep_alive {
        write!(f, ", keep-alive {seconds} s")?;
    }
    because(packet.properties.reason_string.as_deref(), f)?;
    user_properties(&packet.properties.user_properties, f)
}

fn publish(packet: &Publish, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, " q{}", packet.qos)?;
    if packet.dup {
        f.write_str(" dup")?;
    }
    if let Some(packet_id) = packet.packet_id {
        write!(f, " id {packet_id}")?;
    }
    if packet.retain {
        f.write_str(" retain")?;
    }
    match (&packet.topic, packet.properties.topic_alias) {
        (Some(topic), None) => write!(f, " {}", OneLine(topic))?,
        (Some(topic), Some(alias)) => write!(f, " {} alias {alias}", OneLine(topic))?,
        (None, Some(alias)) => write!(f, " alias {alias}")?,
        (None, None) => {}
    }
    write!(f, " {}", Bytes(packet.payload.len()))?;
    if let Some(seconds) = packet.properties.message_expiry_interval {
        write!(f, ", expires in {seconds} s")?;
    }
    if let Some(topic) = &packet.properties.response_topic {
        write!(f, ", answer to {}", OneLine(topic))?;
    }
    user_properties(&packet.properties.user_properties, f)
}

fn ack(packet: &Ack, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, " id {}", packet.packet_id)?;
    if packet.reason != ReasonCode::Success {
        write!(f, " {}", packet.reason)?;
    }
    because(packet.properties.reason_string.as_deref(), f)?;
    user_properties(&packet.properties.user_properties, f)
}

fn subscribe(packet: &Subscribe, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, " id {}", packet.packet_id)?;
    list(&packet.filters, f, |(filter, options), f| {
        write!(f, "{}", OneLine(filter))?;
        subscription_options(*options, f)
    })?;
    if let Some(identifier) = packet.subscription_identifier {
        write!(f, ", subscription {identifier}")?;
    }
    user_properties(&packet.user_properties, f)
}

fn subscription_options(options: SubscriptionOptions, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, " q{}", options.qos)?;
    if options.no_local {
        f.write_str(" no-local")?;
    }
    if options.retain_as_published {
        f.write_str(" retain-as-published")?;
    }
    match options.retain_handling {
        RetainHandling::SendAlways => Ok(()),
        RetainHandling::SendIfNew => f.write_str(" retained-if-new"),
        RetainHandling::DoNotSend => f.write_str(" no-retained"),
    }
}

fn suback(packet: &SubAck, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, " id {}", packet.packet_id)?;
    list(&packet.reasons, f, |reason, f| {
        f.write_str(match reason {
            &ReasonCode::GRANTED_QOS_0 => "Granted QoS 0",
            reason => reason.description(),
        })
    })?;
    because(packet.properties.reason_string.as_deref(), f)?;
    user_properties(&packet.properties.user_properties, f)
}

fn unsubscribe(packet: &Unsubscribe, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, " id {}", packet.packet_id)?;
    list(&packet.filters, f, |filter, f| write!(f, "{}", OneLine(filter)))?;
    user_properties(&packet.user_properties, f)
}

fn unsuback(packet: &UnsubAck, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, " id {}", packet.packet_id)?;
    list(&packet.reasons, f, |reason, f| f.write_str(reason.description()))?;
    because(packet.properties.reason_string.as_deref(), f)?;
    user_properties(&packet.properties.user_properties, f)
}

fn disconnect(packet: &Disconnect, f: &mut Formatter<'_>) -> fmt::Result {
    match packet.reason {
        ReasonCode::NORMAL_DISCONNECTION => f.write_str(" Normal disconnection")?,
        reason => write!(f, " {reason}")?,
    }
    if let Some(seconds) = packet.properties.session_expiry_interval {
        f.write_str(", session ")?;
        expiry(seconds, f)?;
    }
    because(packet.properties.reason_string.as_deref(), f)?;
    user_properties(&packet.properties.user_properties, f)
}

fn auth(packet: &Auth, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, " {}", packet.reason)?;
    if let Some(method) = &packet.properties.authentication_method {
        write!(f, ", method {}", OneLine(method))?;
    }
    because(packet.properties.reason_string.as_deref(), f)?;
    user_properties(&packet.properties.user_properties, f)
}

/// ` a, b, c and 4 more`
fn list<T>(
    items: &[T],
    f: &mut Formatter<'_>,
    show: impl Fn(&T, &mut Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    const SHOWN: usize = 8;
    for (index, item) in items.iter().take(SHOWN).enumerate() {
        f.write_str(if index == 0 { " " } else { ", " })?;
        show(item, f)?;
    }
    match items.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        more => write!(f, " and {more} more"),
    }
}

fn expiry(seconds: u32, f: &mut Formatter<'_>) -> fmt::Result {
    match seconds {
        u32::MAX => f.write_str("kept for ever"),
        seconds => write!(f, "kept for {seconds} s"),
    }
}

fn because(reason: Option<&str>, f: &mut Formatter<'_>) -> fmt::Result {
    reason.map_or(Ok(()), |reason| write!(f, ": {}", OneLine(reason)))
}

fn user_properties(pairs: &UserProperties, f: &mut Formatter<'_>) -> fmt::Result {
    match pairs.len() {
        0 => Ok(()),
        1 => f.write_str(", 1 user property"),
        many => write!(f, ", {many} user properties"),
    }
}

/// A peer's text without its control characters, so that it cannot break the line or steer a terminal.
struct OneLine<'a>(&'a str);

impl Display for OneLine<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for char in self.0.chars() {
            if char.is_control() { write!(f, "{}", char.escape_default())? } else { f.write_char(char)? }
        }
        Ok(())
    }
}

struct Bytes(usize);

impl Display for Bytes {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 byte"),
            len => write!(f, "{len} bytes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::*;

    fn topic(text: &str) -> TopicName {
        TopicName::try_from(text).unwrap()
    }

    fn string(text: &str) -> Utf8String {
        Utf8String::try_from(text).unwrap()
    }

    #[test]
    fn a_publish_shows_its_qos_id_flags_topic_and_size() {
        let mut publish =
            Publish::new(topic("home/livingroom/temperature"), bytes::Bytes::from_static(b"21.5"));
        assert_eq!(
            Packet::Publish(publish.clone()).to_string(),
            "PUBLISH q0 home/livingroom/temperature 4 bytes"
        );
        publish.qos = QoS::AtLeastOnce;
        publish.packet_id = PacketId::new(7);
        publish.retain = true;
        assert_eq!(
            Packet::Publish(publish.clone()).to_string(),
            "PUBLISH q1 id 7 retain home/livingroom/temperature 4 bytes"
        );
        publish.properties.message_expiry_interval = Some(60);
        publish.properties.user_properties.push(string("unit"), string("C"));
        assert_eq!(
            Packet::Publish(publish).to_string(),
            "PUBLISH q1 id 7 retain home/livingroom/temperature 4 bytes, expires in 60 s, 1 user property"
        );
    }

    #[test]
    fn a_connect_shows_its_will_but_not_its_password() {
        let connect = Connect {
            version: ProtocolVersion::V3_1_1,
            client_id: string("lamp"),
            clean_start: false,
            keep_alive: 60,
            will: Some(Will {
                topic: topic("home/lamp/status"),
                payload: bytes::Bytes::from_static(b"offline"),
                qos: QoS::AtLeastOnce,
                retain: true,
                properties: WillProperties::default(),
            }),
            username: Some(string("ann")),
            password: Some(bytes::Bytes::from_static(b"secret")),
            properties: ConnectProperties::default(),
        };
        assert_eq!(
            Packet::Connect(Box::new(connect)).to_string(),
            "CONNECT 3.1.1 as lamp resuming keep-alive 60 s user ann with password, \
             will q1 retain home/lamp/status 7 bytes"
        );
    }

    #[test]
    fn a_long_list_is_cut_and_counted() {
        let filters = vec![TopicFilter::try_from("a/#").unwrap(); 10];
        let packet =
            Unsubscribe { packet_id: PacketId::MIN, filters, user_properties: UserProperties::new() };
        assert_eq!(
            Packet::Unsubscribe(packet).to_string(),
            "UNSUBSCRIBE id 1 a/#, a/#, a/#, a/#, a/#, a/#, a/#, a/# and 2 more"
        );
    }

    #[test]
    fn a_hostile_topic_stays_on_the_line() {
        let publish = Publish::new(topic("a\n\u{1b}[2Jb"), bytes::Bytes::new());
        assert_eq!(Packet::Publish(publish).to_string(), "PUBLISH q0 a\\n\\u{1b}[2Jb 0 bytes");
    }

    #[test]
    fn answers_show_their_reason() {
        let ack = |reason| Ack::new(PacketId::MIN, reason);
        assert_eq!(Packet::PubAck(ack(ReasonCode::Success)).to_string(), "PUBACK id 1");
        assert_eq!(
            Packet::PubAck(ack(ReasonCode::NoMatchingSubscribers)).to_string(),
            "PUBACK id 1 No matching subscribers"
        );
        let suback = SubAck {
            packet_id: PacketId::MIN,
            reasons: vec![ReasonCode::GRANTED_QOS_0, ReasonCode::NotAuthorized],
            properties: AckProperties::default(),
        };
        assert_eq!(Packet::SubAck(suback).to_string(), "SUBACK id 1 Granted QoS 0, Not authorized");
        let disconnect = Box::new(Disconnect::default());
        assert_eq!(Packet::Disconnect(disconnect).to_string(), "DISCONNECT Normal disconnection");
        assert_eq!(Packet::PingReq.to_string(), "PINGREQ");
    }
}
