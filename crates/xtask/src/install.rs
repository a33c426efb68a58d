//! Getting what is missing, by whatever means the machine has.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cache::{Cache, CacheLock};
use crate::inventory::on_path;
use crate::needs::{Need, Recipe};
use crate::process::{ask, run_quietly};
use crate::workspace;

/// What the machine can install with.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Means {
    /// rustup looks after the Rust tool chain.
    pub(crate) rustup: bool,
    /// `cargo binstall` fetches tools that are built already.
    pub(crate) binstall: bool,
    /// npm fetches packages.
    pub(crate) npm: bool,
    /// Python fetches packages.
    pub(crate) python: bool,
    /// Debian's packages can be installed: apt-get is there and we are root.
    pub(crate) debian: bool,
}

/// What is done about something that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// It is installed, so.
    Install(String),
    /// It is done without; this is what is lost.
    Skip(String),
    /// It is demanded and only a person can get it, so.
    ByHand(String),
}

impl Means {
    /// What this machine has.
    pub(crate) fn of_this_machine() -> Self {
        let root = || ask(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0");
        Self {
            rustup: on_path("rustup").is_some(),
            binstall: ask(workspace::cargo().args(["binstall", "-V"])).is_some(),
            npm: on_path("npm").is_some(),
            python: ask(Command::new("python3").args(["-c", "import ensurepip"])).is_some(),
            debian: on_path("apt-get").is_some() && root(),
        }
    }

    /// What is to be done about `need`, which is missing.
    pub(crate) fn way_to(&self, need: &Need) -> Way {
        let by_hand = match &need.recipe {
            Recipe::WasmTarget if self.rustup => return Way::Install("rustup target add".to_owned()),
            Recipe::Component { .. } if self.rustup => return Way::Install("rustup component add".to_owned()),
            Recipe::Cargo { .. } if self.binstall => return Way::Install("cargo binstall".to_owned()),
            Recipe::Cargo { .. } => return Way::Install("cargo install".to_owned()),
            Recipe::Pypi { .. } if self.python => return Way::Install("pip install".to_owned()),
            Recipe::Npm { .. } if self.npm => return Way::Install("npm install".to_owned()),
            Recipe::Debian { .. } | Recipe::Python { .. } if self.debian => return Way::Install("apt-get install".to_owned()),
            Recipe::WasmTarget => {
                "install Rust with rustup (https://rustup.rs), or your system's package of rustc's wasm32 target"
                    .to_owned()
            }
            Recipe::Component { component, .. } => {
                format!("install Rust with rustup (https://rustup.rs), or your system's package of {component}")
            }
            Recipe::Pypi { .. } => "install Python 3 with its venv module, then run this again".to_owned(),
            Recipe::Python { package, .. } => by_hand(package, None),
            Recipe::Npm { .. } => "install Node.js with npm (https://nodejs.org), then run this again".to_owned(),
            Recipe::Debian { package, variable, .. } => by_hand(package, *variable),
        };
        match need.without {
            Some(loss) => Way::Skip(format!("{loss}; to have it, {by_hand}")),
            None => Way::ByHand(by_hand),
        }
    }
}

fn by_hand(package: &str, variable: Option<&str>) -> String {
    let elsewhere =
        variable.map(|name| format!(", or say where it is with {name}=/path/to/it")).unwrap_or_default();
    format!(
        "on Debian and Ubuntu `sudo apt-get install {package}`, elsewhere your system's package of it{elsewhere}"
    )
}

/// Adds the wasm target to the tool chain in use.
///
/// # Errors
///
/// When rustup fails.
pub(crate) fn wasm_target(cache: &Cache) -> Result<()> {
    let mut rustup = Command::new("rustup");
    run_quietly(rustup.args(["target", "add", "wasm32-unknown-unknown"]), &cache.log("rustup")?)
        .context("the wasm target could not be added: is the network there?")
}

/// Adds a component to the tool chain in use.
///
/// # Errors
///
/// When rustup fails.
pub(crate) fn component(cache: &Cache, component: &str) -> Result<()> {
    let mut rustup = Command::new("rustup");
    run_quietly(rustup.args(["component", "add", component]), &cache.log("rustup")?)
        .with_context(|| format!("{component} could not be added: is the network there?"))
}

/// Installs Debian packages in one go.
///
/// # Errors
///
/// When apt-get fails.
pub(crate) fn debian_packages(cache: &Cache, packages: &[&str]) -> Result<()> {
    let apt = || {
        let mut apt = Command::new("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive").args(["-y", "-q"]);
        apt
    };
    run_quietly(apt().arg("update"), &cache.log("apt-get-update")?)
        .context("apt-get could not read its lists: is the network there, and no other apt-get at work?")?;
    run_quietly(
        apt().args(["install", "--no-install-recommends"]).args(packages),
        &cache.log("apt-get-install")?,
    )
    .with_context(|| format!("install these by hand and run this again: {}", packages.join(" ")))
}

/// Puts a crate's programs into the cache: ready-made with binstall where it can, else built.
///
/// # Errors
///
/// When they can be neither fetched nor built.
pub(crate) fn cargo_package(cache: &Cache, lock: &CacheLock, means: Means, recipe: &Recipe) -> Result<()> {
    let Recipe::Cargo { package, version, programs, locked, fast, .. } = recipe else {
        bail!("this is no crate: {recipe:?}");
    };
    cache.fill(lock, package, version, |folder| {
        // What is ready-made may be built in other ways than for speed.
        if means.binstall && !fast {
            let fetched = binstall(cache, package, version, folder);
            if fetched.is_ok() && programs.iter().all(|program| folder.join("bin").join(program).exists()) {
                return Ok(());
            }
            println!("    no ready-made {package} {version} to be had; it is built instead");
        }
        build(cache, package, version, (*locked, *fast), folder)
    })
}

/// Puts an npm package into the cache.
///
/// # Errors
///
/// When npm fails.
pub(crate) fn npm_package(cache: &Cache, lock: &CacheLock, package: &str, version: &str) -> Result<()> {
    cache.fill(lock, package, version, |folder| {
        let mut npm = Command::new(on_path("npm").context("npm is not on PATH")?);
        npm.current_dir(folder)
            .args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"])
            .arg(folder)
            .arg(format!("{package}@{version}"));
        run_quietly(&mut npm, &cache.log(package)?).with_context(|| {
            format!("npm could not fetch {package}: is the network there? Then run this again")
        })
    })
}

/// Puts a package of Python's index into the cache, without what it depends on.
///
/// # Errors
///
/// When Python cannot make a virtual environment, or its pip fails.
pub(crate) fn pypi_package(cache: &Cache, lock: &CacheLock, package: &str, version: &str) -> Result<()> {
    cache.fill(lock, package, version, |folder| {
        // A pip of its own: a system's pip is often not there, or not to be used.
        let environment = folder.join("environment");
        let mut python = Command::new("python3");
        run_quietly(python.args(["-m", "venv"]).arg(&environment), &cache.log("venv")?).context(
            "Python cannot make a virtual environment: on Debian `sudo apt-get install python3-venv`",
        )?;
        let mut pip =
            Command::new(environment.join(if cfg!(windows) { "Scripts" } else { "bin" }).join("python"));
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check", "--target"]);
        run_quietly(pip.arg(folder).arg(format!("{package}=={version}")), &cache.log(package)?)
            .with_context(|| {
                format!("pip could not fetch {package}: is the network there? Then run this again")
            })?;
        Ok(fs::remove_dir_all(environment)?)
    })
}

fn binstall(cache: &Cache, package: &str, version: &str, folder: &Path) -> Result<()> {
    let mut cargo = workspace::cargo();
    cargo.args(["binstall", "--no-confirm", "--no-symlinks", "--disable-strategies", "compile", "--root"]);
    run_quietly(cargo.arg(folder).arg(format!("{package}@{version}")), &cache.log(package)?)
}

fn build(
    cache: &Cache,
    package: &str,
    version: &str,
    (locked, fast): (bool, bool),
    folder: &Path,
) -> Result<()> {
    let mut cargo = workspace::cargo();
    cargo
        // Away from the checkout, so that its settings do not leak into the tool.
        .current_dir(folder)
        .env_remove("CARGO_BUILD_TARGET")
        .env_remove("RUSTFLAGS")
        .env("CARGO_TARGET_DIR", cache.build_folder())
        .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
        .args(["install", "--force", "--version", version, "--root"])
        .arg(folder);
    if fast {
        // As `lacewing` itself is built.
        cargo.env("CARGO_PROFILE_RELEASE_LTO", "fat").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1");
    } else {
        // These tools' own profiles spend minutes on speed that a build of this size never sees.
        cargo
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
    }
    if locked {
        cargo.arg("--locked");
    }
    run_quietly(cargo.arg(package), &cache.log(package)?).with_context(|| {
        format!(
            "{package} {version} could not be built.\n  \
             If the network was away, run this again: it goes on where it stopped.\n  \
             Or put {package} {version} on PATH by other means, and it is used"
        )
    })
}

/// Removes what building left behind.
///
/// # Errors
///
/// When the folder cannot be removed.
pub(crate) fn tidy(cache: &Cache) -> Result<()> {
    let folder = cache.build_folder();
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("{} cannot be removed", folder.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::needs::{Purpose, of};

    fn way(means: Means, name: &str) -> Way {
        let needs = of(Purpose::Test).unwrap();
        means.way_to(needs.iter().find(|need| need.name == name).unwrap())
    }

    #[test]
    fn without_npm_the_page_is_built_without_wasm_opt() {
        assert!(matches!(way(Means::default(), "wasm-opt"), Way::Skip(_)));
        assert!(matches!(way(Means { npm: true, ..Means::default() }, "wasm-opt"), Way::Install(_)));
    }

    #[test]
    fn binstall_is_used_where_there_is_one() {
        let binstall = Means { binstall: true, ..Means::default() };
        assert_eq!(way(binstall, "Trunk"), Way::Install("cargo binstall".to_owned()));
        assert_eq!(way(Means::default(), "Trunk"), Way::Install("cargo install".to_owned()));
    }

    #[test]
    fn what_cannot_be_installed_is_named_with_the_way_to_get_it() {
        let Way::ByHand(advice) = way(Means::default(), "Chromium") else {
            panic!("Chromium cannot be installed")
        };
        assert!(advice.contains("apt-get install chromium") && advice.contains("CHROMIUM="), "{advice}");
        let Way::ByHand(advice) = way(Means::default(), "the wasm32-unknown-unknown target") else {
            panic!("the target cannot be installed")
        };
        assert!(advice.contains("rustup.rs"), "{advice}");
    }

    #[test]
    fn root_on_debian_gets_the_browser_installed() {
        let debian = Means { debian: true, ..Means::default() };
        assert_eq!(way(debian, "Chromium"), Way::Install("apt-get install".to_owned()));
    }
}
