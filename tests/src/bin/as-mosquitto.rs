//! Lacewing under mosquitto's command line: `as-mosquitto -p PORT` or `as-mosquitto -c FILE`. mosquitto's own test suite
//! starts its broker so (`cargo xtask interop`).
//!
//! What the suite says in mosquitto's settings is said again in Lacewing's, in a folder of the current one; an option
//! that has no counterpart ends the program with a word about it, so that no test passes by being misunderstood.
//! `LACEWING_BIN` is the `lacewing` that this process then becomes.

#![allow(clippy::print_stderr, reason = "it talks to the suite's log")]

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
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
    /// Ports for plain MQTT and for TLS, as far as they are named.
    port: Option<u16>,
    tls: Option<(u16, Tls)>,
    limits: Vec<(&'static str, u32)>,
    connections: Option<u32>,
    anonymous: bool,
    /// Where the state outlives the process, if it is to.
    kept: Option<PathBuf>,
    users: Vec<String>,
    /// `maximum-qos` and `retain-available`.
    terms: Vec<(&'static str, String)>,
}

/// What the TLS listener does its handshakes with.
#[derive(Debug, Default)]
struct Tls {
    authority: String,
    certificate: String,
    key: String,
    asks_clients: bool,
    needs_certificate: bool,
}

/// The password of every user in the suite's password files, which hold hashes of mosquitto's own form.
const PASSWORD: &str = "password";

impl Wish {
    fn read(args: &[String]) -> Result<Self, String> {
        let mut wish = Self {
            port: None,
            tls: None,
            limits: suite_expects(),
            connections: None,
            // With a port alone; in a file it has to be said.
            anonymous: true,
            kept: None,
            users: Vec::new(),
            terms: Vec::new(),
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "-v" => {}
                "-p" => wish.port = Some(number(args.next())?),
                "-c" => {
                    wish.anonymous = false;
                    wish.read_file(Path::new(args.next().ok_or("-c names a file")?))?;
                }
                other => return Err(format!("{other} is not understood")),
            }
        }
        if wish.port.is_none() && wish.tls.is_none() { Err("no port is named".to_owned()) } else { Ok(wish) }
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
            "port" | "listener" if self.port.is_none() => self.port = Some(number(Some(value))?),
            // The suite's second listeners are for TLS.
            "listener" if self.tls.is_none() => self.tls = Some((number(Some(value))?, Tls::default())),
            "cafile" => self.tls()?.authority = value.to_owned(),
            "certfile" => self.tls()?.certificate = value.to_owned(),
            "keyfile" => self.tls()?.key = value.to_owned(),
            "require_certificate" => {
                self.tls()?.needs_certificate = value == "true";
                self.tls()?.asks_clients = true;
            }
            "use_identity_as_username" => self.tls()?.asks_clients = true,
            "allow_anonymous" => self.anonymous = value == "true",
            "password_file" => self.users = users(Path::new(value))?,
            "maximum_qos" => self.terms.push(("maximum-qos", value.to_owned())),
            "retain_available" => self.terms.push(("retain-available", value.to_owned())),
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
            "persistence_file" => self.kept = Some(PathBuf::from(value)),
            // Always said beside the file.
            "persistence" => {}
            // About what is not in question: bytes in flight, a log, how often `$SYS` speaks.
            "max_inflight_bytes" | "log_type" | "sys_interval" | "per_listener_settings" => {}
            _ => return Err("it has no counterpart".to_owned()),
        }
        Ok(())
    }

    fn tls(&mut self) -> Result<&mut Tls, String> {
        let (_, tls) = self.tls.as_mut().ok_or("it belongs to a second listener")?;
        Ok(tls)
    }

    fn limit(&mut self, limit: &'static str, value: &str) -> Result<(), String> {
        let value = number(Some(value))?;
        self.limits.retain(|(set, _)| *set != limit);
        self.limits.push((limit, value));
        Ok(())
    }

    /// The settings file that says it, with the certificate in the file `chain`.
    fn settings(&self, chain: &Path) -> String {
        let mut text = format!("broker = 'native'\nlog = 'warn'\nanonymous = {}\n", self.anonymous);
        if let Some(connections) = self.connections {
            let _ = writeln!(text, "max-connections = {connections}");
        }
        if let Some((port, tls)) = &self.tls {
            let Tls { authority, key, asks_clients, needs_certificate, .. } = tls;
            let chain = chain.display();
            let _ =
                writeln!(text, "mqtts = 'localhost:{port}'\n[tls]\ncertificate = '{chain}'\nkey = '{key}'");
            if *asks_clients {
                let _ = writeln!(
                    text,
                    "client-ca = '{authority}'\nrequire-client-certificate = {needs_certificate}"
                );
            }
        }
        for user in &self.users {
            text.push_str(user);
        }
        if !self.terms.is_empty() {
            let _ = writeln!(text, "[listener.mqtt]");
        }
        for (term, value) in &self.terms {
            let _ = writeln!(text, "{term} = {value}");
        }
        let _ = writeln!(text, "[limits]");
        for (limit, value) in &self.limits {
            let _ = writeln!(text, "{limit} = {value}");
        }
        text
    }
}

/// The `[[user]]` tables for those whom a password file of mosquitto names.
fn users(file: &Path) -> Result<Vec<String>, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let names = text.lines().filter_map(|line| Some(line.split_once(':')?.0));
    names.map(|name| user(name).map_err(|error| format!("the lines for {name}: {error}"))).collect()
}

fn user(name: &str) -> io::Result<String> {
    let mut command = Command::new(lacewing()?);
    let mut child = command.args(["password", name]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        writeln!(input, "{PASSWORD}")?;
    }
    let output = child.wait_with_output()?;
    String::from_utf8(output.stdout).map_err(io::Error::other)
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
    match prepare(wish) {
        Ok(mut command) => replace_by(&mut command),
        Err(error) => error,
    }
}

/// Writes the settings into a folder, and gives the command that reads them.
fn prepare(wish: &Wish) -> io::Result<Command> {
    let port = wish.port.or(wish.tls.as_ref().map(|(port, _)| *port)).unwrap_or_default();
    let folder = PathBuf::from(format!("lacewing-{port}"));
    fs::create_dir_all(&folder)?;
    let chain = folder.join("chain.pem");
    if let Some((_, tls)) = &wish.tls {
        // mosquitto finds the authorities between a certificate and the root by itself; Lacewing shows what is in the file.
        fs::write(&chain, fs::read_to_string(&tls.certificate)? + &fs::read_to_string(&tls.authority)?)?;
    }
    let settings = folder.join("settings.toml");
    fs::write(&settings, wish.settings(&chain))?;
    let mut command = Command::new(lacewing()?);
    command.arg("--config").arg(settings);
    match &wish.kept {
        Some(file) => command.arg("--data").arg(keep(file, folder.join("kept"))?),
        // A folder that is named would keep the broker's state as well.
        None => command.env("XDG_DATA_HOME", fs::canonicalize(folder)?),
    };
    let mqtt = format!("localhost:{}", wish.port.unwrap_or_default());
    command.args(["--http", "localhost:0", "--mqtt", &mqtt]);
    Ok(command)
}

/// The data `folder`, empty if mosquitto would not find its `file` either: a test that begins or ends removes that.
fn keep(file: &Path, folder: PathBuf) -> io::Result<PathBuf> {
    if !file.exists() {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::write(file, "Lacewing keeps its state in a folder of its own.")?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn lacewing() -> io::Result<OsString> {
    env::var_os("LACEWING_BIN").ok_or_else(|| io::Error::other("LACEWING_BIN does not say which lacewing"))
}

#[cfg(unix)]
fn replace_by(command: &mut Command) -> io::Error {
    std::os::unix::process::CommandExt::exec(command)
}

#[cfg(not(unix))]
fn replace_by(_: &mut Command) -> io::Error {
    io::Error::other("the suite runs on Unix")
}
