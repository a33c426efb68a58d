//! What a fuzzer is let loose on. Each target is a function that takes any bytes and panics when a promise is broken.
//!
//! `cargo xtask fuzz TARGET` builds the program in `fuzz_targets` with libFuzzer and runs it for as long as it is told;
//! `tests/short_run.rs` takes the kept corpus and some thousands of mutants of it through the same functions, within
//! `cargo xtask test`. A new target is a module here, a line in [`TARGETS`], a program in `fuzz_targets` with its
//! `[[bin]]`, and a folder in `corpus`.

pub mod broker;
pub mod choices;
pub mod client;
pub mod decoder;
pub mod image;
pub mod link;
pub mod mutation;

/// Something to be let loose on.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: of its module, of its program, of its folder in `corpus`.
    pub name: &'static str,
    /// Takes one input.
    pub run: fn(&[u8]),
    /// How many mutants the short run takes through it; a second or two of them.
    pub mutants: u32,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "broker", run: broker::run, mutants: 3_000 },
    Target { name: "client", run: client::run, mutants: 10_000 },
    Target { name: "decoder", run: decoder::run, mutants: 10_000 },
    Target { name: "image", run: image::run, mutants: 3_000 },
    Target { name: "link", run: link::run, mutants: 10_000 },
];
