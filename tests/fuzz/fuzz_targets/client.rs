//! libFuzzer's way into [`lacewing_fuzz::client`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lacewing_fuzz::client::run(data));
