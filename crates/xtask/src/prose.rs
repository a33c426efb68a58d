//! What README.md and CONTRIBUTING.md claim is there, is there.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use clap::{CommandFactory, error::ErrorKind};

use crate::Cli;
use crate::check::none_of;
use crate::workspace::root;

/// Checks every `cargo xtask …` and every link to a file.
///
/// # Errors
///
/// When one names what does not exist.
pub(crate) fn check() -> Result<()> {
    let mut findings = Vec::new();
    for name in ["README.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(root().join(name)).with_context(|| format!("{name} cannot be read"))?;
        let unknown = commands(&text).into_iter().filter(|command| !exists(command));
        findings.extend(unknown.map(|command| format!("{name}: there is no `{command}`")));
        let dead = links(&text).filter(|link| !leads_somewhere(link, &root()));
        findings.extend(dead.map(|link| format!("{name}: {link} is not there")));
    }
    none_of(&findings)
}

/// Every `cargo xtask …` that stands in backticks or on a line of its own.
fn commands(text: &str) -> Vec<String> {
    let in_backticks = text.split('`').skip(1).step_by(2);
    let command_lines = text.lines().map(str::trim);
    let mut commands: Vec<String> = in_backticks
        .chain(command_lines)
        .filter(|words| words.starts_with("cargo xtask") && !words.contains('\n'))
        .map(|words| words.split(" #").next().unwrap_or(words).trim().to_owned())
        .collect();
    commands.sort();
    commands.dedup();
    commands
}

/// Whether the command line takes it.
fn exists(command: &str) -> bool {
    let words = command.split_whitespace().filter(|word| *word != "cargo");
    match Cli::command().try_get_matches_from(words) {
        Ok(_) => true,
        // `cargo xtask` alone is how one asks for help.
        Err(error) => {
            matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            )
        }
    }
}

/// The targets of the text's links and pictures.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

fn leads_somewhere(link: &str, root: &Path) -> bool {
    let file = link.split('#').next().unwrap_or(link);
    file.is_empty() || file.contains("://") || root.join(file).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_in_sentences_and_in_blocks() {
        let text = "Run `cargo xtask serve`, then:\n\n```sh\ncargo xtask test --fast   # quick\n```\n";
        assert_eq!(commands(text), ["cargo xtask serve", "cargo xtask test --fast"]);
    }

    #[test]
    fn a_command_that_was_renamed_is_found() {
        assert!(exists("cargo xtask test --fast"));
        assert!(exists("cargo xtask serve -- --mqtt localhost:2883"));
        assert!(exists("cargo xtask"));
        assert!(!exists("cargo xtask start"));
        assert!(!exists("cargo xtask test --slow"));
    }

    #[test]
    fn a_link_to_a_file_that_is_gone_is_found() {
        let text =
            "[how](Cargo.toml#workspace), ![house](docs/no-such-picture.png), [spec](https://example.org/x)";
        let dead: Vec<_> = links(text).filter(|link| !leads_somewhere(link, &root())).collect();
        assert_eq!(dead, ["docs/no-such-picture.png"]);
    }
}
