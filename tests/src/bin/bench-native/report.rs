//! What the figures say, for a terminal and for a document.

use std::fmt::Write as _;
use std::time::Duration;

use lacewing_tests::commits::Commits;
use lacewing_tests::machine::median;

use crate::brokers::{Broker, Cast};
use crate::cases::{Case, Goal, Work};
use crate::measure::Sample;

/// What everything was measured with.
pub(crate) fn head(machine: &str, cast: &Cast, rounds: usize, time: Duration) -> String {
    format!(
        "{machine}. {}. MQTT 3.1.1 on the loopback device, 64-byte payloads, clients and load on the same machine; window 200 (messages of a publisher \
         under way) in pairs and 20 elsewhere, unless a line says otherwise. Medians of {rounds} rounds that take turns, {:.1} s each, a new broker for each.",
        cast.versions().join(", "),
        time.as_secs_f64()
    )
}

/// A line of the table.
pub(crate) struct Row {
    case: Case,
    results: Vec<(Broker, Vec<Sample>)>,
}

impl Row {
    pub(crate) fn new(case: &Case, results: Vec<(Broker, Vec<Sample>)>) -> Self {
        Self { case: case.clone(), results }
    }

    /// What each broker came to, for the terminal.
    pub(crate) fn lines(&self) -> String {
        let mut text = String::new();
        for (broker, samples) in &self.results {
            let values: Vec<f64> = samples.iter().map(|sample| sample.value).collect();
            let (least, most) =
                values.iter().fold((f64::MAX, 0.0_f64), |(least, most), &it| (least.min(it), most.max(it)));
            let busy: Vec<f64> = samples.iter().filter_map(|sample| sample.busy).collect();
            // Writing to a string does not fail.
            let _ = write!(text, "  {:<10} {:<24}", broker.name(), self.cell(*broker));
            if matches!(self.case.work, Work::Flow(_) | Work::Keep(_) | Work::Retained(_)) {
                let _ = write!(text, " ({} to {})", rate(least), rate(most));
            }
            if !busy.is_empty() {
                let _ = write!(text, ", the load busy {:.0}%", median(&busy) * 100.0);
            }
            if let Some(trouble) = self.trouble(*broker) {
                let _ = write!(text, ", TROUBLE: {trouble}");
            }
            text.push('\n');
        }
        let _ = write!(text, "  {}", self.verdict().words);
        text
    }

    /// What a broker came to, in short.
    fn cell(&self, broker: Broker) -> String {
        let Some(samples) = self.good(broker) else {
            return self.trouble(broker).map_or("–".to_owned(), |_| "fails".to_owned());
        };
        let value = middle(samples, |sample| Some(sample.value));
        let cost = middle(samples, |sample| sample.cost);
        match self.case.work {
            Work::Flow(_) => format!("{} · {cost:.2}", rate(value)),
            Work::Pace(_) => format!("{:.0} / {:.0} µs", self.p50(broker), self.p99(broker)),
            Work::Keep(_) => {
                let commit = |percent| millis(commit(samples, percent));
                format!(
                    "{} · {cost:.2}; p50 {}, p99 {}, the commit {} and {}",
                    rate(value),
                    millis(self.p50(broker)),
                    millis(self.p99(broker)),
                    commit(50.0),
                    commit(99.0)
                )
            }
            Work::Idle(_) => format!("{:.2} KiB", value / 1024.0),
            Work::Visits(_) => format!("{cost:.0} s/M"),
            Work::Retained(_) => rate(value),
        }
    }

    /// The samples of a broker, if none failed.
    fn good(&self, broker: Broker) -> Option<&[Sample]> {
        let (_, samples) = self.results.iter().find(|(other, _)| *other == broker)?;
        (!samples.is_empty() && samples.iter().all(|sample| sample.trouble.is_none())).then_some(samples)
    }

    fn trouble(&self, broker: Broker) -> Option<String> {
        let (_, samples) = self.results.iter().find(|(other, _)| *other == broker)?;
        samples.iter().find_map(|sample| sample.trouble.clone())
    }

    fn p50(&self, broker: Broker) -> f64 {
        self.good(broker).map_or(f64::NAN, |samples| middle(samples, |sample| sample.latency.map(|it| it.0)))
    }

    fn p99(&self, broker: Broker) -> f64 {
        self.good(broker).map_or(f64::NAN, |samples| middle(samples, |sample| sample.latency.map(|it| it.1)))
    }

    /// The best of the others by a figure, which is Lacewing's and theirs.
    fn against(&self, figure: impl Fn(Broker) -> f64, more_is_better: bool) -> Option<(f64, f64)> {
        let figures = |broker| Some(figure(broker)).filter(|figure| figure.is_finite() && *figure > 0.0);
        let others = [Broker::Mosquitto, Broker::Rumqttd].into_iter().filter_map(figures);
        let best = others.reduce(if more_is_better { f64::max } else { f64::min })?;
        Some((figures(Broker::Lacewing)?, best))
    }

    /// How it stands.
    fn verdict(&self) -> Verdict {
        let of = |broker, figure: fn(&Sample) -> Option<f64>| {
            self.good(broker).map_or(f64::NAN, |samples| middle(samples, figure))
        };
        let value = |broker| of(broker, |sample| Some(sample.value));
        let cost = |broker| of(broker, |sample| sample.cost);
        if self.good(Broker::Lacewing).is_none() {
            return Verdict {
                words: "failed".to_owned(),
                promise: String::new(),
                standing: Standing::Behind,
            };
        }
        match self.case.goal {
            Goal::TimesTheBest(goal) | Goal::TimesTheBestForLess(goal) => {
                let mut verdict = times(self.against(value, true), goal, format!("{goal}×"));
                if matches!(self.case.goal, Goal::TimesTheBestForLess(_))
                    && let Some((ours, best)) = self.against(cost, false)
                {
                    let _ = write!(verdict.words, ", CPU {:.2}×", ours / best);
                    verdict.promise.push_str(", less CPU");
                    if ours >= best && verdict.standing == Standing::Kept {
                        verdict.standing = Standing::Ahead;
                    }
                }
                verdict
            }
            Goal::BelowTheBest => match self.case.work {
                Work::Pace(_) => {
                    below(&[self.against(|it| self.p50(it), false), self.against(|it| self.p99(it), false)])
                }
                Work::Visits(_) => below(&[self.against(cost, false)]),
                _ => below(&[self.against(value, false)]),
            },
            Goal::Over(goal) => {
                let ours = value(Broker::Lacewing);
                let standing = if ours > goal { Standing::Kept } else { Standing::Short };
                Verdict { words: "alone".to_owned(), promise: format!("over {}", rate(goal)), standing }
            }
            Goal::Commits(goal) => {
                let samples = self.good(Broker::Lacewing).unwrap_or_default();
                let half = self.p50(Broker::Lacewing) / commit(samples, 50.0);
                let most = self.p99(Broker::Lacewing) / commit(samples, 99.0);
                let standing = if most < goal { Standing::Kept } else { Standing::Short };
                let promise = format!("p99 under {goal} commits");
                Verdict { words: format!("p50 is {half:.1} commits, p99 {most:.1}"), promise, standing }
            }
            Goal::Nothing => {
                Verdict { promise: "–".to_owned(), ..times(self.against(value, true), 1.0, String::new()) }
            }
        }
    }
}

/// How Lacewing stands in a case.
struct Verdict {
    words: String,
    promise: String,
    standing: Standing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// As promised.
    Kept,
    /// Ahead of the others, and not by as much as promised.
    Ahead,
    /// Short of a promise in which there are no others.
    Short,
    /// Behind another.
    Behind,
    /// There is nobody to compare with.
    Alone,
}

impl Standing {
    fn words(self) -> &'static str {
        match self {
            Self::Kept => "yes",
            Self::Ahead => "ahead, by less",
            Self::Short => "no",
            Self::Behind => "no, behind",
            Self::Alone => "–",
        }
    }
}

fn times(against: Option<(f64, f64)>, goal: f64, promise: String) -> Verdict {
    let Some((ours, best)) = against else {
        return Verdict { words: "nobody to compare with".to_owned(), promise, standing: Standing::Alone };
    };
    let ratio = ours / best;
    let standing = match ratio {
        _ if ratio >= goal => Standing::Kept,
        _ if ratio > 1.0 => Standing::Ahead,
        _ => Standing::Behind,
    };
    Verdict { words: format!("{ratio:.2}×"), promise, standing }
}

fn below(all: &[Option<(f64, f64)>]) -> Verdict {
    let ratios: Vec<f64> = all.iter().flatten().map(|(ours, best)| ours / best).collect();
    let standing = match &ratios[..] {
        [] => Standing::Alone,
        ratios if ratios.iter().all(|ratio| *ratio < 1.0) => Standing::Kept,
        _ => Standing::Behind,
    };
    let words: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:.2}×")).collect();
    Verdict { words: words.join(" / "), promise: "below".to_owned(), standing }
}

/// All lines.
pub(crate) struct Report {
    head: String,
    rows: Vec<Row>,
}

impl Report {
    pub(crate) fn new(head: String) -> Self {
        Self { head, rows: Vec::new() }
    }

    pub(crate) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Whether Lacewing did what it was asked in every run.
    pub(crate) fn is_lossless(&self) -> bool {
        self.rows.iter().all(|row| row.good(Broker::Lacewing).is_some())
    }

    /// The table, and what it comes to.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("{}\n\n", self.head);
        text.push_str("| case | Lacewing | mosquitto | rumqttd | against the best | promised | kept |\n|---|---|---|---|---|---|---|\n");
        for row in &self.rows {
            let verdict = row.verdict();
            let [lacewing, mosquitto, rumqttd] =
                [Broker::Lacewing, Broker::Mosquitto, Broker::Rumqttd].map(|broker| row.cell(broker));
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "| {} | {lacewing} | {mosquitto} | {rumqttd} | {} | {} | {} |",
                row.case.title,
                verdict.words,
                verdict.promise,
                if row.case.goal == Goal::Nothing { "–" } else { verdict.standing.words() }
            );
        }
        for (standing, words) in [
            (Standing::Behind, "Behind another broker in"),
            (Standing::Ahead, "Ahead of both, by less than is promised, in"),
            (Standing::Short, "Short of what is promised in"),
        ] {
            let titles: Vec<&str> = self
                .rows
                .iter()
                .filter(|row| row.verdict().standing == standing)
                .map(|row| row.case.title)
                .collect();
            if !titles.is_empty() {
                let _ = write!(text, "\n{words}: {}.\n", titles.join("; "));
            }
        }
        let failed = self.rows.iter().flat_map(|row| {
            let broker = |(broker, _): &(Broker, Vec<Sample>)| Some((*broker, row.trouble(*broker)?));
            row.results
                .iter()
                .filter_map(broker)
                .map(|(broker, trouble)| format!("{} at “{}” ({trouble})", broker.name(), row.case.title))
        });
        let failed: Vec<String> = failed.collect();
        if !failed.is_empty() {
            let _ = write!(text, "\nFailed: {}.\n", failed.join("; "));
        }
        text
    }
}

/// The median of a figure.
fn middle(samples: &[Sample], figure: impl Fn(&Sample) -> Option<f64>) -> f64 {
    median(&samples.iter().filter_map(figure).collect::<Vec<_>>())
}

/// How long, in microseconds, the commit took that a record was in, which `percent` of the records did not exceed.
fn commit(samples: &[Sample], percent: f64) -> f64 {
    let of = |commits: &Commits| commits.by_record.percentile(percent).as_secs_f64() * 1e6;
    middle(samples, |sample| sample.commits.as_ref().map(of))
}

fn millis(micros: f64) -> String {
    format!("{:.1} ms", micros / 1000.0)
}

fn rate(rate: f64) -> String {
    match rate {
        1e6.. => format!("{:.2} M", rate / 1e6),
        1e5.. => format!("{:.0} k", rate / 1e3),
        _ => format!("{:.1} k", rate / 1e3),
    }
}
