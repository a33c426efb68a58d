use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use crate::behaviour::SECOND;
use crate::chance::Chance;
use crate::device::Device;
use crate::house;
use crate::plan::Plan;
use crate::world::World;

/// The simulated home: a house, its physics, and its devices, each an MQTT client with a connection of its own.
///
/// It is sans-IO. After each [`handle`](Self::handle) the host takes all of [`poll_output`](Self::poll_output), and
/// hands in [`Input::Tick`] at [`poll_timeout`](Self::poll_timeout). `now` is in microseconds of a clock that never
/// runs backwards and does not count time in which the host slept.
#[derive(Debug)]
pub struct Home {
    plan: Plan,
    world: World,
    devices: Vec<Device>,
    outputs: VecDeque<Output>,
    /// When the devices do their own work next.
    next_second: u64,
    /// Whether the world has caught up with its clock.
    caught_up: bool,
}

/// How a home starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// The same seed, times and inputs give the same bytes.
    pub seed: u64,
    /// The local time of the house in seconds since midnight.
    pub second_of_day: u32,
}

/// A device by its place in [`Plan::devices`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeviceId(pub u16);

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
    /// Somebody does something to the house.
    Command(Command),
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
}

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
        let plan = house::plan();
        let mut chance = Chance::new(setup.seed);
        let world = World::new(&plan, setup.second_of_day, chance.fork(), now);
        let numbered = (0..).map(DeviceId).zip(&plan.devices);
        let devices = numbered
            .map(|(id, device)| {
                let room = world.room(&device.room).unwrap_or_default();
                let mut device = Device::new(id, &plan, device, room, chance.any());
                device.start(now);
                device
            })
            .collect();
        let mut home = Self {
            plan,
            world,
            devices,
            outputs: VecDeque::new(),
            next_second: now.saturating_add(SECOND),
            caught_up: true,
        };
        home.settle(now);
        home
    }

    /// The plan of the house, as the hub publishes it.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The device with this id, if there is one.
    pub fn device(&self, id: &str) -> Option<DeviceId> {
        let at = self.devices.iter().position(|device| device.plan().id == id)?;
        u16::try_from(at).ok().map(DeviceId)
    }

    /// The id of a device, which is its Client Identifier too.
    pub fn name(&self, device: DeviceId) -> Option<&str> {
        self.devices.get(usize::from(device.0)).map(|device| device.plan().id.as_str())
    }

    /// Each device's id and how it is powered, in the order of the plan.
    pub fn powers(&self) -> impl Iterator<Item = (&str, Power)> {
        self.devices.iter().map(|device| (device.plan().id.as_str(), device.power()))
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
                if let Some(device) = self.devices.get_mut(usize::from(device.0)) {
                    device.connected(now, &mut self.outputs);
                }
            }
            Input::Received { device, bytes } => {
                if let Some(device) = self.devices.get_mut(usize::from(device.0)) {
                    device.received(now, bytes);
                }
            }
            Input::Closed { device } => {
                if let Some(device) = self.devices.get_mut(usize::from(device.0)) {
                    device.closed(now, &mut self.outputs);
                }
            }
            Input::Command(command) => self.command(now, command),
            Input::Tick => self.tick(now),
        }
        self.settle(now);
    }

    /// What the host is to do, in order; `None` when that was all.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Appends up to `max_bytes` bytes for the connection of `device` to `out`; whether more could go at once. To be
    /// called after [`Output::Ready`], and after [`Output::Close`] for what is left.
    pub fn transmit(&mut self, now: u64, device: DeviceId, max_bytes: usize, out: &mut BytesMut) -> bool {
        let device = self.devices.get_mut(usize::from(device.0));
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
            device.tick(now, second, &mut self.world);
        }
    }

    fn command(&mut self, now: u64, command: Command) {
        match command {
            Command::Power { device, power } => {
                let found = self.devices.iter_mut().find(|known| known.plan().id == device);
                if let Some(device) = found {
                    device.set_power(now, power, &self.plan, &mut self.world, &mut self.outputs);
                }
            }
            Command::Speed(speed) => self.world.clock.set_speed(speed.min(Self::MAXIMUM_SPEED), now),
        }
    }

    fn settle(&mut self, now: u64) {
        for device in &mut self.devices {
            device.settle(now, &mut self.world, &mut self.outputs);
        }
    }
}
