//! The short run: every kept input, and a few thousand mutants of them, through every target.
//!
//! What a long run finds is kept in `corpus` and is a test from then on.

use std::fs;
use std::panic;
use std::path::{Path, PathBuf};

use lacewing_fuzz::mutation::Mutator;
use lacewing_fuzz::{TARGETS, Target};

/// The kept inputs have to stay small enough to be read in a moment.
const CORPUS_BYTES: u64 = 300 << 10;

#[test]
fn the_broker_bears_every_kept_input_and_its_mutants() {
    run("broker");
}

#[test]
fn the_client_bears_every_kept_input_and_its_mutants() {
    run("client");
}

#[test]
fn the_decoder_bears_every_kept_input_and_its_mutants() {
    run("decoder");
}

#[test]
fn the_reader_of_images_bears_every_kept_input_and_its_mutants() {
    run("image");
}

#[test]
fn the_link_bears_every_kept_input_and_its_mutants() {
    run("link");
}

#[test]
fn every_target_has_a_short_run() {
    let source = include_str!("short_run.rs");
    for target in TARGETS {
        assert!(source.contains(&format!("run(\"{}\")", target.name)), "{} has none", target.name);
    }
}

#[test]
fn the_kept_inputs_are_few_and_small() {
    let bytes: u64 = TARGETS.iter().flat_map(kept).map(|(_, input)| input.len() as u64).sum();
    assert!(bytes <= CORPUS_BYTES, "{bytes} bytes are kept");
}

fn run(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target with this name");
    let kept = kept(target);
    assert!(!kept.is_empty(), "{name} has no kept inputs");
    for (path, input) in &kept {
        let outcome = panic::catch_unwind(|| (target.run)(input));
        assert!(outcome.is_ok(), "{} breaks a promise: see above", path.display());
    }
    let inputs: Vec<Vec<u8>> = kept.into_iter().map(|(_, input)| input).collect();
    let mut mutator = Mutator::new(&inputs, 0x1ace);
    for _ in 0..target.mutants {
        let mutant = mutator.mutant();
        let outcome = panic::catch_unwind(|| (target.run)(&mutant));
        if outcome.is_err() {
            let artifact = artifact(name);
            fs::write(&artifact, &mutant).expect("the input can be written down");
            panic!("the input in {} breaks a promise: see above", artifact.display());
        }
    }
}

/// The kept inputs of a target, in the order of their names.
fn kept(target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = here().join("corpus").join(target.name);
    let Ok(entries) = fs::read_dir(&folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).expect("a readable file"))).collect()
}

fn artifact(name: &str) -> PathBuf {
    let folder = here().join("artifacts").join(name);
    fs::create_dir_all(&folder).expect("a writable folder");
    folder.join("short-run")
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
