//! Building the page into `dist`, and the `lacewing` that serves it.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result, anyhow};

use crate::process::{ask, elapsed, run_quietly};
use crate::toolbox::Toolbox;
use crate::workspace::{cargo, root, target_dir};

/// What there is to run: the built page and the program that serves it.
#[derive(Debug)]
pub(crate) struct Built {
    /// The folder of the page.
    pub(crate) dist: PathBuf,
    /// The program.
    pub(crate) lacewing: PathBuf,
}

/// Builds the page and `lacewing`, both at once: much of either is a single thread's work.
///
/// # Errors
///
/// When one does not compile.
pub(crate) fn build(tools: &Toolbox) -> Result<Built> {
    let (dist, lacewing) = thread::scope(|scope| {
        let lacewing = scope.spawn(build_lacewing);
        let dist = build_dist(tools);
        (dist, lacewing.join().unwrap_or_else(|_| Err(anyhow!("building lacewing was cut short"))))
    });
    Ok(Built { dist: dist?, lacewing: lacewing? })
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
    println!("    lacewing is built, in {}", elapsed(began));
    Ok(target_dir().join("release").join(format!("lacewing{}", std::env::consts::EXE_SUFFIX)))
}

/// Builds the page, unless it stands there as it would be built.
///
/// # Errors
///
/// When it does not compile.
pub(crate) fn build_dist(tools: &Toolbox) -> Result<PathBuf> {
    let dist = root().join("dist");
    let built_from = fingerprint(tools)?;
    // Inside `dist`, so that it goes when anyone else builds there.
    let stamp = dist.join(".built-from");
    if fs::read_to_string(&stamp).is_ok_and(|before| before == built_from)
        && dist.join("index.html").is_file()
    {
        println!("The page is built already.");
        return Ok(dist);
    }
    println!("Building the page (the first time some 3 min, later less) …");
    let began = Instant::now();
    // Trunk is told to fetch nothing, so what it builds from has to be here.
    run_quietly(cargo().arg("fetch"), &log("fetch")?)
        .context("the crates could not be fetched: is the network there?")?;
    let mut trunk = tools.tool("trunk");
    trunk.env_remove("RUST_BACKTRACE").args(["build", "--offline"]);
    // Trunk runs wasm-opt with --release and has no other say in it; the cargo profile is index.html's.
    match tools.wasm_opt {
        true => trunk.arg("--release"),
        false => trunk.arg("--minify"),
    };
    run_quietly(&mut trunk, &log("page")?)
        .context("the page could not be built; the compiler's words are above")?;
    fs::write(&stamp, built_from)?;
    println!("    the page is built, in {}", elapsed(began));
    Ok(dist)
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

fn gather(place: &Path, files: &mut BTreeMap<PathBuf, (u64, Option<SystemTime>)>) -> Result<()> {
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
