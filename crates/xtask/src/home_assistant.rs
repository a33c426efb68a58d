//! `cargo xtask home-assistant`: what the home says for Home Assistant's discovery, against Home Assistant's own schemas.
//!
//! Its Python package is large, so nothing else needs it: what passed is kept in `tests/home-assistant`, and the tests see
//! that the home says just that.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::cache::Cache;
use crate::process::{ask, run_openly, run_quietly};
use crate::workspace::{cargo, root, target_dir};

const PACKAGE: &str = "homeassistant";

/// The newest version for each minor version of Python 3 that runs it, the best first. Device discovery came with 2024.11.
const VERSIONS: &[(u32, &str)] = &[(13, "2025.4.4"), (12, "2025.1.4")];

/// What its part for MQTT imports and its package does not name.
const BESIDES: &[&str] = &["paho-mqtt==2.1.0"];

/// Checks every payload, and keeps them all if none is at fault.
///
/// # Errors
///
/// When Home Assistant cannot be had, or the home cannot be built.
pub(crate) fn run() -> Result<ExitCode> {
    let cache = Cache::open()?;
    let python = installed(&cache)?;
    let folder = root().join("tests/home-assistant");
    let said = target_dir().join("home-assistant.json");
    let mut tests = cargo();
    tests.args(["test", "--quiet", "--package", "lacewing-sim", "--test", "home", "home_assistant"]);
    run_openly(tests.env("LACEWING_HOME_ASSISTANT", &said))?;
    let passed = Command::new(python).arg(folder.join("check.py")).arg(&said).status()?.success();
    if !passed {
        return Ok(ExitCode::FAILURE);
    }
    let kept = folder.join("payloads.json");
    fs::copy(&said, &kept).with_context(|| format!("{} cannot be written", kept.display()))?;
    println!("They are kept in {}.", kept.display());
    Ok(ExitCode::SUCCESS)
}

/// The Python that has Home Assistant, which is put into the cache if it is not there.
fn installed(cache: &Cache) -> Result<PathBuf> {
    let place = |version| cache.place(PACKAGE, version).join(program());
    if let Some(there) = VERSIONS.iter().map(|(_, version)| place(*version)).find(|python| python.is_file()) {
        return Ok(there);
    }
    let (python, version) = fitting_python()?;
    println!("Installing Home Assistant {version} (once, some 2 min and 500 MB) …");
    let lock = cache.lock()?;
    cache.fill(&lock, PACKAGE, version, |folder| install(cache, &python, version, folder))?;
    Ok(place(version))
}

fn install(cache: &Cache, python: &Path, version: &str, folder: &Path) -> Result<()> {
    let mut environment = Command::new(python);
    run_quietly(environment.args(["-m", "venv"]).arg(folder), &cache.log("venv")?)
        .context("Python cannot make a virtual environment: on Debian `sudo apt-get install python3-venv`")?;
    // Called by its own name: what is in the folder is moved when it is whole.
    let mut pip = Command::new(folder.join(program()));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    pip.arg(format!("{PACKAGE}=={version}")).args(BESIDES);
    run_quietly(&mut pip, &cache.log(PACKAGE)?)
        .with_context(|| format!("pip could not fetch {PACKAGE}: is the network there? Then run this again"))
}

/// A Python that Home Assistant runs on, and the version that it takes.
fn fitting_python() -> Result<(PathBuf, &'static str)> {
    let found = VERSIONS.iter().find_map(|(minor, version)| {
        let named = PathBuf::from(format!("python3.{minor}"));
        let mut candidates = std::iter::once(named).chain(pyenv(*minor)).chain([PathBuf::from("python3")]);
        let python = candidates.find(|python| minor_of(python) == Some(*minor))?;
        Some((python, *version))
    });
    let Some(found) = found else {
        bail!("Home Assistant needs Python 3.13 or 3.12, and neither is on PATH or among pyenv's");
    };
    Ok(found)
}

/// What pyenv has of this minor version.
fn pyenv(minor: u32) -> Vec<PathBuf> {
    let home = env::var_os("PYENV_ROOT").map(PathBuf::from);
    let home = home.or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".pyenv")));
    let Some(entries) = home.and_then(|home| fs::read_dir(home.join("versions")).ok()) else {
        return Vec::new();
    };
    let prefix = format!("3.{minor}.");
    let fits =
        |folder: &PathBuf| folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix));
    entries
        .flatten()
        .map(|entry| entry.path())
        .filter(fits)
        .map(|folder| folder.join("bin/python3"))
        .collect()
}

fn minor_of(python: &Path) -> Option<u32> {
    let answer = ask(Command::new(python).arg("--version"))?;
    answer.trim().strip_prefix("Python 3.")?.split('.').next()?.parse().ok()
}

/// Where a virtual environment has its Python.
fn program() -> &'static str {
    if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" }
}
