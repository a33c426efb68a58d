//! Real clients that publish what a simulated device publishes.

use lacewing_sim::plan::{Device, Plan};

use crate::sorted::ByName;

/// How long two clients count as rivals after the real one was heard, in microseconds.
const HEARD: u64 = 60_000_000;

/// The rivals of simulated devices, by device id.
#[derive(Debug, Default)]
pub(crate) struct Rivals {
    known: ByName<Rival>,
}

#[derive(Debug)]
struct Rival {
    client_id: String,
    topic: String,
    at: u64,
    /// Whether it was asked about.
    is_asked: bool,
}

impl Rivals {
    /// `from` published on `topic`. The device that publishes there as well, the second time that the same other client does: who says
    /// something once does not play its part. `is_simulated` says which clients the home runs, and they do not rival each other.
    pub(crate) fn published<'a>(
        &mut self,
        at: u64,
        plan: &'a Plan,
        from: &str,
        topic: &str,
        is_simulated: impl Fn(&str) -> bool,
    ) -> Option<&'a Device> {
        if is_simulated(from) {
            return None;
        }
        let tells = |device: &&Device| {
            device.id != from
                && (device.status == topic || device.values.iter().any(|value| value.topic == topic))
        };
        let device = plan.devices.iter().find(tells).filter(|device| is_simulated(&device.id))?;
        let before = self.known.get(&device.id);
        let was_asked = before.is_some_and(|rival| rival.is_asked);
        let asks = !was_asked && before.is_some_and(|rival| rival.client_id == from);
        let rival = Rival { client_id: from.into(), topic: topic.into(), at, is_asked: was_asked || asks };
        self.known.insert(device.id.clone(), rival);
        asks.then_some(device)
    }

    /// The client that rivals a device, and the topic they share.
    pub(crate) fn of(&self, now: u64, device: &str) -> Option<(&str, &str)> {
        let rival = self.known.get(device).filter(|rival| now.saturating_sub(rival.at) < HEARD)?;
        Some((&rival.client_id, &rival.topic))
    }

    /// The device was handed over, or taken back: whoever publishes next is asked about again.
    pub(crate) fn settled(&mut self, device: &str) {
        self.known.remove(device);
    }

    /// The control channel is gone and with it what it said.
    pub(crate) fn forget(&mut self) {
        self.known = ByName::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENSOR: &str = "sim-livingroom-sensor";
    const TOPIC: &str = "home/livingroom/temperature";

    fn published(rivals: &mut Rivals, from: &str, topic: &str) -> Option<String> {
        let plan = lacewing_sim::house::plan();
        let device = rivals.published(1, &plan, from, topic, |id| id.starts_with("sim-"));
        device.map(|device| device.id.clone())
    }

    #[test]
    fn a_real_client_on_the_topic_of_a_simulated_device_is_asked_about_once() {
        let mut rivals = Rivals::default();
        assert_eq!(published(&mut rivals, "a-terminal", TOPIC), None);
        assert_eq!(published(&mut rivals, "esp32", TOPIC), None, "it may not do so again");
        assert_eq!(published(&mut rivals, "esp32", TOPIC).as_deref(), Some(SENSOR));
        assert_eq!(published(&mut rivals, "esp32", TOPIC), None);
        assert_eq!(rivals.of(2, SENSOR), Some(("esp32", TOPIC)));
        assert_eq!(rivals.of(2 + HEARD, SENSOR), None, "it was not heard for a while");
        rivals.settled(SENSOR);
        assert!(published(&mut rivals, "esp32", TOPIC).is_none());
        assert!(published(&mut rivals, "esp32", TOPIC).is_some());
    }

    #[test]
    fn the_device_itself_and_its_neighbours_are_no_rivals() {
        let mut rivals = Rivals::default();
        assert_eq!(published(&mut rivals, SENSOR, TOPIC), None);
        assert_eq!(published(&mut rivals, "sim-livingroom-thermostat", TOPIC), None);
    }

    #[test]
    fn a_command_to_a_device_is_no_rivalry() {
        let mut rivals = Rivals::default();
        assert_eq!(published(&mut rivals, "remote", "home/livingroom/light/set"), None);
        assert_eq!(published(&mut rivals, "remote", "home/livingroom/light/set"), None);
        assert_eq!(rivals.of(2, "sim-livingroom-light"), None);
    }
}
