//! A running `lacewing`.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::patience::PATIENCE;
use crate::program::Program;
#[cfg(target_os = "linux")]
use crate::small_disk::SmallDisk;
use crate::tools;

/// Where its broker lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrokerHome {
    /// In its own process.
    Native,
    /// In the tab that holds its page.
    Tab,
}

/// A `lacewing` on free ports with a data folder of its own.
#[derive(Debug)]
pub struct Lacewing {
    program: Program,
    home: BrokerHome,
    args: Vec<String>,
    keeps: bool,
    data: TempDir,
    /// Where devices connect over TCP.
    pub mqtt_port: u16,
    /// Where it serves HTTP and WebSockets.
    pub http_port: u16,
    /// What pairs a page with it.
    pub token: String,
    /// Where it speaks TLS, if it does.
    pub tls: Option<Tls>,
}

/// Where a `lacewing` speaks TLS.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Where devices connect over TCP.
    pub mqtts_port: u16,
    /// Where it serves HTTP and WebSockets.
    pub https_port: u16,
    /// The certificate of the authority that vouches for it.
    pub ca: PathBuf,
}

/// What makes it speak TLS as well.
const WITH_TLS: [&str; 5] = ["--mqtts", "localhost:0", "--https", "localhost:0", "--tls-dev"];

impl Lacewing {
    /// Starts it and waits until it says where it listens.
    ///
    /// # Panics
    /// When it does not.
    pub fn start(home: BrokerHome) -> Self {
        Self::start_with(home, &[])
    }

    /// The same with further arguments.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_with(home: BrokerHome, args: &[&str]) -> Self {
        Self::start_in(home, args, false)
    }

    /// Starts one whose broker is in its own process and keeps its state in a folder.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_durable() -> Self {
        Self::start_durable_with(&[])
    }

    /// The same with further arguments.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_durable_with(args: &[&str]) -> Self {
        Self::start_in(BrokerHome::Native, args, true)
    }

    /// The same in a folder on a disk that may be full.
    ///
    /// # Panics
    /// When it does not start.
    #[cfg(target_os = "linux")]
    pub fn start_durable_on(disk: &SmallDisk) -> Self {
        Self::start_at(TempDir::new_in(disk.path()), BrokerHome::Native, &[], true)
    }

    fn start_in(home: BrokerHome, args: &[&str], keeps: bool) -> Self {
        Self::start_at(TempDir::new(), home, args, keeps)
    }

    fn start_at(folder: io::Result<TempDir>, home: BrokerHome, args: &[&str], keeps: bool) -> Self {
        let data = folder.expect("a temporary folder");
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let (program, spoken) = run(home, &args, keeps, data.path(), 0, 0);
        let Spoken { mqtt_port, http_port, token } = spoken;
        Self { program, home, args, keeps, data, mqtt_port, http_port, token, tls: None }
    }

    /// The same with a certificate for development and listeners for TLS.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_with_tls(home: BrokerHome) -> Self {
        let mut lacewing = Self::start_with(home, &WITH_TLS);
        let mut port = |scheme: &str| -> u16 {
            let place = word_after(&lacewing.program.line_with(scheme), &format!("{scheme}localhost:"));
            place.trim_end_matches("/mqtt").parse().expect("a port")
        };
        let (mqtts_port, https_port) = (port("mqtts://"), port("wss://"));
        lacewing.tls = Some(Tls { mqtts_port, https_port, ca: lacewing.folder().join("tls/ca.pem") });
        lacewing
    }

    /// Kills it and starts it again: same ports, same data.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&mut self) {
        self.program.kill();
        let (mqtt, http) = (self.mqtt_port, self.http_port);
        let (program, spoken) = run(self.home, &self.args, self.keeps, self.data.path(), mqtt, http);
        self.program = program;
        assert_eq!(spoken.token, self.token, "the pairing token outlives a restart");
    }

    /// Where it keeps what it keeps.
    pub fn folder(&self) -> PathBuf {
        let data = self.data.path();
        if self.home == BrokerHome::Native && !self.keeps { data.join("lacewing") } else { data.to_owned() }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.program.id()
    }

    /// The program itself.
    pub fn program(&mut self) -> &mut Program {
        &mut self.program
    }

    /// The origin of its page.
    pub fn origin(&self) -> String {
        format!("http://localhost:{}", self.http_port)
    }

    /// The address that it prints for a person to open.
    pub fn page(&self) -> String {
        format!("{}/#pair={}", self.origin(), self.token)
    }

    /// Where devices connect over WebSocket.
    pub fn websocket(&self) -> String {
        format!("ws://localhost:{}/mqtt", self.http_port)
    }

    /// Asks for `path` with these header lines alone, and gives the whole answer.
    ///
    /// # Panics
    /// When there is none.
    pub fn ask(&self, path: &str, headers: &[&str]) -> String {
        let mut socket = TcpStream::connect(("127.0.0.1", self.http_port)).expect("it listens");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        write!(socket, "GET {path} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n").expect("it reads");
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).expect("it answers");
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// What it prints when everything listens.
struct Spoken {
    mqtt_port: u16,
    http_port: u16,
    token: String,
}

fn run(
    home: BrokerHome,
    args: &[String],
    keeps: bool,
    data: &Path,
    mqtt: u16,
    http: u16,
) -> (Program, Spoken) {
    // Some systems end a program whose disk is full in this way; where that is tried, it has to be told.
    #[cfg(target_os = "linux")]
    let mut command =
        if keeps { SmallDisk::start(tools::lacewing()) } else { Command::new(tools::lacewing()) };
    #[cfg(not(target_os = "linux"))]
    let mut command = Command::new(tools::lacewing());
    command.args(["--mqtt", &format!("localhost:{mqtt}"), "--http", &format!("localhost:{http}")]);
    if home == BrokerHome::Native && !keeps {
        // A folder that is named would keep the broker's state.
        command.env("XDG_DATA_HOME", data).env("HOME", data);
    } else {
        command.arg("--data").arg(data);
    }
    command.args(args);
    match home {
        BrokerHome::Native => command.args(["--broker", "native"]),
        BrokerHome::Tab => command.args(["--broker", "tab"]).arg("--page").arg(tools::page()),
    };
    let mut program = Program::start(&mut command);
    let dashboard = word_after(&program.line_with("/#pair="), "http://localhost:");
    let (http_port, token) = dashboard.split_once("/#pair=").expect("the line has a token");
    let mqtt_port = word_after(&program.line_with("mqtt://"), "mqtt://localhost:");
    let spoken = Spoken {
        mqtt_port: mqtt_port.parse().expect("a port"),
        http_port: http_port.parse().expect("a port"),
        token: token.to_owned(),
    };
    (program, spoken)
}

fn word_after(line: &str, mark: &str) -> String {
    let (_, after) = line.split_once(mark).unwrap_or_else(|| panic!("no {mark} in {line:?}"));
    after.split_whitespace().next().unwrap_or_default().to_owned()
}
