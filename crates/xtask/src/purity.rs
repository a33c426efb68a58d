//! The rule that makes the core one core: nothing in `crates/` (xtask apart) reaches outside of its arguments.
//!
//! Clippy's `disallowed-methods` catches calls; this catches what a dependency brings and what clippy has no word for.

use std::fs;

use anyhow::{Context, Result};

use crate::check::{none_of, rust_files};
use crate::page::log;
use crate::process::{ask, run_quietly};
use crate::workspace::{cargo, root};

/// Dependencies that bring JavaScript, a clock, a socket, a thread or an executor with them.
const WORLDLY: &[&str] = &[
    "async-std",
    "chrono",
    "getrandom",
    "gloo",
    "instant",
    "js-sys",
    "mio",
    "rand_core_os",
    "rayon",
    "smol",
    "socket2",
    "time",
    "tokio",
    "wasm-bindgen",
    "web-sys",
    "web-time",
];

/// What a core crate's source must not say.
const FORBIDDEN: &[&str] = &[
    "async fn",
    "std::env",
    "std::fs",
    "std::net::Tcp",
    "std::net::Udp",
    "std::os",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "wasm_bindgen",
];

/// Builds the core crates for wasm and looks at what they depend on and what they say.
///
/// # Errors
///
/// When one does not compile, or reaches outside.
pub(crate) fn check() -> Result<()> {
    let mut findings = Vec::new();
    for krate in core_crates()? {
        let package = format!("lacewing-{krate}");
        let wasm = ["--package", &package, "--target", "wasm32-unknown-unknown"];
        run_quietly(cargo().args(["check", "--lib"]).args(wasm), &log(&format!("check-wasm-{krate}"))?)?;
        let tree = ["tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}"];
        let tree =
            ask(cargo().args(tree).args(wasm)).with_context(|| format!("cargo tree has no {package}"))?;
        findings.extend(worldly(&tree).map(|dependency| format!("{package} depends on {dependency}")));
        for file in rust_files(&root().join("crates").join(&krate).join("src"))? {
            let source = fs::read_to_string(&file)?;
            let name = file.strip_prefix(root()).unwrap_or(&file);
            let said = forbidden(&source);
            findings.extend(said.map(|(line, word)| format!("{}:{line} says {word}", name.display())));
        }
    }
    none_of(&findings)
}

/// The folders of `crates/` that hold the core: all but this program's own.
fn core_crates() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("crates"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != "xtask" && entry.path().join("Cargo.toml").is_file() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// The worldly packages in what `cargo tree` prints, one package a line.
fn worldly(tree: &str) -> impl Iterator<Item = &str> {
    let packages = tree.lines().filter_map(|line| line.split_whitespace().next());
    packages.filter(|package| WORLDLY.contains(package))
}

/// Lines, counted from 1, that say a forbidden word outside of a comment.
fn forbidden(source: &str) -> impl Iterator<Item = (usize, &'static str)> + '_ {
    let code = source.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
    code.filter_map(|(index, line)| {
        let word = FORBIDDEN.iter().find(|word| line.contains(**word))?;
        Some((index + 1, *word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_on_javascript_or_an_executor_is_found() {
        let tree =
            "lacewing-broker v0.1.0 (/somewhere)\nbytes v1.10.0\nwasm-bindgen v0.2.130\ntokio v1.54.0 (*)\n";
        assert_eq!(worldly(tree).collect::<Vec<_>>(), ["wasm-bindgen", "tokio"]);
        assert_eq!(worldly("bytes v1.10.0\nserde_derive v1.0.0 (proc-macro)\n").count(), 0);
    }

    #[test]
    fn a_clock_in_the_source_is_found_and_one_in_a_comment_is_not() {
        let source = "//! No std::time::Instant here.\nuse std::time::Duration;\nlet now = std::time::Instant::now();\n";
        assert_eq!(forbidden(source).collect::<Vec<_>>(), [(3, "std::time::Instant")]);
    }
}
