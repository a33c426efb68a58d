//! libFuzzer's way into [`lacewing_fuzz::broker`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lacewing_fuzz::broker::run(data));
