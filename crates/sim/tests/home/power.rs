use lacewing_sim::Power;

use crate::street::*;

const LIGHT: &str = "sim-kitchen-light";
const STATUS: &str = "home/kitchen/light/status";

fn statuses(street: &mut Street) -> Vec<Seen> {
    street.look().into_iter().filter(|seen| seen.topic == STATUS).collect()
}

fn is_connected(street: &Street, client_id: &str) -> bool {
    street.broker.client(client_id).is_some_and(|client| client.info.connected)
}

#[test]
fn a_device_that_is_switched_off_leaves_without_a_will() {
    let mut street = Street::after(1, MINUTE);
    street.power(LIGHT, Power::Off);
    assert!(!is_connected(&street, LIGHT));
    street.pass(5 * MINUTE);
    assert_eq!(statuses(&mut street), []);
    street.power(LIGHT, Power::On);
    street.wait(STATUS, SECOND, |payload| payload == "online");
    assert!(is_connected(&street, LIGHT));
}

#[test]
fn a_device_that_crashes_leaves_its_will_at_once() {
    let mut street = Street::after(1, MINUTE);
    let crashed = street.now;
    street.power(LIGHT, Power::Crashed);
    let will = street.wait(STATUS, SECOND, |payload| payload == "offline");
    assert_eq!(will.at, crashed);
    assert_eq!(street.retained(STATUS).unwrap(), "offline");
    street.power(LIGHT, Power::On);
    street.wait(STATUS, SECOND, |payload| payload == "online");
}

#[test]
fn a_cut_cable_shows_after_one_and_a_half_keep_alives_and_mends() {
    // [MQTT-3.1.2-22]
    let mut street = Street::after(1, MINUTE);
    let cut = street.now;
    street.power(LIGHT, Power::Cut);
    street.pass(10 * SECOND);
    assert!(is_connected(&street, LIGHT), "silence shows only later");
    let will = street.wait(STATUS, 50 * SECOND, |payload| payload == "offline");
    let silence = will.at - cut;
    assert!((44 * SECOND..=46 * SECOND).contains(&silence), "{silence}");
    street.pass(10 * MINUTE);
    assert_eq!(statuses(&mut street), []);
    street.power(LIGHT, Power::On);
    street.wait(STATUS, SECOND, |payload| payload == "online");
    assert!(is_connected(&street, LIGHT));
}

#[test]
fn a_cable_that_is_mended_before_anyone_noticed_connects_anew() {
    let mut street = Street::after(1, MINUTE);
    street.power(LIGHT, Power::Cut);
    street.pass(5 * SECOND);
    street.power(LIGHT, Power::On);
    street.pass(2 * SECOND);
    assert!(is_connected(&street, LIGHT));
    street.publish("home/kitchen/light/set", "ON");
    street.wait("home/kitchen/light/state", SECOND, |payload| payload == "ON");
    street.pass(5 * MINUTE);
    assert!(is_connected(&street, LIGHT));
}

#[test]
fn a_command_given_while_a_device_is_away_waits_for_it() {
    for away in [Power::Off, Power::Crashed, Power::Cut] {
        let mut street = Street::after(1, MINUTE);
        street.power(LIGHT, away);
        street.pass(MINUTE);
        street.publish("home/kitchen/light/set", "ON");
        street.pass(MINUTE);
        street.power(LIGHT, Power::On);
        street.wait("home/kitchen/light/state", SECOND, |payload| payload == "ON");
    }
}

#[test]
fn a_sensor_goes_on_where_it_was_and_a_device_without_power_does_nothing() {
    let mut street = Street::after(1, MINUTE);
    for power in [Power::Off, Power::Crashed] {
        street.power("sim-livingroom-sensor", power);
        street.look();
        street.pass(MINUTE);
        assert!(!street.look().iter().any(|seen| seen.topic == "home/livingroom/temperature"));
        street.power("sim-livingroom-sensor", Power::On);
        street.wait("home/livingroom/temperature", 3 * SECOND, |_| true);
    }
}

#[test]
fn a_radiator_without_power_heats_no_more() {
    let mut street = Street::after(1, MINUTE);
    street.publish("home/livingroom/thermostat/set", "30");
    street.pass(10 * MINUTE);
    let warm: f64 = street.retained("home/livingroom/temperature").unwrap().parse().unwrap();
    street.power("sim-livingroom-radiator", Power::Crashed);
    street.pass(10 * MINUTE);
    let cooler: f64 = street.retained("home/livingroom/temperature").unwrap().parse().unwrap();
    assert!(cooler < warm - 0.5, "{cooler} after {warm}");
}

#[test]
fn orders_in_any_sequence_end_in_the_last_one() {
    let orders = [Power::On, Power::Off, Power::Crashed, Power::Cut];
    for first in orders {
        for second in orders {
            for pause in [0, SECOND / 10, 20 * SECOND, 3 * MINUTE] {
                let mut street = Street::after(1, 10 * SECOND);
                street.power(LIGHT, first);
                street.pass(pause);
                street.power(LIGHT, second);
                street.pass(pause);
                street.power(LIGHT, Power::On);
                street.pass(10 * SECOND);
                assert!(is_connected(&street, LIGHT), "{first:?}, {second:?}, {pause}");
                street.publish("home/kitchen/light/set", "ON");
                street.wait("home/kitchen/light/state", SECOND, |payload| payload == "ON");
            }
        }
    }
}

#[test]
fn devices_whose_connection_the_broker_closes_come_back() {
    let mut street = Street::after(1, MINUTE);
    let kick = lacewing_broker::Command::Kick {
        client_id: LIGHT.to_owned(),
        reason: lacewing_protocol::ReasonCode::AdministrativeAction,
    };
    let now = lacewing_broker::Now { awake: street.now, wall: 1_790_000_000 * SECOND + street.now };
    street.broker.handle(now, lacewing_broker::Input::Command(kick));
    street.wait(STATUS, SECOND, |payload| payload == "offline");
    street.wait(STATUS, 2 * SECOND, |payload| payload == "online");
}
