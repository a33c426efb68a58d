//! The MQTT side of a device that its plan decides.

use bytes::Bytes;
use lacewing_client::{Backoff, Client, Options, QueueLimits};
use lacewing_protocol::{
    ProtocolVersion, QoS, SubscriptionOptions, TopicFilter, TopicName, Utf8String, Will, WillProperties,
};

use crate::behaviour::SECOND;
use crate::plan::{self, DeviceKind, Direction, Role};

/// Seconds. A cut cable shows after one and a half times as long.
const KEEP_ALIVE: u16 = 30;
/// How long the session of a device that takes commands waits for it, in seconds.
const SESSION: u32 = 3600;

/// What a topic means to a device: one of its controls, or what it follows.
pub(super) fn role(device: &plan::Device, topic: &TopicName) -> Option<Role> {
    let control = device.controls.iter().find(|control| *topic == *control.topic).map(|control| control.role);
    let follows = || device.links.iter().filter(|link| link.direction == Direction::Follows);
    control.or_else(|| follows().find(|link| *topic == *link.topic).map(|link| link.role))
}

/// The MQTT client of a device that was just switched on.
pub(super) fn client(device: &plan::Device, seed: u64) -> Client {
    let mut client = Client::new(options(device, seed));
    // Devices without topics to listen to have an empty list, which is refused as such.
    let _ = client.subscribe(0, filters(device));
    client
}

/// What a device listens to. A ring comes at the QoS it was sent with, whatever that is.
pub(super) fn filters(device: &plan::Device) -> Vec<(TopicFilter, SubscriptionOptions)> {
    let controls = device.controls.iter().map(|control| (&control.topic, control.role));
    let follows = device.links.iter().filter(|link| link.direction == Direction::Follows);
    let all = controls.chain(follows.map(|link| (&link.topic, link.role)));
    all.filter_map(|(topic, role)| {
        let qos = if role == Role::Ring { QoS::ExactlyOnce } else { QoS::AtLeastOnce };
        let options = SubscriptionOptions { qos, ..SubscriptionOptions::default() };
        Some((TopicFilter::try_from(topic.as_str()).ok()?, options))
    })
    .collect()
}

/// Sensors speak the version that cheap devices speak. What takes commands or rings speaks 5.0, and its session waits for it,
/// so that a command given while it is away arrives.
fn options(device: &plan::Device, seed: u64) -> Options {
    let simple = matches!(
        device.kind,
        DeviceKind::Sensor | DeviceKind::Door | DeviceKind::Motion | DeviceKind::LeakSensor
    );
    let version = if simple { ProtocolVersion::V3_1_1 } else { ProtocolVersion::V5_0 };
    let listens = !device.controls.is_empty() || device.kind == DeviceKind::Chime;
    let client_id = Utf8String::try_from(device.id.as_str()).unwrap_or_default();
    Options {
        clean_start: !listens,
        session_expiry_s: if listens { SESSION } else { 0 },
        keep_alive_s: KEEP_ALIVE,
        will: TopicName::try_from(device.status.as_str()).ok().map(|topic| Will {
            topic,
            payload: Bytes::from_static(b"offline"),
            qos: QoS::AtLeastOnce,
            retain: true,
            properties: WillProperties::default(),
        }),
        queue: QueueLimits { messages: 100, bytes: 128 * 1024, qos0_offline: false },
        backoff: Backoff { min: SECOND / 2, max: 5 * SECOND, jitter_percent: 50 },
        seed,
        ..Options::new(version, client_id)
    }
}
