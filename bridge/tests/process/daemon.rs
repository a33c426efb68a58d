//! A running `lacewing`, stopped when dropped.

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Longer than anything here takes; a read that waits as long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Daemon {
    child: Child,
    pub(crate) mqtt: SocketAddr,
    pub(crate) http_port: u16,
    /// Where it speaks MQTT over TLS, if it does.
    pub(crate) mqtts_port: u16,
    /// Where it speaks HTTP over TLS, if it does.
    pub(crate) https_port: u16,
    pub(crate) token: String,
    /// What it says while it runs.
    log: Option<Lines<BufReader<ChildStderr>>>,
    /// Its data folder, unless the test has one.
    _data: Option<TempDir>,
}

impl Daemon {
    /// Starts `lacewing` on free ports with further arguments, and waits until it says where it listens.
    pub(crate) fn start(args: &[&str]) -> Self {
        let data = TempDir::new().unwrap();
        let mut daemon = Self::start_in(data.path(), args);
        daemon._data = Some(data);
        daemon
    }

    /// The same with a log that [`says`](Self::says) what is in it.
    pub(crate) fn heard(args: &[&str]) -> Self {
        let data = TempDir::new().unwrap();
        let mut daemon = Self::spawn(data.path(), args, Stdio::piped());
        daemon._data = Some(data);
        daemon
    }

    /// The same with a data folder of the test's.
    pub(crate) fn start_in(data: &Path, args: &[&str]) -> Self {
        Self::spawn(data, args, Stdio::inherit())
    }

    fn spawn(data: &Path, args: &[&str], log: Stdio) -> Self {
        let mut child = command(args)
            .args(["--mqtt", "127.0.0.1:0", "--http", "localhost:0", "--log", "warn"])
            .arg("--data")
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut after = |mark: &str| {
            let line =
                lines.find(|line| line.contains(mark)).unwrap_or_else(|| panic!("no line with {mark}"));
            line.split_once(mark).unwrap().1.split_whitespace().next().unwrap().to_owned()
        };
        let dashboard = after("http://localhost:");
        let (http_port, token) = dashboard.split_once("/#pair=").unwrap();
        let mqtt = after("mqtt://").parse().unwrap();
        let mut port = |flag: &str, mark: &str| {
            let wanted = args.contains(&flag);
            let port = wanted.then(|| after(mark).trim_end_matches("/mqtt").parse().unwrap());
            port.unwrap_or_default()
        };
        let mqtts_port = port("--mqtts", "mqtts://localhost:");
        let https_port = port("--https", "wss://localhost:");
        let http_port = http_port.parse().unwrap();
        let token = token.to_owned();
        let log = child.stderr.take().map(|log| BufReader::new(log).lines());
        Self { child, mqtt, http_port, mqtts_port, https_port, token, log, _data: None }
    }

    /// Waits for a line of the log with `words` in it.
    pub(crate) fn says(&mut self, words: &str) -> String {
        let mut log = self.log.as_mut().unwrap().map_while(Result::ok);
        log.find(|line| line.contains(words)).unwrap_or_else(|| panic!("it does not say {words:?}"))
    }

    /// The origin of its dashboard.
    pub(crate) fn origin(&self) -> String {
        format!("http://localhost:{}", self.http_port)
    }

    /// The `Host` of its dashboard.
    pub(crate) fn host(&self) -> String {
        format!("localhost:{}", self.http_port)
    }

    /// A TCP connection to the MQTT listener.
    pub(crate) fn device(&self) -> TcpStream {
        patient(TcpStream::connect(self.mqtt).unwrap())
    }

    /// A TCP connection to the HTTP listener.
    pub(crate) fn http(&self) -> TcpStream {
        patient(TcpStream::connect(("127.0.0.1", self.http_port)).unwrap())
    }

    /// Sends one request with these header lines and returns the whole answer.
    pub(crate) fn ask(&self, path: &str, headers: &[&str]) -> String {
        let mut socket = self.http();
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        write!(socket, "GET {path} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Asks it to stop, as Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        self.signal("INT");
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let status =
            Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits until it has ended.
    pub(crate) fn wait(mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "it does not end");
            std::thread::yield_now();
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary with `args`.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lacewing"));
    command.args(args);
    command
}

pub(crate) fn patient(socket: TcpStream) -> TcpStream {
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_write_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// Everything until the other end closes; a reset counts as an end.
pub(crate) fn read_to_end(socket: &mut impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    match socket.read_to_end(&mut bytes) {
        Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => panic!("no end came: {error}"),
        _ => bytes,
    }
}

/// The next `N` bytes.
pub(crate) fn read<const N: usize>(socket: &mut impl Read) -> [u8; N] {
    let mut bytes = [0; N];
    socket.read_exact(&mut bytes).unwrap();
    bytes
}
