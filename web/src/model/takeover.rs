//! A real client in the place of a simulated device.

use lacewing_control::HomeCommand;
use lacewing_sim::plan::{Device, Plan};

use super::Model;
use crate::wire::{Action, Notice, Operator};

impl Model {
    /// Says that a device is handed over or taken back, with the contrary to undo it.
    pub(super) fn tell_of_takeover(&mut self, command: &HomeCommand) {
        let HomeCommand::HandOver { device, to } = command else { return };
        if self.status.operator != Operator::Yes {
            return;
        }
        self.rivals.settled(device);
        let told = self.house.device(device).map(|device| done(self.house.drawn(), device, to.as_deref()));
        told.into_iter().for_each(|notice| self.notify(notice));
    }
}

/// Asks whether the real client is to take over.
pub(crate) fn question(plan: &Plan, device: &Device, client_id: &str, topic: &str) -> Notice {
    let text = format!(
        "Two clients publish {topic}: the simulated {}, and {client_id}. Let the real one take over?",
        in_room(plan, device)
    );
    Notice::question(text, "Let it take over", hand_over(&device.id, Some(client_id)))
}

/// Says that a device was handed over, or taken back; undone by the contrary.
fn done(plan: &Plan, device: &Device, to: Option<&str>) -> Notice {
    let name = in_room(plan, device);
    match to {
        Some(client_id) => {
            let text = format!("{client_id} is the {name} now. The simulated one says goodbye.");
            Notice::done(text).undone_by(hand_over(&device.id, None))
        }
        None => Notice::done(format!("The home simulates the {name} again.")),
    }
}

/// What hands a device over; without a client, what takes it back.
fn hand_over(device: &str, to: Option<&str>) -> Action {
    Action::Home(HomeCommand::HandOver { device: device.into(), to: to.map(str::to_owned) })
}

fn in_room(plan: &Plan, device: &Device) -> String {
    let name = device.name.to_ascii_lowercase();
    match plan.room(&device.room) {
        Some(room) => format!("{name} in the {}", room.name.to_ascii_lowercase()),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_takeover_is_asked_told_and_undone() {
        let plan = lacewing_sim::house::plan();
        let device = plan.device("sim-livingroom-sensor").unwrap();
        let question = question(&plan, device, "esp32", "home/livingroom/temperature");
        assert!(question.text.contains("Let the real one take over?"), "{}", question.text);
        let Action::Home(HomeCommand::HandOver { device: id, to }) = question.offer.unwrap().action else {
            panic!("not a hand-over")
        };
        assert_eq!((id.as_str(), to.as_deref()), ("sim-livingroom-sensor", Some("esp32")));
        let told = done(&plan, device, Some("esp32"));
        assert!(told.text.starts_with("esp32 is the sensor in the living room now."), "{}", told.text);
        assert_eq!(told.offer.unwrap().action, hand_over(&device.id, None));
    }
}
