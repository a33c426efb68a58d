//! A broker that is killed again and again under load, and the clients of mosquitto and paho-mqtt, who keep count.

use lacewing_tests::kills::{Mortal, survives};
use lacewing_tests::lacewing::Lacewing;

/// How often it is killed in an ordinary run.
const KILLS: u32 = 10;

struct Native(Lacewing);

impl Mortal for Native {
    fn port(&self) -> u16 {
        self.0.mqtt_port
    }

    fn kill(&mut self) {
        self.0.program().kill();
    }

    fn revive(&mut self) {
        self.0.restart();
    }
}

#[test]
fn killed_under_load_it_loses_nothing_that_it_acknowledged() {
    let kills = std::env::var("LACEWING_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    survives(&mut Native(Lacewing::start_durable()), kills);
}
