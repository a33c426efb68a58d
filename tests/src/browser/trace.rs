use std::collections::BTreeMap;

use serde_json::Value;

/// A 60th of a second, in microseconds.
const FRAME: f64 = 1_000_000.0 / 60.0;

/// What the thread that draws a page did while it was traced.
#[derive(Debug, Clone, Default)]
pub struct MainThread {
    tasks: Vec<Task>,
    /// What of it the browser names, and how long that took without what it names within, in microseconds.
    parts: BTreeMap<String, f64>,
}

/// A task of a thread; all in microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Task {
    /// When it began.
    at: f64,
    /// How long it took.
    took: f64,
    /// How long of that it had a processor.
    had: f64,
}

impl MainThread {
    /// Reads a trace of Chromium. Of several pages the busiest is meant.
    pub(super) fn read(events: &[Value]) -> Self {
        let thread = |event: &Value| (event["pid"].as_u64(), event["tid"].as_u64());
        let mains = events
            .iter()
            .filter(|event| event["name"] == "thread_name" && event["args"]["name"] == "CrRendererMain");
        let of = |main: &Value| {
            let tasks = events.iter().filter(|event| {
                event["name"] == "ThreadControllerImpl::RunTask" && thread(event) == thread(main)
            });
            let tasks = tasks.filter_map(|event| {
                let (at, took) = span(event)?;
                let had = event["tdur"].as_f64().unwrap_or(took).min(took);
                Some(Task { at, took, had })
            });
            let named = events.iter().filter(|event| event["ph"] == "X" && thread(event) == thread(main));
            Self { tasks: tasks.collect(), parts: parts(named) }
        };
        mains.map(of).max_by(|one, other| one.work().total_cmp(&other.work())).unwrap_or_default()
    }

    /// Adds what was traced later, as if nothing lay between.
    pub fn join(&mut self, later: Self) {
        let end = self.tasks.iter().map(|task| task.at + task.took).fold(0.0, f64::max);
        let began = later.began();
        self.tasks.extend(later.tasks.into_iter().map(|task| Task { at: task.at - began + end, ..task }));
        for (part, took) in later.parts {
            *self.parts.entry(part).or_default() += took;
        }
    }

    /// The longest task, in milliseconds.
    pub fn longest(&self) -> f64 {
        self.tasks.iter().map(|task| task.took / 1000.0).fold(0.0, f64::max)
    }

    /// The work in a 60th of a second, in milliseconds, that `percent` of those with any work in them do not exceed.
    pub fn work_per_frame(&self, percent: f64) -> f64 {
        self.per_frame(percent, |task| task.took)
    }

    /// The same of the time that the thread had a processor: on a machine that is busy with other things it has none for a part of its work.
    pub fn processor_per_frame(&self, percent: f64) -> f64 {
        self.per_frame(percent, |task| task.had)
    }

    fn per_frame(&self, percent: f64, of: impl Fn(&Task) -> f64) -> f64 {
        let mut frames: Vec<f64> = self.frames(of).into_iter().filter(|work| *work > 0.0).collect();
        frames.sort_by(f64::total_cmp);
        let at = (frames.len() as f64 * percent / 100.0).ceil() as usize;
        frames.get(at.saturating_sub(1)).map_or(0.0, |work| work / 1000.0)
    }

    /// How much of the time it worked, from 0 to 1.
    pub fn share(&self) -> f64 {
        let frames = self.frames(|task| task.took).len().max(1) as f64;
        self.work() / (frames * FRAME)
    }

    /// What took longest of what the browser names in a trace that is kept, in milliseconds, without what it names within.
    pub fn longest_parts(&self, count: usize) -> Vec<(&str, f64)> {
        let mut parts: Vec<_> =
            self.parts.iter().map(|(name, took)| (name.as_str(), took / 1000.0)).collect();
        parts.sort_by(|one, other| other.1.total_cmp(&one.1));
        parts.truncate(count);
        parts
    }

    fn work(&self) -> f64 {
        self.tasks.iter().map(|task| task.took).sum()
    }

    fn began(&self) -> f64 {
        self.tasks.iter().map(|task| task.at).fold(f64::INFINITY, f64::min)
    }

    /// The work in each 60th of a second, in microseconds; a task that spans several is shared out.
    fn frames(&self, of: impl Fn(&Task) -> f64) -> Vec<f64> {
        let began = self.began();
        let mut frames = Vec::new();
        for task in &self.tasks {
            let (began, took) = (task.at - began, task.took);
            let part = of(task) / took.max(f64::MIN_POSITIVE);
            let (mut at, end) = (began, began + took);
            while at < end {
                let frame = (at / FRAME) as usize;
                let until = end.min((frame + 1) as f64 * FRAME);
                if frames.len() <= frame {
                    frames.resize(frame + 1, 0.0);
                }
                frames[frame] += (until - at) * part;
                // Never less than it was, whatever the rounding.
                at = until.max(at + 0.001);
            }
        }
        frames
    }
}

/// When an event began and how long it took, in microseconds.
fn span(event: &Value) -> Option<(f64, f64)> {
    Some((event["ts"].as_f64()?, event["dur"].as_f64()?))
}

/// The time in each kind of event of one thread that is not in another one within it.
fn parts<'a>(events: impl Iterator<Item = &'a Value>) -> BTreeMap<String, f64> {
    let mut spans: Vec<_> =
        events.filter_map(|event| Some((span(event)?, event["name"].as_str()?))).collect();
    spans.sort_by(|((at, took), _), ((other_at, other_took), _)| {
        at.total_cmp(other_at).then(other_took.total_cmp(took))
    });
    let mut parts: BTreeMap<String, f64> = BTreeMap::new();
    let mut around: Vec<(f64, &str)> = Vec::new();
    for ((at, took), name) in spans {
        while around.last().is_some_and(|(end, _)| *end <= at) {
            around.pop();
        }
        if let Some((_, outer)) = around.last() {
            *parts.entry((*outer).to_owned()).or_default() -= took;
        }
        *parts.entry(name.to_owned()).or_default() += took;
        around.push((at + took, name));
    }
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// One that had a processor all the time.
    fn busy(at: f64, took: f64) -> Task {
        Task { at, took, had: took }
    }

    fn task(pid: u64, at: f64, took: f64) -> Value {
        json!({ "name": "ThreadControllerImpl::RunTask", "pid": pid, "tid": 1, "ts": at, "dur": took })
    }

    fn main_thread(pid: u64) -> Value {
        json!({ "name": "thread_name", "pid": pid, "tid": 1, "args": { "name": "CrRendererMain" } })
    }

    #[test]
    fn the_busiest_main_thread_is_read() {
        let events = [
            main_thread(1),
            main_thread(2),
            task(1, 0.0, 10.0),
            task(2, 0.0, 4_000.0),
            task(3, 0.0, 9_000.0),
        ];
        assert_eq!(MainThread::read(&events).longest(), 4.0);
        assert_eq!(MainThread::read(&[]).longest(), 0.0);
    }

    #[test]
    fn what_takes_long_is_told_without_what_is_within() {
        let part = |name: &str, at: f64, took: f64| json!({ "name": name, "ph": "X", "pid": 1, "tid": 1, "ts": at, "dur": took });
        let events = [
            main_thread(1),
            part("frame", 0.0, 9_000.0),
            part("layout", 1_000.0, 2_000.0),
            part("paint", 3_000.0, 5_000.0),
            part("layout", 20_000.0, 1_000.0),
        ];
        let told = MainThread::read(&events);
        assert_eq!(told.longest_parts(2), [("paint", 5.0), ("layout", 3.0)]);
        assert_eq!(told.longest_parts(3)[2], ("frame", 2.0));
    }

    #[test]
    fn what_is_traced_later_is_added() {
        let trace = |at: f64| MainThread { tasks: vec![busy(at, 4_000.0)], ..MainThread::default() };
        let mut thread = MainThread::default();
        thread.join(trace(7e6));
        thread.join(trace(9e9));
        assert_eq!(thread.tasks, [busy(0.0, 4_000.0), busy(4_000.0, 4_000.0)]);
    }

    #[test]
    fn what_a_task_waits_for_a_processor_is_no_work_of_it() {
        let mut half = task(1, 0.0, 10_000.0);
        half["tdur"] = json!(5_000.0);
        let seen = MainThread::read(&[main_thread(1), half]);
        assert_eq!((seen.work_per_frame(95.0), seen.processor_per_frame(95.0)), (10.0, 5.0));
        let untold = MainThread::read(&[main_thread(1), task(1, 0.0, 10_000.0)]);
        assert_eq!(untold.processor_per_frame(95.0), 10.0);
    }

    #[test]
    fn work_is_summed_in_60ths_of_a_second() {
        let thread = MainThread {
            tasks: vec![busy(1e6, 2_000.0), busy(1e6 + 3_000.0, 1_000.0), busy(1e6 + FRAME, 20_000.0)],
            ..MainThread::default()
        };
        let frames = thread.frames(|task| task.took);
        assert_eq!(frames.len(), 3);
        assert!((frames[0] - 3_000.0).abs() < 0.1 && (frames[1] - FRAME).abs() < 0.1, "{frames:?}");
        assert!((thread.work_per_frame(95.0) - FRAME / 1000.0).abs() < 0.001);
        assert!((thread.work_per_frame(34.0) - (20.0 - FRAME / 1000.0)).abs() < 0.4);
    }
}
