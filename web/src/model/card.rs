//! A device's card: everything that is known of one device.

use lacewing_control::{ClientInfo, DevicePower};
use lacewing_sim::plan::{Device, Direction};

use super::{drawing, house::House, payload, rivals::Rivals, roster::Roster, traffic::Traffic, words};
use crate::wire::{DeviceDetail, Operator, Presence, TopicRow};

/// What a card is made from.
pub(crate) struct Known<'a> {
    pub(crate) house: &'a House,
    pub(crate) roster: &'a Roster,
    pub(crate) traffic: &'a Traffic,
    pub(crate) rivals: &'a Rivals,
    pub(crate) operator: &'a Operator,
}

/// The card of `device`.
pub(crate) fn card(known: &Known<'_>, now: u64, device: &Device) -> DeviceDetail {
    let house = known.house;
    let id = device.client_id();
    let client = known.roster.opened(id).map(|detail| &detail.info);
    let client = client.or_else(|| known.roster.find(id));
    let row = |topic: &str| {
        let latest = house.latest(topic);
        TopicRow {
            topic: topic.into(),
            value: latest.and_then(|latest| payload::preview(&latest.payload)).map(|(text, _)| text),
            age: latest.map_or_else(String::new, |latest| words::ago(now, latest.at)),
            retained: house.keeps(topic),
        }
    };
    let linked = |direction| device.links.iter().filter(move |link| link.direction == direction);
    let view = drawing::device(house, now, device);
    let power = house.power(&device.id);
    DeviceDetail {
        room: house.drawn().room(&device.room).map_or_else(String::new, |room| room.name.clone()),
        presence: match (&device.handed_to, client, known.operator) {
            (Some(real), None, Operator::Yes) => format!("{real} is not connected"),
            (_, None, _) if power == Some(DevicePower::Off) => {
                let says_online =
                    house.latest(&device.status).is_some_and(|latest| latest.payload == b"online");
                let still = if says_online {
                    "; its status still says online, since nobody said otherwise"
                } else {
                    ""
                };
                format!("gone, it said goodbye{still}")
            }
            _ => presence(now, view.presence, client),
        },
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
        last: known.traffic.of(now, id),
        session: match (known.operator, client) {
            (Operator::No { why }, _) => Err(why.clone()),
            (_, None) => Err("The broker has no session of this name.".into()),
            (_, Some(client)) => Ok(session(client)),
        },
        will_in: (power == Some(DevicePower::Cut))
            .then(|| client.and_then(|client| will_in(now, client)))
            .flatten(),
        rival: known.rivals.of(now, &device.id).map(|(client, topic)| (client.into(), topic.into())),
        power: power.ok_or_else(|| match known.operator {
            Operator::No { why } => why.clone(),
            _ if device.handed_to.is_some() => {
                "A real client is this device now; its power is its own.".into()
            }
            _ if house.is_powered() => "It is not one of the simulated devices.".into(),
            _ => "The simulated home does not run here.".into(),
        }),
        device: view,
    }
}

/// Seconds until the broker gives a silent client up, after one and a half times its keep-alive (§3.1.2.10).
fn will_in(now: u64, client: &ClientInfo) -> Option<u32> {
    if !client.connected || client.keep_alive == 0 {
        return None;
    }
    let due = client.last_heard + u64::from(client.keep_alive) * 1_500_000;
    u32::try_from(due.saturating_sub(now).div_ceil(1_000_000)).ok()
}

/// A session in lines: was it there, how long does it last, what is in it.
fn session(client: &ClientInfo) -> Vec<String> {
    let present = match client.session_present {
        true => "It was there when the device came (session present).",
        false => "It began when the device came (no session present).",
    };
    let waiting = match (client.queued, client.inflight) {
        (0, 0) => "Nothing is queued, nothing is in flight.".to_owned(),
        (queued, inflight) => format!("{queued} queued, {inflight} in flight."),
    };
    vec![present.into(), words::session(client.session_expiry), waiting]
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
        None if device.status.is_empty() || device.handed_to.is_some() => return None,
        None => ("offline".into(), device.status.as_str()),
    };
    Some(format!("If I vanish, the broker says “{text}” on {topic}."))
}
