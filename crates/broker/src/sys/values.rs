//! The names and what stands under them.

use super::load::WINDOWS;
use crate::{Broker, Metrics};

impl Broker {
    /// Every topic of `$SYS` with its value, as mosquitto(8) describes them.
    ///
    /// What differs: `messages/stored` counts a message once for each session that it waits for, retained ones are those
    /// of clients, and there is nothing about memory, which the core does not see.
    pub(super) fn sys_values(&self) -> Vec<(String, String)> {
        let metrics = &self.metrics;
        let uptime = self.now.wall.saturating_sub(self.sys.since) / 1_000_000;
        let (clients, sessions) = (u64::from(metrics.clients), u64::from(metrics.sessions));
        let stored = u64::from(metrics.retained) + metrics.queued;
        let shared = self.subscriptions.shared_len();
        let numbers = [
            ("clients/connected", clients),
            ("clients/active", clients),
            ("clients/disconnected", sessions.saturating_sub(clients)),
            ("clients/inactive", sessions.saturating_sub(clients)),
            ("clients/total", sessions),
            ("clients/maximum", metrics.clients_maximum.into()),
            ("clients/expired", metrics.sessions_expired),
            ("messages/received", metrics.packets_in),
            ("messages/sent", metrics.packets_out),
            ("messages/stored", stored),
            ("store/messages/count", stored),
            ("publish/messages/received", metrics.published.iter().sum()),
            ("publish/messages/sent", metrics.delivered.iter().sum()),
            ("publish/messages/dropped", metrics.dropped()),
            ("publish/bytes/received", metrics.payload_in),
            ("publish/bytes/sent", metrics.payload_out),
            ("bytes/received", metrics.bytes_in),
            ("bytes/sent", metrics.bytes_out),
            ("subscriptions/count", self.subscriptions.len() - shared),
            ("shared_subscriptions/count", shared),
            ("retained messages/count", metrics.retained.into()),
        ];
        let mut values = vec![
            (topic("version"), concat!("lacewing version ", env!("CARGO_PKG_VERSION")).to_owned()),
            (topic("uptime"), format!("{uptime} seconds")),
        ];
        values.extend(numbers.map(|(name, value)| (topic(name), value.to_string())));
        for (name, averages) in self.sys.load.averages() {
            let windows = WINDOWS.into_iter().zip(averages);
            values.extend(
                windows.map(|(window, average)| {
                    (topic(&format!("load/{name}/{window}")), format!("{average:.2}"))
                }),
            );
        }
        values
    }
}

fn topic(name: &str) -> String {
    format!("$SYS/broker/{name}")
}

impl Metrics {
    /// Messages that were lost on their way to a client, whatever the limit.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped_queue + self.dropped_slow + self.dropped_large + self.dropped_shared
    }
}
