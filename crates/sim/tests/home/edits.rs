use lacewing_sim::plan::{CAT_TOPIC, CLOCK_TOPIC, Clock, DeviceKind, PLAN_TOPIC, Plan, SCENE_TOPIC};
use lacewing_sim::{Command, Edit, EditError, Power, house};

use crate::street::*;

const LIGHT: &str = "sim-kitchen-light";

fn plan(street: &mut Street) -> Plan {
    Plan::from_json(street.retained(PLAN_TOPIC).unwrap().as_bytes()).unwrap()
}

fn remove(device: &str) -> Edit {
    Edit::RemoveDevice { device: device.to_owned() }
}

fn add(room: &str, kind: DeviceKind) -> Edit {
    Edit::AddDevice { room: room.to_owned(), kind, name: String::new() }
}

/// What a broker that has just heard of the home from nobody keeps: topics, without those of other devices.
fn kept(street: &mut Street, of: &str) -> Vec<String> {
    let discovery = format!("homeassistant/device/sim-{}/config", of.replace('/', "-"));
    let topics = [format!("home/{of}/state"), format!("home/{of}/status"), discovery];
    topics.into_iter().filter(|topic| street.retained(topic).is_some()).collect()
}

#[test]
fn a_removed_device_takes_back_what_the_broker_kept_and_leaves_without_a_will() {
    let mut street = Street::after(1, MINUTE);
    assert_eq!(kept(&mut street, "kitchen/light").len(), 3);
    street.edit(remove(LIGHT));
    street.pass(SECOND);
    let seen = street.look();
    let on = |topic: &str| -> Vec<_> {
        seen.iter().filter(|seen| seen.topic == topic).map(|seen| seen.payload.as_str()).collect()
    };
    assert_eq!(on("homeassistant/device/sim-kitchen-light/config"), [""]);
    assert_eq!(on("home/kitchen/light/state"), [""]);
    assert_eq!(on("home/kitchen/light/status"), [""]);
    street.pass(2 * MINUTE);
    assert!(!street.look().iter().any(|seen| seen.topic.contains("kitchen/light")), "no will");
    assert_eq!(kept(&mut street, "kitchen/light"), [""; 0]);
    assert!(street.broker.client(LIGHT).is_none(), "nor a session");
    assert!(plan(&mut street).device(LIGHT).is_none());
}

#[test]
fn a_device_without_power_comes_back_to_say_goodbye() {
    for power in [Power::Off, Power::Crashed, Power::Cut] {
        let mut street = Street::after(1, MINUTE);
        street.power(LIGHT, power);
        street.edit(remove(LIGHT));
        street.pass(2 * MINUTE);
        assert_eq!(kept(&mut street, "kitchen/light"), [""; 0], "{power:?}");
        assert!(street.broker.client(LIGHT).is_none(), "{power:?}");
    }
}

#[test]
fn a_removed_room_takes_its_devices_along() {
    let mut street = Street::after(1, MINUTE);
    street.edit(Edit::RemoveRoom { room: "kitchen".to_owned() });
    street.pass(SECOND);
    let plan = plan(&mut street);
    assert!(plan.room("kitchen").is_none());
    for device in ["sim-kitchen-light", "sim-kitchen-plug", "sim-kitchen-smoke", "sim-kitchen-chime"] {
        assert!(street.broker.client(device).is_none(), "{device}");
    }
    assert_eq!(street.retained("home/kitchen/temperature"), None);
}

#[test]
fn an_added_device_introduces_itself_and_works() {
    let mut street = Street::after(1, MINUTE);
    street.edit(Edit::AddRoom { name: "Attic".to_owned(), floor: 2 });
    street.edit(add("attic", DeviceKind::Light));
    street.wait("home/attic/light/status", SECOND, |payload| payload == "online");
    street.publish("home/attic/light/set", "ON");
    street.wait("home/attic/light/state", SECOND, |payload| payload == "ON");
    let config = street.retained("homeassistant/device/sim-attic-light/config").unwrap();
    assert!(config.contains(r#""suggested_area":"Attic""#), "{config}");
    assert_eq!(plan(&mut street).room("attic").unwrap().floor, 2);
}

#[test]
fn a_removed_device_can_be_brought_back_at_once() {
    let mut street = Street::after(1, MINUTE);
    let before = street.home.blueprint().to_json();
    street.home.command(street.now, Command::Edit(remove(LIGHT))).unwrap();
    street.edit(Edit::Replace { home: before });
    street.wait("home/kitchen/light/status", SECOND, |payload| payload == "online");
    street.pass(2 * MINUTE);
    assert_eq!(street.retained("home/kitchen/light/status").unwrap(), "online");
    assert_eq!(street.retained("home/kitchen/light/state").unwrap(), "OFF");
    assert_eq!(plan(&mut street), house::plan());
}

#[test]
fn a_new_name_is_told_and_changes_no_topic_and_no_connection() {
    let mut street = Street::after(1, MINUTE);
    street.edit(Edit::RenameDevice { device: LIGHT.to_owned(), name: "Lamp".to_owned() });
    street.edit(Edit::RenameRoom { room: "kitchen".to_owned(), name: "Galley".to_owned() });
    street.pass(SECOND);
    assert!(!street.look().iter().any(|seen| seen.topic.ends_with("/status")));
    let config = street.retained("homeassistant/device/sim-kitchen-light/config").unwrap();
    assert!(config.contains(r#""name":"Galley lamp""#), "{config}");
    street.publish("home/kitchen/light/set", "ON");
    assert_eq!(street.retained("home/kitchen/light/state").unwrap(), "ON");
}

#[test]
fn a_thermostat_takes_to_the_devices_of_its_room() {
    let mut street = Street::after(1, MINUTE);
    street.edit(add("study", DeviceKind::Thermostat));
    street.edit(add("study", DeviceKind::Radiator));
    street.publish("home/study/thermostat/set", "25");
    street.publish("home/study/temperature", "18.0");
    street.wait("home/study/radiator/set", SECOND, |payload| payload == "100");
    street.wait("home/study/radiator/state", SECOND, |payload| payload == "100");
    street.edit(Edit::MoveDevice { device: "sim-study-radiator".to_owned(), room: "kitchen".to_owned() });
    street.pass(SECOND);
    street.look();
    street.publish("home/study/thermostat/set", "5");
    street.pass(SECOND);
    assert!(!street.look().iter().any(|seen| seen.topic == "home/study/radiator/set"));
}

#[test]
fn a_home_can_be_another_one_from_the_beginning() {
    let blueprint = house::blueprint().edited(&Edit::RemoveRoom { room: "study".to_owned() }).unwrap();
    let mut street = Street::with(1, Some(blueprint.clone()));
    assert_eq!(plan(&mut street), blueprint.plan());
    assert_eq!(street.retained("home/study/temperature"), None);
}

#[test]
fn what_cannot_be_changed_changes_nothing() {
    let mut street = Street::after(1, MINUTE);
    let refused = street.home.command(street.now, Command::Edit(remove("sim-hall-hub")));
    assert_eq!(refused, Err(EditError::HubStays));
    let refused = street.home.command(street.now, Command::Use { device: "sim-attic-light".to_owned() });
    assert_eq!(refused, Err(EditError::NoDevice("sim-attic-light".to_owned())));
    assert_eq!(plan(&mut street), house::plan());
}

#[test]
fn a_device_that_is_handed_over_leaves_without_a_will_and_stays_in_the_plan() {
    let mut street = Street::after(1, MINUTE);
    let hand = |to: Option<&str>| Command::HandOver { device: LIGHT.to_owned(), to: to.map(str::to_owned) };
    street.command(hand(Some("esp32")));
    street.pass(2 * MINUTE);
    let seen = street.look();
    let said: Vec<_> = seen.iter().filter(|seen| seen.topic == "home/kitchen/light/status").collect();
    assert!(said.iter().all(|seen| seen.payload.is_empty()), "no will: {said:?}");
    assert!(street.broker.client(LIGHT).is_none());
    assert_eq!(plan(&mut street).device(LIGHT).unwrap().handed_to.as_deref(), Some("esp32"));
    assert!(!street.home.powers().any(|(device, _)| device == LIGHT));
    // Home Assistant still knows it, and does not wait for a status that the real one may not have.
    let config = street.retained("homeassistant/device/sim-kitchen-light/config").unwrap();
    assert!(!config.contains("availability_topic"), "{config}");
    street.publish("home/kitchen/light/set", "ON");
    assert_eq!(street.retained("home/kitchen/light/state").unwrap(), "OFF", "nobody is there to switch it");

    street.command(hand(None));
    street.wait("home/kitchen/light/status", SECOND, |payload| payload == "online");
    assert_eq!(plan(&mut street), house::plan());
    assert_eq!(
        street.retained("home/kitchen/light/state").unwrap(),
        "OFF",
        "what was asked meanwhile was not asked of it"
    );
}

#[test]
fn a_home_in_which_a_device_is_handed_over_begins_without_it() {
    let blueprint = house::blueprint().handed_over(LIGHT, Some("esp32")).unwrap();
    let mut street = Street::with(1, Some(blueprint));
    street.pass(MINUTE);
    assert!(street.broker.client(LIGHT).is_none());
}

#[test]
fn the_doorbell_rings_the_chime_by_hand_and_over_mqtt() {
    let mut street = Street::after(1, MINUTE);
    street.press("sim-hall-doorbell");
    street.wait("home/kitchen/chime/state", SECOND, |payload| payload == "1");
    street.publish("home/hall/doorbell/press", "PRESS");
    let ring = street.wait("home/hall/doorbell/ring", SECOND, |_| true);
    assert_eq!(ring.payload, r#"{"event_type":"press"}"#);
    street.wait("home/kitchen/chime/state", SECOND, |payload| payload == "2");
    assert_eq!(street.retained("home/hall/doorbell/ring"), None, "a ring is over when it is over");
}

#[test]
fn a_doorbell_whose_cable_is_cut_rings_when_it_is_mended() {
    let mut street = Street::after(1, MINUTE);
    street.power("sim-hall-doorbell", Power::Cut);
    street.press("sim-hall-doorbell");
    street.pass(MINUTE);
    assert_eq!(street.retained("home/kitchen/chime/state").unwrap(), "0");
    street.power("sim-hall-doorbell", Power::On);
    street.wait("home/kitchen/chime/state", 5 * SECOND, |payload| payload == "1");
}

#[test]
fn a_second_doorbell_is_heard_by_the_chime_too() {
    let mut street = Street::after(1, MINUTE);
    street.edit(add("kitchen", DeviceKind::Doorbell));
    street.pass(SECOND);
    street.press("sim-kitchen-doorbell");
    street.wait("home/kitchen/chime/state", SECOND, |payload| payload == "1");
}

#[test]
fn what_is_used_by_hand_tells_it() {
    let mut street = Street::after(1, MINUTE);
    for (device, topic, payload) in [
        ("sim-hall-door", "home/hall/door/state", "ON"),
        ("sim-hall-door", "home/hall/door/state", "OFF"),
        ("sim-bathroom-leak", "home/bathroom/leak/state", "ON"),
        ("sim-bathroom-leak", "home/bathroom/leak/state", "OFF"),
        ("sim-kitchen-smoke", "home/kitchen/smoke/state", "ON"),
        ("sim-kitchen-light", "home/kitchen/light/state", "ON"),
        ("sim-livingroom-window", "home/livingroom/window/state", "open"),
        ("sim-bathroom-fan", "home/bathroom/fan/state", "ON"),
    ] {
        street.press(device);
        street.wait(topic, SECOND, |told| told == payload);
    }
    street.wait("home/kitchen/smoke/state", 15 * SECOND, |told| told == "OFF");
}

#[test]
fn a_blind_takes_its_time_and_tells_how_far_it_is() {
    let mut street = Street::after(1, MINUTE);
    street.publish("home/bedroom/blind/set", "CLOSE");
    for step in ["75", "50"] {
        street.wait("home/bedroom/blind/state", 2 * SECOND, |told| told == step);
    }
    street.publish("home/bedroom/blind/set", "STOP");
    street.pass(5 * SECOND);
    assert_eq!(street.retained("home/bedroom/blind/state").unwrap(), "50");
    street.publish("home/bedroom/blind/position/set", "60");
    street.wait("home/bedroom/blind/state", 2 * SECOND, |told| told == "60");
}

#[test]
fn a_fan_dries_its_room() {
    let humidity = |fan: &str| {
        let mut street = Street::after(1, MINUTE);
        street.publish("home/bathroom/fan/set", fan);
        street.pass(60 * MINUTE);
        street.retained("home/bathroom/humidity").unwrap().parse::<f64>().unwrap()
    };
    let (on, off) = (humidity("ON"), humidity("OFF"));
    assert!(on + 2.0 < off, "{on} % with it, {off} % without");
}

#[test]
fn the_cat_walks_where_it_is_sent_and_sets_off_the_motion_sensor() {
    let mut street = Street::after(1, SECOND);
    assert_eq!(street.retained(CAT_TOPIC).unwrap(), "livingroom");
    street.publish("lacewing/home/cat/set", "study");
    street.wait(CAT_TOPIC, 5 * SECOND, |room| room == "kitchen" || room == "bedroom");
    street.wait(CAT_TOPIC, 5 * SECOND, |room| room == "study");
    street.publish("lacewing/home/cat/set", "hall");
    street.wait("home/hall/motion/state", 15 * SECOND, |payload| payload == "ON");
    street.wait("home/hall/motion/state", MINUTE, |payload| payload == "OFF");
    street.publish("lacewing/home/cat/set", "nowhere");
    street.pass(10 * SECOND);
    assert_eq!(street.retained(CAT_TOPIC).unwrap(), "hall");
}

#[test]
fn a_cat_whose_room_is_removed_is_in_another_one() {
    let mut street = Street::after(1, SECOND);
    street.edit(Edit::RemoveRoom { room: "livingroom".to_owned() });
    street.wait(CAT_TOPIC, 2 * SECOND, |room| room == "hall");
}

#[test]
fn the_night_is_real_messages_and_so_is_the_morning() {
    let mut street = Street::after(1, MINUTE);
    street.publish("home/kitchen/light/set", "ON");
    street.publish("home/scene/set", "night");
    street.wait("home/kitchen/light/set", SECOND, |payload| payload == "OFF");
    street.wait("home/livingroom/thermostat/set", SECOND, |payload| payload == "17");
    street.wait("home/bedroom/blind/state", 6 * SECOND, |payload| payload == "0");
    assert_eq!(street.retained("home/kitchen/light/state").unwrap(), "OFF");
    // The living room is warmer than the night's set-point, and is not cooled down to it.
    assert!(street.retained("home/livingroom/thermostat/state").unwrap().contains(r#""mode":"heat""#));
    assert_eq!(street.retained("home/livingroom/airconditioner/state").unwrap(), "0");
    assert_eq!(street.retained(SCENE_TOPIC).unwrap(), "night");
    let clock: Clock = serde_json::from_str(&street.retained(CLOCK_TOPIC).unwrap()).unwrap();
    assert_eq!(clock.second_of_day, 22 * 3600 + 1800);
    street.publish("home/scene/set", "morning");
    let thermostat = street.wait("home/livingroom/thermostat/state", SECOND, |state| state.contains("21"));
    assert!(thermostat.payload.contains(r#""setpoint":21.0"#), "{}", thermostat.payload);
    street.wait("home/livingroom/thermostat/state", SECOND, |state| state.contains(r#""mode":"auto""#));
    street.wait("home/bedroom/blind/state", 6 * SECOND, |payload| payload == "100");
    let clock: Clock = serde_json::from_str(&street.retained(CLOCK_TOPIC).unwrap()).unwrap();
    assert_eq!(clock.second_of_day, 7 * 3600);
    // In the hours that were skipped nothing happened.
    let temperature: f64 = street.retained("home/livingroom/temperature").unwrap().parse().unwrap();
    assert!((19.0..22.0).contains(&temperature), "{temperature}");
}
