//! A running broker of either kind, as devices see it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use lacewing_protocol::{Packet, ProtocolVersion, ReasonCode};

use crate::browser::{Chromium, Page};
use crate::device::{self, Device};
use crate::lacewing::{BrokerHome, Lacewing};
use crate::memory::resident;
use crate::patience::eventually;

/// A `lacewing` that devices can use, with the browser whose tab is the broker, if there is one.
#[derive(Debug)]
pub struct Stand {
    /// The program that devices connect to.
    pub lacewing: Lacewing,
    /// The tab with the broker; it comes before its browser so that it is dropped first.
    pub tab: Option<Page>,
    /// The browser of that tab.
    pub chromium: Option<Chromium>,
}

impl Stand {
    /// The broker runs in the `lacewing` process.
    pub fn native() -> Self {
        Self::start(BrokerHome::Native)
    }

    /// The broker runs in a tab of a headless Chromium.
    pub fn tab() -> Self {
        Self::start(BrokerHome::Tab)
    }

    /// A broker at `home`, up and reachable.
    pub fn start(home: BrokerHome) -> Self {
        Self::start_with(home, &[])
    }

    /// The same with further arguments for `lacewing`.
    pub fn start_with(home: BrokerHome, args: &[&str]) -> Self {
        Self::of(home, Lacewing::start_with(home, args))
    }

    /// The same, reachable over TLS too.
    pub fn with_tls(home: BrokerHome) -> Self {
        Self::of(home, Lacewing::start_with_tls(home))
    }

    fn of(home: BrokerHome, lacewing: Lacewing) -> Self {
        let (tab, chromium) = match home {
            BrokerHome::Native => (None, None),
            BrokerHome::Tab => {
                let chromium = Chromium::start();
                (Some(chromium.profile().open(&lacewing.page())), Some(chromium))
            }
        };
        let stand = Self { lacewing, tab, chromium };
        stand.is_up();
        stand
    }

    /// The port for devices over TCP.
    pub fn port(&self) -> u16 {
        self.lacewing.mqtt_port
    }

    /// Waits until a device is let in.
    ///
    /// # Panics
    /// When none ever is.
    pub fn is_up(&self) {
        is_up(self.port());
    }

    /// The memory of the processes that hold the broker and of what carries devices to it, in bytes.
    pub fn memory(&self) -> u64 {
        resident(&self.processes())
    }

    /// The processes that hold the broker and what carries devices to it.
    pub fn processes(&self) -> Vec<u32> {
        let renderers = self.chromium.iter().flat_map(Chromium::renderers);
        std::iter::once(self.lacewing.id()).chain(renderers).collect()
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        if thread::panicking()
            && let Some(tab) = &self.tab
        {
            // A tab that does not answer any more would panic again and leave its browser running.
            let seen = catch_unwind(AssertUnwindSafe(|| tab.text("body")));
            let seen = seen.ok().flatten().unwrap_or_default();
            // The test harness shows it below the failure.
            let _ = std::io::Write::write_all(
                &mut std::io::stderr(),
                format!("the page showed: {seen}\n").as_bytes(),
            );
        }
    }
}

/// Waits until a broker lets a device in at `port`, or wants to know who it is.
///
/// # Panics
/// When it never does.
pub fn is_up(port: u16) {
    eventually("the broker lets a device in", || {
        let mut device = Device::dial(port, ProtocolVersion::V3_1_1);
        let connect = device::connect(ProtocolVersion::V3_1_1, "is-it-up");
        device.send(&Packet::Connect(Box::new(connect)));
        // A bridge whose tab has just gone closes what it had let in.
        let Some(Packet::ConnAck(answer)) = device.receive_or_end() else { return None };
        if answer.reason == ReasonCode::Success {
            device.disconnect();
        }
        // A broker that wants to know who it is is up too.
        matches!(answer.reason, ReasonCode::Success | ReasonCode::NotAuthorized).then_some(())
    });
}
