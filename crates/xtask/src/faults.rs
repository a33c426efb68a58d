//! `cargo xtask faults [NAME…]`: puts one seeded fault after the other into a copy of the source, and runs the test that
//! has to notice.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::claims::{self, Test};
use crate::process::elapsed;
use crate::seeded::{self, Fault};
use crate::workspace::{cargo, root, target_dir};

/// A test that takes longer does not end: the fault was noticed.
const PATIENCE: Duration = Duration::from_secs(300);

/// Runs the command: all faults, or those that are named.
///
/// # Errors
///
/// When there is no such fault, the copy cannot be made, or a fault does not fit the source.
pub(crate) fn run(names: &[String]) -> Result<ExitCode> {
    let faults = chosen(seeded::all()?, names)?;
    let tests = claims::tests()?;
    let copy = Copy::make()?;
    let began = Instant::now();
    copy.passes_without_faults(&faults, &tests)?;
    let mut survivors = Vec::new();
    for (number, fault) in faults.iter().enumerate() {
        let began = Instant::now();
        let outcome = copy.try_out(fault, fault.test(&tests)?)?;
        let clause = fault.clause.as_deref().unwrap_or("no clause");
        println!(
            "{:3}/{} {outcome:9} {}, {clause}, {}",
            number + 1,
            faults.len(),
            fault.name,
            elapsed(began)
        );
        if !matches!(outcome, Outcome::Caught | Outcome::Hung) {
            println!("            {} should notice it in {}", fault.test, fault.file);
            survivors.push(&fault.name);
        }
    }
    let caught = faults.len() - survivors.len();
    println!(
        "{caught} of {} seeded faults are caught by the test that claims it, in {}.",
        faults.len(),
        elapsed(began)
    );
    Ok(if survivors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn chosen(all: Vec<Fault>, names: &[String]) -> Result<Vec<Fault>> {
    for name in names {
        ensure!(
            all.iter().any(|fault| fault.name == *name),
            "there is no seeded fault `{name}` in tests/faults"
        );
    }
    Ok(all.into_iter().filter(|fault| names.is_empty() || names.contains(&fault.name)).collect())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// The test failed.
    Caught,
    /// The test did not end.
    Hung,
    /// The test passed.
    Survived,
    /// There was nothing to be tested.
    Broken,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Caught => "caught",
            Self::Hung => "hung",
            Self::Survived => "SURVIVED",
            Self::Broken => "NO BUILD",
        })
    }
}

/// A copy of the source that may be broken, and where it is built.
struct Copy {
    tree: PathBuf,
    build: PathBuf,
}

impl Copy {
    fn make() -> Result<Self> {
        let folder = target_dir().join("faults");
        let (tree, build) = (folder.join("tree"), folder.join("build"));
        if tree.exists() {
            fs::remove_dir_all(&tree)?;
        }
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root());
        let listed = git.output().context("git lists what belongs to the source")?;
        ensure!(listed.status.success(), "git does not say what belongs to the source");
        for name in String::from_utf8_lossy(&listed.stdout).split('\0').filter(|name| !name.is_empty()) {
            let (from, to) = (root().join(name), tree.join(name));
            if from.is_file() {
                fs::create_dir_all(to.parent().context("a file is in a folder")?)?;
                fs::copy(from, to)?;
            }
        }
        fs::create_dir_all(&build)?;
        Ok(Self { tree, build })
    }

    /// A test that fails anyway notices nothing.
    fn passes_without_faults(&self, faults: &[Fault], tests: &[Test]) -> Result<()> {
        println!("Building the tests, and running them without a fault …");
        let mut ran: Vec<&Test> = Vec::new();
        for fault in faults {
            let test = fault.test(tests)?;
            if ran.contains(&test) {
                continue;
            }
            ran.push(test);
            let outcome = self.run(test)?;
            if outcome != Outcome::Survived {
                bail!("{} in {} does not pass without any fault ({outcome})", test.name, test.file);
            }
        }
        Ok(())
    }

    fn try_out(&self, fault: &Fault, test: &Test) -> Result<Outcome> {
        let file = self.tree.join(&fault.file);
        let before = fs::read_to_string(&file)?;
        fs::write(&file, fault.edited(&self.tree)?)?;
        let outcome = self.run(test);
        fs::write(&file, before)?;
        outcome
    }

    fn run(&self, test: &Test) -> Result<Outcome> {
        let Some(program) = self.program(test)? else { return Ok(Outcome::Broken) };
        let log = self.build.join("test.log");
        let mut child = Command::new(program)
            .arg(test.filter())
            .current_dir(self.tree.join(test.package_folder()))
            .stdin(Stdio::null())
            .stdout(File::create(&log)?)
            .stderr(Stdio::null())
            .spawn()?;
        let began = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if began.elapsed() > PATIENCE {
                child.kill()?;
                child.wait()?;
                return Ok(Outcome::Hung);
            }
            thread::sleep(Duration::from_millis(20));
        };
        let said = fs::read_to_string(&log)?;
        if said.contains("running 0 tests") {
            bail!("{} in {} was not run", test.name, test.file);
        }
        Ok(if status.success() { Outcome::Survived } else { Outcome::Caught })
    }

    /// Builds the program that a test is part of; `None` when it does not compile.
    fn program(&self, test: &Test) -> Result<Option<PathBuf>> {
        let mut command = cargo();
        command
            .current_dir(&self.tree)
            .args(["test", "--no-run", "--offline", "--package", &test.package()])
            .args(test.target())
            .env("CARGO_TARGET_DIR", &self.build)
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env_remove("CARGO_MANIFEST_DIR");
        let built = command.output().context("cargo cannot be started")?;
        let said = String::from_utf8_lossy(&built.stderr);
        if !built.status.success() {
            println!(
                "{}",
                said.lines().filter(|line| line.starts_with("error")).collect::<Vec<_>>().join("\n")
            );
            return Ok(None);
        }
        let line = said.lines().find(|line| line.trim_start().starts_with("Executable"));
        let path = line.and_then(|line| line.rsplit_once('(')?.1.strip_suffix(')'));
        let path = path.context("cargo does not say which program it built")?;
        Ok(Some(Path::new(&self.tree).join(path)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_that_there_is_not_is_named() {
        let message = chosen(seeded::all().unwrap(), &["surely-not".to_owned()]).unwrap_err().to_string();
        assert!(message.contains("surely-not"), "{message}");
    }
}
