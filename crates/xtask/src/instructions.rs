//! `cargo xtask instructions`: how many instructions the core's hot paths take, counted by valgrind and compared with the figures
//! that were committed.
//!
//! A count, unlike a time, is the same in each run and on each machine. What is counted is the core's own code, without libc's, which
//! differs from system to system and picks its `memcpy` by the processor; how often libc is asked for memory is counted instead.

mod callgrind;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, Result, bail};

use self::callgrind::Counted;
use crate::core_bench;
use crate::inventory::on_path;
use crate::process::ask;
use crate::workspace::{root, target_dir};

/// What is counted: cases of the core's bench.
const PATHS: [&str; 14] = [
    "one-to-one QoS 0, 10 pairs",
    "one-to-one QoS 1, 10 pairs",
    "one-to-one QoS 2, 10 pairs",
    "one-to-one QoS 1, window 4",
    "fan-out 1 to 1000",
    "fan-in 200 to 1",
    "wildcards, 200 clients, 5 filters",
    "topics used once",
    "shared, 10 members",
    "retained 100 000, set",
    "retained 100 000, then #",
    "subscribe and leave, 100 000",
    "connect and disconnect",
    "pairs under 10 000 rules",
];
/// Of what the bench does a fiftieth is enough to count: valgrind takes fifty times as long.
const EVERY: &str = "--every=50";
/// How much more, or less, than before goes unsaid.
const TOLERANCE: f64 = 0.03;
/// Where the figures are kept.
const FIGURES: &str = "crates/broker/benches/core/instructions.txt";

/// Instructions and calls for memory that a path takes for one message, or whatever else it counts.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Figure {
    instructions: f64,
    allocations: f64,
}

/// Counts, prints all figures beside the committed ones, and commits the new ones to the file if they are to be.
///
/// # Errors
///
/// When they cannot be counted. That they differ is told by the exit code.
pub(crate) fn run(bless: bool) -> Result<ExitCode> {
    let counted = count()?;
    let before = Figures::read()?;
    for (path, figure) in &counted.paths {
        let was = before.paths.get(path).map_or("new".to_owned(), |was| format!("{:.1}", was.instructions));
        println!(
            "  {path:<34} {:>9.1} (was {was:>9}), {:.3} allocations",
            figure.instructions, figure.allocations
        );
    }
    if bless {
        fs::write(root().join(FIGURES), counted.to_string()).context(FIGURES)?;
        println!("Written to {FIGURES}.");
        return Ok(ExitCode::SUCCESS);
    }
    match before.compare(&counted) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            println!("{error:#}");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Counts, and compares with the committed figures.
///
/// # Errors
///
/// When a path takes more instructions than it did, or fewer, by more than is put down to chance; or nothing can be counted.
pub(crate) fn check() -> Result<()> {
    let before = Figures::read()?;
    let tools = toolchain();
    if before.toolchain != tools {
        // Another compiler makes other code of the same source.
        println!("    the figures are of {}, and this is {tools}: not compared", before.toolchain);
        return Ok(());
    }
    if on_path("valgrind").is_none() && !cfg!(target_os = "linux") {
        println!("    not compared: there is no valgrind on this system");
        return Ok(());
    }
    before.compare(&count()?)
}

/// All figures, and what built what they are of.
#[derive(Debug, Clone, PartialEq)]
struct Figures {
    toolchain: String,
    paths: BTreeMap<String, Figure>,
}

impl Figures {
    fn read() -> Result<Self> {
        let text = fs::read_to_string(root().join(FIGURES)).unwrap_or_default();
        let mut figures = Self { toolchain: String::new(), paths: BTreeMap::new() };
        for line in text.lines() {
            if let Some(toolchain) = line.strip_prefix("# built by ") {
                figures.toolchain = toolchain.to_owned();
            }
            let Some((path, numbers)) = line.split_once('|').filter(|_| !line.starts_with('#')) else {
                continue;
            };
            let mut numbers = numbers.split('|').map(|number| number.trim().parse::<f64>());
            let mut next =
                || numbers.next().and_then(Result::ok).with_context(|| format!("{FIGURES}: {line}"));
            let figure = Figure { instructions: next()?, allocations: next()? };
            figures.paths.insert(path.trim().to_owned(), figure);
        }
        Ok(figures)
    }

    /// Says which paths take more, or less, than these figures say.
    fn compare(&self, counted: &Self) -> Result<()> {
        let mut findings = Vec::new();
        for (path, now) in &counted.paths {
            let Some(was) = self.paths.get(path) else {
                findings.push(format!("“{path}” has no committed figure"));
                continue;
            };
            let change = now.instructions / was.instructions - 1.0;
            if change.abs() > TOLERANCE {
                findings.push(format!(
                    "“{path}” got {} by {:.1} %: {:.1} instructions each, and it was {:.1}",
                    if change > 0.0 { "slower" } else { "faster" },
                    change.abs() * 100.0,
                    now.instructions,
                    was.instructions
                ));
            }
            if now.allocations > was.allocations * (1.0 + TOLERANCE) + 0.01 {
                findings.push(format!(
                    "“{path}” asks for memory {:.3} times each, and it was {:.3}",
                    now.allocations, was.allocations
                ));
            }
        }
        if findings.is_empty() {
            return Ok(());
        }
        bail!(
            "\n      {}\n      If that is as it should be, `cargo xtask instructions --bless` writes the new figures to {FIGURES}.",
            findings.join("\n      ")
        );
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "# Instructions of the core's own code, and calls for memory, for one message or whatever else the case counts."
        )?;
        writeln!(
            f,
            "# `cargo xtask check` compares them; `cargo xtask instructions --bless` writes them anew."
        )?;
        writeln!(f, "# built by {}", self.toolchain)?;
        for (path, Figure { instructions, allocations }) in &self.paths {
            writeln!(f, "{path:<34} | {instructions:>9.1} | {allocations:>8.3}")?;
        }
        Ok(())
    }
}

/// Counts all paths, two at a time.
fn count() -> Result<Figures> {
    let Some(valgrind) = on_path("valgrind") else {
        bail!(
            "valgrind counts the instructions, and is missing: on Debian and Ubuntu `sudo apt-get install valgrind`"
        );
    };
    let bench = core_bench::native()?;
    let waiting = Mutex::new(PATHS.iter());
    let counted = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        let workers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    loop {
                        let next = waiting.lock().ok().and_then(|mut paths| paths.next());
                        let Some(path) = next else { return Ok(()) };
                        let figure =
                            count_one(&valgrind, &bench, path).with_context(|| format!("“{path}”"))?;
                        if let Ok(mut counted) = counted.lock() {
                            counted.insert((*path).to_owned(), figure);
                        }
                    }
                })
            })
            .collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|_| bail!("counting was cut short")))
    })?;
    let paths = counted.into_inner().ok().context("counting was cut short")?;
    Ok(Figures { toolchain: toolchain(), paths })
}

/// Counts what happens inside the calls that the bench would time, from when its preparations are over.
fn count_one(valgrind: &Path, bench: &Path, path: &str) -> Result<Figure> {
    let folder = target_dir().join("instructions");
    fs::create_dir_all(&folder)?;
    let name: String = path.chars().filter(char::is_ascii_alphanumeric).collect();
    let out: PathBuf = folder.join(format!("{name}.callgrind"));
    let mut command = Command::new(valgrind);
    command
        .args(["--tool=callgrind", "--compress-strings=no", "--compress-pos=no"])
        .args(["--toggle-collect=*under_measurement*", "--zero-before=*Harness*start*"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(bench)
        .args([EVERY, path]);
    let output = command.output().context("valgrind cannot be started")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let line = said.lines().find_map(|line| line.strip_prefix(path));
    let each: f64 = line
        .and_then(|line| line.split_whitespace().next()?.parse().ok())
        .with_context(|| format!("the bench says nothing: {}", String::from_utf8_lossy(&output.stderr)))?;
    let text = fs::read_to_string(&out).with_context(|| format!("{} cannot be read", out.display()))?;
    let counted = Counted::read(&text, &bench.to_string_lossy());
    if counted.instructions == 0 {
        bail!("valgrind counted nothing; what it wrote is in {}", out.display());
    }
    Ok(Figure {
        instructions: counted.instructions as f64 / each,
        allocations: counted.allocations as f64 / each,
    })
}

/// The compiler and what it compiles for: others make other code of the same source.
fn toolchain() -> String {
    let said = ask(Command::new("rustc").arg("-vV")).unwrap_or_default();
    let line = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    let mut words = String::new();
    // Writing to a string does not fail.
    let _ = write!(
        words,
        "rustc {}for {}",
        line("release:").trim_start().to_owned() + " ",
        line("host:").trim_start()
    );
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(paths: &[(&str, f64, f64)]) -> Figures {
        let figure = |&(path, instructions, allocations): &(&str, f64, f64)| {
            (path.to_owned(), Figure { instructions, allocations })
        };
        Figures { toolchain: "rustc 1.0".to_owned(), paths: paths.iter().map(figure).collect() }
    }

    #[test]
    fn which_path_got_slower_and_by_how_much_is_said() {
        let was = figures(&[("a", 100.0, 0.0), ("b", 200.0, 0.0)]);
        assert!(was.compare(&figures(&[("a", 102.9, 0.0), ("b", 195.0, 0.005)])).is_ok());
        let words = was.compare(&figures(&[("a", 104.0, 0.0), ("b", 200.0, 0.0)])).unwrap_err().to_string();
        assert!(words.contains("“a” got slower by 4.0 %") && !words.contains("“b”"), "{words}");
        assert!(words.contains("--bless"), "{words}");
    }

    #[test]
    fn what_got_faster_is_to_be_kept_so() {
        let words =
            figures(&[("a", 100.0, 0.0)]).compare(&figures(&[("a", 90.0, 0.0)])).unwrap_err().to_string();
        assert!(words.contains("faster by 10.0 %"), "{words}");
    }

    #[test]
    fn another_allocation_is_said() {
        let words =
            figures(&[("a", 100.0, 0.0)]).compare(&figures(&[("a", 100.0, 1.0)])).unwrap_err().to_string();
        assert!(words.contains("1.000 times each"), "{words}");
    }

    #[test]
    fn a_path_without_a_figure_is_said() {
        assert!(figures(&[]).compare(&figures(&[("a", 1.0, 0.0)])).is_err());
    }
}
