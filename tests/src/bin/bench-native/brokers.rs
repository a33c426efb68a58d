//! The brokers, each set up for speed: in memory, without logs, without limits that would drop or refuse.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use lacewing_tests::lacewing::{BrokerHome, Lacewing};
use lacewing_tests::load::{Transport, Trust};
use lacewing_tests::program::Program;
use lacewing_tests::tools;
use tempfile::TempDir;

use crate::cases::{Case, Way, Work};

/// How long a broker may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broker {
    Lacewing,
    Mosquitto,
    Rumqttd,
}

impl Broker {
    /// What it calls itself.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lacewing => "Lacewing",
            Self::Mosquitto => "mosquitto",
            Self::Rumqttd => "rumqttd",
        }
    }
}

/// The programs that are there.
pub(crate) struct Cast {
    programs: Vec<(Broker, PathBuf)>,
    /// A certificate for those who do not make one themselves.
    certificates: TempDir,
}

impl Cast {
    /// Looks for everyone but those who are not wanted.
    pub(crate) fn gather(without: &[String]) -> Self {
        let certificates = TempDir::new().expect("a temporary folder");
        let made = Command::new(tools::lacewing()).arg("certificate").arg(certificates.path()).output();
        assert!(made.is_ok_and(|made| made.status.success()), "lacewing makes certificates");
        let mut programs = vec![(Broker::Lacewing, tools::lacewing().to_owned())];
        let others = [
            (
                Broker::Mosquitto,
                "MOSQUITTO",
                &["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto"][..],
            ),
            (Broker::Rumqttd, "RUMQTTD", &[][..]),
        ];
        for (broker, variable, places) in others {
            let named = std::env::var_os(variable).map(PathBuf::from);
            let found = named.or_else(|| places.iter().map(PathBuf::from).find(|file| file.is_file()));
            let wanted = !without.iter().any(|name| name == broker.name());
            programs.extend(found.filter(|_| wanted).map(|file| (broker, file)));
        }
        Self { programs, certificates }
    }

    /// Who takes part in a case.
    pub(crate) fn brokers(&self, case: &Case) -> impl Iterator<Item = Broker> {
        // Nobody else waits for the disk before it acknowledges.
        let alone = matches!(case.work, Work::Keep(_));
        self.programs
            .iter()
            .map(|(broker, _)| *broker)
            .filter(move |broker| !alone || *broker == Broker::Lacewing)
    }

    /// The version that each says it is.
    pub(crate) fn versions(&self) -> Vec<String> {
        self.programs
            .iter()
            .map(|(broker, file)| format!("{} {}", broker.name(), version(*broker, file)))
            .collect()
    }

    /// Starts a broker and waits until it listens.
    ///
    /// # Errors
    /// It does not.
    pub(crate) fn start(&self, broker: Broker, case: &Case) -> Result<Running, String> {
        match broker {
            Broker::Lacewing => lacewing(case),
            Broker::Mosquitto | Broker::Rumqttd => self.other(broker, case.way),
        }
    }

    fn other(&self, broker: Broker, way: Way) -> Result<Running, String> {
        let in_words = |error: std::io::Error| error.to_string();
        let (_, file) = self.programs.iter().find(|(other, _)| *other == broker).ok_or("it is not there")?;
        let folder = TempDir::new().map_err(in_words)?;
        let port = free_port().map_err(in_words)?;
        let certificates = self.certificates.path();
        let settings = folder.path().join("settings.toml");
        let text = match broker {
            Broker::Rumqttd => rumqttd(port, way, certificates),
            _ => mosquitto(port, free_port().map_err(in_words)?, way, certificates),
        };
        fs::write(&settings, text).map_err(in_words)?;
        let mut program = Program::start(Command::new(file).arg("-c").arg(&settings));
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if began.elapsed() > PATIENCE {
                return Err(format!("it does not start: {}", program.said_so_far().join("; ")));
            }
            thread::sleep(Duration::from_millis(20));
        }
        let transport = match way {
            Way::Tcp => Transport::Tcp,
            Way::WebSocket => Transport::WebSocket,
            Way::Tls => Transport::Tls(Trust::in_authority(&certificates.join("ca.pem")).map_err(in_words)?),
        };
        Ok(Running { process: program.id(), port, transport, held: Held::Other(program, folder) })
    }
}

/// A broker that runs, and how to reach it.
pub(crate) struct Running {
    pub(crate) process: u32,
    pub(crate) port: u16,
    pub(crate) transport: Transport,
    held: Held,
}

/// What has to stay for it to run.
#[expect(dead_code, reason = "what is held is held for its end")]
enum Held {
    Lacewing(Lacewing),
    Other(Program, TempDir),
}

impl Running {
    /// The Lacewing, if it is one.
    pub(crate) fn lacewing(&self) -> Option<&Lacewing> {
        match &self.held {
            Held::Lacewing(lacewing) => Some(lacewing),
            Held::Other(..) => None,
        }
    }
}

fn lacewing(case: &Case) -> Result<Running, String> {
    let args = ["--log", "warn"];
    let lacewing = match (&case.work, case.way) {
        (Work::Keep(_), _) => Lacewing::start_durable_with(&args),
        (_, Way::Tls) => Lacewing::start_with_tls(BrokerHome::Native),
        _ => Lacewing::start_with(BrokerHome::Native, &args),
    };
    let (port, transport) = match (case.way, &lacewing.tls) {
        (Way::WebSocket, _) => (lacewing.http_port, Transport::WebSocket),
        (Way::Tls, Some(tls)) => {
            let trust = Trust::in_authority(&tls.ca).map_err(|error| error.to_string())?;
            (tls.mqtts_port, Transport::Tls(trust))
        }
        _ => (lacewing.mqtt_port, Transport::Tcp),
    };
    Ok(Running { process: lacewing.id(), port, transport, held: Held::Lacewing(lacewing) })
}

fn mosquitto(port: u16, other_port: u16, way: Way, certificates: &Path) -> String {
    let of_way = match way {
        Way::Tcp => String::new(),
        // 2.0.11 does not start with nothing but WebSockets.
        Way::WebSocket => format!("protocol websockets\nlistener {other_port} 127.0.0.1\n"),
        Way::Tls => {
            let file = |name| certificates.join(name).display().to_string();
            format!("certfile {}\nkeyfile {}\n", file("server.pem"), file("server.key"))
        }
    };
    // As root it would become somebody else, who may not read the key.
    format!(
        "listener {port} 127.0.0.1\n{of_way}allow_anonymous true\nuser root\npersistence false\nlog_type none\nset_tcp_nodelay true\n\
         max_inflight_messages 0\nmax_queued_messages 0\n"
    )
}

fn rumqttd(port: u16, way: Way, certificates: &Path) -> String {
    let kind = if way == Way::WebSocket { "ws" } else { "v4" };
    let tls = match way {
        Way::Tls => {
            let file = |name| certificates.join(name).display().to_string();
            format!(
                "[{kind}.1.tls]\ncertpath = \"{}\"\nkeypath = \"{}\"\n",
                file("server.pem"),
                file("server.key")
            )
        }
        _ => String::new(),
    };
    format!(
        "id = 0\n[router]\nid = 0\nmax_connections = 20010\nmax_outgoing_packet_count = 200\n\
         max_segment_size = 104857600\nmax_segment_count = 10\n\
         [{kind}.1]\nname = \"bench\"\nlisten = \"127.0.0.1:{port}\"\nnext_connection_delay_ms = 0\n{tls}\
         [{kind}.1.connections]\nconnection_timeout_ms = 60000\nmax_payload_size = 20480\nmax_inflight_count = 100\n\
         dynamic_filters = true\n"
    )
}

/// They take no port 0; the port that was free a moment ago is free still.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The first word that begins with a digit in what a program says of itself.
fn version(broker: Broker, file: &Path) -> String {
    let flag = if broker == Broker::Mosquitto { "-h" } else { "--version" };
    let said = Command::new(file).arg(flag).output();
    let said = said.map(|said| String::from_utf8_lossy(&said.stdout).into_owned()).unwrap_or_default();
    let is_version =
        |word: &&str| word.starts_with(|letter: char| letter.is_ascii_digit()) && word.contains('.');
    said.split_whitespace().find(is_version).unwrap_or("of an unknown version").to_owned()
}
