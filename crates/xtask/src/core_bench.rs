//! Building the bench of the core alone: natively, and for the browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::page::log;
use crate::process::run_quietly;
use crate::toolbox::Toolbox;
use crate::workspace::{cargo, root, target_dir};

/// Builds it for this machine; gives the program.
///
/// # Errors
///
/// When it does not compile.
pub(crate) fn native() -> Result<PathBuf> {
    built("core-bench", &["bench", "--no-run", "--package", "lacewing-broker", "--bench", "core"])
}

/// Builds pages that run it when they are opened: in `size` built as the page is shipped, in `speed` for speed. Gives their folder.
///
/// # Errors
///
/// When it does not compile.
pub(crate) fn pages(tools: &Toolbox) -> Result<PathBuf> {
    let folder = target_dir().join("core-bench");
    page(tools, "web", &as_shipped()?, &folder.join("size"))?;
    page(tools, "release", &for_speed(&as_shipped()?), &folder.join("speed"))?;
    Ok(folder)
}

fn page(tools: &Toolbox, profile: &str, optimize: &[String], folder: &Path) -> Result<()> {
    let wasm = built(
        &format!("core-bench-{profile}"),
        &[
            "build",
            "--package",
            "lacewing-web",
            "--example",
            "core",
            "--target",
            "wasm32-unknown-unknown",
            "--profile",
            profile,
        ],
    )?;
    fs::create_dir_all(folder)?;
    let mut bindgen = tools.tool("wasm-bindgen");
    bindgen.args(["--target", "no-modules", "--no-typescript", "--out-name", "core", "--out-dir"]);
    run_quietly(bindgen.arg(folder).arg(&wasm), &log("core-bench-bindgen")?)?;
    let bound = folder.join("core_bg.wasm");
    if tools.wasm_opt {
        let mut wasm_opt = tools.tool("wasm-opt");
        wasm_opt.args(optimize).arg(&bound).arg("--output").arg(&bound);
        run_quietly(&mut wasm_opt, &log("core-bench-opt")?)?;
    }
    let html = "<!doctype html><title>The core</title><script src=\"core.js\"></script>\
                <script>wasm_bindgen('core_bg.wasm').catch(error => window.figures = 'failed: ' + error)</script>";
    fs::write(folder.join("index.html"), html)
        .with_context(|| format!("{} cannot be written", folder.display()))
}

/// What index.html has wasm-opt do.
fn as_shipped() -> Result<Vec<String>> {
    let html = fs::read_to_string(root().join("index.html")).context("index.html cannot be read")?;
    let (_, after) =
        html.split_once("data-wasm-opt-params=\"").context("index.html says nothing to wasm-opt")?;
    Ok(after.split('"').next().unwrap_or_default().split_whitespace().map(str::to_owned).collect())
}

/// The same features of wasm, and speed before size.
fn for_speed(shipped: &[String]) -> Vec<String> {
    let features = shipped.iter().filter(|flag| flag.starts_with("--enable")).cloned();
    std::iter::once("-O3".to_owned()).chain(features).collect()
}

/// Runs cargo; gives the program that it says it has built.
fn built(name: &str, args: &[&str]) -> Result<PathBuf> {
    let log = log(name)?;
    let mut command: Command = cargo();
    command.args(args).arg("--message-format=json-render-diagnostics");
    run_quietly(&mut command, &log)
        .context("the core's bench could not be built; the compiler's words are above")?;
    let said = fs::read_to_string(&log)?;
    executable(&said, "core").with_context(|| format!("cargo names no program in {}", log.display()))
}

/// The program of that name among all that cargo's messages speak of.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    let name = format!("\"name\":\"{name}\"");
    let named = messages.lines().filter(|line| line.contains(&name)).find_map(|line| {
        let (_, after) = line.split_once("\"executable\":\"")?;
        after.split('"').next()
    });
    named.map(|path| PathBuf::from(path.replace("\\\\", "\\")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_the_one_that_cargo_names() {
        let said = "{\"target\":{\"name\":\"core\"},\"executable\":null}\n\
                    {\"target\":{\"name\":\"core\"},\"executable\":\"/target/core-1\",\"fresh\":true}\n\
                    {\"target\":{\"name\":\"worker\"},\"executable\":\"/target/worker\"}\n{\"reason\":\"build-finished\"}";
        assert_eq!(executable(said, "core"), Some(PathBuf::from("/target/core-1")));
        assert_eq!(executable(said, "page"), None);
    }

    #[test]
    fn what_is_shipped_is_optimized_as_the_page_says() {
        let shipped = as_shipped().unwrap();
        assert!(shipped.contains(&"-Oz".to_owned()), "{shipped:?}");
        let fast = for_speed(&shipped);
        assert!(fast[0] == "-O3" && fast.len() > 1 && !fast.contains(&"-Oz".to_owned()), "{fast:?}");
    }
}
