//! The broker's counters in the text format of Prometheus.

use std::fmt::Write;

use lacewing_broker::Metrics;
use lacewing_store::Durations;

/// Adds all of `metrics` to `text`.
pub(crate) fn write(text: &mut String, metrics: &Metrics) {
    let gauges: [(&str, &str, u64); 7] = [
        ("clients", "Clients that are connected.", metrics.clients.into()),
        ("sessions", "Sessions, of clients here and away.", metrics.sessions.into()),
        ("subscriptions", "Subscriptions, shared ones included.", metrics.subscriptions.into()),
        ("retained_messages", "Retained messages.", metrics.retained.into()),
        ("retained_bytes", "Bytes of retained messages.", metrics.retained_bytes),
        ("queued_messages", "Messages that wait in the queues of sessions.", metrics.queued),
        (
            "paused_publishers",
            "Publishers that are paused, for a slow receiver or until records are durable.",
            metrics.paused.into(),
        ),
    ];
    for (name, help, value) in gauges {
        one(text, name, help, "gauge", value);
    }
    let counters: [(&str, &str, u64); 10] = [
        ("connects_total", "Clients let in.", metrics.connects),
        ("refusals_total", "Clients and packets turned away.", metrics.refusals),
        ("received_bytes_total", "Bytes received.", metrics.bytes_in),
        ("sent_bytes_total", "Bytes sent.", metrics.bytes_out),
        ("received_packets_total", "Packets received.", metrics.packets_in),
        ("sent_packets_total", "Packets put in line to be sent.", metrics.packets_out),
        ("unmatched_messages_total", "Messages that nobody had subscribed to.", metrics.unmatched),
        ("wills_total", "Wills published.", metrics.wills),
        ("records_total", "Records made.", metrics.records),
        ("missed_events_total", "Events that nobody took in time.", metrics.events_missed),
    ];
    for (name, help, value) in counters {
        one(text, name, help, "counter", value);
    }
    let by_qos = |values: [u64; 3]| [("0", values[0]), ("1", values[1]), ("2", values[2])];
    family(text, "received_messages_total", "PUBLISH packets received.", "qos", &by_qos(metrics.published));
    family(text, "sent_messages_total", "PUBLISH packets put in line.", "qos", &by_qos(metrics.delivered));
    let drops = [
        ("queue", metrics.dropped_queue),
        ("slow", metrics.dropped_slow),
        ("shared", metrics.dropped_shared),
        ("expired", metrics.dropped_expired),
        ("large", metrics.dropped_large),
        ("retained", metrics.dropped_retained),
        ("not_allowed", metrics.not_allowed),
    ];
    family(text, "dropped_messages_total", "Messages dropped, by cause.", "cause", &drops);
}

/// Adds one metric without labels.
pub(crate) fn one(text: &mut String, name: &str, help: &str, kind: &str, value: u64) {
    head(text, name, help, kind);
    // Writing to a string does not fail.
    let _ = writeln!(text, "lacewing_{name} {value}");
}

/// Adds one metric with a label.
pub(crate) fn family(text: &mut String, name: &str, help: &str, label: &str, values: &[(&str, u64)]) {
    head(text, name, help, "counter");
    for (which, value) in values {
        let _ = writeln!(text, "lacewing_{name}{{{label}=\"{which}\"}} {value}");
    }
}

/// Adds how long things took.
pub(crate) fn durations(text: &mut String, name: &str, help: &str, durations: &Durations) {
    head(text, name, help, "histogram");
    for (bound, count) in durations.at_most() {
        let _ = writeln!(text, "lacewing_{name}_bucket{{le=\"{}\"}} {count}", bound.as_secs_f64());
    }
    let (count, sum) = (durations.count(), durations.sum().as_secs_f64());
    let _ = writeln!(text, "lacewing_{name}_bucket{{le=\"+Inf\"}} {count}");
    let _ = writeln!(text, "lacewing_{name}_sum {sum}\nlacewing_{name}_count {count}");
}

fn head(text: &mut String, name: &str, help: &str, kind: &str) {
    let _ = writeln!(text, "# HELP lacewing_{name} {help}\n# TYPE lacewing_{name} {kind}");
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_line_is_a_comment_or_a_name_and_a_number() {
        let mut text = String::new();
        write(&mut text, &Metrics { published: [5, 0, 0], ..Metrics::default() });
        assert!(text.contains("lacewing_received_messages_total{qos=\"0\"} 5\n"));
        let mut commits = Durations::default();
        commits.add(Duration::from_micros(1500), 2);
        durations(&mut text, "commit_seconds", "How long.", &commits);
        for line in [
            "bucket{le=\"0.001448\"} 0",
            "bucket{le=\"0.002048\"} 2",
            "bucket{le=\"+Inf\"} 2",
            "sum 0.003",
            "count 2",
        ] {
            assert!(text.contains(&format!("\nlacewing_commit_seconds_{line}\n")), "{line}");
        }
        for line in text.lines().filter(|line| !line.starts_with("# ")) {
            let (name, value) = line.split_once(' ').unwrap();
            assert!(name.starts_with("lacewing_") && value.parse::<f64>().is_ok(), "{line}");
        }
    }
}
