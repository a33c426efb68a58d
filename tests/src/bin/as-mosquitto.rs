//! Lacewing under mosquitto's command line: `as-mosquitto -p PORT` or `as-mosquitto -c FILE`. mosquitto's own test suite
//! starts its broker so (`cargo xtask interop`).
//!
//! What the suite says in mosquitto's settings is said again in Lacewing's, in a folder of the current one; an option
//! that has no counterpart ends the program with a word about it, so that no test passes by being misunderstood.
//! `LACEWING_BIN` is the `lacewing` that this process then becomes.

#![allow(clippy::print_stderr, reason = "it talks to the suite's log")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs, io};

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let error = match Wish::read(&args) {
        Ok(wish) => become_lacewing(&wish).to_string(),
        Err(error) => error,
    };
    eprintln!("as-mosquitto: {error}");
    ExitCode::FAILURE
}

/// What mosquitto was asked for.
#[derive(Debug)]
struct Wish {
    port: u16,
    limits: Vec<(&'static str, u32)>,
    connections: Option<u32>,
}

impl Wish {
    fn read(args: &[String]) -> Result<Self, String> {
        let mut wish = Self { port: 0, limits: suite_expects(), connections: None };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "-v" => {}
                "-p" => wish.port = number(args.next())?,
                "-c" => wish.read_file(Path::new(args.next().ok_or("-c names a file")?))?,
                other => return Err(format!("{other} is not understood")),
            }
        }
        if wish.port == 0 { Err("no port is named".to_owned()) } else { Ok(wish) }
    }

    fn read_file(&mut self, file: &Path) -> Result<(), String> {
        let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (option, value) = line.split_once(' ').unwrap_or((line, ""));
            self.set(option, value.trim()).map_err(|error| format!("{}: {line}: {error}", file.display()))?;
        }
        Ok(())
    }

    fn set(&mut self, option: &str, value: &str) -> Result<(), String> {
        match option {
            "port" | "listener" if self.port == 0 => self.port = number(Some(value))?,
            "port" | "listener" => return Err("Lacewing listens for plain MQTT once".to_owned()),
            "allow_anonymous" if value == "true" => {}
            "max_connections" => self.connections = Some(number(Some(value))?),
            "max_inflight_messages" => {
                // mosquitto says this number to clients as Receive Maximum as well.
                self.limit("inflight", value)?;
                self.limit("receive_maximum", value)?;
            }
            "max_queued_messages" => self.limit("queue_messages", value)?,
            "max_queued_bytes" => self.limit("queue_bytes", value)?,
            "max_packet_size" => self.limit("maximum_packet_size", value)?,
            "max_keepalive" => self.limit("keep_alive_maximum", value)?,
            // About what is not in question: bytes in flight, a file, a log, how often `$SYS` speaks.
            "max_inflight_bytes"
            | "persistence"
            | "persistence_file"
            | "log_type"
            | "sys_interval"
            | "per_listener_settings" => {}
            _ => return Err("it has no counterpart".to_owned()),
        }
        Ok(())
    }

    fn limit(&mut self, limit: &'static str, value: &str) -> Result<(), String> {
        let value = number(Some(value))?;
        self.limits.retain(|(set, _)| *set != limit);
        self.limits.push((limit, value));
        Ok(())
    }

    /// The settings file that says it.
    fn settings(&self) -> String {
        let mut text = "broker = 'native'\nlog = 'warn'\n".to_owned();
        if let Some(connections) = self.connections {
            let _ = writeln!(text, "max-connections = {connections}");
        }
        let _ = writeln!(text, "[limits]");
        for (limit, value) in &self.limits {
            let _ = writeln!(text, "{limit} = {value}");
        }
        text
    }
}

/// mosquitto's defaults as far as they show in a CONNACK, which the suite compares byte by byte.
fn suite_expects() -> Vec<(&'static str, u32)> {
    vec![
        ("receive_maximum", 20),
        ("inflight", 20),
        ("topic_alias_maximum", 10),
        ("maximum_packet_size", 268_435_460),
        ("client_id_length", 65_535),
        // mosquitto's own limit.
        ("topic_levels", 201),
    ]
}

fn number<N: std::str::FromStr>(value: Option<impl AsRef<str>>) -> Result<N, String> {
    value.and_then(|value| value.as_ref().parse().ok()).ok_or_else(|| "a number is due".to_owned())
}

/// Goes on as `lacewing`: the suite ends the process it has started, and that has to be the broker. Returns only when it fails.
fn become_lacewing(wish: &Wish) -> io::Error {
    let folder = PathBuf::from(format!("lacewing-{}", wish.port));
    let settings = folder.join("settings.toml");
    if let Err(error) = fs::create_dir_all(&folder).and_then(|()| fs::write(&settings, wish.settings())) {
        return error;
    }
    let Some(lacewing) = env::var_os("LACEWING_BIN") else {
        return io::Error::other("LACEWING_BIN does not say which lacewing");
    };
    let mut command = Command::new(lacewing);
    command.arg("--config").arg(settings).arg("--data").arg(folder);
    command.args(["--http", "localhost:0", "--mqtt", &format!("localhost:{}", wish.port)]);
    replace_by(&mut command)
}

#[cfg(unix)]
fn replace_by(command: &mut Command) -> io::Error {
    std::os::unix::process::CommandExt::exec(command)
}

#[cfg(not(unix))]
fn replace_by(_: &mut Command) -> io::Error {
    io::Error::other("the suite runs on Unix")
}
