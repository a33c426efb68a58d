//! Running other programs, and saying how it goes.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How often a long, quiet run says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How many lines of a failed program's output are shown; the log has them all.
const SHOWN_ON_FAILURE: usize = 200;

/// What a short question (`trunk --version`) prints; `None` when the program is missing or fails.
pub(crate) fn ask(command: &mut Command) -> Option<String> {
    // Trunk takes NO_COLOR for a flag of its own and refuses the usual `1`.
    let answer = command.env_remove("NO_COLOR").stdin(Stdio::null()).output().ok()?;
    answer.status.success().then(|| String::from_utf8_lossy(&answer.stdout).into_owned())
}

/// Runs `command` with its output kept in `log`, and a line now and then, with the log's name, while it lasts.
///
/// # Errors
///
/// When it cannot be started or fails; its last lines are printed then.
pub(crate) fn run_quietly(command: &mut Command, log: &Path) -> Result<()> {
    let shown = display(command);
    let name = log.file_stem().unwrap_or_default().to_string_lossy();
    let mut log_file = File::create(log).with_context(|| format!("{} cannot be written", log.display()))?;
    let began = Instant::now();
    let mut child = command
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{shown}` cannot be started"))?;
    let (sender, lines) = mpsc::channel();
    forward(child.stdout.take(), sender.clone());
    forward(child.stderr.take(), sender);

    let mut kept = Vec::new();
    let mut compiled = 0_usize;
    let mut beat = began;
    loop {
        match lines.recv_timeout(HEARTBEAT) {
            Ok(line) => {
                let word = line.trim_start().split(' ').next();
                compiled += usize::from(matches!(word, Some("Compiling" | "Checking" | "Documenting")));
                writeln!(log_file, "{line}")?;
                kept.push(line);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if beat.elapsed() >= HEARTBEAT {
            beat = Instant::now();
            let crates = if compiled > 0 { format!(", {compiled} crates so far") } else { String::new() };
            println!("    … {name}: {}{crates}", elapsed(began));
        }
    }
    let status = child.wait().with_context(|| format!("`{shown}` was lost"))?;
    if status.success() {
        return Ok(());
    }
    for line in &kept[kept.len().saturating_sub(SHOWN_ON_FAILURE)..] {
        eprintln!("    {line}");
    }
    bail!("`{shown}` failed ({status}); all it said is in {}", log.display());
}

/// Runs `command` with its output passed on as it comes; `heard` gets each line of its standard output.
///
/// # Errors
///
/// When it cannot be started. How it ended is the caller's to judge.
pub(crate) fn run_listening(command: &mut Command, mut heard: impl FnMut(&str)) -> Result<ExitStatus> {
    let shown = display(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{shown}` cannot be started"))?;
    let (sender, lines) = mpsc::channel();
    forward(child.stdout.take(), sender);
    for line in lines {
        println!("{line}");
        heard(&line);
    }
    child.wait().with_context(|| format!("`{shown}` was lost"))
}

/// Runs `command` with our own input and output.
///
/// # Errors
///
/// When it cannot be started or fails.
pub(crate) fn run_openly(command: &mut Command) -> Result<()> {
    let shown = display(command);
    let status = command.status().with_context(|| format!("`{shown}` cannot be started"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// The time since `began`, for people.
pub(crate) fn elapsed(began: Instant) -> String {
    duration(began.elapsed())
}

/// A program and its arguments as one would type them.
pub(crate) fn display(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn duration(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// Sends each line of `stream` to `lines` from a thread of its own, until the stream ends.
fn forward(stream: Option<impl Read + Send + 'static>, lines: Sender<String>) {
    let Some(stream) = stream else { return };
    thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        // By bytes: a stray byte that is no UTF-8 must not end the reading and block the writer.
        while stream.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            let text = String::from_utf8_lossy(&line);
            if lines.send(text.trim_end_matches(['\r', '\n']).to_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_told_in_minutes_and_seconds() {
        assert_eq!(duration(Duration::from_millis(900)), "0 s");
        assert_eq!(duration(Duration::from_secs(59)), "59 s");
        assert_eq!(duration(Duration::from_secs(130)), "2 min 10 s");
    }

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let mut command = Command::new("/some/where/cargo");
        command.args(["build", "--release"]);
        assert_eq!(display(&command), "cargo build --release");
    }

    #[test]
    fn a_program_that_is_missing_has_no_answer() {
        assert_eq!(ask(&mut Command::new("surely-no-such-program")), None);
    }
}
