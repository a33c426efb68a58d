//! `cargo xtask interop`: test suites by others against `lacewing --broker native`, mosquitto's own or [`mod@gmqtt`]'s.
//!
//! mosquitto's is not part of this project: [`fetch`] gets it as Debian's source package and keeps it in the cache. It
//! starts `mosquitto` with a port or a settings file; the program `as-mosquitto` of `lacewing-tests` translates both.
//! [`list`] is what is known of the tests that do not pass, and [`mod@run`] is how one runs.

mod fetch;
mod gmqtt;
mod list;
mod run;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use self::list::{Known, List};
use self::run::{Outcome, Test};
use crate::cache::Cache;
use crate::page::build_lacewing;
use crate::process::{elapsed, run_openly};
use crate::workspace::{cargo, root, target_dir};

/// What is noted of a test that failed once.
const SECOND: &str = "at the second attempt";

/// Tests that run at a time. Most of a test is waiting.
const AT_ONCE: usize = 6;

/// Whose tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// mosquitto's broker tests, from Debian's source package.
    Mosquitto,
    /// The MQTT 5.0 tests of the Python client gmqtt, from its source package.
    Gmqtt,
}

/// Runs the tests of a suite whose names begin with one of `wanted`, all without any, and prints a table.
///
/// # Errors
///
/// When the suite cannot be had or started. A test that fails and is not listed is told by the exit code.
pub(crate) fn run(suite: Suite, wanted: &[String]) -> Result<ExitCode> {
    if !cfg!(unix) {
        bail!("the suites run on Unix");
    }
    let lacewing = env::var_os("LACEWING_BIN").map_or_else(build_lacewing, |file| Ok(PathBuf::from(file)))?;
    match suite {
        Suite::Mosquitto => mosquitto(lacewing, wanted),
        Suite::Gmqtt => gmqtt::run(&lacewing, wanted),
    }
}

fn mosquitto(lacewing: PathBuf, wanted: &[String]) -> Result<ExitCode> {
    let list = List::read(&root().join("tests/interop/mosquitto.list"))?;
    let cache = Cache::open()?;
    let suite = fetch::suite(&cache)?;
    run_openly(cargo().args(["build", "--quiet", "--package", "lacewing-tests", "--bin", "as-mosquitto"]))?;
    let stage = run::Stage::set(&suite, &target_dir(), lacewing)?;

    let mut tests = stage.tests()?;
    tests.retain(|test| wanted.is_empty() || wanted.iter().any(|name| test.name.starts_with(name.as_str())));
    if tests.is_empty() {
        bail!("no test of the suite begins with {}", wanted.join(" or "));
    }
    println!("Running {} tests of mosquitto's suite …", tests.len());
    let began = Instant::now();
    let report = run_all(&stage, &list, &tests)?;
    report.print();
    println!("  in {}; what each test said is in {}", elapsed(began), stage.logs().display());
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run_all(stage: &run::Stage, list: &List, tests: &[Test]) -> Result<Report> {
    let waiting = Mutex::new(tests.iter());
    let lines = Mutex::new(Vec::new());
    thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE)
            .map(|worker| {
                let (waiting, lines) = (&waiting, &lines);
                scope.spawn(move || -> Result<()> {
                    loop {
                        let next = waiting.lock().ok().and_then(|mut tests| tests.next());
                        let Some(test) = next else { return Ok(()) };
                        let verdict = judge(stage, list, test, worker)?;
                        if let Ok(mut lines) = lines.lock() {
                            lines.push((test.name.clone(), verdict));
                        }
                    }
                })
            })
            .collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|_| bail!("a test's thread ended")))
    })?;
    let mut lines = lines.into_inner().ok().context("a test's thread ended")?;
    lines.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(Report { lines })
}

fn judge(stage: &run::Stage, list: &List, test: &Test, worker: usize) -> Result<Verdict> {
    Ok(match list.knows(&test.name) {
        Some(Known::NotApplicable(why)) => Verdict::NotApplicable(why.clone()),
        Some(Known::Deviates(why)) => match stage.run(test, worker)? {
            Outcome::Failed => Verdict::Deviates(why.clone()),
            Outcome::Passed(_) => {
                Verdict::Passed(vec!["it is still listed as a deviation".to_owned()], false)
            }
        },
        None => match stage.run(test, worker)? {
            Outcome::Passed(notes) => Verdict::Passed(notes, true),
            // Some of them are about time, on a machine that has other things to do.
            Outcome::Failed => match stage.run(test, worker)? {
                Outcome::Passed(notes) => Verdict::Passed([notes, vec![SECOND.to_owned()]].concat(), true),
                Outcome::Failed => Verdict::Failed,
            },
        },
    })
}

/// What became of a test.
#[derive(Debug)]
enum Verdict {
    /// It passed, with what it noted; whether that was to be expected.
    Passed(Vec<String>, bool),
    /// It failed as it is known to, for this reason.
    Deviates(String),
    /// It was not run, for this reason.
    NotApplicable(String),
    /// It failed.
    Failed,
}

/// What became of all.
#[derive(Debug)]
struct Report {
    lines: Vec<(String, Verdict)>,
}

impl Report {
    fn print(&self) {
        let width = self.lines.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        println!();
        for (name, verdict) in &self.lines {
            let (word, why) = match verdict {
                Verdict::Passed(notes, _) => ("passed", notes.join("; ")),
                Verdict::Deviates(why) => ("deviates", why.clone()),
                Verdict::NotApplicable(why) => ("n/a", why.clone()),
                Verdict::Failed => ("FAILED", String::new()),
            };
            println!("  {name:width$}  {word:8}  {why}");
        }
        let count = |is: fn(&Verdict) -> bool| self.lines.iter().filter(|(_, verdict)| is(verdict)).count();
        println!(
            "\n  {} passed, {} failed, {} deviate for a listed reason, {} not applicable",
            count(|verdict| matches!(verdict, Verdict::Passed(..))),
            count(|verdict| matches!(verdict, Verdict::Failed)),
            count(|verdict| matches!(verdict, Verdict::Deviates(_))),
            count(|verdict| matches!(verdict, Verdict::NotApplicable(_))),
        );
    }

    fn is_good(&self) -> bool {
        !self.lines.iter().any(|(_, verdict)| matches!(verdict, Verdict::Failed | Verdict::Passed(_, false)))
    }
}
