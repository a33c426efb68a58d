//! Scripts for Node.js with mqtt.js, in `tests/js`.

use std::path::Path;

use crate::program::Program;
use crate::tools;

/// Starts the script `name` with `args`.
///
/// # Panics
/// When Node.js or mqtt.js is missing.
pub fn start(name: &str, args: &[&str]) -> Program {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("js").join(name);
    let mut command = tools::program("node", None);
    command.env("NODE_PATH", tools::mqttjs().join("node_modules")).arg(script).args(args);
    Program::start(&mut command)
}
