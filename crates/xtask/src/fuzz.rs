//! `cargo xtask fuzz [TARGET]`: libFuzzer let loose on a target of `tests/fuzz`, with the stable compiler.
//!
//! cargo-fuzz needs nightly for its sanitizers only. The coverage that guides libFuzzer is a pass of LLVM that stable
//! rustc runs too, and safe Rust has little for an address sanitizer to find; so this is all that is left of it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;
use std::{env, fs};

use anyhow::{Context, Result, bail};

use crate::process::{ask, display, elapsed, run_openly};
use crate::workspace::{cargo, root, target_dir};

/// What cargo-fuzz asks of rustc when no sanitizer is wanted: edge counters, and a say in every comparison.
const COVERAGE: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "--cfg=fuzzing",
];

/// The longest input; long ones are slow and say little more.
const LONGEST_INPUT: u32 = 4096;

/// The most that `--keep` leaves in the corpus of one target, in bytes.
const KEPT_BYTES: u64 = 70 << 10;

/// Runs the command: one target or all in turn, `minutes` each.
///
/// # Errors
///
/// When there is no such target, it does not compile, or an input breaks a promise; the input is kept then.
pub(crate) fn run(target: Option<&str>, minutes: u32, keep: bool) -> Result<ExitCode> {
    let all = targets()?;
    let chosen: Vec<&String> =
        all.iter().filter(|name| target.is_none_or(|target| target == *name)).collect();
    if chosen.is_empty() {
        bail!("there is no fuzz target `{}`; there is: {}", target.unwrap_or_default(), all.join(", "));
    }
    for name in chosen {
        let fuzzer = Fuzzer::build(name)?;
        fuzzer.run(minutes)?;
        if keep {
            fuzzer.keep()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The names of the programs in `tests/fuzz/fuzz_targets`.
fn targets() -> Result<Vec<String>> {
    let folder = fuzz_folder().join("fuzz_targets");
    let entries = fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

fn fuzz_folder() -> PathBuf {
    root().join("tests").join("fuzz")
}

/// A target's program, built.
struct Fuzzer {
    name: String,
    program: PathBuf,
    /// What this machine's runs have found worth trying again; grows from run to run.
    found: PathBuf,
    /// What the project keeps.
    kept: PathBuf,
    /// Where an input goes that breaks a promise.
    artifacts: PathBuf,
}

impl Fuzzer {
    fn build(name: &str) -> Result<Self> {
        // A folder of its own: other flags would make cargo build everything anew, back and forth.
        let build = target_dir().join("fuzz");
        let host = host()?;
        let program_name = format!("fuzz-{name}");
        let mut command = cargo();
        // A target is named so that the flags are for the program, not for what builds it.
        command
            .args(["build", "--package", "lacewing-fuzz", "--features", "libfuzzer", "--profile", "fuzz"])
            .args(["--bin", &program_name, "--target", &host])
            .env("CARGO_TARGET_DIR", &build)
            .env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\u{1f}"));
        println!("\n== {name}: {}", display(&command));
        run_openly(&mut command)
            .context("a fuzz target needs a C++ compiler (Debian: apt-get install g++)")?;
        let fuzzer = Self {
            name: name.to_owned(),
            program: build.join(host).join("fuzz").join(program_name + env::consts::EXE_SUFFIX),
            found: build.join("corpus").join(name),
            kept: fuzz_folder().join("corpus").join(name),
            artifacts: fuzz_folder().join("artifacts").join(name),
        };
        for folder in [&fuzzer.found, &fuzzer.kept, &fuzzer.artifacts] {
            fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        Ok(fuzzer)
    }

    fn run(&self, minutes: u32) -> Result<()> {
        let began = Instant::now();
        let mut command = Command::new(&self.program);
        command
            .arg(format!("-max_total_time={}", u64::from(minutes) * 60))
            .arg(format!("-max_len={LONGEST_INPUT}"))
            // Longer inputs sooner than it would by itself: a dialogue begins to be interesting at a hundred bytes.
            .args(["-len_control=20", "-timeout=60", "-rss_limit_mb=2048", "-print_final_stats=1"])
            .arg(with_folder("-artifact_prefix=", &self.artifacts))
            .args(dictionary(&self.name).map(|file| joined("-dict=", &file)))
            .args([&self.found, &self.kept]);
        println!("== {}: {}, for {minutes} min", self.name, display(&command));
        run_openly(&mut command).with_context(|| self.what_to_do())?;
        println!("== {}: no promise was broken in {}", self.name, elapsed(began));
        Ok(())
    }

    fn what_to_do(&self) -> String {
        let kept = self.kept.strip_prefix(root()).unwrap_or(&self.kept);
        format!(
            "an input broke a promise of `{name}`; it is in {artifacts}.\n  \
             Again, with what it said:  {program} {artifacts}/crash-…\n  \
             Smaller:                   {program} -minimize_crash=1 -runs=100000 {artifacts}/crash-…\n  \
             A test from then on:       copy it to {kept}/<what it does>; `cargo xtask test --fast` takes it from there",
            name = self.name,
            artifacts = self.artifacts.display(),
            program = self.program.display(),
            kept = kept.display(),
        )
    }

    /// Puts the fewest inputs that reach everything reached so far into the project's corpus, small ones first, and
    /// keeps what has a name that a person gave.
    fn keep(&self) -> Result<()> {
        let merged = target_dir().join("fuzz").join("merged").join(&self.name);
        if merged.exists() {
            fs::remove_dir_all(&merged)?;
        }
        fs::create_dir_all(&merged)?;
        let mut command = Command::new(&self.program);
        // Without counters: how often an edge was taken is not worth a file.
        command.args(["-set_cover_merge=1", "-use_counters=0", "-timeout=60"]).args([
            &merged,
            &self.kept,
            &self.found,
        ]);
        run_openly(&mut command)?;
        for (_, path) in by_size(&self.kept)? {
            if is_hash(&path) {
                fs::remove_file(path)?;
            }
        }
        let mut room = KEPT_BYTES.saturating_sub(by_size(&self.kept)?.iter().map(|(size, _)| size).sum());
        let mut count = 0;
        for (size, path) in by_size(&merged)? {
            let Some(left) = room.checked_sub(size) else { break };
            room = left;
            count += 1;
            if let Some(name) = path.file_name() {
                fs::copy(&path, self.kept.join(name))?;
            }
        }
        println!("== {}: {count} inputs are kept in {}", self.name, self.kept.display());
        Ok(())
    }
}

/// The files of `folder` with their sizes, small ones first.
fn by_size(folder: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        files.push((entry.metadata()?.len(), entry.path()));
    }
    files.sort();
    Ok(files)
}

/// Whether libFuzzer gave the file its name.
fn is_hash(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What the target's inputs are made of: its own dictionary, or that of MQTT.
fn dictionary(name: &str) -> Option<PathBuf> {
    let folder = fuzz_folder().join("dictionaries");
    [name, "mqtt"].map(|name| folder.join(format!("{name}.dict"))).into_iter().find(|file| file.is_file())
}

/// The machine that rustc builds for when it is not told.
fn host() -> Result<String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let version = ask(Command::new(rustc).arg("-vV")).context("rustc does not say what it is")?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not say what machine this is")
}

fn with_folder(flag: &str, folder: &Path) -> OsString {
    let mut argument = joined(flag, folder);
    argument.push(std::path::MAIN_SEPARATOR_STR);
    argument
}

fn joined(flag: &str, path: &Path) -> OsString {
    let mut argument = OsString::from(flag);
    argument.push(path);
    argument
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_targets_are_found() {
        let targets = targets().unwrap();
        assert!(
            targets.contains(&"decoder".to_owned()) && targets.contains(&"link".to_owned()),
            "{targets:?}"
        );
    }

    #[test]
    fn every_target_has_a_dictionary() {
        for target in targets().unwrap() {
            assert!(dictionary(&target).is_some(), "{target}");
        }
    }

    #[test]
    fn what_a_person_named_is_told_from_what_the_fuzzer_named() {
        assert!(is_hash(Path::new("corpus/da39a3ee5e6b4b0d3255bfef95601890afd80709")));
        assert!(!is_hash(Path::new("corpus/kick-within-shutdown")));
    }
}
