//! One client's part of a dialogue.

use super::*;

/// One end of a transport, and what is said on it.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) story: Story,
    pub(crate) conn: ConnId,
    pub(crate) version: ProtocolVersion,
}

impl Client {
    pub(crate) fn send(&self, packet: Packet) {
        let mut bytes = BytesMut::new();
        packet.encode(self.version, &mut bytes).unwrap();
        self.send_bytes(&bytes);
    }

    pub(crate) fn send_bytes(&self, bytes: &[u8]) {
        let bytes = Bytes::copy_from_slice(bytes);
        self.story.world().handle(Input::Received { conn: self.conn, bytes });
    }

    /// The next packet from the broker, which must be there.
    pub(crate) fn receive(&self) -> Packet {
        self.try_receive().unwrap_or_else(|| panic!("nothing came on {}", self.conn))
    }

    pub(crate) fn try_receive(&self) -> Option<Packet> {
        self.story.world().end(self.conn).inbox.pop_front()
    }

    /// The next packet, which must be a message.
    pub(crate) fn message(&self) -> Publish {
        match self.receive() {
            Packet::Publish(publish) => publish,
            other => panic!("expected a message, got {other}"),
        }
    }

    /// The next packet, which must be a message with this topic and payload.
    pub(crate) fn expect(&self, topic: &str, payload: &str) -> Publish {
        let publish = self.message();
        assert_eq!(publish.topic.as_deref(), Some(topic));
        assert_eq!(String::from_utf8_lossy(&publish.payload), payload);
        publish
    }

    /// Everything that came and was not taken yet.
    pub(crate) fn rest(&self) -> Vec<Packet> {
        self.story.world().end(self.conn).inbox.drain(..).collect()
    }

    pub(crate) fn hears_nothing(&self) {
        assert_eq!(self.rest(), []);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.close_reason().is_some()
    }

    pub(crate) fn close_reason(&self) -> Option<CloseReason> {
        self.story.world().end(self.conn).closed
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.story.world().end(self.conn).paused
    }

    /// Takes no more bytes from its transport.
    pub(crate) fn stops_reading(&self) {
        self.story.world().end(self.conn).reads = false;
    }

    /// Takes some of what has piled up.
    pub(crate) fn takes(&self, bytes: usize) {
        let mut world = self.story.world();
        let (now, mut batch) = (world.now, Batch::new());
        world.broker.transmit(now, self.conn, bytes, &mut batch);
        world.end(self.conn).take(batch.to_bytes());
        world.settle();
    }

    /// Takes what has piled up, and all that comes from now on.
    pub(crate) fn reads_again(&self) {
        let mut world = self.story.world();
        world.end(self.conn).reads = true;
        world.transmit(self.conn);
        world.settle();
    }

    /// The transport is gone without a word.
    pub(crate) fn vanishes(&self) {
        self.story.world().handle(Input::Closed { conn: self.conn, cause: CloseCause::Failed });
    }

    pub(crate) fn disconnects(&self) {
        self.send(Packet::Disconnect(Box::default()));
    }

    /// Ends with a DISCONNECT from the broker that says why, as 5.0 has it.
    pub(crate) fn is_sent_away(&self, reason: ReasonCode) {
        match self.receive() {
            Packet::Disconnect(disconnect) => assert_eq!(disconnect.reason, reason),
            other => panic!("expected DISCONNECT, got {other}"),
        }
        assert!(self.is_closed());
    }

    /// Subscribes with QoS 2 and other defaults, or as `options` say, and returns the SUBACK's reason.
    pub(crate) fn subscribe_with(
        &self,
        filter: &str,
        options: SubscriptionOptions,
        id: Option<u32>,
    ) -> ReasonCode {
        self.send(Packet::Subscribe(Subscribe {
            packet_id: PacketId::new(999).unwrap(),
            filters: vec![(TopicFilter::try_from(filter).unwrap(), options)],
            subscription_identifier: id,
            user_properties: UserProperties::new(),
        }));
        match self.receive() {
            Packet::SubAck(ack) => {
                assert_eq!((ack.packet_id.value(), ack.reasons.len()), (999, 1));
                ack.reasons[0]
            }
            other => panic!("expected SUBACK, got {other}"),
        }
    }

    pub(crate) fn subscribe(&self, filter: &str, qos: QoS) {
        let options = SubscriptionOptions { qos, ..SubscriptionOptions::default() };
        assert_eq!(self.subscribe_with(filter, options, None), ReasonCode::granted(qos));
    }

    /// Subscribes to many filters in one packet.
    pub(crate) fn subscribe_to_all(&self, filters: impl IntoIterator<Item = String>, qos: QoS) {
        let options = SubscriptionOptions { qos, ..SubscriptionOptions::default() };
        let filters = filters.into_iter().map(|filter| (filter.try_into().unwrap(), options));
        self.send(Packet::Subscribe(Subscribe {
            packet_id: PacketId::MAX,
            filters: filters.collect(),
            subscription_identifier: None,
            user_properties: UserProperties::new(),
        }));
        assert!(matches!(self.receive(), Packet::SubAck(_)));
    }

    pub(crate) fn unsubscribe(&self, filter: &str) -> Vec<ReasonCode> {
        let filters = vec![TopicFilter::try_from(filter).unwrap()];
        let packet_id = PacketId::new(998).unwrap();
        self.send(Packet::Unsubscribe(Unsubscribe {
            packet_id,
            filters,
            user_properties: UserProperties::new(),
        }));
        match self.receive() {
            Packet::UnsubAck(ack) => ack.reasons,
            other => panic!("expected UNSUBACK, got {other}"),
        }
    }

    pub(crate) fn publish(&self, topic: &str, payload: &str) {
        self.send(Packet::Publish(message(topic, payload)));
    }

    /// Publishes and keeps the exchange going until it is complete.
    pub(crate) fn publish_qos(&self, topic: &str, payload: &str, qos: QoS, id: u16) -> ReasonCode {
        self.send(Packet::Publish(with_qos(message(topic, payload), qos, id)));
        if qos == QoS::AtMostOnce {
            return ReasonCode::Success;
        }
        match (qos, self.receive()) {
            (QoS::AtLeastOnce, Packet::PubAck(ack)) => ack.reason,
            (QoS::ExactlyOnce, Packet::PubRec(ack)) => {
                self.send(Packet::PubRel(Ack::success(ack.packet_id)));
                assert_eq!(self.receive(), Packet::PubComp(Ack::success(ack.packet_id)));
                ack.reason
            }
            (_, other) => panic!("expected an acknowledgement, got {other}"),
        }
    }

    /// Acknowledges a message to the end.
    pub(crate) fn acknowledge(&self, publish: &Publish) {
        let Some(id) = publish.packet_id else { return };
        if publish.qos == QoS::AtLeastOnce {
            return self.send(Packet::PubAck(Ack::success(id)));
        }
        self.send(Packet::PubRec(Ack::success(id)));
        assert_eq!(self.receive(), Packet::PubRel(Ack::success(id)));
        self.send(Packet::PubComp(Ack::success(id)));
    }
}
