//! Scripts for Python with paho-mqtt, in `tests/python`.

use std::path::Path;

use crate::program::Program;
use crate::tools;

/// Starts the script `name` with `args`.
///
/// # Panics
/// When Python or paho-mqtt is missing.
pub fn start(name: &str, args: &[&str]) -> Program {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(name);
    let mut command = tools::program("python3", None);
    command.env("PYTHONPATH", tools::paho()).arg(script).args(args);
    Program::start(&mut command)
}
