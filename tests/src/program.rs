//! A program that runs beside a test, read line by line.

use std::fmt::Debug;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::patience::{PATIENCE, eventually};

/// A running program, killed when dropped.
#[derive(Debug)]
pub struct Program {
    shown: String,
    child: Child,
    lines: Receiver<String>,
    /// Everything it said, for the message when something fails.
    said: Vec<String>,
}

impl Program {
    /// Starts it. Both its outputs are read, each line as it comes.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> Self {
        let shown = format!("{command:?}");
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| {
            panic!("{shown} cannot be started ({error}): `cargo xtask setup` shows what is missing")
        });
        let (sender, lines) = mpsc::channel();
        forward(child.stdout.take(), sender.clone());
        forward(child.stderr.take(), sender);
        Self { shown, child, lines, said: Vec::new() }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line, from either output; `None` when it has closed both.
    ///
    /// # Panics
    /// When none comes within [`PATIENCE`].
    pub fn line(&mut self) -> Option<String> {
        self.line_within(PATIENCE)
    }

    /// Everything it has said so far.
    pub fn said_so_far(&mut self) -> &[String] {
        self.said.extend(self.lines.try_iter());
        &self.said
    }

    /// Skips to the first line that has `mark` in it.
    ///
    /// # Panics
    /// When none comes.
    pub fn line_with(&mut self, mark: &str) -> String {
        loop {
            match self.line() {
                Some(line) if line.contains(mark) => return line,
                Some(_) => {}
                None => panic!("{} ended without saying {mark:?}; it said {:#?}", self.shown, self.said),
            }
        }
    }

    /// Writes a text to its input.
    ///
    /// # Panics
    /// When it does not read.
    pub fn write(&mut self, text: &str) {
        let input = self.child.stdin.as_mut().expect("the input is still open");
        input
            .write_all(text.as_bytes())
            .unwrap_or_else(|error| panic!("{} does not read: {error}", self.shown));
    }

    /// Closes its input.
    pub fn close_input(&mut self) {
        self.child.stdin = None;
    }

    /// Ends it as `kill -9` does: it says goodbye to nobody.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to end, as Ctrl-C does.
    ///
    /// # Panics
    /// When there is no `kill` command.
    pub fn interrupt(&self) {
        let status = Command::new("kill").args(["-INT", &self.id().to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "{} cannot be interrupted", self.shown);
    }

    /// Waits until it ends, and gives what it said that was not read yet.
    ///
    /// # Panics
    /// When it does not end, or fails.
    pub fn finish(mut self) -> Vec<String> {
        self.close_input();
        let mut rest = Vec::new();
        while let Some(line) = self.line() {
            rest.push(line);
        }
        let status = self.ended();
        assert!(status.success(), "{} failed ({status}); it said {:#?}", self.shown, self.said);
        rest
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    /// When it does not.
    pub fn ended(&mut self) -> ExitStatus {
        let shown = self.shown.clone();
        eventually(&format!("{shown} ends"), || self.child.try_wait().expect("a child can be waited for"))
    }

    fn line_within(&mut self, limit: Duration) -> Option<String> {
        match self.lines.recv_timeout(limit) {
            Ok(line) => {
                self.said.push(line.clone());
                Some(line)
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                panic!("{} says nothing more for {limit:?}; it said {:#?}", self.shown, self.said)
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            let began = Instant::now();
            while let Ok(line) = self.lines.recv_timeout(Duration::from_millis(100)) {
                self.said.push(line);
                if began.elapsed() > Duration::from_secs(1) {
                    break;
                }
            }
            let last = &self.said[self.said.len().saturating_sub(40)..];
            // The test harness shows it below the failure.
            let _ = writeln!(std::io::stderr(), "{} had said: {last:#?}", self.shown);
        }
    }
}

fn forward(output: Option<impl Read + Send + Debug + 'static>, lines: Sender<String>) {
    let Some(output) = output else { return };
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while output.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
            if lines.send(text).is_err() {
                return;
            }
            line.clear();
        }
    });
}
