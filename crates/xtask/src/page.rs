//! Building the page into `dist`, and the `lacewing` that serves it.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::process::{ask, elapsed, run_quietly};
use crate::setup::Toolbox;
use crate::workspace::{cargo, root, target_dir};

/// Where the page is built to.
pub(crate) fn dist() -> PathBuf {
    root().join("dist")
}

/// Builds the page, unless it stands there as it would be built.
///
/// # Errors
///
/// When it does not compile.
pub(crate) fn build(tools: &Toolbox) -> Result<PathBuf> {
    let dist = dist();
    let built_from = fingerprint(tools)?;
    // Inside `dist`, so that it goes when anyone else builds there.
    let stamp = dist.join(".built-from");
    if fs::read_to_string(&stamp).is_ok_and(|before| before == built_from)
        && dist.join("index.html").is_file()
    {
        println!("The page is built already.");
        return Ok(dist);
    }
    println!("Building the page (the first time some 3 min, later seconds) …");
    let began = Instant::now();
    // Trunk is told to fetch nothing, so what it builds from has to be here.
    run_quietly(cargo().arg("fetch"), &log("fetch")?)
        .context("the crates could not be fetched: is the network there?")?;
    let mut trunk = tools.tool("trunk");
    trunk.args(["build", "--offline"]);
    // Trunk runs wasm-opt with --release and has no other say in it; the cargo profile is index.html's.
    match tools.wasm_opt {
        true => trunk.arg("--release"),
        false => trunk.arg("--minify"),
    };
    run_quietly(&mut trunk, &log("trunk")?)
        .context("the page could not be built; the compiler's words are above")?;
    fs::write(&stamp, built_from)?;
    println!("    done in {}", elapsed(began));
    Ok(dist)
}

/// Builds `lacewing` for release.
///
/// # Errors
///
/// When it does not compile.
pub(crate) fn build_lacewing() -> Result<PathBuf> {
    println!("Building lacewing (the first time some 2 min, later seconds) …");
    let began = Instant::now();
    run_quietly(cargo().args(["build", "--release", "--package", "lacewing"]), &log("lacewing")?)
        .context("lacewing could not be built; the compiler's words are above")?;
    println!("    done in {}", elapsed(began));
    Ok(target_dir().join("release").join(format!("lacewing{}", std::env::consts::EXE_SUFFIX)))
}

/// Where what the build called `name` says is kept.
///
/// # Errors
///
/// When the folder cannot be made.
pub(crate) fn log(name: &str) -> Result<PathBuf> {
    let logs = target_dir().join("xtask");
    fs::create_dir_all(&logs).with_context(|| format!("{} cannot be made", logs.display()))?;
    Ok(logs.join(format!("{name}.log")))
}

/// What the page is made of, in a few digits: every source file's name, size and time, and the tools.
fn fingerprint(tools: &Toolbox) -> Result<String> {
    let root = root();
    let mut files = BTreeMap::new();
    for name in ["Cargo.toml", "Cargo.lock", "Trunk.toml", "index.html", "web", "crates"] {
        gather(&root.join(name), &mut files)?;
    }
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    tools.wasm_opt.hash(&mut hasher);
    ask(tools.tool("trunk").arg("--version")).hash(&mut hasher);
    ask(Command::new("rustc").arg("--version")).hash(&mut hasher);
    Ok(format!("{:016x}\n", hasher.finish()))
}

fn gather(place: &Path, files: &mut BTreeMap<PathBuf, (u64, Option<std::time::SystemTime>)>) -> Result<()> {
    let Ok(metadata) = fs::metadata(place) else { return Ok(()) };
    if metadata.is_file() {
        files.insert(place.to_path_buf(), (metadata.len(), metadata.modified().ok()));
        return Ok(());
    }
    if place.ends_with("crates/xtask") || place.ends_with("target") {
        return Ok(());
    }
    for entry in fs::read_dir(place)? {
        gather(&entry?.path(), files)?;
    }
    Ok(())
}
