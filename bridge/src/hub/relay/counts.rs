//! What the relay counts.

use crate::hub::metrics;

/// Counters, from the start of the program.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Tabs that became the broker.
    pub(super) links: u64,
    /// CONNECTs answered without a broker.
    pub(super) unavailable: u64,
    /// Bytes received from devices.
    pub(super) bytes_in: u64,
    /// Bytes sent to devices.
    pub(super) bytes_out: u64,
}

impl Counts {
    /// Adds them to `text`, in the text format of Prometheus.
    pub(super) fn write(&self, text: &mut String) {
        let counters = [
            ("links_total", "Tabs that became the broker.", self.links),
            ("unavailable_total", "CONNECTs answered without a broker.", self.unavailable),
            ("received_bytes_total", "Bytes received from devices.", self.bytes_in),
            ("sent_bytes_total", "Bytes sent to devices.", self.bytes_out),
        ];
        for (name, help, value) in counters {
            metrics::one(text, name, help, "counter", value);
        }
    }
}
