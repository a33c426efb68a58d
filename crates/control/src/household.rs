//! The simulated home beside the broker: its devices' connections are opened here and lead nowhere else.

use bytes::BytesMut;
use lacewing_broker::{Batch, Broker, CloseCause, ConnId, Input, Listener, Now, Transport};
use lacewing_sim::{
    Blueprint, Command as HomeCommand, DeviceId, Home, Input as Said, Output as Asked, Power, Setup,
};

/// Bytes moved in one piece between a device and the broker.
const PIECE: usize = 16 * 1024;

/// The home and the connections of its devices.
#[derive(Debug)]
pub struct Household {
    home: Home,
    /// As many as there are devices: they are looked through.
    wires: Vec<Wire>,
}

#[derive(Debug)]
struct Wire {
    device: DeviceId,
    conn: ConnId,
    /// The broker asked not to be given more.
    paused: bool,
}

impl Household {
    /// A home that starts at the local time `local_minutes` ahead of UTC; without a blueprint, the Lacewing house.
    pub fn starting_at(seed: u64, local_minutes: i32, blueprint: Option<Blueprint>, now: Now) -> Self {
        let local = (now.wall / 1_000_000) as i64 + i64::from(local_minutes) * 60;
        Self::new(Setup { seed, second_of_day: local.rem_euclid(86_400) as u32, blueprint }, now)
    }

    /// A home whose devices are to be connected in the first [`drain`](Self::drain).
    pub fn new(setup: Setup, now: Now) -> Self {
        Self { home: Home::new(setup, now.awake), wires: Vec::new() }
    }

    /// How each device is powered.
    pub fn powers(&self) -> Vec<(String, Power)> {
        self.home.powers().map(|(device, power)| (device.to_owned(), power)).collect()
    }

    /// The home's file: what it is made from.
    pub fn blueprint(&self) -> &Blueprint {
        self.home.blueprint()
    }

    /// An operator does something to the home.
    ///
    /// # Errors
    /// A sentence that says why it was not done.
    pub fn command(&mut self, now: Now, command: HomeCommand) -> Result<(), String> {
        self.home.command(now.awake, command).map_err(|error| error.to_string())
    }

    /// When [`pass_time`](Self::pass_time) has something to do: awake microseconds.
    pub fn poll_timeout(&self) -> Option<u64> {
        self.home.poll_timeout()
    }

    /// Whether this connection is one of the home's.
    pub fn owns(&self, conn: ConnId) -> bool {
        self.device(conn).is_some()
    }

    /// Lets time pass.
    pub fn pass_time(&mut self, now: Now) {
        if self.home.poll_timeout().is_some_and(|due| due <= now.awake) {
            self.home.handle(now.awake, Said::Tick);
        }
    }

    /// Carries out what the devices ask; says whether they asked for anything. `fresh` names new connections.
    pub fn drain(&mut self, now: Now, broker: &mut Broker, mut fresh: impl FnMut() -> ConnId) -> bool {
        let mut asked = false;
        while let Some(output) = self.home.poll_output() {
            asked = true;
            match output {
                Asked::Dial { device } => {
                    let conn = fresh();
                    self.wires.retain(|wire| wire.device != device);
                    self.wires.push(Wire { device, conn, paused: false });
                    let peer = "simulated home".to_owned();
                    let transport = Transport { listener: Listener::Home, peer, tls: None };
                    broker.handle(now, Input::Opened { conn, transport });
                    self.home.handle(now.awake, Said::Connected { device });
                }
                Asked::Ready { device } => self.send(now, device, broker),
                Asked::Close { device } => {
                    self.send(now, device, broker);
                    self.part(now, device, broker, CloseCause::Peer);
                }
                Asked::Crash { device } => self.part(now, device, broker, CloseCause::Failed),
            }
        }
        asked
    }

    /// The broker has bytes for a device.
    pub fn receive(&mut self, now: Now, conn: ConnId, broker: &mut Broker, batch: &mut Batch) {
        let Some(device) = self.device(conn) else { return };
        loop {
            let more = broker.transmit(now, conn, PIECE, batch);
            if !batch.is_empty() {
                self.home.handle(now.awake, Said::Received { device, bytes: batch.to_bytes() });
            }
            if !more {
                return;
            }
        }
    }

    /// The broker ends a device's connection; what it still said has been received.
    pub fn close(&mut self, now: Now, conn: ConnId, broker: &mut Broker, batch: &mut Batch) {
        self.receive(now, conn, broker, batch);
        if let Some(device) = self.device(conn) {
            self.part(now, device, broker, CloseCause::Local);
        }
    }

    /// The broker wants no more of a device, or some again.
    pub fn pause(&mut self, now: Now, conn: ConnId, broker: &mut Broker, paused: bool) {
        let Some(wire) = self.wires.iter_mut().find(|wire| wire.conn == conn) else { return };
        wire.paused = paused;
        let device = wire.device;
        self.send(now, device, broker);
    }

    fn device(&self, conn: ConnId) -> Option<DeviceId> {
        self.wires.iter().find(|wire| wire.conn == conn).map(|wire| wire.device)
    }

    fn send(&mut self, now: Now, device: DeviceId, broker: &mut Broker) {
        let wire = self.wires.iter().find(|wire| wire.device == device && !wire.paused);
        let Some(conn) = wire.map(|wire| wire.conn) else { return };
        loop {
            let mut piece = BytesMut::new();
            let more = self.home.transmit(now.awake, device, PIECE, &mut piece);
            if !piece.is_empty() {
                broker.handle(now, Input::Received { conn, bytes: piece.freeze() });
            }
            if !more {
                return;
            }
        }
    }

    fn part(&mut self, now: Now, device: DeviceId, broker: &mut Broker, cause: CloseCause) {
        let Some(at) = self.wires.iter().position(|wire| wire.device == device) else { return };
        let Wire { conn, .. } = self.wires.swap_remove(at);
        broker.handle(now, Input::Closed { conn, cause });
        self.home.handle(now.awake, Said::Closed { device });
    }
}
