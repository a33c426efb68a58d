use lacewing_sim::Power;

use crate::street::*;

const TEMPERATURE: &str = "home/livingroom/temperature";
const RADIATOR_SET: &str = "home/livingroom/radiator/set";
const RADIATOR: &str = "home/livingroom/radiator/state";
const THERMOSTAT: &str = "home/livingroom/thermostat/state";

fn number(payload: &str) -> f64 {
    payload.parse().unwrap()
}

#[test]
fn an_open_window_cools_the_room_and_the_radiator_answers_within_20_seconds() {
    for (seed, before) in [(1, 2 * SECOND), (2, 5 * MINUTE), (3, 40 * MINUTE)] {
        let mut street = Street::after(seed, before);
        let warm = number(&street.retained(TEMPERATURE).unwrap());
        let opened = street.now;
        street.publish("home/livingroom/window/set", "OPEN");
        street.wait("home/livingroom/window/state", SECOND, |payload| payload == "open");
        street.wait(TEMPERATURE, 20 * SECOND, |payload| number(payload) < warm);
        let command = street.wait(RADIATOR_SET, 20 * SECOND, |payload| number(payload) > 0.0);
        let state = street.wait(RADIATOR, SECOND, |payload| payload == command.payload);
        assert!(state.at - opened <= 20 * SECOND, "{} s", (state.at - opened) / SECOND);

        street.pass(5 * MINUTE);
        let cold = number(&street.retained(TEMPERATURE).unwrap());
        assert!(cold < warm - 2.0, "{cold} after {warm}");
        street.publish("home/livingroom/window/set", "CLOSE");
        street.pass(20 * MINUTE);
        let again = number(&street.retained(TEMPERATURE).unwrap());
        assert!((19.5..22.0).contains(&again), "{again}");
    }
}

#[test]
fn a_thermostat_believes_whoever_publishes_the_temperature() {
    let mut street = Street::after(1, MINUTE);
    assert!(street.retained(THERMOSTAT).unwrap().contains(r#""action":"idle""#));
    street.power("sim-livingroom-sensor", Power::Off);
    let published = street.now;
    street.publish(TEMPERATURE, "15.5");
    let command = street.wait(RADIATOR_SET, SECOND, |payload| payload == "100");
    assert_eq!(command.at, published);
    assert!(street.retained(THERMOSTAT).unwrap().contains(r#""action":"heating""#));
    assert_eq!(street.retained(RADIATOR).unwrap(), "100");
}

#[test]
fn a_set_point_is_taken_and_acted_upon() {
    let mut street = Street::after(1, MINUTE);
    street.publish("home/livingroom/thermostat/set", "23.5");
    street.wait(RADIATOR_SET, SECOND, |payload| payload == "100");
    let state = street.retained(THERMOSTAT).unwrap();
    assert!(state.contains(r#""setpoint":23.5"#) && state.contains(r#""action":"heating""#), "{state}");
    street.pass(30 * MINUTE);
    let temperature = number(&street.retained(TEMPERATURE).unwrap());
    assert!((22.0..24.0).contains(&temperature), "{temperature}");
    street.publish("home/livingroom/thermostat/mode/set", "off");
    street.wait(RADIATOR_SET, SECOND, |payload| payload == "0");
    assert!(street.retained(THERMOSTAT).unwrap().contains(r#""action":"off""#));
}

#[test]
fn a_room_that_is_too_warm_is_cooled() {
    let mut street = Street::after(1, MINUTE);
    street.publish("home/livingroom/thermostat/mode/set", "cool");
    street.publish("home/livingroom/thermostat/set", "18");
    street.wait("home/livingroom/airconditioner/state", SECOND, |payload| payload == "100");
    let state = street.retained(THERMOSTAT).unwrap();
    assert!(state.contains(r#""action":"cooling""#), "{state}");
    street.pass(10 * MINUTE);
    let temperature = number(&street.retained(TEMPERATURE).unwrap());
    assert!(temperature < 19.8, "{temperature}");
}

#[test]
fn nonsense_changes_nothing() {
    let mut street = Street::after(1, MINUTE);
    let before = street.retained(THERMOSTAT);
    for payload in ["", "warm", "NaN", "inf"] {
        street.publish("home/livingroom/thermostat/set", payload);
        street.publish(TEMPERATURE, payload);
        street.publish("home/livingroom/radiator/set", payload);
        street.publish("home/livingroom/window/set", payload);
        street.publish("home/livingroom/light/set", payload);
    }
    street.pass(SECOND);
    assert_eq!(street.retained(THERMOSTAT), before);
    assert_eq!(street.retained(RADIATOR).unwrap(), "0");
    assert_eq!(street.retained("home/livingroom/light/state").unwrap(), "OFF");
}

#[test]
fn a_thermostat_without_readings_gives_up_after_a_quarter_of_an_hour() {
    let mut street = Street::after(1, MINUTE);
    street.power("sim-livingroom-sensor", Power::Off);
    street.publish(TEMPERATURE, "15.5");
    street.wait(RADIATOR_SET, SECOND, |payload| payload == "100");
    let given_up = street.wait(RADIATOR_SET, 16 * MINUTE, |payload| payload == "0");
    assert!(given_up.at > 15 * MINUTE);
}

#[test]
fn a_lamp_lights_and_a_plug_measures() {
    let mut street = Street::after(1, MINUTE);
    for room in ["hall", "livingroom", "kitchen", "bathroom", "bedroom", "study"] {
        street.publish(&format!("home/{room}/light/set"), "ON");
        street.wait(&format!("home/{room}/light/state"), SECOND, |payload| payload == "ON");
    }
    street.publish("home/kitchen/plug/set", "OFF");
    street.wait("home/kitchen/plug/power", SECOND, |payload| payload == "0.0");
}
