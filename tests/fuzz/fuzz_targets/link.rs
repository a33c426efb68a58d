//! libFuzzer's way into [`lacewing_fuzz::link`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lacewing_fuzz::link::run(data));
