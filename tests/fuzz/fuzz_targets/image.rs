//! libFuzzer's way into [`lacewing_fuzz::image`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lacewing_fuzz::image::run(data));
