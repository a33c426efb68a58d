//! A plan made from Home Assistant's device discovery, for a home that tells no plan of its own.
//!
//! What it understands is what can be drawn: values that are plain text on a topic of their own. A component
//! with a template that is more than `{{ value }}` is left out rather than shown wrong.

use lacewing_sim::plan::{Control, Device, DeviceKind, PLAN_VERSION, Plan, Position, Role, Room, Value};
use serde_json::Value as Json;

use crate::sorted::ByName;

/// The most devices that are kept.
const DEVICES: usize = 300;
/// Rooms side by side in a house without a plan.
const COLUMNS: usize = 3;

/// The devices that introduced themselves.
#[derive(Debug)]
pub(crate) struct Discovered {
    /// By discovery topic, so that an empty payload removes the right one: the area and the device.
    devices: ByName<(String, Device)>,
    plan: Plan,
}

impl Default for Discovered {
    fn default() -> Self {
        let plan = Plan {
            version: PLAN_VERSION,
            name: String::new(),
            rooms: Vec::new(),
            devices: Vec::new(),
            simulated: false,
        };
        Self { devices: ByName::new(), plan }
    }
}

impl Discovered {
    /// A discovery message. Says whether the plan may have changed.
    pub(crate) fn message(&mut self, topic: &str, payload: &[u8]) -> bool {
        let told = serde_json::from_slice::<Json>(payload).ok().and_then(|json| device(&json));
        let changed = match told {
            Some(told) if self.devices.len() < DEVICES || self.devices.contains_key(topic) => {
                self.devices.get(topic) != Some(&told) && {
                    self.devices.insert(topic.into(), told);
                    true
                }
            }
            Some(_) => false,
            None => self.devices.remove(topic).is_some(),
        };
        if changed {
            self.lay_out();
        }
        changed
    }

    /// The house that follows from what was told.
    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// One room for each area, three to a floor; devices side by side.
    fn lay_out(&mut self) {
        let mut areas: ByName<Vec<&Device>> = ByName::new();
        for (area, device) in self.devices.values() {
            areas.get_or_insert_with(area, Vec::new).push(device);
        }
        let mut rooms = Vec::new();
        let mut devices = Vec::new();
        for (index, (area, members)) in areas.iter().enumerate() {
            let room = Room {
                id: slug(area),
                name: area.into(),
                floor: (index / COLUMNS) as i8,
                column: (index % COLUMNS) as u8,
                width: 1,
            };
            for (place, member) in members.iter().enumerate() {
                let x = (100 * (place + 1) / (members.len() + 1)) as u8;
                devices.push(Device {
                    room: room.id.clone(),
                    position: Position { x, y: 40 },
                    ..(*member).clone()
                });
            }
            rooms.push(room);
        }
        self.plan.rooms = rooms;
        self.plan.devices = devices;
    }
}

/// The area and the device of one discovery payload; `None` when there is nothing in it to draw.
fn device(json: &Json) -> Option<(String, Device)> {
    let about = either(json, "dev", "device")?;
    let base = text(json, "~", "~").unwrap_or_default();
    let id = match either(about, "ids", "identifiers")? {
        Json::String(id) => id.clone(),
        Json::Array(ids) => ids.first()?.as_str()?.into(),
        _ => return None,
    };
    let mut device = Device {
        name: text(about, "name", "name").unwrap_or(&id).into(),
        id,
        room: String::new(),
        kind: DeviceKind::Sensor,
        position: Position { x: 50, y: 40 },
        status: topic(json, base, "avty_t", "availability_topic").unwrap_or_default(),
        values: Vec::new(),
        controls: Vec::new(),
        links: Vec::new(),
        handed_to: None,
    };
    let mut rank = 0;
    for component in either(json, "cmps", "components")?.as_object()?.values() {
        component_of(component, base, &mut device, &mut rank);
    }
    let area = text(about, "sa", "suggested_area").unwrap_or("House").to_owned();
    (!device.values.is_empty()).then_some((area, device))
}

/// Adds one component to its device; the component that says most decides how the device is drawn.
fn component_of(component: &Json, base: &str, device: &mut Device, rank: &mut u8) {
    if text(component, "val_tpl", "value_template").is_some_and(|template| !is_plain(template)) {
        return;
    }
    let class = text(component, "dev_cla", "device_class").unwrap_or_default();
    let platform = text(component, "p", "platform").unwrap_or_default();
    let (importance, kind, role) = match (platform, class) {
        ("light", _) if text(component, "schema", "schema").is_none_or(|schema| schema == "basic") => {
            (5, DeviceKind::Light, Role::Switch)
        }
        ("switch", _) => (5, DeviceKind::Plug, Role::Switch),
        ("fan", _) => (5, DeviceKind::Fan, Role::Switch),
        ("event", "doorbell") => (5, DeviceKind::Doorbell, Role::Ring),
        ("binary_sensor", "moisture") => (4, DeviceKind::LeakSensor, Role::Leak),
        ("cover", "window") => (5, DeviceKind::Window, Role::Opening),
        ("binary_sensor", "door" | "window" | "opening") => (4, DeviceKind::Door, Role::Contact),
        ("binary_sensor", "motion" | "occupancy") => (4, DeviceKind::Motion, Role::Motion),
        ("binary_sensor", "smoke") => (4, DeviceKind::SmokeAlarm, Role::Smoke),
        ("sensor", "temperature") => (3, DeviceKind::Sensor, Role::Temperature),
        ("sensor", "humidity") => (2, DeviceKind::Sensor, Role::Humidity),
        ("sensor", "power") => (2, DeviceKind::Sensor, Role::Power),
        _ => return,
    };
    if let Some(topic) = topic(component, base, "stat_t", "state_topic") {
        device.values.push(Value { role, topic });
    }
    if let Some(topic) = topic(component, base, "cmd_t", "command_topic") {
        device.controls.push(Control { role, topic });
    }
    if importance > *rank {
        *rank = importance;
        device.kind = kind;
    }
}

fn is_plain(template: &str) -> bool {
    template.trim_matches(['{', '}', ' ']) == "value"
}

fn either<'a>(json: &'a Json, short: &str, long: &str) -> Option<&'a Json> {
    json.get(short).or_else(|| json.get(long))
}

fn text<'a>(json: &'a Json, short: &str, long: &str) -> Option<&'a str> {
    either(json, short, long)?.as_str()
}

/// A topic, with `~` at either end standing for the base topic.
fn topic(json: &Json, base: &str, short: &str, long: &str) -> Option<String> {
    let topic = text(json, short, long)?;
    Some(match (topic.strip_prefix('~'), topic.strip_suffix('~')) {
        (Some(rest), _) => format!("{base}{rest}"),
        (None, Some(rest)) => format!("{rest}{base}"),
        (None, None) => topic.into(),
    })
}

fn slug(area: &str) -> String {
    area.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAMP: &str = r#"{
        "~": "garage/lamp",
        "dev": {"ids": ["lamp1"], "name": "Lamp", "sa": "Garage"},
        "o": {"name": "test"},
        "avty_t": "~/status",
        "cmps": {
            "light": {"p": "light", "stat_t": "~/state", "cmd_t": "~/set"},
            "power": {"p": "sensor", "dev_cla": "power", "stat_t": "~/power", "val_tpl": "{{ value_json.w }}"}
        }
    }"#;

    #[test]
    fn a_device_is_put_into_the_room_it_suggests() {
        let mut discovered = Discovered::default();
        assert!(discovered.message("homeassistant/device/lamp1/config", LAMP.as_bytes()));
        let plan = discovered.plan();
        assert_eq!(plan.rooms[0].name, "Garage");
        let lamp = plan.device("lamp1").unwrap();
        assert_eq!(lamp.kind, DeviceKind::Light);
        assert_eq!(lamp.status, "garage/lamp/status");
        assert_eq!(lamp.control(Role::Switch).unwrap().topic, "garage/lamp/set");
    }

    #[test]
    fn a_value_behind_a_template_is_left_out() {
        let mut discovered = Discovered::default();
        discovered.message("homeassistant/device/lamp1/config", LAMP.as_bytes());
        assert!(discovered.plan().device("lamp1").unwrap().value(Role::Power).is_none());
    }

    #[test]
    fn an_empty_payload_removes_the_device() {
        let mut discovered = Discovered::default();
        discovered.message("homeassistant/device/lamp1/config", LAMP.as_bytes());
        assert!(discovered.message("homeassistant/device/lamp1/config", b""));
        assert!(discovered.plan().devices.is_empty());
    }

    #[test]
    fn the_same_message_again_changes_nothing() {
        let mut discovered = Discovered::default();
        discovered.message("homeassistant/device/lamp1/config", LAMP.as_bytes());
        assert!(!discovered.message("homeassistant/device/lamp1/config", LAMP.as_bytes()));
        assert!(!discovered.message("homeassistant/device/x/config", b"[not a device"));
    }
}
