//! From one client to another (§3.3, §4.3).

use lacewing_protocol::{QoS, ReasonCode};

use crate::story::*;

const QOS: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];

#[test]
fn a_message_arrives_at_every_qos_in_every_version_with_the_lower_of_both_qos() {
    // [MQTT-3.8.4-8]
    for old_publisher in [false, true] {
        for old_subscriber in [false, true] {
            for published in QOS {
                for granted in QOS {
                    let story = Story::new();
                    let publisher = if old_publisher { story.old_client("p") } else { story.client("p") };
                    let subscriber = if old_subscriber { story.old_client("s") } else { story.client("s") };
                    subscriber.subscribe("a/+", granted);
                    assert_eq!(publisher.publish_qos("a/b", "hello", published, 7), ReasonCode::Success);
                    let got = subscriber.expect("a/b", "hello");
                    assert_eq!((got.qos, got.dup, got.retain), (published.min(granted), false, false));
                    subscriber.acknowledge(&got);
                    subscriber.hears_nothing();
                    publisher.hears_nothing();
                }
            }
        }
    }
}
