//! `cargo xtask serve`: from a clone to a running broker and its page, with Rust alone.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::needs::Purpose;
use crate::{page, setup};

/// Runs the command; `args` go to `lacewing`.
///
/// # Errors
///
/// When something is missing or does not compile, and when `lacewing` cannot be started.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let own_page = args.iter().any(|arg| arg == "--page" || arg.starts_with("--page="));
    let mut command = if own_page {
        Command::new(page::build_lacewing()?)
    } else {
        let built = page::build(&setup::toolbox(Purpose::Serve)?)?;
        let mut command = Command::new(built.lacewing);
        command.arg("--page").arg(built.dist);
        command
    };
    become_it(command.args(args))
}

/// Turns this process into `command`: Ctrl-C, signals and the exit code are `lacewing`'s own from here on.
#[cfg(unix)]
fn become_it(command: &mut Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;

    Err(command.exec()).context("lacewing could not be started")
}

/// Runs `command` to its end. The console gives Ctrl-C to it as well as to us.
#[cfg(not(unix))]
fn become_it(command: &mut Command) -> Result<ExitCode> {
    let status = command.status().context("lacewing could not be started")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
