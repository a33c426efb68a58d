//! mosquitto's source, from the mirror of Debian that this machine uses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cache::Cache;
use crate::inventory::on_path;
use crate::process::{ask, run_quietly};

/// The release of Debian whose mosquitto it is, and that version.
const RELEASE: &str = "bookworm";
const VERSION: &str = "2.0.11";

/// The folder of the unpacked source, which is fetched when it is not in the cache.
///
/// # Errors
///
/// When the machine has no Debian mirror or cannot unpack its packages.
pub(super) fn suite(cache: &Cache) -> Result<PathBuf> {
    let place = cache.place("mosquitto-source", VERSION);
    if !place.join("source/test/ssl/server.crt").is_file() {
        let programs = ["apt-get", "dpkg-source", "openssl", "python3"];
        for (program, package) in programs.into_iter().zip(["apt", "dpkg-dev", "openssl", "python3"]) {
            if on_path(program).is_none() {
                bail!("{program} is missing: on Debian `sudo apt-get install {package}`");
            }
        }
        println!("Fetching the source of mosquitto {VERSION} …");
        let lock = cache.lock()?;
        let log = |name: &str| cache.log(name);
        cache.fill(&lock, "mosquitto-source", VERSION, |folder| fetch(folder, &log))?;
    }
    Ok(place.join("source"))
}

fn fetch(folder: &Path, log: &dyn Fn(&str) -> Result<PathBuf>) -> Result<()> {
    // A list of its own, so that the machine's lists stay as they are.
    let list = folder.join("sources.list");
    let lists = folder.join("lists");
    fs::create_dir_all(lists.join("partial"))?;
    fs::write(&list, format!("deb-src {} {RELEASE} main\n", mirror()?))?;
    let apt = |args: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.current_dir(folder).arg("-o").arg(option("Dir::Etc::sourcelist", &list));
        apt.args(["-o", "Dir::Etc::sourceparts=-", "-o"]).arg(option("Dir::State::lists", &lists)).args(args);
        apt
    };
    run_quietly(&mut apt(&["update"]), &log("apt-update")?)?;
    run_quietly(&mut apt(&["source", "--download-only", "mosquitto"]), &log("apt-source")?)?;
    fs::remove_dir_all(lists)?;

    let description = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|file| file.extension().is_some_and(|ending| ending == "dsc"))
        .context("the source package has no description")?;
    let mut unpack = Command::new("dpkg-source");
    unpack.current_dir(folder).arg("-x").arg(description).arg("source");
    run_quietly(&mut unpack, &log("dpkg-source")?)?;
    // The package has no certificates; its own script makes them.
    let mut certificates = Command::new("sh");
    certificates.current_dir(folder.join("source/test/ssl")).arg("gen.sh");
    run_quietly(&mut certificates, &log("certificates")?)
}

/// The Debian mirror in the machine's own lists.
fn mirror() -> Result<String> {
    let mut targets = Command::new("apt-get");
    targets.args(["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]);
    let all = ask(&mut targets).context("apt-get does not say where its packages come from")?;
    let debian = all.lines().find(|uri| uri.trim_end_matches('/').ends_with("/debian"));
    Ok(debian
        .context("the suite is a package of Debian, and this machine's lists name no mirror of it")?
        .to_owned())
}

fn option(name: &str, value: &Path) -> String {
    format!("{name}={}", value.display())
}
