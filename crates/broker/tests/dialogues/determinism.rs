//! The same inputs give the same outputs and bytes.

use bytes::{Bytes, BytesMut};
use lacewing_broker::{Batch, Broker, Command, Config, ConnId, EventMask, Input, Now, Output, Transport};
use lacewing_protocol::{Packet, ProtocolVersion, QoS};
use proptest::prelude::*;

use crate::story::*;

#[derive(Debug, Clone)]
enum Step {
    Open(u8, bool),
    Close(u8),
    Publish(u8, u8, u8, bool),
    Subscribe(u8, u8),
    Pass(u32),
    Transmit(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..6u8, any::<bool>()).prop_map(|(c, old)| Step::Open(c, old)),
        (0..6u8).prop_map(Step::Close),
        (0..6u8, 0..4u8, 0..3u8, any::<bool>()).prop_map(|(c, t, q, r)| Step::Publish(c, t, q, r)),
        (0..6u8, 0..6u8).prop_map(|(c, f)| Step::Subscribe(c, f)),
        (0..20_000_000u32).prop_map(Step::Pass),
        (0..6u8).prop_map(Step::Transmit),
    ];
    prop::collection::vec(step, 0..80)
}

const FILTERS: [&str; 6] = ["a", "a/+", "#", "$share/g/a", "$share/g/#", "a/b"];
const TOPICS: [&str; 4] = ["a", "a/b", "a/c", "b"];

/// Everything that comes out, as text.
fn run(steps: &[Step]) -> String {
    let mut now = Now { awake: 0, wall: 1_000_000_000 };
    let config = Config { durable: true, inflight: 2, ..Config::default() };
    let mut broker = Broker::new(config, 99, now);
    broker.handle(now, Input::Command(Command::Watch { events: EventMask::ALL }));
    let mut transcript = String::new();
    let mut conns = [(ConnId(0), ProtocolVersion::V5_0); 6];
    let mut last_conn = 0;
    let give = |broker: &mut Broker, now, (conn, version): (ConnId, ProtocolVersion), packet: Packet| {
        let mut bytes = BytesMut::new();
        packet.encode(version, &mut bytes).unwrap();
        broker.handle(now, Input::Received { conn, bytes: bytes.freeze() });
    };
    for step in steps {
        match *step {
            Step::Open(c, old) => {
                last_conn += 1;
                let version = if old { ProtocolVersion::V3_1_1 } else { ProtocolVersion::V5_0 };
                let end = (ConnId(last_conn), version);
                conns[usize::from(c)] = end;
                broker.handle(now, Input::Opened { conn: end.0, transport: Transport::default() });
                let mut connect = expiring(&format!("c{c}"), 30);
                (connect.version, connect.clean_start) = (version, c % 2 == 0);
                connect.will = Some(will("a/b", "gone"));
                if old {
                    connect.properties = Default::default();
                }
                give(&mut broker, now, end, Packet::Connect(Box::new(connect)));
            }
            Step::Close(c) => {
                let (conn, _) = conns[usize::from(c)];
                broker.handle(now, Input::Closed { conn, cause: lacewing_broker::CloseCause::Peer });
            }
            Step::Publish(c, topic, qos, retain) => {
                let mut publish = message(TOPICS[usize::from(topic)], "payload");
                publish.retain = retain;
                let publish = with_qos(publish, QoS::try_from(qos).unwrap(), u16::from(c) + 1);
                give(&mut broker, now, conns[usize::from(c)], Packet::Publish(publish));
            }
            Step::Subscribe(c, filter) => {
                let packet = Packet::Subscribe(lacewing_protocol::Subscribe {
                    packet_id: lacewing_protocol::PacketId::MIN,
                    filters: vec![(
                        FILTERS[usize::from(filter)].try_into().unwrap(),
                        lacewing_protocol::SubscriptionOptions {
                            qos: QoS::ExactlyOnce,
                            ..Default::default()
                        },
                    )],
                    subscription_identifier: None,
                    user_properties: Default::default(),
                });
                give(&mut broker, now, conns[usize::from(c)], packet);
            }
            Step::Pass(micros) => {
                (now.awake, now.wall) = (now.awake + u64::from(micros), now.wall + u64::from(micros));
                broker.handle(now, Input::Tick);
            }
            Step::Transmit(c) => {
                let mut batch = Batch::new();
                broker.transmit(now, conns[usize::from(c)].0, 50, &mut batch);
                let bytes: Bytes = batch.to_bytes();
                transcript.push_str(&format!("{c}: {bytes:?}\n"));
            }
        }
        while let Some(output) = broker.poll_output() {
            transcript.push_str(&format!("{output:?}\n"));
            if let Output::Persist { seq, .. } = output {
                broker.handle(now, Input::Persisted { seq });
            }
        }
        transcript.push_str(&format!("{:?}\n", broker.poll_timeout()));
    }
    transcript
}

proptest! {
    #[test]
    fn the_same_inputs_give_the_same_outputs_and_bytes(steps in steps()) {
        prop_assert_eq!(run(&steps), run(&steps));
    }
}
