//! libFuzzer's way into [`lacewing_fuzz::decoder`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lacewing_fuzz::decoder::run(data));
