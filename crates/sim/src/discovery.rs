//! What Home Assistant reads to know a device: MQTT device discovery.

use serde_json::{Map, Value};

use crate::plan::{Control, Device, DeviceKind, Direction, Plan, Role, Scene};

/// The topic of a device's discovery message.
pub fn topic(device: &Device) -> String {
    format!("homeassistant/device/{}/config", device.id)
}

/// A device's discovery message: who it is, and one component for each of its values that Home Assistant has a
/// platform for.
pub fn payload(plan: &Plan, device: &Device) -> String {
    let area = plan.room(&device.room).map_or(device.room.as_str(), |room| room.name.as_str());
    let version = env!("CARGO_PKG_VERSION");
    let name = device.name.to_ascii_lowercase();
    let dev = texts(&[
        ("name", &format!("{area} {name}")),
        ("mf", "Lacewing"),
        ("mdl", &format!("Simulated {name}")),
        ("sw", version),
        ("suggested_area", area),
    ]);
    let mut payload = Map::new();
    set(&mut payload, "dev", with(dev, "ids", list(&[&device.id])).into());
    set(&mut payload, "o", texts(&[("name", "Lacewing"), ("sw", version)]).into());
    set(&mut payload, "cmps", components(plan, device).into());
    set(&mut payload, "qos", 1.into());
    // A real device that has taken its part need not have a status of its own.
    if device.handed_to.is_none() {
        add(
            &mut payload,
            &[
                ("availability_topic", &device.status),
                ("payload_available", "online"),
                ("payload_not_available", "offline"),
            ],
        );
    }
    Value::from(payload).to_string()
}

fn components(plan: &Plan, device: &Device) -> Map<String, Value> {
    let values = device.values.iter().map(|value| (value.role, value.topic.as_str()));
    // A button is pressed and tells nothing.
    let press = device.control(Role::Press).map(|control| (Role::Press, control.topic.as_str()));
    let mut components = Map::new();
    for (role, topic) in values.chain(press) {
        if let Some((name, mut component)) = component(plan, device, role, topic) {
            add(&mut component, &[("unique_id", &format!("{}-{name}", device.id))]);
            set(&mut components, name, component.into());
        }
    }
    components
}

/// The component of one value, under a name that is unique in its device.
fn component(plan: &Plan, device: &Device, role: Role, state: &str) -> Option<(&'static str, Object)> {
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
            platform("sensor", "Rings", &[("state_topic", state), ("state_class", "total_increasing")]),
        ),
        Role::Ring => {
            let ring = platform("event", OWN, &[("state_topic", state), ("device_class", "doorbell")]);
            ("ring", with(ring, "event_types", list(&["press"])))
        }
        Role::Press => {
            ("press", platform("button", "Press", &[("command_topic", state), ("payload_press", "PRESS")]))
        }
        Role::Switch if device.kind == DeviceKind::Fan => ("fan", switched("fan", OWN, state, command?)),
        Role::Switch if device.kind == DeviceKind::Light => {
            ("light", switched("light", OWN, state, command?))
        }
        Role::Switch => {
            let mut socket = switched("switch", "Socket", state, command?);
            add(&mut socket, &[("device_class", "outlet")]);
            ("switch", socket)
        }
        Role::Opening => {
            let mut window = switched("cover", OWN, state, command?);
            add(
                &mut window,
                &[
                    ("device_class", "window"),
                    ("state_open", "open"),
                    ("state_closed", "closed"),
                    ("payload_open", "OPEN"),
                    ("payload_close", "CLOSE"),
                ],
            );
            ("window", with(window, "payload_stop", Value::Null))
        }
        Role::Position => (
            "blind",
            platform(
                "cover",
                OWN,
                &[
                    ("device_class", "blind"),
                    ("position_topic", state),
                    ("set_position_topic", command?),
                    ("command_topic", control(Role::Opening)?),
                ],
            ),
        ),
        Role::Demand => {
            let mut demand = switched("number", "Demand", state, command?);
            add(&mut demand, &[("unit_of_measurement", "%")]);
            ("demand", numbers(demand, &[("min", 0), ("max", 100), ("step", 10)]))
        }
        Role::Thermostat => ("climate", climate(device, state)?),
        Role::Clock => {
            let mut outside = measure("Outside temperature", state, "temperature", "°C", 1);
            add(&mut outside, &[("value_template", "{{ value_json.outside }}")]);
            ("outside", outside)
        }
        Role::Cat => {
            let rooms: Vec<_> = plan.rooms.iter().map(|room| room.id.as_str()).collect();
            ("cat", select("Cat", state, command?, &rooms))
        }
        Role::Scene => ("scene", select("Scene", state, command?, &Scene::ALL.map(Scene::word))),
        Role::SetPoint | Role::Mode | Role::Plan => return None,
    })
}

fn measure(name: &str, state: &str, class: &str, unit: &str, precision: u8) -> Object {
    let mut measure = platform("sensor", name, &[("state_topic", state), ("device_class", class)]);
    add(&mut measure, &[("state_class", "measurement"), ("unit_of_measurement", unit)]);
    numbers(measure, &[("suggested_display_precision", precision)])
}

fn binary(name: &str, state: &str, class: &str) -> Object {
    platform("binary_sensor", name, &[("state_topic", state), ("device_class", class)])
}

fn select(name: &str, state: &str, command: &str, options: &[&str]) -> Object {
    with(switched("select", name, state, command), "options", list(options))
}

fn climate(device: &Device, state: &str) -> Option<Object> {
    let control = |role| device.control(role).map(|control: &Control| control.topic.as_str());
    let followed = |role| {
        let mut links = device.links.iter();
        links.find(|link| link.direction == Direction::Follows && link.role == role).map(|link| &link.topic)
    };
    let mut climate = platform(
        "climate",
        OWN,
        &[
            ("mode_state_topic", state),
            ("mode_state_template", "{{ value_json.mode }}"),
            ("mode_command_topic", control(Role::Mode)?),
            ("temperature_state_topic", state),
            ("temperature_state_template", "{{ value_json.setpoint }}"),
            ("temperature_command_topic", control(Role::SetPoint)?),
            ("action_topic", state),
            ("action_template", "{{ value_json.action }}"),
            ("temperature_unit", "C"),
        ],
    );
    if let Some(topic) = followed(Role::Temperature) {
        add(&mut climate, &[("current_temperature_topic", topic)]);
    }
    let climate = with(climate, "modes", list(&["off", "heat", "cool", "auto"]));
    let climate = numbers(climate, &[("min_temp", 5), ("max_temp", 30)]);
    Some(with(with(climate, "temp_step", 0.5.into()), "precision", 0.1.into()))
}

// The fields are mostly texts, and lists of them: the `json!` macro would make code of each.

type Object = Map<String, Value>;

/// A component that has its device's name.
const OWN: &str = "";

fn platform(platform: &str, name: &str, fields: &[(&str, &str)]) -> Object {
    let mut component = texts(fields);
    add(&mut component, &[("p", platform)]);
    let name = if name == OWN { Value::Null } else { name.into() };
    with(component, "name", name)
}

/// One that tells a state and takes a command.
fn switched(what: &str, name: &str, state: &str, command: &str) -> Object {
    platform(what, name, &[("state_topic", state), ("command_topic", command)])
}

fn texts(fields: &[(&str, &str)]) -> Object {
    let mut object = Map::new();
    add(&mut object, fields);
    object
}

fn add(object: &mut Object, fields: &[(&str, &str)]) {
    for (key, text) in fields {
        set(object, key, (*text).into());
    }
}

fn numbers(object: Object, fields: &[(&str, u8)]) -> Object {
    fields.iter().fold(object, |object, (key, number)| with(object, key, (*number).into()))
}

fn with(mut object: Object, key: &str, value: Value) -> Object {
    set(&mut object, key, value);
    object
}

fn set(object: &mut Object, key: &str, value: Value) {
    object.insert(key.to_owned(), value);
}

fn list(texts: &[&str]) -> Value {
    texts.iter().map(|text| Value::from(*text)).collect()
}
