//! `cargo xtask`: the one entry to every chore of the project.

fn main() {}
