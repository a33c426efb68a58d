use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use crate::behaviour::SECOND;
use crate::blueprint::{Blueprint, Edit, EditError};
use crate::chance::Chance;
use crate::device::Device;
use crate::house;
use crate::plan::{self, Plan};
use crate::world::World;

/// The simulated home: a house, its physics, and its devices, each an MQTT client with a connection of its own.
///
/// It is sans-IO. After each [`handle`](Self::handle) the host takes all of [`poll_output`](Self::poll_output), and
/// hands in [`Input::Tick`] at [`poll_timeout`](Self::poll_timeout). `now` is in microseconds of a clock that never
/// runs backwards and does not count time in which the host slept.
#[derive(Debug)]
pub struct Home {
    blueprint: Blueprint,
    plan: Plan,
    world: World,
    chance: Chance,
    /// By number. Those that were removed are among them until they have said goodbye.
    devices: Vec<Device>,
    numbered: u32,
    /// Devices that wait for one of the same id to be gone.
    waiting: Vec<DeviceId>,
    outputs: VecDeque<Output>,
    /// When the devices do their own work next.
    next_second: u64,
    /// Whether the world has caught up with its clock.
    caught_up: bool,
}

/// How a home starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// The same seed, times and inputs give the same bytes.
    pub seed: u64,
    /// The local time of the house in seconds since midnight.
    pub second_of_day: u32,
    /// The house; `None` for the Lacewing house.
    pub blueprint: Option<Blueprint>,
}

/// The number of a device. None is given twice, and no more than one device of each Client Identifier is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub u32);

/// What the host hands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The connection that [`Output::Dial`] asked for is open.
    Connected {
        /// Whose.
        device: DeviceId,
    },
    /// Bytes came from the broker.
    Received {
        /// For whom.
        device: DeviceId,
        /// In any split.
        bytes: Bytes,
    },
    /// The connection is closed, or could not be opened: exactly once for each [`Output::Dial`].
    Closed {
        /// Whose.
        device: DeviceId,
    },
    /// Time passed.
    Tick,
}

/// What can be done to the house besides MQTT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Changes the power of a device. An unknown device is no one's.
    Power {
        /// Its id.
        device: String,
        /// How it is from now on.
        power: Power,
    },
    /// Sets how many house seconds pass in a second, 0 to 3600. MQTT always lives by the host's time.
    Speed(u16),
    /// Somebody uses a device by hand: presses a doorbell, opens a door, spills water at a leak sensor.
    Use {
        /// Its id.
        device: String,
    },
    /// A real client takes the part of a device, or none does any more. The simulated one leaves without a will, and
    /// [`Plan`] says to whom it was handed over.
    HandOver {
        /// Its id.
        device: String,
        /// The Client Identifier of the real client; `None` when the home is to play the part again.
        to: Option<String>,
    },
    /// Changes the house.
    Edit(Edit),
}

/// Devices that may be on their way out when the house is changed; beyond them, a change has to wait.
const PARTING: usize = 400;

/// How a device is powered and connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Power {
    /// It works.
    On,
    /// Switched off: it said DISCONNECT first, so that its will is not published.
    Off,
    /// It stopped at once and its socket closed: the broker publishes its will.
    Crashed,
    /// Its cable is cut: it works, but nothing gets through and nothing is closed; the will comes after one and a half
    /// times the keep-alive. Only a device that is [`On`](Self::On) can be cut; on again, it connects anew.
    Cut,
}

/// What the host is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Open a connection for this device.
    Dial {
        /// Whose.
        device: DeviceId,
    },
    /// There is something to [`transmit`](Home::transmit).
    Ready {
        /// Whose.
        device: DeviceId,
    },
    /// Transmit what is left, then close the connection.
    Close {
        /// Whose.
        device: DeviceId,
    },
    /// Close the connection at once, and send nothing more.
    Crash {
        /// Whose.
        device: DeviceId,
    },
}

impl Home {
    /// The fastest house clock.
    pub const MAXIMUM_SPEED: u16 = 3600;

    /// A home whose devices have just been switched on.
    pub fn new(setup: Setup, now: u64) -> Self {
        let blueprint = setup.blueprint.unwrap_or_else(house::blueprint);
        let plan = blueprint.plan();
        let mut chance = Chance::new(setup.seed);
        let world = World::new(&plan, setup.second_of_day, chance.fork(), now);
        let mut home = Self {
            blueprint,
            plan,
            world,
            chance,
            devices: Vec::new(),
            numbered: 0,
            waiting: Vec::new(),
            outputs: VecDeque::new(),
            next_second: now.saturating_add(SECOND),
            caught_up: true,
        };
        home.fit();
        home.settle(now);
        home
    }

    /// What the home is made from.
    pub fn blueprint(&self) -> &Blueprint {
        &self.blueprint
    }

    /// The plan of the house, as the hub publishes it.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The device with this id, if there is one.
    pub fn device(&self, id: &str) -> Option<DeviceId> {
        self.fitted().find(|device| device.plan().id == id).map(Device::id)
    }

    /// The id of a device, which is its Client Identifier too.
    pub fn name(&self, device: DeviceId) -> Option<&str> {
        let at = self.devices.binary_search_by_key(&device, Device::id).ok()?;
        self.devices.get(at).map(|device| device.plan().id.as_str())
    }

    /// Each simulated device's id and how it is powered.
    pub fn powers(&self) -> impl Iterator<Item = (&str, Power)> {
        let simulated = self.fitted().filter(|device| device.is_simulated());
        simulated.map(|device| (device.plan().id.as_str(), device.power()))
    }

    /// House seconds in a second.
    pub fn speed(&self) -> u16 {
        self.world.clock.speed()
    }

    /// Hands something in.
    pub fn handle(&mut self, now: u64, input: Input) {
        self.caught_up = self.world.advance(now);
        match input {
            Input::Connected { device } => {
                if let Some(device) = numbered(&mut self.devices, device) {
                    device.connected(now, &mut self.outputs);
                }
            }
            Input::Received { device, bytes } => {
                if let Some(device) = numbered(&mut self.devices, device) {
                    device.received(now, bytes);
                }
            }
            Input::Closed { device } => {
                if let Some(device) = numbered(&mut self.devices, device) {
                    device.closed(now, &mut self.outputs);
                }
            }
            Input::Tick => self.tick(now),
        }
        self.settle(now);
    }

    /// Somebody does something to the house.
    ///
    /// # Errors
    /// [`EditError`] says in a sentence why it was not done.
    pub fn command(&mut self, now: u64, command: Command) -> Result<(), EditError> {
        self.caught_up = self.world.advance(now);
        let outcome = self.obey(now, command);
        self.settle(now);
        outcome
    }

    /// What the host is to do, in order; `None` when that was all.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Appends up to `max_bytes` bytes for the connection of `device` to `out`; whether more could go at once. To be
    /// called after [`Output::Ready`], and after [`Output::Close`] for what is left.
    pub fn transmit(&mut self, now: u64, device: DeviceId, max_bytes: usize, out: &mut BytesMut) -> bool {
        let device = numbered(&mut self.devices, device);
        device.is_some_and(|device| device.transmit(now, max_bytes, out))
    }

    /// When to hand in [`Input::Tick`] next; in the past when the house has not caught up with a fast clock.
    pub fn poll_timeout(&self) -> Option<u64> {
        if !self.caught_up {
            return Some(0);
        }
        self.devices.iter().filter_map(Device::poll_timeout).chain([self.next_second]).min()
    }

    fn tick(&mut self, now: u64) {
        let second = now >= self.next_second;
        if second {
            self.next_second = now.saturating_add(SECOND);
        }
        for device in &mut self.devices {
            device.tick(now, second, &mut self.world, &mut self.outputs);
        }
    }

    fn fitted(&self) -> impl Iterator<Item = &Device> {
        self.devices.iter().filter(|device| device.is_fitted())
    }

    fn obey(&mut self, now: u64, command: Command) -> Result<(), EditError> {
        match command {
            Command::Power { device, power } => {
                let device = simulated(&mut self.devices, &device)?;
                device.set_power(now, power, &self.plan, &mut self.world, &mut self.outputs);
                Ok(())
            }
            Command::Speed(speed) => {
                self.world.clock.set_speed(speed.min(Self::MAXIMUM_SPEED), now);
                Ok(())
            }
            Command::Use { device } => {
                simulated(&mut self.devices, &device)?.used(now, &mut self.world);
                Ok(())
            }
            Command::HandOver { device, to } => {
                self.rebuild(now, self.blueprint.handed_over(&device, to.as_deref())?)
            }
            Command::Edit(edit) => self.rebuild(now, self.blueprint.edited(&edit)?),
        }
    }

    /// Makes the house what this says. Devices that both have go on as they are.
    fn rebuild(&mut self, now: u64, blueprint: Blueprint) -> Result<(), EditError> {
        if self.devices.iter().filter(|device| !device.is_fitted()).count() > PARTING {
            return Err(EditError::Busy);
        }
        self.plan = blueprint.plan();
        self.blueprint = blueprint;
        let Self { plan, world, devices, outputs, .. } = self;
        let next = |device: &Device| {
            let same =
                |other: &&plan::Device| other.id == device.plan().id && other.kind == device.plan().kind;
            plan.devices.iter().find(same)
        };
        for device in devices.iter_mut().filter(|device| device.is_fitted()) {
            match next(device) {
                Some(next) if next.room == device.plan().room && next.handed_to.is_none() => {}
                Some(_) => device.take_out(world),
                None => {
                    device.take_out(world);
                    device.remove(now, world, outputs);
                }
            }
        }
        world.rebuild(plan);
        for device in devices.iter_mut().filter(|device| device.is_fitted()) {
            if let Some(next) = next(device) {
                let room = world.room(&next.room).unwrap_or_default();
                device.replan(now, plan, next, room, world, outputs);
            }
        }
        self.fit();
        Ok(())
    }

    /// Puts in the devices of the plan that are not there yet.
    fn fit(&mut self) {
        for device in &self.plan.devices {
            if self.devices.iter().any(|known| known.is_fitted() && known.plan().id == device.id) {
                continue;
            }
            let room = self.world.room(&device.room).unwrap_or_default();
            let id = DeviceId(self.numbered);
            self.numbered = self.numbered.wrapping_add(1);
            self.devices.push(Device::new(id, &self.plan, device, room, self.chance.any()));
            self.waiting.push(id);
        }
    }

    fn settle(&mut self, now: u64) {
        for device in &mut self.devices {
            device.settle(now, &mut self.world, &mut self.outputs);
        }
        self.devices.retain(|device| !device.is_gone());
        for id in std::mem::take(&mut self.waiting) {
            self.start(now, id);
        }
    }

    /// Switches on a new device, unless one of the same id is still on its way out.
    fn start(&mut self, now: u64, id: DeviceId) {
        let Ok(at) = self.devices.binary_search_by_key(&id, Device::id) else { return };
        let name = &self.devices[at].plan().id;
        if self.devices[..at].iter().any(|former| former.plan().id == *name) {
            self.waiting.push(id);
            return;
        }
        let device = &mut self.devices[at];
        if device.is_fitted() && device.is_simulated() {
            device.start(now);
            device.settle(now, &mut self.world, &mut self.outputs);
        }
    }
}

/// The device with this number.
fn numbered(devices: &mut [Device], id: DeviceId) -> Option<&mut Device> {
    let at = devices.binary_search_by_key(&id, Device::id).ok()?;
    devices.get_mut(at)
}

/// The device with this Client Identifier whose part the home plays.
fn simulated<'a>(devices: &'a mut [Device], id: &str) -> Result<&'a mut Device, EditError> {
    let mut fitted = devices.iter_mut().filter(|device| device.is_fitted() && device.is_simulated());
    fitted.find(|device| device.plan().id == id).ok_or_else(|| EditError::NoDevice(id.to_owned()))
}
