//! `cargo xtask`: the one entry to every chore of the project.
//!
//! Each command is a file that has its name. What they share: the machine's tools ([`needs`], [`inventory`],
//! [`install`], [`cache`], [`toolbox`]), the built page ([`page`]), running other programs and saying how it goes
//! ([`process`]).

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it talks to the person at the terminal")]

mod bench;
mod cache;
mod check;
mod claims;
mod clauses;
mod conformance;
mod core_bench;
mod faults;
mod figures;
mod fuzz;
mod home_assistant;
mod install;
mod instructions;
mod interop;
mod inventory;
mod mutants;
mod needs;
mod page;
mod process;
mod prose;
mod purity;
mod screenshots;
mod seeded;
mod serve;
mod setup;
mod tally;
mod test;
mod toolbox;
mod version;
mod weight;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Lacewing's chores.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Install what the other commands need; does nothing when it is all there.
    Setup {
        /// For which command: `serve` needs the least, `test` everything.
        #[arg(long = "for", value_name = "COMMAND", default_value = "test")]
        purpose: needs::Purpose,
        /// Show what would be installed, install nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Build the page and the bridge, then run `lacewing` with that page.
    Serve {
        /// Arguments for `lacewing`, after `--`: `cargo xtask serve -- --mqtt localhost:2883`.
        #[arg(last = true, value_name = "ARGS FOR lacewing")]
        args: Vec<String>,
    },
    /// Run every test: unit tests and dialogues, the browser's, real clients end to end.
    Test {
        /// Only what needs neither a browser nor other people's clients.
        #[arg(long)]
        fast: bool,
    },
    /// Formatting, lints, documentation, and the rules that the core crates keep.
    Check,
    /// Run a test suite by others against `lacewing --broker native`; it is fetched as a source package.
    Interop {
        /// Whose.
        #[arg(long, value_enum, default_value = "mosquitto")]
        suite: interop::Suite,
        /// Beginnings of the names of tests; without any, all.
        tests: Vec<String>,
    },
    /// Run the benchmarks, or the one that is named.
    Bench {
        /// The benchmark's name; without it, all of them in turn.
        case: Option<String>,
        /// Write what was measured into `docs/performance.md`; without a name, only what stands there is measured.
        #[arg(long)]
        write: bool,
        /// Arguments for the benchmark, after `--`.
        #[arg(last = true, value_name = "ARGS")]
        args: Vec<String>,
    },
    /// Count the instructions of the core's hot paths, and compare them with the committed figures.
    Instructions {
        /// Write the new figures in place of the committed ones.
        #[arg(long)]
        bless: bool,
    },
    /// Take pictures of everything there is to see on the page, wide and on a phone, light and dark.
    Screenshots {
        /// Where they go; `target/screenshots` without it.
        folder: Option<PathBuf>,
    },
    /// Write `docs/conformance.md`, which test holds which normative statement, and say which are open.
    Conformance,
    /// Hold what the home says for Home Assistant's discovery against Home Assistant's own schemas, and keep what passed.
    HomeAssistant,
    /// Put seeded faults into a copy of the source, and see that the tests notice.
    Faults {
        /// Which; without a name, all of them.
        names: Vec<String>,
    },
    /// Change the broker's sessions and routing in every small way, and see which changes no test notices; takes hours.
    Mutants {
        /// Only every Nth mutant, beginning with the Kth from 0, as `K/N`.
        #[arg(long, value_name = "K/N")]
        shard: Option<String>,
    },
    /// Let a fuzzer loose on a target of `tests/fuzz`, or on each in turn.
    Fuzz {
        /// The target's name; without it, all of them in turn.
        target: Option<String>,
        /// How long each runs.
        #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
        minutes: u32,
        /// Afterwards, put the smallest set of inputs that reaches the same code into `tests/fuzz/corpus`.
        #[arg(long)]
        keep: bool,
    },
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().chore {
        Chore::Setup { purpose, dry_run } => setup::run(purpose, dry_run),
        Chore::Serve { args } => serve::run(&args),
        Chore::Test { fast } => test::run(fast),
        Chore::Check => check::run(),
        Chore::Interop { suite, tests } => interop::run(suite, &tests),
        Chore::Bench { case, write, args } => bench::run(case.as_deref(), write, &args),
        Chore::Instructions { bless } => instructions::run(bless),
        Chore::Screenshots { folder } => screenshots::run(folder.as_deref()),
        Chore::Conformance => conformance::run(),
        Chore::HomeAssistant => home_assistant::run(),
        Chore::Faults { names } => faults::run(&names),
        Chore::Mutants { shard } => mutants::run(shard.as_deref()),
        Chore::Fuzz { target, minutes, keep } => fuzz::run(target.as_deref(), minutes, keep),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nxtask: {error}");
            for cause in error.chain().skip(1) {
                eprintln!("  because: {cause}");
            }
            ExitCode::FAILURE
        }
    }
}
