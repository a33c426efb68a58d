//! A home where much happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use lacewing_protocol::{ProtocolVersion, QoS};
use lacewing_sim::plan::DeviceKind;
use lacewing_sim::{Blueprint, Edit, house};

use crate::browser::{Page, Profile};
use crate::device::Device;
use crate::lacewing::Lacewing;
use crate::patience::eventually;

/// How many devices a busy home has.
pub const DEVICES: usize = 40;

/// The Lacewing house with further sensors, lights and plugs in every room, [`DEVICES`] in all.
///
/// # Panics
/// When the house does not take them.
pub fn home() -> Blueprint {
    let mut home = house::blueprint();
    let rooms: Vec<String> = home.rooms.iter().map(|room| room.id.clone()).collect();
    let kinds = [DeviceKind::Light, DeviceKind::Plug, DeviceKind::Sensor];
    let further = kinds.iter().flat_map(|kind| rooms.iter().map(move |room| (kind, room)));
    for (kind, room) in further.cycle() {
        if home.devices.len() >= DEVICES {
            break;
        }
        let edit = Edit::AddDevice { room: room.clone(), kind: *kind, name: String::new() };
        home = home.edited(&edit).expect("there is room for a device");
    }
    home
}

/// Opens the page of `lacewing` with the busy home in it.
pub fn open(profile: &Profile, lacewing: &Lacewing) -> Page {
    // A file of the same origin, that does not start the home.
    let page = profile.open(&format!("{}/switchboard.js", lacewing.origin()));
    let keep = format!("localStorage.setItem('lacewing.home', {}), 1", serde_json::json!(home().to_json()));
    eventually("the browser keeps the home", || page.value(&keep));
    page.navigate(&lacewing.page());
    page
}

/// Clients that publish what sensors and lights would, until it is dropped.
#[derive(Debug)]
pub struct Traffic {
    over: Arc<AtomicBool>,
    publisher: Option<JoinHandle<()>>,
}

impl Traffic {
    /// `rate` messages a second on the topics of the busy home, to the broker at `port`.
    pub fn start(port: u16, rate: u32) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&over);
        let rooms: Vec<String> = home().rooms.iter().map(|room| room.id.clone()).collect();
        let publisher = thread::spawn(move || {
            let mut device = Device::connect(port, ProtocolVersion::V5_0, "busy");
            let began = Instant::now();
            for sent in 0_u32.. {
                if seen.load(Ordering::Relaxed) {
                    break;
                }
                let due = began + Duration::from_secs(1) * sent / rate;
                thread::sleep(due.saturating_duration_since(Instant::now()));
                let room = &rooms[sent as usize % rooms.len()];
                let degrees = format!("{}.{}", 18 + sent % 6, sent % 10);
                device.publish(&format!("home/{room}/temperature"), degrees.as_bytes(), QoS::AtMostOnce);
            }
        });
        Self { over, publisher: Some(publisher) }
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // What went wrong there was said there.
        let _ = self.publisher.take().map(JoinHandle::join);
    }
}
