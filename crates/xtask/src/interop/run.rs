//! A copy of the suite, made to start `as-mosquitto`, and its tests.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process::run_openly;
use crate::workspace::root;

/// How long a test may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Ports for the tests: below those that systems give to clients.
const FIRST_PORT: u16 = 21_000;
const PORTS_OF_A_WORKER: u16 = 500;

/// Where the suite expects its broker.
const BROKERS: [&str; 2] = ["/usr/sbin/mosquitto", "../../src/mosquitto"];

/// The suite as it is run.
#[derive(Debug)]
pub(super) struct Stage {
    folder: PathBuf,
    lacewing: PathBuf,
}

/// A test of the suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Test {
    /// Its file's name, without `.py`.
    pub(super) name: String,
    /// How many ports it is given.
    ports: usize,
}

/// How a test ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Well; with what `lenient.py` noted, each once.
    Passed(Vec<String>),
    /// Otherwise, or not in time.
    Failed,
}

impl Stage {
    /// Copies the suite below `target` and lets it start `as-mosquitto`, which starts `lacewing`.
    pub(super) fn set(suite: &Path, target: &Path, lacewing: PathBuf) -> Result<Self> {
        let folder = target.join("interop");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        run_openly(Command::new("cp").arg("-R").arg(suite.join("test")).arg(&folder))?;
        let launcher = target.join("debug/as-mosquitto").display().to_string();
        for folder in [folder.join("test"), folder.join("test/broker")] {
            redirect(&folder, &launcher)?;
        }
        let helper = folder.join("test/mosq_test.py");
        let lenient = fs::read_to_string(root().join("tests/interop/lenient.py"))?;
        fs::write(&helper, fs::read_to_string(&helper)? + "\n" + &lenient)?;
        let stage = Self { folder, lacewing };
        fs::create_dir_all(stage.logs())?;
        Ok(stage)
    }

    /// What each test says is kept here.
    pub(super) fn logs(&self) -> PathBuf {
        self.folder.join("logs")
    }

    /// The tests in the suite's own list that are there.
    pub(super) fn tests(&self) -> Result<Vec<Test>> {
        let broker = self.folder.join("test/broker");
        let list =
            fs::read_to_string(broker.join("test.py")).context("the suite has no list of its tests")?;
        Ok(listed(&list).filter(|test| broker.join(format!("{}.py", test.name)).is_file()).collect())
    }

    /// Runs one; no two run with the same `worker` at a time.
    pub(super) fn run(&self, test: &Test, worker: usize) -> Result<Outcome> {
        let log = self.logs().join(format!("{}.log", test.name));
        let output = File::create(&log)?;
        let mut python = Command::new("python3");
        python.arg(format!("./{}.py", test.name)).args(free_ports(worker, test.ports)?);
        python.current_dir(self.folder.join("test/broker")).env("LACEWING_BIN", &self.lacewing);
        python.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        in_its_own_group(&mut python);
        let mut child = python.spawn().context("python3 cannot be started")?;
        let status = wait(&mut child)?;
        end_group(&mut child)?;
        if !status.is_some_and(|status| status.success()) {
            return Ok(Outcome::Failed);
        }
        let said = String::from_utf8_lossy(&fs::read(log)?).into_owned();
        let mut notes: Vec<String> =
            said.lines().filter_map(|line| line.strip_prefix("lacewing: ")).map(str::to_owned).collect();
        notes.sort();
        notes.dedup();
        Ok(Outcome::Passed(notes))
    }
}

/// Writes `launcher` for the broker in every Python file of `folder`.
fn redirect(folder: &Path, launcher: &str) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let file = entry?.path();
        if file.extension().is_some_and(|ending| ending == "py") {
            let text = fs::read_to_string(&file)?;
            let redirected = BROKERS.iter().fold(text.clone(), |text, broker| text.replace(broker, launcher));
            if redirected != text {
                fs::write(&file, redirected)?;
            }
        }
    }
    Ok(())
}

/// The tests in lines like `(1, './01-connect-success.py'),`.
fn listed(list: &str) -> impl Iterator<Item = Test> {
    list.lines().filter_map(|line| {
        let (ports, rest) = line.trim().strip_prefix('(')?.split_once(',')?;
        let name = rest.split_once("'./")?.1.split_once(".py'")?.0;
        Some(Test { name: name.to_owned(), ports: ports.parse().ok()? })
    })
}

/// Ports of this machine that nobody uses, from those that are for `worker`.
pub(super) fn free_ports(worker: usize, count: usize) -> Result<Vec<String>> {
    let first = FIRST_PORT + PORTS_OF_A_WORKER * worker as u16;
    let free =
        (first..first + PORTS_OF_A_WORKER).filter(|port| TcpListener::bind(("localhost", *port)).is_ok());
    let ports: Vec<String> = free.take(count).map(|port| port.to_string()).collect();
    if ports.len() < count { bail!("there are no free ports from {first} on") } else { Ok(ports) }
}

/// How it ended, or `None` if it did not in time.
fn wait(child: &mut Child) -> Result<Option<ExitStatus>> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(None)
}

#[cfg(unix)]
fn in_its_own_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
fn in_its_own_group(_: &mut Command) {}

/// Ends what a test has left: itself if it hangs, and brokers that it did not end.
fn end_group(child: &mut Child) -> Result<()> {
    let mut kill = Command::new("kill");
    // It fails when nothing is left, which is usual.
    let _ = kill.args(["-9", "--", &format!("-{}", child.id())]).stderr(Stdio::null()).status();
    child.wait()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suites_own_list_is_read_and_what_it_leaves_out_is_left_out() {
        let list = "tests = [\n    #(ports required, 'path'),\n\t(1, './01-a.py'),\n    (2, './02-b.py'),\n    #(1, './03-c.py'),\n]";
        let names: Vec<_> = listed(list).map(|test| (test.name, test.ports)).collect();
        assert_eq!(names, [("01-a".to_owned(), 1), ("02-b".to_owned(), 2)]);
    }
}
