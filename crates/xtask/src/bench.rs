//! `cargo xtask bench [CASE]`: the benchmarks, found by where they stand.
//!
//! `crates/<crate>/benches/<case>.rs` measures one crate alone; `tests/src/bin/bench-<case>.rs` measures the whole:
//! bridge, page and browser. Either may be a folder with a `main.rs`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::figures::Figures;
use crate::inventory::named_or_on_path;
use crate::needs::{MOSQUITTO, Purpose};
use crate::process::{display, elapsed, run_openly};
use crate::workspace::{cargo, root};
use crate::{core_bench, page, setup, test};

/// What `docs/performance.md` tells, in its order.
const DOCUMENTED: [&str; 4] = ["wasm", "native", "connections", "tab"];

/// Runs the command; `args` go to the benchmark. With `write`, what it measures goes into `docs/performance.md`.
///
/// # Errors
///
/// When there is no such benchmark, or it fails.
pub(crate) fn run(case: Option<&str>, write: bool, args: &[String]) -> Result<ExitCode> {
    let all = find(&root())?;
    let wanted = |bench: &&Bench| match case {
        Some(case) => bench.case == case,
        None => !write || DOCUMENTED.contains(&bench.case.as_str()),
    };
    let mut chosen: Vec<&Bench> = all.iter().filter(wanted).collect();
    chosen.sort_by_key(|bench| DOCUMENTED.iter().position(|name| *name == bench.case));
    if chosen.is_empty() {
        let names: Vec<&str> = all.iter().map(|bench| bench.case.as_str()).collect();
        let there_is = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        bail!(
            "there is no benchmark{}; there is: {there_is}",
            case.map(|case| format!(" `{case}`")).unwrap_or_default()
        );
    }
    let figures = Figures::gather()?;
    let (began, mut failed) = (Instant::now(), Vec::new());
    for bench in chosen {
        // One that breaks its promise has measured all the same, and so do those after it.
        if let Err(error) = run_one(bench, &figures, args) {
            println!("== {}: {error:#}", bench.case);
            failed.push(bench.case.as_str());
        }
    }
    if write {
        figures.write()?;
    }
    println!("== in {}", elapsed(began));
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("== failed: {}", failed.join(", "));
    Ok(ExitCode::FAILURE)
}

/// One benchmark.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Bench {
    case: String,
    measures: Measures,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Measures {
    /// One package alone, by `cargo bench`.
    Package(String),
    /// Everything together, by a program of `lacewing-tests`.
    TheWhole(String),
}

fn run_one(bench: &Bench, figures: &Figures, args: &[String]) -> Result<()> {
    let mut command = cargo();
    match &bench.measures {
        Measures::Package(package) => {
            command.args(["bench", "--package", package, "--bench", &bench.case]);
        }
        Measures::TheWhole(program) => {
            let tools = setup::toolbox(Purpose::Bench)?;
            let built = page::build(&tools)?;
            command.args(["run", "--quiet", "--release", "--package", "lacewing-tests", "--bin", program]);
            test::place(&mut command, &tools, &built)?;
            command.env("LACEWING_FIGURES", figures.folder());
            let others = [
                ("MOSQUITTO", named_or_on_path(Some("MOSQUITTO"), MOSQUITTO)),
                ("RUMQTTD", tools.find("rumqttd")),
            ];
            command.envs(others.into_iter().filter_map(|(name, file)| Some((name, file?))));
            if bench.case == "wasm" {
                command.env("LACEWING_CORE", core_bench::native()?);
                command.env("LACEWING_CORE_WASM", core_bench::pages(&tools)?);
            }
        }
    }
    command.arg("--").args(args);
    println!("\n== {}: {}", bench.case, display(&command));
    run_openly(&mut command)
}

/// All benchmarks of the checkout, by name.
fn find(root: &Path) -> Result<Vec<Bench>> {
    let mut found = Vec::new();
    for krate in names(&root.join("crates"))? {
        let package = format!("lacewing-{krate}");
        for case in programs(&root.join("crates").join(&krate).join("benches"))? {
            found.push(Bench { case, measures: Measures::Package(package.clone()) });
        }
    }
    for program in programs(&root.join("tests").join("src").join("bin"))? {
        if let Some(case) = program.strip_prefix("bench-") {
            found.push(Bench { case: case.to_owned(), measures: Measures::TheWhole(program.clone()) });
        }
    }
    found.sort();
    Ok(found)
}

/// The programs that cargo finds in `folder`: `<name>.rs` and `<name>/main.rs`.
fn programs(folder: &Path) -> Result<Vec<String>> {
    let names = names(folder)?.into_iter();
    let program = |name: String| match name.strip_suffix(".rs") {
        Some(stem) => Some(stem.to_owned()),
        None => folder.join(&name).join("main.rs").is_file().then_some(name),
    };
    Ok(names.filter_map(program).collect())
}

/// The names of what is in `folder`; none when it is not there.
fn names(folder: &Path) -> Result<Vec<String>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    Ok(entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn benchmarks_are_found_by_where_they_stand() {
        let root = std::env::temp_dir().join(format!("lacewing-bench-{}", std::process::id()));
        let benches = root.join("crates/broker/benches");
        let programs = root.join("tests/src/bin");
        fs::create_dir_all(benches.join("matching")).unwrap();
        fs::create_dir_all(&programs).unwrap();
        fs::write(benches.join("core.rs"), "").unwrap();
        fs::write(benches.join("matching/main.rs"), "").unwrap();
        fs::write(programs.join("bench-tab.rs"), "").unwrap();
        fs::write(programs.join("other.rs"), "").unwrap();
        let found = find(&root).unwrap();
        fs::remove_dir_all(&root).unwrap();
        let of_the_broker = |case: &str| Bench {
            case: case.to_owned(),
            measures: Measures::Package("lacewing-broker".to_owned()),
        };
        let tab = Bench { case: "tab".to_owned(), measures: Measures::TheWhole("bench-tab".to_owned()) };
        assert_eq!(found, [of_the_broker("core"), of_the_broker("matching"), tab]);
    }
}
