//! What Home Assistant reads to know a device: MQTT device discovery.

use serde_json::{Map, Value, json};

use crate::plan::{Control, Device, DeviceKind, Direction, Plan, Role, Scene};

/// The topic of a device's discovery message.
pub fn topic(device: &Device) -> String {
    format!("homeassistant/device/{}/config", device.id)
}

/// A device's discovery message: who it is, and one component for each of its values that Home Assistant has a
/// platform for.
pub fn payload(plan: &Plan, device: &Device) -> String {
    let area = plan.room(&device.room).map_or(device.room.as_str(), |room| room.name.as_str());
    let mut payload = json!({
        "dev": {
            "ids": [device.id],
            "name": format!("{area} {}", device.name.to_ascii_lowercase()),
            "mf": "Lacewing",
            "mdl": format!("Simulated {}", device.name.to_ascii_lowercase()),
            "sw": env!("CARGO_PKG_VERSION"),
            "suggested_area": area,
        },
        "o": { "name": "Lacewing", "sw": env!("CARGO_PKG_VERSION") },
        "cmps": components(plan, device),
        "qos": 1,
    });
    // A real device that has taken its part need not have a status of its own.
    if device.handed_to.is_none() {
        payload["availability_topic"] = json!(device.status);
        payload["payload_available"] = json!("online");
        payload["payload_not_available"] = json!("offline");
    }
    payload.to_string()
}

fn components(plan: &Plan, device: &Device) -> Map<String, Value> {
    let values = device.values.iter().map(|value| (value.role, value.topic.as_str()));
    // A button is pressed and tells nothing.
    let press = device.control(Role::Press).map(|control| (Role::Press, control.topic.as_str()));
    let described = values.chain(press).filter_map(|(role, topic)| {
        let (name, mut component) = component(plan, device, role, topic)?;
        component["unique_id"] = json!(format!("{}-{name}", device.id));
        Some((name.to_owned(), component))
    });
    described.collect()
}

/// The component of one value, under a name that is unique in its device.
fn component(plan: &Plan, device: &Device, role: Role, state: &str) -> Option<(&'static str, Value)> {
    let control = |role| device.control(role).map(|control| control.topic.as_str());
    let command = control(role);
    Some(match role {
        Role::Temperature => ("temperature", measure("Temperature", state, "temperature", "°C", 1)),
        Role::Humidity => ("humidity", measure("Humidity", state, "humidity", "%", 0)),
        Role::Power => ("power", measure("Power", state, "power", "W", 1)),
        Role::Contact => ("contact", binary("Door", state, "door")),
        Role::Motion => ("motion", binary("Motion", state, "motion")),
        Role::Smoke => ("smoke", binary("Smoke", state, "smoke")),
        Role::Leak => ("leak", binary("Leak", state, "moisture")),
        Role::Count => (
            "rings",
            json!({ "p": "sensor", "name": "Rings", "state_topic": state, "state_class": "total_increasing" }),
        ),
        Role::Ring => (
            "ring",
            json!({
                "p": "event", "name": null, "state_topic": state, "device_class": "doorbell",
                "event_types": ["press"],
            }),
        ),
        Role::Press => (
            "press",
            json!({ "p": "button", "name": "Press", "command_topic": state, "payload_press": "PRESS" }),
        ),
        Role::Switch if device.kind == DeviceKind::Fan => {
            ("fan", json!({ "p": "fan", "name": null, "state_topic": state, "command_topic": command? }))
        }
        Role::Switch if device.kind == DeviceKind::Light => {
            ("light", json!({ "p": "light", "name": null, "state_topic": state, "command_topic": command? }))
        }
        Role::Switch => (
            "switch",
            json!({
                "p": "switch", "name": "Socket", "device_class": "outlet",
                "state_topic": state, "command_topic": command?,
            }),
        ),
        Role::Opening => (
            "window",
            json!({
                "p": "cover", "name": null, "device_class": "window",
                "state_topic": state, "state_open": "open", "state_closed": "closed",
                "command_topic": command?, "payload_open": "OPEN", "payload_close": "CLOSE", "payload_stop": null,
            }),
        ),
        Role::Position => (
            "blind",
            json!({
                "p": "cover", "name": null, "device_class": "blind",
                "position_topic": state, "set_position_topic": command?, "command_topic": control(Role::Opening)?,
            }),
        ),
        Role::Demand => (
            "demand",
            json!({
                "p": "number", "name": "Demand", "state_topic": state, "command_topic": command?,
                "min": 0, "max": 100, "step": 10, "unit_of_measurement": "%",
            }),
        ),
        Role::Thermostat => ("climate", climate(device, state)?),
        Role::Clock => {
            let mut outside = measure("Outside temperature", state, "temperature", "°C", 1);
            outside["value_template"] = json!("{{ value_json.outside }}");
            ("outside", outside)
        }
        Role::Cat => {
            let rooms = plan.rooms.iter().map(|room| room.id.as_str()).collect();
            ("cat", select("Cat", state, command?, rooms))
        }
        Role::Scene => {
            ("scene", select("Scene", state, command?, Scene::ALL.iter().map(|scene| scene.word()).collect()))
        }
        Role::SetPoint | Role::Mode | Role::Plan => return None,
    })
}

fn measure(name: &str, state: &str, class: &str, unit: &str, precision: u8) -> Value {
    json!({
        "p": "sensor", "name": name, "state_topic": state, "device_class": class, "state_class": "measurement",
        "unit_of_measurement": unit, "suggested_display_precision": precision,
    })
}

fn binary(name: &str, state: &str, class: &str) -> Value {
    json!({ "p": "binary_sensor", "name": name, "state_topic": state, "device_class": class })
}

fn select(name: &str, state: &str, command: &str, options: Vec<&str>) -> Value {
    json!({ "p": "select", "name": name, "state_topic": state, "command_topic": command, "options": options })
}

fn climate(device: &Device, state: &str) -> Option<Value> {
    let control = |role| device.control(role).map(|control: &Control| control.topic.as_str());
    let followed = |role| {
        let mut links = device.links.iter();
        links.find(|link| link.direction == Direction::Follows && link.role == role).map(|link| &link.topic)
    };
    let mut climate = json!({
        "p": "climate", "name": null, "modes": ["off", "heat", "cool", "auto"],
        "mode_state_topic": state, "mode_state_template": "{{ value_json.mode }}",
        "mode_command_topic": control(Role::Mode)?,
        "temperature_state_topic": state, "temperature_state_template": "{{ value_json.setpoint }}",
        "temperature_command_topic": control(Role::SetPoint)?,
        "action_topic": state, "action_template": "{{ value_json.action }}",
        "min_temp": 5, "max_temp": 30, "temp_step": 0.5, "precision": 0.1, "temperature_unit": "C",
    });
    if let Some(topic) = followed(Role::Temperature) {
        climate["current_temperature_topic"] = json!(topic);
    }
    Some(climate)
}
