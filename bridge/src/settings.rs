//! What the command line and the settings file say. A flag outweighs the file; the file can say more.

mod tls;

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, ensure};
use clap::{Parser, Subcommand, ValueEnum};
use lacewing_broker::Rules;
use serde::Deserialize;

use self::tls::{TlsFlags, TlsTable};

use crate::address::Address;
use crate::certificate::CertificateFlags;
use crate::image::ImageFlags;
use crate::password::PasswordFlags;
use crate::users::{self, AccessLine, UserEntry};

pub(crate) use self::tls::{Source, Tls};

/// The most bytes of a settings file.
const FILE_MAX: u64 = 1 << 20;

/// An MQTT broker that lives in a browser tab, and the bridge that brings real devices to it.
///
/// Devices connect to this program over plain MQTT; the broker itself runs in the page that it serves, or, with
/// `--broker native`, in this process.
#[derive(Debug, Parser)]
#[command(name = "lacewing", version, max_term_width = 100, args_conflicts_with_subcommands = true)]
pub(crate) struct Flags {
    #[command(subcommand)]
    errand: Option<Errand>,

    /// Where the broker lives: in the browser tab that opens the dashboard, or in this process
    ///
    /// [default: tab]
    #[arg(long, value_enum, value_name = "WHERE")]
    broker: Option<BrokerHome>,

    /// Where devices connect over TCP
    ///
    /// `localhost` means both loopback addresses, 127.0.0.1 and ::1. Port 0 takes a free port and prints it. Name an
    /// address of this machine, or 0.0.0.0, to let in devices from the network: then anyone there can join.
    ///
    /// [default: localhost:1883]
    #[arg(long, value_name = "ADDR")]
    mqtt: Option<Address>,

    /// Where the dashboard is served, and devices connect over WebSocket (/mqtt)
    ///
    /// Also /metrics for Prometheus and /healthz.
    ///
    /// [default: localhost:8830]
    #[arg(long, value_name = "ADDR")]
    http: Option<Address>,

    /// Where devices connect over TLS; needs a certificate
    ///
    /// The usual port is 8883.
    #[arg(long, value_name = "ADDR")]
    mqtts: Option<Address>,

    /// Where the dashboard is served over TLS, and devices connect over WebSocket (/mqtt); needs a certificate
    #[arg(long, value_name = "ADDR")]
    https: Option<Address>,

    #[command(flatten)]
    tls: TlsFlags,

    /// The folder that keeps the pairing token and, with --broker native, the broker's state and the simulated home
    ///
    /// With a folder named here, everything that the broker has acknowledged outlives a crash: sessions,
    /// subscriptions, messages on their way, retained messages and wills. Without, its state is in memory only.
    ///
    /// [default: the `lacewing` folder where this system keeps application data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// A TOML file that says the same as these flags and more: every limit of the broker, in its `limits` table
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The folder with the built dashboard
    #[arg(long, value_name = "DIR")]
    page: Option<PathBuf>,

    /// Runs the simulated home beside the broker in this process (with --broker native)
    ///
    /// With FILE, the home that was exported there, and changes are kept in it. Without, the one that --data keeps, or
    /// else the Lacewing house, whose changes last as long as this process.
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    home: Option<Option<PathBuf>>,

    /// Lets pages from this origin (`https://example.org`) connect as devices to /mqtt; may be repeated
    ///
    /// Programs, and the pages served here, need no permission.
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,

    /// A further name (`pi.local`) under which the dashboard may be asked for; may be repeated
    ///
    /// Requests for names that are not known are refused, so that no foreign page can reach the dashboard by pointing
    /// its own name at this machine.
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,

    /// The most connections at a time; further ones are closed at once
    ///
    /// [default: as many as the system allows open files]
    #[arg(long, value_name = "N")]
    max_connections: Option<u32>,

    /// How much is told on standard error: error, warn, info, debug or trace
    ///
    /// [default: info]
    #[arg(long, value_name = "LEVEL")]
    log: Option<String>,
}

/// What else this program does, and then ends.
#[derive(Debug, Subcommand)]
pub(crate) enum Errand {
    /// Makes certificates for TLS with an authority of your own, for development and at home
    Certificate(CertificateFlags),
    Password(PasswordFlags),
    Image(ImageFlags),
}

/// Where the broker runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BrokerHome {
    /// In the browser tab that opens the dashboard.
    Tab,
    /// In this process.
    Native,
}

/// The settings file: the flags by their names, with hyphens or underscores, the broker's limits, users and access rules.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    broker: Option<BrokerHome>,
    mqtt: Option<Address>,
    http: Option<Address>,
    mqtts: Option<Address>,
    https: Option<Address>,
    tls: TlsTable,
    data: Option<PathBuf>,
    page: Option<PathBuf>,
    home: HomeEntry,
    #[serde(alias = "allow_origin")]
    allow_origin: Vec<String>,
    #[serde(alias = "allow_host")]
    allow_host: Vec<String>,
    #[serde(alias = "max_connections")]
    max_connections: Option<u32>,
    log: Option<String>,
    limits: lacewing_broker::Config,
    anonymous: Option<bool>,
    access: Vec<AccessLine>,
    user: Vec<UserEntry>,
    listener: users::Listeners,
}

/// `home = true`, or the file that keeps it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum HomeEntry {
    Runs(bool),
    Kept(PathBuf),
}

impl Default for HomeEntry {
    fn default() -> Self {
        Self::Runs(false)
    }
}

/// Everything that is set.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Where the broker runs.
    pub(crate) broker: BrokerHome,
    /// Where devices connect.
    pub(crate) mqtt: Address,
    /// Where HTTP is served.
    pub(crate) http: Address,
    /// Where devices connect over TLS.
    pub(crate) mqtts: Option<Address>,
    /// Where HTTP is served over TLS.
    pub(crate) https: Option<Address>,
    /// What TLS is done with; there if one of its listeners is.
    pub(crate) tls: Option<Tls>,
    /// The data folder, if one was named.
    pub(crate) data: Option<PathBuf>,
    /// The built dashboard, if there is one.
    pub(crate) page: Option<PathBuf>,
    /// Whether the simulated home runs in this process.
    pub(crate) home: bool,
    /// The file of the home, if one was named.
    pub(crate) home_file: Option<PathBuf>,
    /// Foreign origins that may be devices.
    pub(crate) allow_origin: Vec<String>,
    /// Further names of this machine.
    pub(crate) allow_host: Vec<String>,
    /// The most connections at a time; `None` for as many as there can be.
    pub(crate) max_connections: Option<u32>,
    /// The log filter.
    pub(crate) log: String,
    /// The limits of a broker in this process.
    pub(crate) limits: lacewing_broker::Config,
    /// Users, and what they and everyone may do.
    pub(crate) rules: Rules,
    /// The settings file, if one was named.
    pub(crate) file: Option<PathBuf>,
}

impl Flags {
    /// What is to be done instead of listening.
    pub(crate) fn take_errand(&mut self) -> Option<Errand> {
        self.errand.take()
    }

    /// The flags over the settings file, if one is named, over the defaults.
    pub(crate) fn settings(self) -> anyhow::Result<Settings> {
        let text = self.config.as_deref().map(read).transpose()?.unwrap_or_default();
        let path = self.config.clone();
        let here = || path.map(|path| format!("the settings file {}", path.display())).unwrap_or_default();
        let (file, rules) = parse(&text).with_context(here)?;
        self.over(file, rules)
    }

    fn over(self, file: File, rules: Rules) -> anyhow::Result<Settings> {
        let limits = file.limits;
        ensure!(
            !limits.durable,
            "limits.durable: a broker in this process is durable when --data DIR names a folder"
        );
        let page = self.page.or(file.page);
        if let Some(page) = &page {
            ensure!(page.is_dir(), "the page folder {} does not exist (--page DIR)", page.display());
        }
        let allow_origin = [self.allow_origin, file.allow_origin].concat();
        for origin in &allow_origin {
            ensure!(
                origin.split_once("://").is_some_and(|(_, host)| !host.is_empty() && !host.contains('/')),
                "{origin} is not an origin: it is written like https://example.org (--allow-origin)"
            );
        }
        let broker = self.broker.or(file.broker).unwrap_or(BrokerHome::Tab);
        let (home, home_file) = match (self.home, file.home) {
            (Some(Some(path)), _) | (_, HomeEntry::Kept(path)) => (true, Some(path)),
            (flag, HomeEntry::Runs(runs)) => (runs || flag.is_some(), None),
        };
        ensure!(
            !home || broker == BrokerHome::Native,
            "--home needs --broker native: in the tab the home runs by itself"
        );
        let (mqtts, https) = (self.mqtts.or(file.mqtts), self.https.or(file.https));
        let tls = self.tls.over(file.tls, mqtts.is_some() || https.is_some())?;
        Ok(Settings {
            broker,
            mqtts,
            https,
            tls,
            mqtt: self.mqtt.or(file.mqtt).unwrap_or(Address::localhost(1883)),
            http: self.http.or(file.http).unwrap_or(Address::localhost(8830)),
            data: self.data.or(file.data),
            page,
            home,
            home_file,
            allow_origin,
            allow_host: [self.allow_host, file.allow_host].concat(),
            max_connections: self.max_connections.or(file.max_connections),
            log: self.log.or(file.log).unwrap_or_else(|| "info".to_owned()),
            limits,
            rules,
            file: self.config,
        })
    }
}

/// The rules in the settings file as it is now. The rest of it holds from the next start, but has to be right.
///
/// # Errors
/// When it cannot be read, or holds something that cannot be kept.
pub(crate) fn reload(path: &Path) -> anyhow::Result<Rules> {
    let text = read(path)?;
    let (_, rules) = parse(&text).with_context(|| format!("the settings file {}", path.display()))?;
    Ok(rules)
}

fn read(path: &Path) -> anyhow::Result<String> {
    let here = || format!("the settings file {}", path.display());
    let size = fs::metadata(path).with_context(here)?.len();
    ensure!(size <= FILE_MAX, "the settings file {} is larger than 1 MiB", path.display());
    fs::read_to_string(path).with_context(here)
}

fn parse(text: &str) -> anyhow::Result<(File, Rules)> {
    let line = |place: Range<usize>| 1 + text.bytes().take(place.start).filter(|byte| *byte == b'\n').count();
    let mut file: File = toml::from_str(text).map_err(|error| {
        // Without the line itself, as the error would show it: there may be a password in it.
        let at = error.span().map(|place| format!("line {}: ", line(place))).unwrap_or_default();
        anyhow!("{at}{}", error.message())
    })?;
    let users = std::mem::take(&mut file.user);
    let (access, listeners) = (std::mem::take(&mut file.access), std::mem::take(&mut file.listener));
    let rules = users::rules(file.anonymous, access, users, listeners, line)?;
    Ok((file, rules))
}

#[cfg(test)]
mod tests {
    use lacewing_broker::Listener;

    use super::*;

    fn settings(args: &[&str], file: &str) -> anyhow::Result<Settings> {
        let flags = Flags::try_parse_from([&["lacewing"], args].concat())?;
        let (file, rules) = parse(file)?;
        flags.over(file, rules)
    }

    #[test]
    fn a_home_may_have_a_file() {
        let native = |args: &[&str], file: &str| {
            let settings = settings(&[&["--broker", "native"], args].concat(), file).unwrap();
            (settings.home, settings.home_file)
        };
        assert_eq!(native(&[], ""), (false, None));
        assert_eq!(native(&["--home"], ""), (true, None));
        assert_eq!(native(&[], "home = true"), (true, None));
        assert_eq!(native(&["--home", "mine.json"], "home = true"), (true, Some("mine.json".into())));
        assert_eq!(native(&["--home"], "home = 'theirs.json'"), (true, Some("theirs.json".into())));
    }

    #[test]
    fn the_defaults_are_a_tab_and_this_machine_only() {
        let settings = settings(&[], "").unwrap();
        assert_eq!(settings.broker, BrokerHome::Tab);
        assert_eq!(settings.mqtt, Address::localhost(1883));
        assert_eq!(settings.http, Address::localhost(8830));
    }

    #[test]
    fn a_flag_outweighs_the_file() {
        let file = "broker = 'native'\nmqtt = 'localhost:1884'\nmax_connections = 7\nallow-origin = ['https://a.example']\n";
        let settings =
            settings(&["--mqtt", "127.0.0.1:0", "--allow-origin", "https://b.example"], file).unwrap();
        assert_eq!(settings.broker, BrokerHome::Native);
        assert_eq!(settings.mqtt.to_string(), "127.0.0.1:0");
        assert_eq!(settings.max_connections, Some(7));
        assert_eq!(settings.allow_origin, ["https://b.example", "https://a.example"]);
    }

    #[test]
    fn the_file_sets_the_limits_of_the_broker() {
        let settings = settings(&[], "[limits]\nconnect_timeout = 3\n").unwrap();
        assert_eq!(settings.limits.connect_timeout, 3);
    }

    #[test]
    fn tls_needs_a_certificate_and_a_certificate_a_listener() {
        let words = |args: &[&str], file: &str| settings(args, file).unwrap_err().to_string();
        assert!(words(&["--mqtts", "localhost:0"], "").contains("--tls-dev"));
        assert!(words(&["--https", "localhost:0", "--tls-cert", "a.pem"], "").contains("--tls-key FILE"));
        assert!(words(&["--tls-dev"], "").contains("add --mqtts localhost:8883"));
        assert!(words(&["--tls-client-ca", "ca.pem"], "").contains("needs --mqtts"));
        assert!(settings(&["--mqtts", "localhost:0", "--tls-dev", "--tls-cert", "a.pem"], "").is_err());
    }

    #[test]
    fn the_file_says_whether_a_client_certificate_is_required() {
        let table = "[tls]\ncertificate = 'a.pem'\nkey = 'a.key'\nclient-ca = 'ca.pem'\n";
        let tls = |file: &str| settings(&["--mqtts", "localhost:0"], file).unwrap().tls.unwrap();
        let files = Source::Files { certificate: "a.pem".into(), key: "a.key".into() };
        assert_eq!(
            tls(table),
            Tls { source: files, client_ca: Some("ca.pem".into()), client_required: true }
        );
        let offered = format!("{table}require-client-certificate = false\n");
        assert!(!tls(&offered).client_required);
        let instead = settings(&["--https", "localhost:0", "--tls-dev"], table).unwrap().tls.unwrap();
        assert_eq!(instead.source, Source::Development);
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        assert!(settings(&[], "colour = 'green'").is_err());
        assert!(settings(&[], "mqtt = '1883'").is_err());
        assert!(settings(&[], "[limits]\ndurable = true").is_err());
        assert!(settings(&["--allow-origin", "example.org"], "").is_err());
        assert!(settings(&["--page", "/no/such/folder"], "").is_err());
    }

    const PENCIL: &str =
        "$argon2id$v=19$m=8,t=1,p=1$AQEBAQEBAQEBAQEBAQEBAQ$2vEyF5weWleEp5h7PY7aLi9Uo2VN9IQqwN4iQu3m4cw";

    #[test]
    fn the_file_names_users_and_what_they_may_do() {
        let file = format!(
            r##"
                access = ["deny publish $SYS/#"]

                [[user]]
                name = "ada"
                password = "{PENCIL}"
                access = ["allow publish lab/%u/#", "allow subscribe lab/#", "deny #"]
                maximum-qos = 1

                [listener.ws]
                anonymous = true
                retain-available = false
            "##
        );
        let rules = settings(&[], &file).unwrap().rules;
        assert!(!rules.anonymous, "with users, a name is asked for");
        let ada = rules.user("ada").unwrap();
        assert_eq!((ada.access.len(), ada.terms.maximum_qos), (3, Some(1)));
        assert_eq!(rules.access.len(), 1);
        let [websocket] = &rules.listeners[..] else { panic!("one listener") };
        assert_eq!((websocket.listener, websocket.anonymous), (Listener::WebSocket, Some(true)));
        assert_eq!(websocket.terms.retain_available, Some(false));
        assert!(settings(&[], "").unwrap().rules.anonymous, "without users, nobody is asked");
        assert!(!settings(&[], "anonymous = false").unwrap().rules.anonymous);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_without_secrets() {
        let error = |file: &str| format!("{:#}", settings(&[], file).unwrap_err());
        let plain = error("[[user]]\nname = 'ada'\npassword = 'pencil'\n");
        assert!(plain.starts_with("line 3: the password cannot be used"), "{plain}");
        assert!(!plain.contains("pencil"), "{plain}");
        let unknown = error("[[user]]\nname = 'ada'\npasswort = 'pencil'\n");
        assert!(unknown.starts_with("line 3: unknown field `passwort`"), "{unknown}");
        assert!(!unknown.contains("pencil"), "{unknown}");
        let twice = error("[[user]]\nname = 'ada'\n\n[[user]]\nname = 'ada'\n");
        assert_eq!(twice, "line 5: there is another user \"ada\" above");
        let rule = error("access = [\n  'allow home/#',\n  'forbid home/#',\n]");
        assert!(rule.starts_with("line 3: "), "{rule}");
        let many = error(&format!("access = [{}]", "'deny a',".repeat(10_000)));
        assert!(many.contains("10001 access rules are more than 10000"), "{many}");
        assert!(error("[listener.smoke]\nanonymous = true\n").starts_with("line 1: "));
        assert!(error("[[user]]\nname = 'ada'\nmaximum-qos = 3\n").starts_with("line 3: there is no QoS 3"));
    }
}
