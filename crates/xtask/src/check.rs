//! `cargo xtask check`: what a machine can say about the source without running it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Result, bail};

use crate::needs::Purpose;
use crate::page::log;
use crate::process::{elapsed, run_quietly};
use crate::workspace::{cargo, root};
use crate::{conformance, instructions, prose, purity, seeded, setup, weight};

/// From this many lines on, a file is asked which two ideas it holds.
const LONG_FILE: usize = 500;

/// Runs the command. Every check runs, whatever the others found.
///
/// # Errors
///
/// When a tool is missing. What the checks find is told by the exit code.
pub(crate) fn run() -> Result<ExitCode> {
    let tools = setup::toolbox(Purpose::Check)?;
    let web = ["--package", "lacewing-web", "--target", "wasm32-unknown-unknown"];
    let deny = ["--", "--deny", "warnings"];
    let mut checks = Checks::default();
    checks.run("Cargo.lock is complete", || {
        quietly("lock", cargo().args(["metadata", "--locked", "--format-version", "1", "--no-deps"]))
    });
    checks.run("the source is formatted", || quietly("fmt", cargo().args(["fmt", "--all", "--check"])));
    checks.run("clippy finds nothing in what runs natively", || {
        quietly("clippy", cargo().args(["clippy", "--all-targets", "--keep-going"]).args(deny))
    });
    checks.run("clippy finds nothing in what runs in the browser", || {
        quietly("clippy-web", cargo().args(["clippy", "--all-targets", "--keep-going"]).args(web).args(deny))
    });
    checks.run("the documentation has no gaps and no dead links", || {
        let doc = |name, args: &[&str]| {
            let mut cargo = cargo();
            cargo
                .env("RUSTDOCFLAGS", "--deny warnings")
                .args(["doc", "--no-deps", "--keep-going"])
                .args(args);
            quietly(name, &mut cargo)
        };
        doc("doc", &[])?;
        doc("doc-web", &web)
    });
    checks.run("the core crates touch nothing of the world", purity::check);
    checks.run("README and CONTRIBUTING name commands and files that exist", prose::check);
    checks.run("docs/conformance.md says which test holds which clause", conformance::check);
    checks.run("each seeded fault fits the source, and its test claims its clause", seeded::check);
    checks.run("the core's hot paths take as many instructions as they did", instructions::check);
    checks.run("the page and its worker stay light", || weight::check(&tools));
    report_long_files(&root())?;
    Ok(checks.sum_up())
}

/// All Rust files of the workspace below `folder`, in order.
///
/// # Errors
///
/// When a folder cannot be read.
pub(crate) fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir()
            && name != "target"
            && name != "node_modules"
            && !name.to_string_lossy().starts_with('.')
        {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}

fn quietly(name: &str, command: &mut Command) -> Result<()> {
    run_quietly(command, &log(&format!("check-{name}"))?)
}

/// Says which files are long; that alone fails nothing.
fn report_long_files(root: &Path) -> Result<()> {
    let mut long = Vec::new();
    for file in rust_files(root)? {
        let lines = fs::read_to_string(&file)?.lines().count();
        if lines > LONG_FILE {
            long.push((lines, file));
        }
    }
    long.sort();
    for (lines, file) in long.iter().rev() {
        let file = file.strip_prefix(root).unwrap_or(file);
        println!("  note     {} has {lines} lines: which two ideas does it hold?", file.display());
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Checks {
    passed: usize,
    failed: Vec<&'static str>,
}

impl Checks {
    fn run(&mut self, claim: &'static str, check: impl FnOnce() -> Result<()>) {
        println!("  checking that {claim} …");
        let began = Instant::now();
        match check() {
            Ok(()) => {
                self.passed += 1;
                println!("    yes ({})", elapsed(began));
            }
            Err(error) => {
                println!("    NO: {error:#}");
                self.failed.push(claim);
            }
        }
    }

    fn sum_up(self) -> ExitCode {
        if self.failed.is_empty() {
            println!("{} checks passed.", self.passed);
            return ExitCode::SUCCESS;
        }
        println!("{} checks passed. It is not so that:", self.passed);
        for claim in self.failed {
            println!("  {claim}");
        }
        ExitCode::FAILURE
    }
}

/// Fails with all of `findings`, if there are any.
///
/// # Errors
///
/// When there are findings.
pub(crate) fn none_of(findings: &[String]) -> Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    bail!("\n      {}", findings.join("\n      "));
}
