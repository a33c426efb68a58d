//! What each kind of device does.

mod actuator;
mod bell;
mod hub;
mod sensor;
mod thermostat;
mod watcher;

use bytes::Bytes;
use lacewing_client::{Client, Message, State};
use lacewing_protocol::{QoS, TopicName};

use crate::plan::{Device, DeviceKind, Plan, Role};
use crate::world::World;

pub(crate) const SECOND: u64 = 1_000_000;

/// The program of a device. What it knows is lost when it has no power.
pub(crate) trait Behaviour: std::fmt::Debug {
    /// The broker accepted the connection: time to tell every value.
    fn connected(&mut self, context: &mut Context<'_>);

    /// A message came on a topic of this role: a control, or one that is followed.
    fn heard(&mut self, _role: Role, _payload: &str, _context: &mut Context<'_>) {}

    /// Somebody uses the device by hand.
    fn used(&mut self, _context: &mut Context<'_>) {}

    /// The house was changed, the device's links among it perhaps.
    fn replanned(&mut self, _plan: &Plan, _context: &mut Context<'_>) {}

    /// A second passed, or a little more.
    fn tick(&mut self, _context: &mut Context<'_>) {}

    /// The device is taken from its room.
    fn taken_out(&mut self, room: usize, world: &mut World) {
        self.powered_off(room, world);
    }

    /// The power is gone; what the device did to the house ends.
    fn powered_off(&mut self, _room: usize, _world: &mut World) {}
}

/// The program for a device of the plan, freshly started.
pub(crate) fn program(plan: &Plan, device: &Device) -> Box<dyn Behaviour> {
    match device.kind {
        DeviceKind::Sensor => Box::new(sensor::Sensor::new(&device.room)),
        DeviceKind::Thermostat => Box::new(thermostat::Thermostat::new(plan, device)),
        DeviceKind::Radiator => Box::new(actuator::Valve::radiator()),
        DeviceKind::AirConditioner => Box::new(actuator::Valve::air_conditioner()),
        DeviceKind::Light => Box::new(actuator::Switched::light()),
        DeviceKind::Fan => Box::new(actuator::Switched::fan()),
        DeviceKind::Plug => Box::new(actuator::Plug::new()),
        DeviceKind::Window => Box::new(actuator::Window),
        DeviceKind::Blind => Box::new(actuator::Blind::new()),
        DeviceKind::Doorbell => Box::new(bell::Doorbell),
        DeviceKind::Chime => Box::new(bell::Chime::default()),
        DeviceKind::Door | DeviceKind::Motion | DeviceKind::SmokeAlarm | DeviceKind::LeakSensor => {
            Box::new(watcher::Watcher::new(device.kind))
        }
        DeviceKind::Hub => Box::new(hub::Hub::new(plan)),
    }
}

/// What a device can see and do.
pub(crate) struct Context<'a> {
    pub(crate) now: u64,
    pub(crate) world: &'a mut World,
    pub(crate) device: &'a Device,
    pub(crate) room: usize,
    pub(crate) client: &'a mut Client,
}

impl Context<'_> {
    /// Publishes a value of the device, to be retained.
    pub(crate) fn tell(&mut self, role: Role, payload: impl Into<Bytes>) {
        let Some(value) = self.device.value(role) else { return };
        self.publish(&value.topic, payload.into(), quality(role), true);
    }

    /// Says that something happened. It is not retained, and waits for a connection where there is none.
    pub(crate) fn happen(&mut self, role: Role, payload: impl Into<Bytes>) {
        let Some(topic) =
            self.device.value(role).and_then(|value| TopicName::try_from(value.topic.as_str()).ok())
        else {
            return;
        };
        // Somebody who rings a hundred times while nobody can hear it is heard a hundred times.
        let _ = self.client.publish(self.now, Message::new(topic, payload).qos(quality(role)));
    }

    /// Commands another device.
    pub(crate) fn command(&mut self, topic: &str, payload: impl Into<Bytes>) {
        self.publish(topic, payload.into(), QoS::AtLeastOnce, false);
    }

    /// Publishes if there is a connection: every value is told again with the next one anyway.
    pub(crate) fn publish(&mut self, topic: &str, payload: Bytes, qos: QoS, retain: bool) {
        if self.client.state() != State::Connected {
            return;
        }
        let Ok(topic) = TopicName::try_from(topic) else { return };
        let message = Message { retain, ..Message::new(topic, payload).qos(qos) };
        // A full queue means a broker that takes nothing; the next value will be as good as this one.
        let _ = self.client.publish(self.now, message);
    }
}

/// The QoS that suits a value: a lost measurement is soon replaced, a lost state is not, and an alarm rings once.
fn quality(role: Role) -> QoS {
    match role {
        Role::Temperature | Role::Humidity | Role::Power | Role::Clock => QoS::AtMostOnce,
        Role::Smoke => QoS::ExactlyOnce,
        _ => QoS::AtLeastOnce,
    }
}

/// One decimal, as a payload has it.
pub(crate) fn tenths(value: f64) -> f64 {
    // Adding zero turns -0.0 into 0.0.
    libm::round(value * 10.0) / 10.0 + 0.0
}

pub(crate) fn on_off(on: bool) -> &'static str {
    if on { "ON" } else { "OFF" }
}
