//! What the machine has of what is needed.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache::Cache;
use crate::needs::{Need, Recipe};
use crate::process::ask;
use crate::version::{Accepts, Version};
use crate::workspace;

/// Where something that is needed was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// There, and nothing has to be done to use it.
    Ready,
    /// In the cache: its programs are in this folder.
    Cached(PathBuf),
    /// Not there; if there is another version that does not fit, its number.
    Missing { instead: Option<Version> },
}

impl Found {
    /// Whether it can be used.
    pub(crate) fn is_there(&self) -> bool {
        !matches!(self, Self::Missing { .. })
    }
}

/// Looks for what `need` asks for: first in the cache, then on PATH.
pub(crate) fn look_for(need: &Need, cache: &Cache) -> Found {
    match &need.recipe {
        Recipe::WasmTarget => ready_if(has_wasm_target()),
        Recipe::Component { command, .. } => {
            ready_if(ask(workspace::cargo().args([*command, "--version"])).is_some())
        }
        Recipe::Cargo { package, version, accepts, programs, .. } => {
            let programs_folder = cache.place(package, version).join("bin");
            if programs.iter().all(|program| program_in(&programs_folder, program).is_some()) {
                return Found::Cached(programs_folder);
            }
            on_path_in_version(programs, version, *accepts)
        }
        Recipe::Npm { package, version, accepts, program } => {
            let modules = cache.place(package, version).join("node_modules");
            match program {
                None => ready_if(modules.join(package).join("package.json").is_file()),
                Some(program) if program_in(&modules.join(".bin"), program).is_some() => {
                    Found::Cached(modules.join(".bin"))
                }
                Some(program) => on_path_in_version(&[*program], version, *accepts),
            }
        }
        Recipe::Pypi { package, version, module } => {
            ready_if(cache.place(package, version).join(module).is_dir())
        }
        Recipe::Python { module, .. } => {
            let mut python = Command::new("python3");
            ready_if(ask(python.args(["-c", &format!("import {module}")])).is_some())
        }
        Recipe::Debian { programs, variable, .. } => {
            ready_if(named_or_on_path(*variable, programs).is_some())
        }
    }
}

/// The file that typing `program` would run, if any.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).find_map(|folder| program_in(&folder, program))
}

/// The file that `variable` names, or else the first of `programs` that is on PATH.
pub(crate) fn named_or_on_path(variable: Option<&str>, programs: &[&str]) -> Option<PathBuf> {
    let named = variable.and_then(env::var_os).filter(|file| !file.is_empty()).map(PathBuf::from);
    named.or_else(|| programs.iter().find_map(|program| on_path(program)))
}

/// The file of `program` in `folder`, if it is there.
pub(crate) fn program_in(folder: &Path, program: &str) -> Option<PathBuf> {
    let endings: &[&str] = if cfg!(windows) { &[".exe", ".cmd"] } else { &[""] };
    endings.iter().map(|ending| folder.join(format!("{program}{ending}"))).find(|file| file.is_file())
}

fn ready_if(there: bool) -> Found {
    if there { Found::Ready } else { Found::Missing { instead: None } }
}

/// rustc finds the target's standard library, whoever installed it.
fn has_wasm_target() -> bool {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", "wasm32-unknown-unknown"]);
    ask(&mut rustc).is_some_and(|folder| Path::new(folder.trim()).is_dir())
}

/// All of `programs` are on PATH, and the first is of a version that fits.
fn on_path_in_version(programs: &[&str], wanted: &str, accepts: Accepts) -> Found {
    let Some(files) = programs.iter().map(|program| on_path(program)).collect::<Option<Vec<_>>>() else {
        return Found::Missing { instead: None };
    };
    let there = files.first().and_then(|file| ask(Command::new(file).arg("--version")));
    let there = there.and_then(|answer| Version::find(&answer));
    match (Version::find(wanted), there) {
        (Some(wanted), Some(there)) if accepts.fits(wanted, there) => Found::Ready,
        (_, instead) => Found::Missing { instead },
    }
}

/// Why Chromium and its driver do not go together, if they do not: they have to be of one major version.
pub(crate) fn mismatch(chromium: &Path, chromedriver: &Path) -> Option<String> {
    let version = |file: &Path| Version::find(&ask(Command::new(file).arg("--version"))?);
    let (browser, driver) = (version(chromium)?, version(chromedriver)?);
    if browser.major() == driver.major() {
        return None;
    }
    Some(format!(
        "{} is {browser} but {} is {driver}: install a pair of one version, or name one with CHROMIUM and CHROMEDRIVER",
        chromium.display(),
        chromedriver.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_nowhere_is_missing() {
        assert_eq!(on_path("surely-no-such-program"), None);
        let found = on_path_in_version(&["surely-no-such-program"], "1.0.0", Accepts::Exactly);
        assert_eq!(found, Found::Missing { instead: None });
    }

    #[test]
    fn another_version_on_path_is_named_but_not_used() {
        // cargo is there, or this test would not run; it is no 0.0.1.
        let found = on_path_in_version(&["cargo"], "0.0.1", Accepts::Exactly);
        assert!(matches!(found, Found::Missing { instead: Some(_) }), "{found:?}");
    }
}
