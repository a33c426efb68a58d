//! A device's card: everything that is known of one device.

use lacewing_control::ClientInfo;
use lacewing_sim::plan::{Device, Direction};

use super::{drawing, house::House, payload, words};
use crate::wire::{DeviceDetail, Operator, Presence, TopicRow};

/// The card of `device`; `client` is what the broker's host says of it, if it says anything.
pub(crate) fn card(
    house: &House,
    now: u64,
    device: &Device,
    client: Option<&ClientInfo>,
    operator: &Operator,
) -> DeviceDetail {
    let row = |topic: &str| {
        let latest = house.latest(topic);
        TopicRow {
            topic: topic.into(),
            value: latest.and_then(|latest| payload::preview(&latest.payload)).map(|(text, _)| text),
            age: latest.map_or_else(String::new, |latest| words::ago(now, latest.at)),
            retained: latest.is_some_and(|latest| latest.retained),
        }
    };
    let linked = |direction| device.links.iter().filter(move |link| link.direction == direction);
    let view = drawing::device(house, now, device);
    DeviceDetail {
        room: house.drawn().room(&device.room).map_or_else(String::new, |room| room.name.clone()),
        presence: presence(now, view.presence, client),
        publishes: std::iter::once(&device.status)
            .chain(device.values.iter().map(|value| &value.topic))
            .chain(linked(Direction::Commands).map(|link| &link.topic))
            .filter(|topic| !topic.is_empty())
            .map(|topic| row(topic))
            .collect(),
        listens: device
            .controls
            .iter()
            .map(|control| &control.topic)
            .chain(linked(Direction::Follows).map(|link| &link.topic))
            .map(|topic| row(topic))
            .collect(),
        will: will(device, client),
        power: house.power(&device.id).ok_or_else(|| match operator {
            Operator::No { why } => why.clone(),
            _ if house.is_powered() => "It is not one of the simulated devices.".into(),
            _ => "The simulated home does not run here.".into(),
        }),
        device: view,
    }
}

fn presence(now: u64, presence: Presence, client: Option<&ClientInfo>) -> String {
    match (client, presence) {
        (Some(client), _) if client.connected => {
            let keep_alive = match client.keep_alive {
                0 => "no keep-alive".into(),
                seconds => format!("keep-alive {seconds} s"),
            };
            format!("connected, heard {}, {keep_alive}", words::ago(now, client.last_heard))
        }
        (Some(client), _) => {
            let how = client.ended.map_or("went", words::ending);
            format!("away, {how} {}", words::ago(now, client.since))
        }
        (None, Presence::Online) => "online, as it says itself".into(),
        (None, Presence::Offline) => "offline, as it or its will says".into(),
        (None, Presence::Unknown) => "it has not said whether it is here".into(),
    }
}

fn will(device: &Device, client: Option<&ClientInfo>) -> Option<String> {
    let (text, topic) = match client.map(|client| &client.will) {
        Some(Some(will)) => (words::preview(&will.payload), will.topic.as_str()),
        Some(None) => return None,
        None if device.status.is_empty() => return None,
        None => ("offline".into(), device.status.as_str()),
    };
    Some(format!("If I vanish, the broker says “{text}” on {topic}."))
}
