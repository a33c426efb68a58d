//! Where the checkout is, and what its manifests say.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{ffi::OsString, fs};

use anyhow::{Context, Result, bail};

use crate::version::Version;

/// The checkout's top folder.
pub(crate) fn root() -> PathBuf {
    let own = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| OsString::from(env!("CARGO_MANIFEST_DIR")));
    let own = PathBuf::from(own);
    own.ancestors().nth(2).map(Path::to_path_buf).unwrap_or(own)
}

/// The folder cargo builds into: this program was built into `<target>/debug`.
pub(crate) fn target_dir() -> PathBuf {
    let built_here = env::current_exe().ok().and_then(|exe| exe.ancestors().nth(2).map(Path::to_path_buf));
    built_here.unwrap_or_else(|| root().join("target"))
}

/// `cargo`, the one that started us, in the checkout's top folder.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    cargo.current_dir(root());
    cargo
}

/// The wasm-bindgen that the page is built with, whose command line tool must be the very same version.
///
/// # Errors
///
/// When Cargo.lock and the pin in Cargo.toml disagree, or neither names one.
pub(crate) fn wasm_bindgen_version() -> Result<String> {
    let read =
        |name: &str| fs::read_to_string(root().join(name)).with_context(|| format!("{name} cannot be read"));
    let lock = read("Cargo.lock")?;
    let manifest = read("Cargo.toml")?;
    agree(locked(&lock, "wasm-bindgen"), pinned(&manifest, "wasm-bindgen"))
}

fn agree(locked: Option<&str>, pinned: Option<&str>) -> Result<String> {
    let version = match (locked, pinned) {
        (Some(locked), Some(pinned)) if locked != pinned => bail!(
            "Cargo.lock holds wasm-bindgen {locked} but Cargo.toml pins {pinned}.\n  \
             Bring them together: cargo update -p wasm-bindgen --precise {pinned}"
        ),
        (Some(version), _) | (None, Some(version)) => version,
        (None, None) => bail!("neither Cargo.lock nor Cargo.toml names wasm-bindgen: it builds the page"),
    };
    Version::find(version).with_context(|| format!("`{version}` is not a version of wasm-bindgen"))?;
    Ok(version.to_owned())
}

/// The version of `package` in the text of a Cargo.lock.
fn locked<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}

/// The version that the text of a Cargo.toml pins `package` to with `=`.
fn pinned<'a>(manifest: &'a str, package: &str) -> Option<&'a str> {
    let start = format!("{package} = \"=");
    manifest.lines().find_map(|line| line.strip_prefix(&start)?.split('"').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.80\"\n\n\
                        [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";

    #[test]
    fn the_locked_version_is_the_packages_own() {
        assert_eq!(locked(LOCK, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(locked(LOCK, "yew"), None);
    }

    #[test]
    fn only_an_exact_pin_counts() {
        assert_eq!(pinned("[deps]\nwasm-bindgen = \"=0.2.130\"\n", "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(pinned("wasm-bindgen = \"0.2\"\n", "wasm-bindgen"), None);
    }

    #[test]
    fn a_lock_file_and_a_pin_that_differ_are_an_error_that_names_both() {
        let message = agree(Some("0.2.131"), Some("0.2.130")).unwrap_err().to_string();
        assert!(message.contains("0.2.131") && message.contains("--precise 0.2.130"), "{message}");
        assert_eq!(agree(Some("0.2.130"), Some("0.2.130")).unwrap(), "0.2.130");
        assert_eq!(agree(None, Some("0.2.130")).unwrap(), "0.2.130");
        assert!(agree(None, None).is_err());
    }

    #[test]
    fn this_workspaces_own_lock_file_and_pin_agree() {
        wasm_bindgen_version().unwrap();
    }
}
