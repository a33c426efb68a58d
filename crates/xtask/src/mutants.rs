//! `cargo xtask mutants`: cargo-mutants on the broker's sessions and routing, as `.cargo/mutants.toml` says.

use std::process::ExitCode;

use anyhow::Result;

use crate::needs::Purpose;
use crate::process::{display, run_openly};
use crate::setup;
use crate::workspace::target_dir;

/// How many random dialogues are played for each mutant: a quarter of what the tests play otherwise.
const DIALOGUES: &str = "64";

/// Runs the command: all mutants, or every Nth beginning with the Kth.
///
/// # Errors
///
/// When cargo-mutants is not to be had, or fails otherwise than by finding mutants that no test noticed.
pub(crate) fn run(shard: Option<&str>) -> Result<ExitCode> {
    let tools = setup::toolbox(Purpose::Mutants)?;
    let mut command = tools.tool("cargo-mutants");
    command.args(["mutants", "--no-shuffle", "--jobs", "1", "--output"]).arg(target_dir());
    command.env("LACEWING_DIALOGUES", DIALOGUES);
    if let Some(shard) = shard {
        command.args(["--sharding", "round-robin", "--shard", shard]);
    }
    println!("== {}", display(&command));
    println!("The outcomes are kept in {}.", target_dir().join("mutants.out").display());
    run_openly(&mut command)?;
    Ok(ExitCode::SUCCESS)
}
