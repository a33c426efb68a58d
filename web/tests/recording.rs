//! The broker in wasm answers the recorded dialogues with the same bytes as the native one.
#![cfg(target_arch = "wasm32")]

use lacewing_broker::Recording;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[wasm_bindgen_test]
fn the_dialogue_is_answered_as_by_the_native_broker() {
    answers_as_natively(
        include_bytes!("../../tests/recordings/dialogue.jsonl"),
        include_bytes!("../../tests/recordings/dialogue.txt"),
    );
}

#[wasm_bindgen_test]
fn a_restored_broker_goes_on_as_the_native_one() {
    answers_as_natively(
        include_bytes!("../../tests/recordings/restored.jsonl"),
        include_bytes!("../../tests/recordings/restored.txt"),
    );
}

fn answers_as_natively(calls: &[u8], answers: &[u8]) {
    let recording = Recording::from_text(str::from_utf8(calls).expect("text")).expect("a recording");
    let is = recording.replay().expect("it replays").to_string();
    let was = str::from_utf8(answers).expect("text");
    if let Some((line, (is, was))) = (1..).zip(is.lines().zip(was.lines())).find(|(_, (is, was))| is != was) {
        panic!("line {line}\n  is  {is}\n  was {was}");
    }
    assert_eq!(is.len(), was.len());
}
