//! What a broker says about its commits, and how long they took.

use std::time::Duration;

use crate::lacewing::Lacewing;

/// What a broker has counted of its commits so far, or between two moments.
#[derive(Debug, Clone)]
pub struct Commits {
    /// How long commits took.
    pub each: Took,
    /// How long the commit took that a record was in, for each record: long commits have more records in them.
    pub by_record: Took,
}

/// How long things took: for ascending bounds in seconds, how many took no longer.
#[derive(Debug, Clone)]
pub struct Took {
    at_most: Vec<(f64, f64)>,
    sum: f64,
}

impl Commits {
    /// Asks a native broker with a folder.
    ///
    /// # Panics
    /// It does not count any.
    pub fn of(lacewing: &Lacewing) -> Self {
        let text = lacewing.ask("/metrics", &[&format!("Host: localhost:{}", lacewing.http_port)]);
        Self {
            each: Took::read(&text, "lacewing_commit_seconds"),
            by_record: Took::read(&text, "lacewing_kept_record_seconds"),
        }
    }

    /// Those that came after `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self { each: self.each.since(&before.each), by_record: self.by_record.since(&before.by_record) }
    }
}

impl Took {
    fn read(text: &str, name: &str) -> Self {
        let after = |start: String| {
            let values = text.lines().filter_map(move |line| line.strip_prefix(&start).map(str::to_owned));
            values.collect::<Vec<String>>()
        };
        let number =
            |text: &str| if text == "+Inf" { f64::INFINITY } else { text.parse().expect("a number") };
        let at_most: Vec<(f64, f64)> = after(format!("{name}_bucket{{le=\""))
            .iter()
            .map(|line| {
                let (bound, count) = line.split_once("\"} ").expect("a bucket has a bound");
                (number(bound), number(count))
            })
            .collect();
        let sum = after(format!("{name}_sum ")).first().map(|sum| number(sum));
        Self { at_most, sum: sum.unwrap_or_else(|| panic!("no {name} in {text}")) }
    }

    fn since(&self, before: &Self) -> Self {
        let less = |((bound, count), (_, before)): (&(f64, f64), &(f64, f64))| (*bound, count - before);
        let at_most = self.at_most.iter().zip(&before.at_most).map(less).collect();
        Self { at_most, sum: self.sum - before.sum }
    }

    /// How many there were.
    pub fn count(&self) -> f64 {
        self.at_most.last().map_or(0.0, |(_, count)| *count)
    }

    /// How long one took on average.
    pub fn mean(&self) -> Duration {
        Duration::from_secs_f64(self.sum / self.count().max(1.0))
    }

    /// What `percent` of them did not exceed, as far as the bounds tell: between two, all lengths are taken to be alike.
    pub fn percentile(&self, percent: f64) -> Duration {
        let wanted = self.count() * percent / 100.0;
        let mut below = (0.0, 0.0);
        for &(bound, count) in &self.at_most {
            if count >= wanted && count > below.1 {
                let share = (wanted - below.1) / (count - below.1);
                let bound = if bound.is_finite() { bound } else { below.0 };
                return Duration::from_secs_f64(below.0 + (bound - below.0) * share);
            }
            below = (bound, count);
        }
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_the_bounds_that_hold_them() {
        let text = |counts: [u32; 4], sum| {
            let bounds = ["0.001", "0.002", "0.004", "+Inf"];
            let line = |(bound, count)| format!("x_bucket{{le=\"{bound}\"}} {count}\n");
            format!("{}x_sum {sum}\n", bounds.iter().zip(counts).map(line).collect::<String>())
        };
        let before = Took::read(&text([1, 1, 1, 1], 0.0005), "x");
        let took = Took::read(&text([1, 51, 101, 101], 0.2005), "x").since(&before);
        let micros = Duration::from_micros;
        assert_eq!((took.count(), took.mean()), (100.0, micros(2000)));
        assert_eq!(
            [25.0, 50.0, 75.0, 100.0].map(|at| took.percentile(at)),
            [1500, 2000, 3000, 4000].map(micros)
        );
        assert_eq!(before.since(&before).percentile(99.0), Duration::ZERO);
    }
}
