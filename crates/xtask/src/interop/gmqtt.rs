//! gmqtt's tests of MQTT 5.0, which come with the source package of that Python client and need a broker.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::list::List;
use super::run::free_ports;
use crate::cache::Cache;
use crate::process::run_quietly;
use crate::workspace::root;

const VERSION: &str = "0.8.0";

/// Where one of the tests expects TLS, whatever it is told.
const TLS_PORT: u16 = 8883;

/// How long the broker may take to start.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs those whose names have one of `wanted` in them, all without any; pytest prints how it went.
///
/// # Errors
///
/// When the tests cannot be had, or the broker does not start.
pub(super) fn run(lacewing: &Path, wanted: &[String]) -> Result<ExitCode> {
    let list = List::read(&root().join("tests/interop/gmqtt.list"))?;
    let place = tests()?;
    let data = place.join("lacewing");
    let port = free_ports(0, 1)?.concat();
    let _broker = Broker::start(lacewing, &port, &place)?;
    let mut pytest = Command::new(place.join("environment/bin/python"));
    pytest.current_dir(place.join("source")).args(["-m", "pytest", "-v", "tests/test_mqtt5.py"]);
    pytest.env("HOST", "localhost").env("PORT", port).env("USERNAME", "");
    pytest.env("SSL_CERT_FILE", data.join("tls/ca.pem")).env_remove("TOKEN");
    for (name, why) in list.names() {
        println!("  not run: {name}: {why}");
        pytest.arg(format!("--deselect=tests/test_mqtt5.py::{name}"));
    }
    if !wanted.is_empty() {
        pytest.args(["-k", &wanted.join(" or ")]);
    }
    let status = pytest.status().context("pytest cannot be started")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The folder with the tests and a Python that has what they need.
fn tests() -> Result<PathBuf> {
    let cache = Cache::open()?;
    let place = cache.place("gmqtt-tests", VERSION);
    if !place.join("source/tests").is_dir() {
        println!("Fetching gmqtt {VERSION} and pytest …");
        let lock = cache.lock()?;
        fs::create_dir_all(&place)?;
        // In its place at once: a virtual environment cannot be moved.
        let fetched = fetch(&place, &cache.log("gmqtt-tests")?);
        drop(lock);
        fetched.inspect_err(|_| drop(fs::remove_dir_all(&place)))?;
    }
    Ok(place)
}

fn fetch(place: &Path, log: &Path) -> Result<()> {
    let environment = place.join("environment");
    run_quietly(Command::new("python3").args(["-m", "venv"]).arg(&environment), log)
        .context("Python cannot make a virtual environment: on Debian `sudo apt-get install python3-venv`")?;
    let pip = |args: &[&str]| {
        let mut pip = Command::new(environment.join("bin/python"));
        pip.current_dir(place).args(["-m", "pip", "--disable-pip-version-check"]).args(args);
        run_quietly(&mut pip, log).context("pip could not fetch it: is the network there?")
    };
    let package = format!("gmqtt=={VERSION}");
    // The tests are in the source package only.
    pip(&["download", "--no-binary", "gmqtt", "--no-deps", "--dest", ".", &package])?;
    pip(&["install", "pytest==9.*", "pytest-asyncio==1.*", &package])?;
    run_quietly(
        Command::new("tar").current_dir(place).args(["xzf", &format!("gmqtt-{VERSION}.tar.gz")]),
        log,
    )?;
    let unpacked = place.join(format!("gmqtt-{VERSION}"));
    // Or the tests would find the package beside them instead of the one that was installed.
    fs::remove_dir_all(unpacked.join("gmqtt"))?;
    Ok(fs::rename(unpacked, place.join("source"))?)
}

/// A running `lacewing`, ended when dropped.
struct Broker {
    child: Child,
}

impl Broker {
    fn start(lacewing: &Path, port: &str, place: &Path) -> Result<Self> {
        let mut command = Command::new(lacewing);
        command.args(["--broker", "native", "--log", "warn", "--http", "localhost:0", "--tls-dev"]);
        command.args(["--mqtt", &format!("localhost:{port}"), "--mqtts", &format!("localhost:{TLS_PORT}")]);
        // A folder that is named would keep the broker's state as well.
        let child = command.env("XDG_DATA_HOME", place).stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let mut broker = Self { child: child.context("lacewing cannot be started")? };
        let began = Instant::now();
        while TcpStream::connect(format!("localhost:{port}")).is_err() {
            if let Some(status) = broker.child.try_wait()? {
                bail!("lacewing ended with {status}: is port {TLS_PORT} free?");
            }
            ensure!(began.elapsed() < PATIENCE, "lacewing does not listen");
            thread::sleep(Duration::from_millis(50));
        }
        Ok(broker)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
