//! A home of forty devices that talk all the time, played by clients of its own: for benches of the page.

use std::thread;
use std::time::{Duration, Instant};

use lacewing_protocol::{Connect, Packet, ProtocolVersion, QoS};
use lacewing_sim::plan::{Device as Planned, DeviceKind, Plan, Role};
use lacewing_sim::{Edit, discovery, house};

use crate::device::{self, Device};

/// How many devices it has.
pub const DEVICES: usize = 40;

/// The devices of a busy home, each connected as a client under its own id.
#[derive(Debug)]
pub struct BusyHome {
    plan: Plan,
    devices: Vec<(Planned, Device)>,
    said: usize,
}

impl BusyHome {
    /// Connects all of them to the broker at this port, and has the broker keep the plan, what Home Assistant reads, and a
    /// first value of each.
    ///
    /// # Panics
    /// When the broker does not take them.
    pub fn move_in(port: u16) -> Self {
        let plan = plan();
        let devices = plan.devices.iter().map(|planned| {
            // It stays as long as this program runs, whether or not it has anything to say.
            let connect = Connect { keep_alive: 0, ..device::connect(ProtocolVersion::V5_0, &planned.id) };
            let (mut device, _) = Device::ask(port, connect);
            keep(&mut device, &planned.status, b"online");
            keep(&mut device, &discovery::topic(planned), discovery::payload(&plan, planned).as_bytes());
            for value in planned.values.iter().filter(|value| value.role.is_retained()) {
                keep(&mut device, &value.topic, payload(&plan, value.role, 0).as_bytes());
            }
            (planned.clone(), device)
        });
        let devices = devices.collect();
        Self { plan, devices, said: 0 }
    }

    /// Publishes `rate` messages a second, all devices in turn, for so long. Says how many.
    ///
    /// # Panics
    /// When the broker goes away.
    pub fn talk(&mut self, rate: u32, duration: Duration) -> u32 {
        let began = Instant::now();
        let mut sent = 0;
        while began.elapsed() < duration {
            let due = (began.elapsed().as_secs_f64() * f64::from(rate)) as u32;
            while sent < due {
                self.say_next();
                sent += 1;
            }
            thread::sleep(Duration::from_secs(1) / rate.clamp(1, 1000));
        }
        sent
    }

    fn say_next(&mut self) {
        let (planned, device) = &mut self.devices[self.said % DEVICES];
        let round = self.said / DEVICES;
        self.said += 1;
        let values: Vec<_> =
            planned.values.iter().filter(|value| !matches!(value.role, Role::Plan | Role::Clock)).collect();
        if let Some(value) = values.get(round % values.len().max(1)) {
            let text = payload(&self.plan, value.role, round);
            let mut publish = device::publish(&value.topic, text.as_bytes());
            publish.retain = value.role.is_retained();
            device.send(&Packet::Publish(publish));
        }
    }
}

/// The Lacewing house with more in it.
///
/// # Panics
/// Never, as long as the house has room for them.
pub fn plan() -> Plan {
    let mut home = house::blueprint();
    let rooms: Vec<String> = home.rooms.iter().map(|room| room.id.clone()).collect();
    let kinds = [DeviceKind::Plug, DeviceKind::Motion, DeviceKind::LeakSensor];
    let all = kinds.iter().flat_map(|kind| rooms.iter().map(move |room| (room, *kind)));
    for (room, kind) in all.take(DEVICES - home.devices.len()) {
        let edit = Edit::AddDevice { room: room.clone(), kind, name: String::new() };
        home = home.edited(&edit).expect("the house has room for it");
    }
    Plan { simulated: false, ..home.plan() }
}

fn keep(device: &mut Device, topic: &str, payload: &[u8]) {
    let mut publish = device::publish(topic, payload);
    publish.retain = true;
    publish.qos = QoS::AtMostOnce;
    device.send(&Packet::Publish(publish));
}

/// A value that such a device could tell, another one each round.
fn payload(plan: &Plan, role: Role, round: usize) -> String {
    let on = if round.is_multiple_of(2) { "ON" } else { "OFF" };
    match role {
        Role::Temperature => format!("{:.1}", 19.0 + (round % 40) as f64 / 10.0),
        Role::Humidity | Role::Demand | Role::Position => (round * 10 % 101).to_string(),
        Role::Power => format!("{:.1}", (round % 90) as f64),
        Role::Count => round.to_string(),
        Role::Opening => if round.is_multiple_of(2) { "open" } else { "closed" }.to_owned(),
        Role::Thermostat => r#"{"mode":"auto","setpoint":21.0,"action":"heating","demand":40}"#.to_owned(),
        Role::Plan => plan.to_json(),
        Role::Clock => r#"{"second_of_day":36000,"speed":1,"outside":8.5}"#.to_owned(),
        Role::Cat => plan.rooms[round % plan.rooms.len()].id.clone(),
        Role::Scene => "morning".to_owned(),
        Role::Ring => lacewing_sim::plan::RING.to_owned(),
        _ => on.to_owned(),
    }
}
