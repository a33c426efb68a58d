//! `cargo xtask test`: every suite, its time, and one line that sums them up.

use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Error, Result};

use crate::needs::Purpose;
use crate::page::{self, Built};
use crate::process::{display, elapsed, run_listening};
use crate::setup;
use crate::tally::Tally;
use crate::toolbox::Toolbox;
use crate::workspace::{self, cargo};

/// How long one test in the browser may take, in seconds: the runner's own limit is made for a faster machine.
const BROWSER_TIMEOUT: &str = "300";

/// Runs the command.
///
/// # Errors
///
/// When a tool is missing. What fails after that, tests and builds, is told by the exit code.
pub(crate) fn run(fast: bool) -> Result<ExitCode> {
    let began = Instant::now();
    let mut suites = Suites::default();
    if fast {
        suites.run("Unit tests and dialogues", &mut units())?;
        suites.run("The page's models", &mut models())?;
        return Ok(suites.sum_up(began));
    }
    let tools = setup::toolbox(Purpose::Test)?;
    suites.run("Unit tests and dialogues", &mut units())?;
    suites.run("The page's models", &mut models())?;
    suites.run("In the browser", &mut in_the_browser(&tools)?)?;
    println!("\n== The page and the program that the next suite needs");
    match page::build(&tools) {
        Ok(built) => suites.run("End to end", &mut end_to_end(&tools, &built)?)?,
        Err(error) => suites.could_not_run("End to end", &error),
    }
    Ok(suites.sum_up(began))
}

/// Tells what runs end to end, tests and benchmarks, where everything is.
///
/// # Errors
///
/// When there is no browser.
pub(crate) fn place(command: &mut Command, tools: &Toolbox, built: &Built) -> Result<()> {
    let browser = tools.browser()?;
    tools
        .equip(command)
        .env("LACEWING_BIN", &built.lacewing)
        .env("LACEWING_DIST", &built.dist)
        .env("LACEWING_MQTTJS", &tools.mqttjs)
        .env("LACEWING_AXE", &tools.axe)
        .env("LACEWING_PAHO", &tools.paho)
        .env("CHROMIUM", browser.chromium)
        .env("CHROMEDRIVER", browser.driver);
    Ok(())
}

/// What needs no browser and no one else's client.
fn units() -> Command {
    let mut cargo = cargo();
    cargo.args([
        "test",
        "--no-fail-fast",
        "--workspace",
        "--exclude",
        "lacewing-web",
        "--exclude",
        "lacewing-tests",
    ]);
    cargo
}

/// What of the page is plain Rust, run natively.
fn models() -> Command {
    let mut cargo = cargo();
    cargo.args(["test", "--no-fail-fast", "--package", "lacewing-web", "--lib"]);
    cargo
}

/// What only a browser can show: the tests of `web`, compiled to wasm and run in headless Chromium.
fn in_the_browser(tools: &Toolbox) -> Result<Command> {
    let mut wasm_pack = tools.tool("wasm-pack");
    wasm_pack
        .args(["test", "--headless", "--chrome", "--mode", "no-install"])
        .env("WASM_BINDGEN_TEST_TIMEOUT", BROWSER_TIMEOUT)
        .env_remove("NO_COLOR");
    wasm_pack.arg("--chromedriver").arg(tools.browser()?.driver).arg("web");
    Ok(wasm_pack)
}

/// Real clients and a real browser against the `lacewing` and the page that were built.
fn end_to_end(tools: &Toolbox, built: &Built) -> Result<Command> {
    let mut cargo = cargo();
    cargo.args(["test", "--no-fail-fast", "--package", "lacewing-tests"]);
    place(&mut cargo, tools, built)?;
    Ok(cargo)
}

/// The suites that ran.
#[derive(Debug, Default)]
struct Suites {
    ran: Vec<(&'static str, Tally, String)>,
}

impl Suites {
    /// Runs one suite, its output passed on as it comes.
    fn run(&mut self, name: &'static str, command: &mut Command) -> Result<()> {
        println!("\n== {name}: {}", display(command));
        let began = Instant::now();
        let mut tally = Tally::default();
        let status = run_listening(command, |line| {
            if let Some(counted) = Tally::read(line) {
                tally += counted;
            }
        })?;
        if !status.success() && tally.failed == 0 {
            println!("== {name}: ended with {status} though no test failed: it did not compile, or crashed");
            tally.failed = 1;
        }
        println!("== {name}: {tally} in {}", elapsed(began));
        self.ran.push((name, tally, elapsed(began)));
        Ok(())
    }

    /// Counts a suite that could not even start as one failure.
    fn could_not_run(&mut self, name: &'static str, why: &Error) {
        println!("== {name}: could not run: {why:#}");
        self.ran.push((name, Tally { passed: 0, failed: 1 }, "not run".to_owned()));
    }

    /// Prints the table and, on a line of its own, the sum.
    fn sum_up(&self, began: Instant) -> ExitCode {
        let mut sum = Tally::default();
        println!("\nIn {} from {}:", elapsed(began), workspace::root().display());
        for (name, tally, time) in &self.ran {
            println!("  {name}: {tally}, {time}");
            sum += *tally;
        }
        println!("{sum}");
        if sum.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
