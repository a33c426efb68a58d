//! The house as it is drawn: rooms, devices and what each shows.

use lacewing_sim::plan::{Action, Device, DeviceKind, Direction, Role, Room, ThermostatState};

use super::house::{House, Latest, PATIENCE};
use super::words;
use crate::wire::{Asked, DeviceView, PhoneView, Power, Presence, Reading, RoomView, Shown, Warmth};

/// The lowest and the highest set-point in tenths of a degree, and the step between two.
const RANGE: (i32, i32) = (50, 300);
const STEP: i32 = 5;

/// Every room with its devices. `has_left` says of a client that plays the part of a device whether it is known to be gone.
pub(crate) fn rooms(house: &House, now: u64, has_left: impl Fn(&str) -> bool) -> Vec<RoomView> {
    let mut rooms: Vec<RoomView> = house.drawn().rooms.iter().map(|one| room(house, now, one)).collect();
    for room in &mut rooms {
        let gone =
            room.devices.iter_mut().filter(|device| device.handed_to.as_deref().is_some_and(&has_left));
        for device in gone {
            device.presence = Presence::Offline;
            if let (DeviceKind::Sensor, Some(reading)) = (device.kind, &mut room.temperature) {
                reading.stale = true;
            }
        }
    }
    rooms
}

fn room(house: &House, now: u64, room: &Room) -> RoomView {
    let members = || house.drawn().devices.iter().filter(|device| device.room == room.id);
    let temperature = members()
        .filter(|device| device.kind == DeviceKind::Sensor)
        .find_map(|device| reading(house, device, Role::Temperature));
    RoomView {
        id: room.id.clone(),
        name: room.name.clone(),
        floor: room.floor,
        column: room.column,
        width: room.width.max(1),
        warmth: temperature.as_ref().map_or(Warmth::Unknown, warmth),
        temperature,
        devices: members()
            .filter(|device| device.kind != DeviceKind::Hub)
            .map(|one| device(house, now, one))
            .collect(),
    }
}

/// One device.
pub(crate) fn device(house: &House, now: u64, device: &Device) -> DeviceView {
    let presence = presence(house, device);
    DeviceView {
        id: device.id.clone(),
        name: device.name.clone(),
        kind: device.kind,
        position: device.position,
        simulated: house.simulates(device),
        handed_to: device.handed_to.clone(),
        presence,
        shown: shown(house, now, device),
        asked: house.wish(&device.id).map(|wish| Asked {
            control: wish.control,
            why: (now.saturating_sub(wish.at) >= PATIENCE).then(|| excuse(house, device, presence)),
        }),
    }
}

/// Why a wish is not answered: what the home knows, what the broker said, or else what the device says of itself.
fn excuse(house: &House, device: &Device, presence: Presence) -> String {
    match (house.power(&device.id), house.excuse_of(&device.id), presence) {
        (Some(Power::Off), ..) => "No answer: it is switched off.".into(),
        (Some(Power::Crashed), ..) => "No answer: it has crashed.".into(),
        (Some(Power::Cut), ..) => "No answer: its cable is cut.".into(),
        (_, Some(why), _) => format!("No answer. {why}"),
        (_, None, Presence::Offline) => "No answer: it is offline.".into(),
        _ => "No answer yet: it has not said that it did it.".into(),
    }
}

/// The phone app: the thermostat's room and what can be switched.
pub(crate) fn phone(house: &House, client_id: &str, connected: bool) -> PhoneView {
    let devices = &house.drawn().devices;
    let thermostat = devices.iter().find(|device| device.kind == DeviceKind::Thermostat);
    let switches = devices
        .iter()
        .filter(|device| matches!(device.kind, DeviceKind::Light | DeviceKind::Plug | DeviceKind::Fan));
    PhoneView {
        client_id: client_id.into(),
        connected,
        room: thermostat.map(|device| device.room.clone()),
        devices: thermostat.into_iter().chain(switches).map(|device| device.id.clone()).collect(),
    }
}

/// Whether a device is connected, by its own status topic; and where it is known by its switch.
pub(crate) fn presence(house: &House, device: &Device) -> Presence {
    if house.off_since(device).is_some() {
        return Presence::Offline;
    }
    match house.latest(&device.status).map(|latest| latest.payload.as_slice()) {
        Some(b"online") => Presence::Online,
        Some(b"offline") => Presence::Offline,
        _ => Presence::Unknown,
    }
}

fn shown(house: &House, now: u64, device: &Device) -> Shown {
    let on = |role| match house.text(device, role)? {
        "ON" | "open" => Some(true),
        "OFF" | "closed" => Some(false),
        _ => None,
    };
    let contact = |role, yes: &str, no: &str| {
        let active = on(role);
        let word = match active {
            Some(true) => yes,
            Some(false) => no,
            None => "not known",
        };
        Shown::Contact { active, word: word.into(), settable: device.control(role).is_some() }
    };
    let value = |role| reading(house, device, role).map_or(Shown::Nothing, Shown::Value);
    match device.kind {
        DeviceKind::Sensor => match value(Role::Temperature) {
            Shown::Nothing => device.values.first().map_or(Shown::Nothing, |first| value(first.role)),
            shown => shown,
        },
        DeviceKind::Thermostat => climate(house, device),
        DeviceKind::Radiator | DeviceKind::AirConditioner => value(Role::Demand),
        DeviceKind::Light | DeviceKind::Plug | DeviceKind::Fan => Shown::Switch {
            on: on(Role::Switch),
            reading: reading(house, device, Role::Power),
            settable: device.control(Role::Switch).is_some(),
        },
        DeviceKind::Window => contact(Role::Opening, "open", "closed"),
        DeviceKind::Door => contact(Role::Contact, "open", "closed"),
        DeviceKind::Motion => contact(Role::Motion, "motion", "quiet"),
        DeviceKind::SmokeAlarm => contact(Role::Smoke, "smoke", "clear"),
        DeviceKind::LeakSensor => contact(Role::Leak, "wet", "dry"),
        DeviceKind::Chime => value(Role::Count),
        DeviceKind::Blind => Shown::Cover {
            position: house.text(device, Role::Position).and_then(|text| text.trim().parse().ok()),
            settable: device.control(Role::Position).is_some(),
        },
        DeviceKind::Doorbell => Shown::Bell {
            rang: device
                .value(Role::Ring)
                .and_then(|value| house.latest(&value.topic))
                .map(|latest| words::ago(now, latest.at)),
            settable: device.control(Role::Press).is_some(),
        },
        DeviceKind::Hub => Shown::Nothing,
    }
}

fn climate(house: &House, device: &Device) -> Shown {
    let state = house
        .text(device, Role::Thermostat)
        .and_then(|text| serde_json::from_str::<ThermostatState>(text).ok());
    let followed = device
        .links
        .iter()
        .find(|link| link.direction == Direction::Follows && link.role == Role::Temperature)
        .and_then(|link| Some(read(Role::Temperature, house.latest(&link.topic)?, None)));
    Shown::Climate {
        current: reading(house, device, Role::Temperature).or(followed),
        target: state.map(|state| (state.setpoint * 10.0).round() as i32).or_else(|| {
            let text = house.text(device, Role::SetPoint)?;
            Some((lacewing_sim::number(text)? * 10.0).round() as i32)
        }),
        range: RANGE,
        step: STEP,
        action: state.map(|state| {
            match state.action {
                Action::Off => "off",
                Action::Idle => "idle",
                Action::Heating => "heating",
                Action::Cooling => "cooling",
            }
            .into()
        }),
    }
}

fn reading(house: &House, device: &Device, role: Role) -> Option<Reading> {
    let latest = house.latest(&device.value(role)?.topic)?;
    Some(read(role, latest, gone_since(house, device)))
}

/// When the device went offline, if it is: what came before that is old news.
fn gone_since(house: &House, device: &Device) -> Option<u64> {
    let status = house.latest(&device.status).filter(|status| status.payload == b"offline");
    status.map(|status| status.at).or_else(|| house.off_since(device))
}

fn read(role: Role, latest: &Latest, gone: Option<u64>) -> Reading {
    let text = std::str::from_utf8(&latest.payload).unwrap_or("?").trim();
    let value: String = match lacewing_sim::number(text) {
        Some(number) if role == Role::Temperature => format!("{number:.1}"),
        _ => text.chars().take(12).collect(),
    };
    Reading {
        value,
        unit: unit(role).into(),
        stale: gone.is_some_and(|since| latest.retained || latest.at <= since),
    }
}

/// The unit of a value in this role.
pub(crate) fn unit(role: Role) -> &'static str {
    match role {
        Role::Temperature | Role::SetPoint => "°C",
        Role::Humidity | Role::Demand | Role::Position => "%",
        Role::Power => "W",
        _ => "",
    }
}

fn warmth(reading: &Reading) -> Warmth {
    match lacewing_sim::number(&reading.value) {
        Some(degrees) if degrees <= 17.0 => Warmth::Cold,
        Some(degrees) if degrees <= 19.0 => Warmth::Cool,
        Some(degrees) if degrees <= 21.0 => Warmth::Mild,
        Some(degrees) if degrees <= 23.0 => Warmth::Warm,
        Some(_) => Warmth::Hot,
        None => Warmth::Unknown,
    }
}
