//! What the reactor tells the relay and asks of it.

use bytes::Bytes;
use lacewing_broker::{Batch, CloseCause, ConnId, Now, Rules, Verdict};
use lacewing_link::{CloseCode, CloseReason};
use tracing::info;

use super::device::{Device, Road};
use super::{HELD_BYTES, RelayHub, unavailable};
use crate::hasher::Ticket;
use crate::hub::{Action, Arrival, Asker, Farewell, Hub, Role, metrics};

impl Hub for RelayHub {
    fn opened(&mut self, now: Now, conn: ConnId, arrival: Arrival) {
        if arrival.role != Role::Device {
            if !self.doors.opened(now, conn, arrival.peer) || self.stopping {
                self.actions.push_back(Action::Close(
                    conn,
                    Farewell::new(1013, "too many pages want to be the broker"),
                ));
            }
            return;
        }
        if self.lines.allows(now) {
            info!("a device connected from {}", arrival.peer);
        }
        self.devices.insert(conn, Device::new(arrival));
        if self.stopping {
            self.refuse(conn);
        } else {
            self.admit(now, conn);
        }
    }

    fn received(&mut self, now: Now, conn: ConnId, bytes: Bytes) {
        if self.doors.has(conn) {
            let result = self.doors.receive(now, conn, bytes);
            self.listen(now, conn);
            match result {
                Ok(()) => self.ring(),
                Err(error) => self.dismiss(conn, error.reason(), 4400),
            }
            return;
        }
        let Some(device) = self.devices.get_mut(&conn) else { return };
        self.counts.bytes_in += bytes.len() as u64;
        match device.road {
            Road::Stream(stream) => {
                let mut bytes = &bytes[..];
                if device.said.is_empty()
                    && let Some(link) = self.doors.linked()
                {
                    let (now, later) = bytes.split_at((link.writable(stream) as usize).min(bytes.len()));
                    if !now.is_empty() && link.send(stream, now).is_ok() {
                        bytes = later;
                    }
                }
                device.said.extend_from_slice(bytes);
                self.forward(conn);
            }
            Road::Held(until) => {
                device.said.extend_from_slice(&bytes);
                self.held_bytes += bytes.len();
                if self.held_bytes > HELD_BYTES {
                    self.release(until, conn);
                    self.refuse(conn);
                } else if !device.paused && unavailable::is_whole(&device.said) {
                    device.paused = true;
                    self.actions.push_back(Action::PauseRead(conn));
                }
            }
            Road::Leaving => {}
        }
    }

    fn closed(&mut self, now: Now, conn: ConnId, cause: CloseCause) {
        if self.doors.has(conn) {
            self.part(conn, "its connection closed");
            self.doors.closed(conn);
            return;
        }
        let Some(device) = self.devices.get_mut(&conn) else { return };
        if self.lines.allows(now) {
            info!("the device at {} disconnected", device.peer);
        }
        match device.road {
            Road::Stream(_) => {
                let code = if cause == CloseCause::Failed { CloseCode::Aborted } else { CloseCode::Ended };
                device.gone = Some(code);
                device.paused = false;
                let unheard = device.heard.split().len();
                self.consumed(conn, unheard);
                // `mosquitto_pub` sends and is gone: its bytes go first.
                self.forward(conn);
            }
            Road::Held(until) => {
                self.release(until, conn);
                self.devices.remove(&conn);
            }
            Road::Leaving => drop(self.devices.remove(&conn)),
        }
    }

    fn tick(&mut self, now: Now) {
        for (tab, error) in self.doors.tick(now) {
            self.dismiss(tab, error.reason(), 4408);
        }
        self.ring();
        while let Some((until, conn)) = self.held.first().copied()
            && until <= now.awake
        {
            self.release(until, conn);
            if self.lines.allows(now)
                && let Some(device) = self.devices.get(&conn)
            {
                info!("the device at {} is turned away: no tab came to be its broker", device.peer);
            }
            self.refuse(conn);
        }
    }

    fn deadline(&self) -> Option<u64> {
        self.held.first().map(|(until, _)| *until).into_iter().chain(self.doors.deadline()).min()
    }

    fn poll(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    fn transmit(&mut self, _now: Now, conn: ConnId, max: usize, batch: &mut Batch) -> bool {
        if self.doors.has(conn) {
            return self.doors.transmit(conn, batch);
        }
        let Some(device) = self.devices.get_mut(&conn) else { return false };
        let now = device.heard.len().min(max);
        batch.chain(device.heard.split_to(now).freeze());
        let more = !device.heard.is_empty();
        self.counts.bytes_out += now as u64;
        self.consumed(conn, now);
        more
    }

    fn checked(&mut self, now: Now, ticket: Ticket, verdict: Verdict) {
        if let Some((conn, verdict)) = self.doorkeeper.checked(now, ticket, verdict) {
            self.tell_verdict(now, conn, verdict);
        }
    }

    fn rules(&mut self, _now: Now, asker: Option<Asker>, rules: Result<Box<Rules>, String>) {
        let outcome = self.doorkeeper.reload(rules);
        if outcome.is_ok() {
            self.say_rules();
        }
        if let Some(asker) = asker {
            self.tell_reloaded(asker, outcome);
        }
    }

    fn shutdown(&mut self, _now: Now) {
        self.stopping = true;
        for tab in self.doors.all() {
            let reason = CloseReason::new(CloseCode::ShuttingDown, "the bridge shuts down");
            self.dismiss(tab, reason, 1001);
        }
        for (_, conn) in std::mem::take(&mut self.held) {
            self.refuse(conn);
        }
        self.held_bytes = 0;
    }

    fn metrics(&self, text: &mut String) {
        metrics::one(text, "linked", "Whether a tab is the broker.", "gauge", self.doors.is_linked().into());
        metrics::one(text, "devices", "Devices that are connected.", "gauge", self.devices.len() as u64);
        metrics::one(text, "held_devices", "Devices that wait for a tab.", "gauge", self.held.len() as u64);
        self.counts.write(text);
        self.doorkeeper.metrics(text);
    }
}
