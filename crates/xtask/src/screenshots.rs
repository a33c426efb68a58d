//! `cargo xtask screenshots [FOLDER]`: pictures of everything there is to see on the page.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use crate::needs::Purpose;
use crate::process::run_openly;
use crate::workspace::{cargo, target_dir};
use crate::{page, setup, test};

/// Runs the command; without a folder they go to `target/screenshots`.
///
/// # Errors
///
/// When something is missing, does not compile, or is not drawn.
pub(crate) fn run(folder: Option<&Path>) -> Result<ExitCode> {
    let tools = setup::toolbox(Purpose::Test)?;
    let built = page::build(&tools)?;
    let mut command = cargo();
    command.args(["run", "--quiet", "--package", "lacewing-tests", "--bin", "screenshots", "--"]);
    command.arg(folder.map_or_else(|| target_dir().join("screenshots"), Path::to_path_buf));
    test::place(&mut command, &tools, &built)?;
    run_openly(&mut command)?;
    Ok(ExitCode::SUCCESS)
}
