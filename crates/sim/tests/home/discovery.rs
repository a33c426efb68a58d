//! What Home Assistant reads, against what it was seen to accept.

use std::collections::BTreeMap;

use lacewing_sim::plan::{Device, Plan};
use lacewing_sim::{discovery, house};
use serde_json::Value;

/// The payloads that passed Home Assistant's own schemas: `cargo xtask home-assistant` checks them and writes this file.
const CHECKED: &str = include_str!("../../../../tests/home-assistant/payloads.json");

#[test]
fn what_the_home_says_is_what_home_assistant_was_seen_to_accept() {
    let payloads: BTreeMap<String, Value> = payloads();
    if let Some(path) = std::env::var_os("LACEWING_HOME_ASSISTANT") {
        std::fs::write(path, serde_json::to_string_pretty(&payloads).unwrap() + "\n").unwrap();
        return;
    }
    let checked: BTreeMap<String, Value> = serde_json::from_str(CHECKED).unwrap();
    let advice = "run `cargo xtask home-assistant`, which checks what changed";
    for (kind, payload) in &payloads {
        assert_eq!(checked.get(kind), Some(payload), "{kind}: {advice}");
    }
    assert_eq!(checked.len(), payloads.len(), "{advice}");
}

/// One device of each kind, and one whose part a real client has.
fn payloads() -> BTreeMap<String, Value> {
    let plan = house::plan();
    let kinds = plan.devices.iter().rev().map(|device| (kind(device), payload(&plan, device)));
    let given = house::blueprint().handed_over("sim-kitchen-light", Some("esp32")).unwrap().plan();
    let given_light = payload(&given, given.device("sim-kitchen-light").unwrap());
    let alone = house::blueprint()
        .edited(&lacewing_sim::Edit::RemoveDevice { device: "sim-livingroom-sensor".into() });
    let alone = alone.unwrap().plan();
    let blind_thermostat = payload(&alone, alone.device("sim-livingroom-thermostat").unwrap());
    kinds
        .chain([
            ("light, handed over".to_owned(), given_light),
            ("thermostat without a sensor".to_owned(), blind_thermostat),
        ])
        .collect()
}

fn kind(device: &Device) -> String {
    serde_json::to_value(device.kind).unwrap().as_str().unwrap().to_owned()
}

fn payload(plan: &Plan, device: &Device) -> Value {
    serde_json::from_str(&discovery::payload(plan, device)).unwrap()
}
