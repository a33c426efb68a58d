//! `lacewing password`: makes the lines of a settings file that let a user in.

use std::io::{BufRead, IsTerminal, Write, stdin, stdout};

use anyhow::{Context, anyhow, ensure};
use clap::Args;
use lacewing_auth::{PasswordHash, Salt, ScramVerifier};

/// The longest line of a password that is read, in bytes.
const PASSWORD_MAXIMUM: u64 = 4096;

/// Makes the `[[user]]` lines of a settings file from a password
///
/// The password is asked for twice on a terminal and not shown; otherwise it is one line of standard input. What is printed holds a
/// hash of it (Argon2id) and a verifier (SCRAM-SHA-256); a client can log in with either, and nobody can read the password from
/// them.
#[derive(Debug, Args)]
pub(crate) struct PasswordFlags {
    /// The user's name
    #[arg(value_name = "NAME")]
    name: String,
}

/// Reads a password and prints what stands for it.
///
/// # Errors
/// When there is no password, or the two that were typed differ.
pub(crate) fn run(flags: &PasswordFlags) -> anyhow::Result<()> {
    crate::users::check_name(&flags.name).map_err(|error| anyhow!(error))?;
    let password = if stdin().is_terminal() { ask()? } else { read_line(stdin().lock())? };
    ensure!(!password.is_empty(), "the password is empty");
    let lines = lines(&flags.name, &password, &salt()?, &salt()?)?;
    let mut out = stdout();
    out.write_all(lines.as_bytes()).and_then(|()| out.flush()).context("nobody reads what is printed")
}

fn lines(name: &str, password: &str, salt: &Salt, scram_salt: &Salt) -> anyhow::Result<String> {
    let hash = PasswordHash::make(password.as_bytes(), salt).context("the password cannot be hashed")?;
    let name = toml::Value::from(name);
    let scram = match ScramVerifier::make(password, scram_salt) {
        Ok(verifier) => format!("scram = \"{verifier}\"\n"),
        Err(error) => format!("# No line for SCRAM: {error}.\n"),
    };
    Ok(format!("[[user]]\nname = {name}\npassword = \"{hash}\"\n{scram}"))
}

fn ask() -> anyhow::Result<String> {
    let password = rpassword::prompt_password("Password: ").context("the terminal cannot be read")?;
    let again = rpassword::prompt_password("The same again: ").context("the terminal cannot be read")?;
    ensure!(password == again, "the two passwords are not the same");
    Ok(password)
}

fn read_line(input: impl BufRead) -> anyhow::Result<String> {
    let mut line = String::new();
    let read = input.take(PASSWORD_MAXIMUM + 2).read_line(&mut line);
    read.context("the password on standard input is not UTF-8 text")?;
    let line = line.trim_end_matches(['\r', '\n']);
    ensure!(line.len() as u64 <= PASSWORD_MAXIMUM, "the password is longer than {PASSWORD_MAXIMUM} bytes");
    Ok(line.to_owned())
}

fn salt() -> anyhow::Result<Salt> {
    let mut salt = Salt::default();
    getrandom::fill(&mut salt).map_err(|error| anyhow!("no random bytes: {error}"))?;
    Ok(salt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_lets_the_password_in_and_does_not_hold_it() {
        let lines = lines("a \"b\"", "pencil", &[1; 16], &[2; 16]).unwrap();
        assert!(!lines.contains("pencil"));
        let table: toml::Table = lines.parse().unwrap();
        let user = &table["user"][0];
        assert_eq!(user["name"].as_str(), Some("a \"b\""));
        assert!(user["password"].as_str().unwrap().parse::<PasswordHash>().unwrap().fits(b"pencil"));
        assert!(user["scram"].as_str().unwrap().parse::<ScramVerifier>().is_ok());
    }

    #[test]
    fn a_password_is_one_line_of_bounded_length() {
        assert_eq!(read_line(&b"correct horse \r\nmore"[..]).unwrap(), "correct horse ");
        assert_eq!(read_line(&b""[..]).unwrap(), "");
        assert!(read_line(&[b'x'; 5000][..]).is_err());
        assert!(read_line(&b"\xff\n"[..]).is_err());
    }
}
