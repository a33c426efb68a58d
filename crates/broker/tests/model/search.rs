//! Plays many dialogues and makes one that fails short.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::chance;
use crate::dialogue::Dialogue;
use crate::play::play;

/// How often something is left out of a dialogue that fails.
const SHRINKS: u32 = 20_000;

/// Plays the dialogues of `count` seeds from `first` on.
///
/// # Panics
/// The broker and the reference differ, in one of them.
pub(crate) fn play_seeds(first: u64, count: u64) {
    for seed in first..first + count {
        if let Err((dialogue, problem)) = play_seed(seed) {
            panic!("LACEWING_SEED={seed}: {problem}\n\n{dialogue}");
        }
        let played = seed - first + 1;
        if played.is_multiple_of(1000) {
            say(&format!("{played} dialogues, the last of seed {seed}"));
        }
    }
}

/// Plays the dialogue of one seed; the shortest one found in which it fails.
fn play_seed(seed: u64) -> Result<(), (Dialogue, String)> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut tree = chance::dialogue().new_tree(&mut runner).unwrap();
    let dialogue = tree.current();
    let Err(problem) = play_safely(&dialogue) else { return Ok(()) };
    say(&format!("seed {seed} fails: {problem}"));

    let mut shortest = (dialogue, problem);
    let mut shrinks = 0;
    while shrinks < SHRINKS && tree.simplify() {
        loop {
            shrinks += 1;
            let dialogue = tree.current();
            match play_safely(&dialogue) {
                Err(problem) => {
                    shortest = (dialogue, problem);
                    break;
                }
                Ok(()) if shrinks < SHRINKS && tree.complicate() => {}
                Ok(()) => return Err(shortest),
            }
        }
    }
    Err(shortest)
}

/// A panic in the broker is a difference as well.
fn play_safely(dialogue: &Dialogue) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| play(dialogue))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(format!("panicked: {}", text.unwrap_or_default()))
    })
}

#[expect(clippy::print_stderr, reason = "a long search says how far it is")]
fn say(text: &str) {
    eprintln!("{text}");
}
