//! A long dialogue of many clients, recorded once: every build of the broker answers it with the same bytes.
//!
//! The recordings and the answers are kept in `tests/recordings`. When the broker is meant to answer differently,
//! `LACEWING_BLESS=1 cargo test -p lacewing-broker --test recorded_dialogue` writes them anew; read what changed.

#![expect(clippy::unwrap_used, reason = "a test fails where something is missing")]

mod dialogue;
mod host;
mod packets;

use std::path::PathBuf;

use lacewing_broker::Recording;

#[test]
fn the_dialogue_is_answered_as_it_always_was() {
    answers_as_before("dialogue", dialogue::record());
}

#[test]
fn a_broker_restored_from_its_image_goes_on_as_it_always_did() {
    answers_as_before("restored", dialogue::record_restored());
}

#[test]
fn the_dialogue_shows_every_packet_a_broker_sends() {
    let text = dialogue::record().replay().unwrap().to_string();
    let mut kinds: Vec<u32> = text
        .lines()
        .filter_map(|line| line.split_once(" sent ")?.1.split(' ').next_back()?.chars().next()?.to_digit(16))
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    // CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK, PINGRESP, DISCONNECT
    for kind in [2, 3, 4, 5, 6, 7, 9, 11, 13, 14] {
        assert!(kinds.contains(&kind), "no transmission starts with packet type {kind}");
    }
}

fn answers_as_before(name: &str, script: Recording) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/recordings");
    let (calls, answers) = (folder.join(format!("{name}.jsonl")), folder.join(format!("{name}.txt")));
    if std::env::var_os("LACEWING_BLESS").is_some() {
        std::fs::write(&calls, script.to_text().unwrap()).unwrap();
        std::fs::write(&answers, script.replay().unwrap().to_string()).unwrap();
    }
    let recording = Recording::from_text(&std::fs::read_to_string(&calls).unwrap()).unwrap();
    assert_same(
        &recording.replay().unwrap().to_string(),
        &std::fs::read_to_string(&answers).unwrap(),
        "the broker's answers differ from the recorded ones",
    );
    assert_same(
        &script.to_text().unwrap(),
        &recording.to_text().unwrap(),
        "the recording is not what the script says now",
    );
}

#[track_caller]
fn assert_same(is: &str, was: &str, what: &str) {
    if is == was {
        return;
    }
    let line = is.lines().zip(was.lines()).take_while(|(is, was)| is == was).count();
    let at = |text: &str| text.lines().nth(line).unwrap_or("(the end)").to_owned();
    panic!("{what}, first in line {}:\n  is  {}\n  was {}", line + 1, at(is), at(was));
}
