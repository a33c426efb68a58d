//! Where the programs are that tests run. `cargo xtask test` says it in variables; by hand, PATH will do for most.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The program `name`, from the path in `variable` if that is set, or from PATH.
///
/// # Panics
/// When there is none.
pub fn program(name: &str, variable: Option<&str>) -> Command {
    if let Some(path) = variable.and_then(env::var_os) {
        return Command::new(path);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path)
        .map(|folder| folder.join(name).with_extension(env::consts::EXE_EXTENSION))
        .find(|file| file.is_file());
    match found {
        Some(file) => Command::new(file),
        None => panic!("{name} is missing: `cargo xtask setup` installs it, or says how to"),
    }
}

/// The `lacewing` to be tested: `LACEWING_BIN`, or the one that cargo builds beside the test.
///
/// # Panics
/// When it does not compile.
pub fn lacewing() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| env::var_os("LACEWING_BIN").map_or_else(build_lacewing, PathBuf::from))
}

/// The built page: `LACEWING_DIST`, or the `dist` of the checkout.
///
/// # Panics
/// When it is not built.
pub fn page() -> PathBuf {
    let dist = env::var_os("LACEWING_DIST").map_or_else(|| root().join("dist"), PathBuf::from);
    assert!(
        dist.join("index.html").is_file(),
        "the page is not built in {}: run these tests with `cargo xtask test`, which builds it with what \
         `cargo xtask setup` installs",
        dist.display()
    );
    dist
}

/// The folder whose `node_modules` holds mqtt.js: `LACEWING_MQTTJS`.
///
/// # Panics
/// When it is not there.
pub fn mqttjs() -> PathBuf {
    let folder = env::var_os("LACEWING_MQTTJS").map(PathBuf::from).unwrap_or_default();
    assert!(
        folder.join("node_modules/mqtt").is_dir(),
        "mqtt.js is missing: `cargo xtask setup` fetches it and `cargo xtask test` says in LACEWING_MQTTJS where it is"
    );
    folder
}

/// The script of axe-core: `LACEWING_AXE` names the folder whose `node_modules` holds it.
///
/// # Panics
/// When it is not there.
pub fn axe() -> String {
    let folder = env::var_os("LACEWING_AXE").map(PathBuf::from).unwrap_or_default();
    std::fs::read_to_string(folder.join("node_modules/axe-core/axe.min.js")).expect(
        "axe-core is missing: `cargo xtask setup` fetches it and `cargo xtask test` says in LACEWING_AXE where it is",
    )
}

/// The folder that holds paho-mqtt: `LACEWING_PAHO`.
///
/// # Panics
/// When it is not there.
pub fn paho() -> PathBuf {
    let folder = env::var_os("LACEWING_PAHO").map(PathBuf::from).unwrap_or_default();
    assert!(
        folder.join("paho").is_dir(),
        "paho-mqtt is missing: `cargo xtask setup` fetches it and `cargo xtask test` says in LACEWING_PAHO where it is"
    );
    folder
}

fn build_lacewing() -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--package", "lacewing"])
        .current_dir(root())
        .status()
        .expect("cargo starts");
    assert!(status.success(), "lacewing does not compile");
    // A program stands beside it, a test one folder deeper, in `deps`.
    let own = env::current_exe().expect("a test knows where it is");
    let folder = own.ancestors().skip(1).find(|folder| !folder.ends_with("deps")).expect("it is in a folder");
    folder.join("lacewing").with_extension(env::consts::EXE_EXTENSION)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
