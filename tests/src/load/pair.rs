//! One publisher with its subscriber: numbers go in on one side and are ticked off on the other.

use std::time::Instant;

use bytes::BytesMut;
use lacewing_protocol::{AckType, Packet, PacketId, Publish, QoS};
use mio::{Registry, Token};

use super::wire::Wire;
use super::{Load, Outcome};
use crate::device::{self, Device};

/// A publisher that has this much waiting to be written writes no more into it.
const ENOUGH: usize = 64 << 10;

/// A publisher and its subscriber.
#[derive(Debug)]
pub(super) struct Pair {
    publisher: Wire,
    subscriber: Wire,
    frame: Frame,
    qos: QoS,
    sent: u64,
    acknowledged: u64,
    arrivals: Arrivals,
}

impl Pair {
    /// Connects both, the subscriber with its subscription granted.
    pub(super) fn connect(load: &Load, number: u32, registry: &Registry) -> Self {
        let topic = format!("load/{number}");
        let mut connect = device::connect(load.version, &format!("load-sub-{number}"));
        connect.clean_start = !load.lasting;
        if load.lasting && load.version.is_v5() {
            connect.properties.session_expiry_interval = Some(3600);
        }
        let (mut subscriber, _) = Device::ask(load.port, connect);
        subscriber.subscribe(&topic, load.qos);
        let publisher = Device::connect(load.port, load.version, &format!("load-pub-{number}"));
        let token = |side: usize| Token(number as usize * 2 + side);
        Self {
            publisher: Wire::new(publisher, registry, token(0)),
            subscriber: Wire::new(subscriber, registry, token(1)),
            frame: Frame::new(load, &topic),
            qos: load.qos,
            sent: 0,
            acknowledged: 0,
            arrivals: Arrivals::default(),
        }
    }

    /// How many messages were sent.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// Sends up to message `due`, as far as the window allows.
    pub(super) fn publish(&mut self, load: &Load, due: u64, began: Instant) {
        let through = self.arrivals.different.min(self.finished());
        let allowed = due.min(through + load.window);
        if self.sent < allowed && self.publisher.waiting() < ENOUGH {
            let now = began.elapsed().as_micros() as u64;
            while self.sent < allowed && self.publisher.waiting() < ENOUGH {
                self.publisher.push(self.frame.fill(self.sent, now));
                self.sent += 1;
            }
            self.publisher.flush();
        }
    }

    /// Reads and answers on one side; says whether anything came.
    pub(super) fn serve(&mut self, side: usize, began: Instant) -> bool {
        let before = (self.acknowledged, self.arrivals.all);
        if side == 0 {
            let acknowledged = &mut self.acknowledged;
            self.publisher.read(|wire, packet| match packet {
                Packet::PubRec(ack) => wire.acknowledge(AckType::PubRel, ack.packet_id),
                Packet::PubAck(_) | Packet::PubComp(_) => *acknowledged += 1,
                other => panic!("a publisher was sent {other:?}"),
            });
            self.publisher.flush();
        } else {
            let now = began.elapsed().as_micros() as u64;
            let arrivals = &mut self.arrivals;
            self.subscriber.read(|wire, packet| match packet {
                Packet::Publish(publish) => {
                    answer(wire, &publish);
                    arrivals.tick_off(&publish.payload, now);
                }
                Packet::PubRel(ack) => wire.acknowledge(AckType::PubComp, ack.packet_id),
                other => panic!("a subscriber was sent {other:?}"),
            });
            self.subscriber.flush();
        }
        before != (self.acknowledged, self.arrivals.all)
    }

    /// Whether all was sent, arrived and was acknowledged.
    pub(super) fn is_done(&self, load: &Load) -> bool {
        self.arrivals.different.min(self.finished()) == load.count
    }

    /// Adds what came of this pair.
    pub(super) fn tell(self, outcome: &mut Outcome) {
        outcome.sent += self.sent;
        outcome.unacknowledged += self.sent - self.finished();
        outcome.arrived += self.arrivals.different;
        outcome.doubled += self.arrivals.all - self.arrivals.different;
        outcome.disordered += self.arrivals.disordered;
        outcome.latencies.extend(self.arrivals.latencies);
    }

    /// Messages whose sender has nothing more to do.
    fn finished(&self) -> u64 {
        if self.qos == QoS::AtMostOnce { self.sent } else { self.acknowledged }
    }
}

fn answer(wire: &mut Wire, publish: &Publish) {
    match (publish.qos, publish.packet_id) {
        (QoS::AtLeastOnce, Some(id)) => wire.acknowledge(AckType::PubAck, id),
        (QoS::ExactlyOnce, Some(id)) => wire.acknowledge(AckType::PubRec, id),
        _ => {}
    }
}

/// A PUBLISH that is written once and patched for each message.
#[derive(Debug)]
struct Frame {
    bytes: BytesMut,
    packet_id: Option<usize>,
    payload: usize,
}

impl Frame {
    fn new(load: &Load, topic: &str) -> Self {
        let mut publish = device::publish(topic, &vec![0; load.payload.max(16)]);
        publish.qos = load.qos;
        publish.packet_id = (load.qos != QoS::AtMostOnce).then_some(PacketId::MIN);
        let length = publish.payload.len();
        let mut bytes = BytesMut::new();
        Packet::Publish(publish).encode(load.version, &mut bytes).expect("a PUBLISH can be written");
        let payload = bytes.len() - length;
        // Between them stands, from 5.0 on, one byte: no properties.
        let packet_id = payload - 2 - usize::from(load.version.is_v5());
        Self { bytes, packet_id: (load.qos != QoS::AtMostOnce).then_some(packet_id), payload }
    }

    /// Message `number`, sent at `now`.
    fn fill(&mut self, number: u64, now: u64) -> &[u8] {
        if let Some(at) = self.packet_id {
            let id = (number % u64::from(u16::MAX)) as u16 + 1;
            self.bytes[at..at + 2].copy_from_slice(&id.to_be_bytes());
        }
        let payload = &mut self.bytes[self.payload..];
        payload[..8].copy_from_slice(&number.to_be_bytes());
        payload[8..16].copy_from_slice(&now.to_be_bytes());
        &self.bytes
    }
}

/// What has arrived.
#[derive(Debug, Default)]
struct Arrivals {
    /// One bit a message.
    seen: Vec<u64>,
    all: u64,
    different: u64,
    disordered: u64,
    next: u64,
    latencies: Vec<u32>,
}

impl Arrivals {
    fn tick_off(&mut self, payload: &[u8], now: u64) {
        let number = |at: usize| {
            payload.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes)
        };
        let (Some(number), Some(sent)) = (number(0), number(8)) else { panic!("a foreign message came") };
        self.all += 1;
        let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
        if word >= self.seen.len() {
            self.seen.resize(word + 1, 0);
        }
        if self.seen[word] & bit != 0 {
            return;
        }
        self.seen[word] |= bit;
        self.different += 1;
        self.disordered += u64::from(number < self.next);
        self.next = self.next.max(number + 1);
        self.latencies.push(u32::try_from(now.saturating_sub(sent)).unwrap_or(u32::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(numbers: &[u64]) -> Arrivals {
        let mut arrivals = Arrivals::default();
        for number in numbers {
            arrivals.tick_off(&[number.to_be_bytes(), 5_u64.to_be_bytes()].concat(), 12);
        }
        arrivals
    }

    #[test]
    fn what_comes_twice_or_late_is_counted() {
        let arrivals = arrivals(&[0, 1, 3, 1, 2]);
        assert_eq!((arrivals.all, arrivals.different, arrivals.disordered), (5, 4, 1));
        assert_eq!(arrivals.latencies, [7; 4]);
    }

    #[test]
    fn a_patched_frame_is_the_message_it_says() {
        use lacewing_protocol::{DecodeLimits, Decoder, ProtocolVersion, Role};
        for version in [ProtocolVersion::V3_1_1, ProtocolVersion::V5_0] {
            let load = Load { version, qos: QoS::AtLeastOnce, ..Load::new(0) };
            let mut frame = Frame::new(&load, "load/7");
            let mut decoder = Decoder::new(Role::Client, DecodeLimits::default());
            decoder.set_version(version);
            decoder.push(bytes::Bytes::copy_from_slice(frame.fill(65_535, 9)));
            let Ok(Some(Packet::Publish(publish))) = decoder.next() else { panic!() };
            assert_eq!(publish.packet_id, Some(PacketId::MIN));
            assert_eq!(publish.payload.len(), 64);
            assert_eq!(
                publish.payload[..16],
                [[0, 0, 0, 0, 0, 0, 255, 255], [0, 0, 0, 0, 0, 0, 0, 9]].concat()
            );
        }
    }
}
