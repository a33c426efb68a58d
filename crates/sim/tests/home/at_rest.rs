use lacewing_sim::plan::{CLOCK_TOPIC, Clock, DeviceKind, PLAN_TOPIC, Plan, Role};

use crate::street::*;

#[test]
fn the_home_tells_its_plan_and_every_value_at_once() {
    let mut street = Street::new(1);
    let seen = street.look();
    let payload = |topic: &str| {
        let found = seen.iter().rfind(|seen| seen.topic == topic);
        found.unwrap_or_else(|| panic!("nothing on {topic}")).payload.clone()
    };
    let plan = Plan::from_json(payload(PLAN_TOPIC).as_bytes()).unwrap();
    assert_eq!(&plan, street.home.plan());
    for device in &plan.devices {
        assert_eq!(payload(&device.status), "online");
        for value in device.values.iter().filter(|value| value.role.is_retained()) {
            let payload = payload(&value.topic);
            let fine = match value.role {
                Role::Temperature | Role::Power => {
                    payload.parse::<f64>().is_ok() && payload.split('.').nth(1).is_some_and(|d| d.len() == 1)
                }
                Role::Humidity | Role::Demand => payload.parse::<u8>().is_ok_and(|percent| percent <= 100),
                Role::Count => payload == "0",
                Role::Position => payload == "100",
                Role::Cat => payload == "livingroom",
                Role::Scene => payload == "morning",
                Role::Switch | Role::Contact | Role::Motion | Role::Smoke | Role::Leak => {
                    payload == "ON" || payload == "OFF"
                }
                Role::Opening => payload == "closed",
                Role::Thermostat => payload.contains(r#""action":"idle""#),
                Role::Clock => serde_json::from_str::<Clock>(&payload).unwrap().second_of_day == MORNING,
                Role::Plan => true,
                Role::SetPoint | Role::Mode | Role::Ring | Role::Press => false,
            };
            assert!(fine, "{} on {}", payload, value.topic);
        }
    }
}

#[test]
fn what_the_home_tells_is_retained() {
    let mut street = Street::after(1, MINUTE);
    for topic in [
        PLAN_TOPIC,
        CLOCK_TOPIC,
        "home/livingroom/temperature",
        "home/livingroom/thermostat/state",
        "home/kitchen/light/state",
        "home/kitchen/light/status",
        "homeassistant/device/sim-kitchen-light/config",
    ] {
        assert!(street.retained(topic).is_some(), "{topic}");
    }
    // Commands are not.
    assert_eq!(street.retained("home/livingroom/radiator/set"), None);
}

#[test]
fn every_device_introduces_itself_to_home_assistant() {
    let mut street = Street::new(1);
    let seen = street.look();
    let mut unique_ids = std::collections::BTreeSet::new();
    for device in &street.home.plan().devices {
        let topic = format!("homeassistant/device/{}/config", device.id);
        let found = seen.iter().find(|seen| seen.topic == topic).unwrap();
        let config: serde_json::Value = serde_json::from_str(&found.payload).unwrap();
        assert_eq!(config["dev"]["ids"][0], device.id.as_str());
        assert!(config["dev"]["suggested_area"].is_string());
        assert!(config["o"]["name"].is_string());
        assert_eq!(config["availability_topic"], device.status.as_str());
        let components = config["cmps"].as_object().unwrap();
        assert!(!components.is_empty(), "{topic}");
        for component in components.values() {
            assert!(component["p"].is_string(), "{component}");
            assert!(unique_ids.insert(component["unique_id"].as_str().unwrap().to_owned()));
        }
    }
}

#[test]
fn at_rest_the_home_sends_at_most_twenty_messages_a_minute() {
    for seed in [1, 2, 3] {
        let mut street = Street::after(seed, MINUTE);
        for minute in 1..60 {
            street.pass(MINUTE);
            let seen = street.look();
            assert!(seen.len() <= 20, "{} in minute {minute}: {seen:?}", seen.len());
            let readings = seen.iter().filter(|seen| seen.topic == "home/livingroom/temperature").count();
            assert!((5..=8).contains(&readings), "{readings}");
            assert!(!seen.iter().any(|seen| seen.topic.ends_with("/status")), "{seen:?}");
        }
    }
}

#[test]
fn somebody_lives_in_the_house() {
    let mut street = Street::after(1, SECOND);
    street.wait("home/hall/motion/state", 30 * MINUTE, |payload| payload == "ON");
    street.wait("home/hall/motion/state", MINUTE, |payload| payload == "OFF");
    street.wait("home/hall/door/state", 180 * MINUTE, |payload| payload == "ON");
    street.wait("home/hall/door/state", MINUTE, |payload| payload == "OFF");
}

#[test]
fn a_fast_house_clock_moves_the_day_and_not_mqtt() {
    let mut street = Street::after(1, SECOND);
    street.speed(3600);
    let clock = street.wait(CLOCK_TOPIC, 2 * SECOND, |payload| payload.contains("3600"));
    let before: Clock = serde_json::from_str(&clock.payload).unwrap();
    street.pass(2 * SECOND);
    let seen = street.look();
    street.speed(1);
    let clock = street.wait(CLOCK_TOPIC, 2 * SECOND, |_| true);
    let after: Clock = serde_json::from_str(&clock.payload).unwrap();
    let hours = (after.second_of_day - before.second_of_day) / 3600;
    assert!((1..=4).contains(&hours), "{hours}");
    assert!(seen.len() < 60, "{}", seen.len());
    assert!(!seen.iter().any(|seen| seen.topic.ends_with("/status")), "{seen:?}");
}

#[test]
fn the_clock_goes_on_with_the_time_of_day() {
    let mut street = Street::after(1, SECOND);
    street.pass(10 * MINUTE);
    let payload = street.retained(CLOCK_TOPIC).unwrap();
    let clock: Clock = serde_json::from_str(&payload).unwrap();
    let passed = clock.second_of_day - MORNING;
    assert!((540..=601).contains(&passed), "{passed}");
    assert_eq!(clock.speed, 1);
}

#[test]
fn every_kind_of_device_is_in_the_house() {
    let plan = lacewing_sim::house::plan();
    for kind in [
        DeviceKind::Sensor,
        DeviceKind::Thermostat,
        DeviceKind::Radiator,
        DeviceKind::AirConditioner,
        DeviceKind::Light,
        DeviceKind::Window,
        DeviceKind::Door,
        DeviceKind::Motion,
        DeviceKind::Plug,
        DeviceKind::SmokeAlarm,
        DeviceKind::Doorbell,
        DeviceKind::Chime,
        DeviceKind::LeakSensor,
        DeviceKind::Blind,
        DeviceKind::Fan,
        DeviceKind::Hub,
    ] {
        assert!(plan.devices.iter().any(|device| device.kind == kind), "{kind:?}");
    }
}
