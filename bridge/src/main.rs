//! The `lacewing` command: the bridge between real devices and the broker in a browser tab, or a native broker.
//!
//! Two threads. The [`reactor`] owns every device's socket and the [`hub`] behind them: the broker itself, or the relay
//! to the tab. The [`web`] side speaks HTTP and hands each socket that became a WebSocket to the reactor.

mod address;
mod banner;
mod certificate;
mod clock;
mod descriptors;
mod hasher;
mod home_file;
mod hub;
mod image;
mod invitation;
mod listen;
mod occupant;
mod password;
mod reactor;
mod reload;
mod settings;
mod stop;
mod store;
mod tls;
mod token;
mod users;
mod web;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use anyhow::{Context, anyhow};
use clap::Parser;
use lacewing_broker::{Broker, Config};
use lacewing_control::Addresses;
use tokio::sync::oneshot;
use tokio::task::LocalSet;
use tracing::{info, warn};
use tracing_subscriber::EnvFilter;

use crate::banner::{Banner, Secured};
use crate::clock::Clock;
use crate::hasher::Hasher;
use crate::home_file::Kept;
use crate::hub::{Clerk, Doorkeeper, Dwelling, NativeHub, Operators, RelayHub};
use crate::invitation::Reachable;
use crate::listen::Bound;
use crate::reactor::{Listeners, Order, Orders, Reactor};
use crate::reload::{Reloads, Sources};
use crate::settings::{BrokerHome, Errand, Flags, Settings};
use crate::store::{Folder, Keeper};
use crate::token::Token;
use crate::web::{Entrance, Gate, Scheme, Site};

/// Where devices try by themselves.
const USUAL_PORT: u16 = 1883;

/// Comes when the reactor has started, or cannot.
type Started = oneshot::Receiver<std::io::Result<Orders>>;

fn main() -> ExitCode {
    lacewing_heap::prepare();
    let mut flags = Flags::parse();
    let done = match flags.take_errand() {
        Some(Errand::Certificate(flags)) => certificate::make(&flags),
        Some(Errand::Password(flags)) => password::run(&flags),
        Some(Errand::Image(flags)) => start_log("info").and_then(|()| image::run(&flags)),
        None => flags.settings().and_then(|settings| run(&settings)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not through the log, which a level may silence.
            let _ = writeln!(std::io::stderr(), "lacewing: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(settings: &Settings) -> anyhow::Result<()> {
    start_log(&settings.log)?;
    let data = data_folder(settings)?;
    let token = Token::load_or_create(&data)?;
    let certificates = tls::certificates(settings, &data)?.map(Arc::new);
    let home = kept_home(settings)?;
    let room = descriptors::raise_limit();
    if let Some(wanted) = settings.max_connections.filter(|wanted| *wanted > room) {
        warn!("{wanted} connections are wanted, but the system allows open files for {room} only");
    }

    let mqtt = listen::bind(settings.mqtt, "--mqtt")?;
    let http = listen::bind(settings.http, "--http")?;
    let mqtts = settings.mqtts.map(|address| listen::bind(address, "--mqtts")).transpose()?;
    let https = settings.https.map(|address| listen::bind(address, "--https")).transpose()?;
    let hosts = certificates.as_ref().map(|certificates| certificates.names()).unwrap_or_default();
    let gate = |scheme, address| Gate::new(scheme, address, &settings.allow_host, &settings.allow_origin);
    let plain_gate = gate(Scheme::Http, http.address);
    let secure_gate = https.as_ref().map(|https| gate(Scheme::Https, https.address).certified(&hosts));
    let reachable = Reachable {
        mqtt: mqtt.address,
        http: http.address,
        mqtts: mqtts.as_ref().map(|bound| bound.address),
        https: https.as_ref().map(|bound| bound.address),
        hosts: &hosts,
    };
    let banner = Banner {
        broker: settings.broker,
        kept_in: settings.data.as_deref(),
        reachable: &reachable,
        bound: &mqtt.listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect::<Vec<_>>(),
        home: &plain_gate.home(),
        secured: certificates.as_deref().map(|certificates| Secured {
            home: secure_gate.as_ref().map(Gate::home),
            certificate: certificates.description(),
            advice: certificates.advice(),
            clients_proven: certificates.client_required(),
        }),
        users: users::are_needed(&settings.rules),
        token: &token,
    }
    .text();

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Whoever has read the banner may press Ctrl-C, and it ends the program well.
    let (mut signals, hangup) = {
        let _inside = runtime.enter();
        let wanted = certificates.is_some() || settings.file.is_some();
        (stop::Signals::listen()?, stop::Hangup::listen(wanted)?)
    };
    let elsewhere = (reachable.mqtt.port != USUAL_PORT).then(|| occupant::of_port(USUAL_PORT)).flatten();
    let usual_port = elsewhere.map(|occupant| occupant.to_string());
    let addresses = Addresses { usual_port, ..reachable.addresses() };
    let listeners = Listeners {
        plain: mqtt.listeners,
        secure: mqtts.map(|bound| bound.listeners).unwrap_or_default(),
        certificates: certificates.clone(),
    };
    let (reloads, wishes) = Reloads::channel();
    let folder = kept_in(settings)?;
    if let Some(folder) = &folder {
        folder.tell(&plain_gate.home());
    }
    let (started, ended) =
        start_reactor(settings, Native { home, folder }, listeners, addresses, token, room, reloads)?;
    let Some(orders) = runtime.block_on(until_started(started, &mut signals))? else { return Ok(()) };
    let mut stdout = std::io::stdout();
    // Nobody may be there to read it.
    let _ = stdout.write_all(banner.as_bytes()).and_then(|()| stdout.flush());

    let mut entrances = Vec::new();
    if let (Some(gate), Some(https)) = (secure_gate.clone(), https) {
        let entrance = Entrance::new(gate, certificates.clone(), None);
        entrances.push((Rc::new(entrance), https));
    }
    let entrance = Entrance::new(plain_gate, None, secure_gate.as_ref().map(Gate::home));
    entrances.push((Rc::new(entrance), http));
    let site = Rc::new(Site::new(settings, orders.clone()));
    let sources = Sources { file: settings.file.clone(), certificates };
    let tasks = LocalSet::new();
    tasks.spawn_local(sources.serve(hangup, wishes, orders.clone()));
    tasks.block_on(&runtime, until_stopped(site, entrances, orders, ended, signals))
}

/// The folder that keeps the state of a broker in this process, if one was named for it.
fn kept_in(settings: &Settings) -> anyhow::Result<Option<Folder>> {
    match (settings.broker, &settings.data) {
        (BrokerHome::Native, Some(dir)) => Ok(Some(Folder::take(dir)?)),
        _ => Ok(None),
    }
}

/// What only a broker in this process has.
struct Native {
    /// The simulated home.
    home: Option<Kept>,
    /// What its state is kept in.
    folder: Option<Folder>,
}

/// Starts the reactor's thread. What comes through the receivers is that it has started, and how it ended.
fn start_reactor(
    settings: &Settings,
    native: Native,
    listeners: Listeners,
    addresses: Addresses,
    token: Token,
    room: u32,
    reloads: Reloads,
) -> anyhow::Result<(Started, oneshot::Receiver<std::io::Result<()>>)> {
    let (started, starts) = oneshot::channel();
    let (end, ended) = oneshot::channel();
    let Native { home, folder } = native;
    let Settings { broker, limits, max_connections, rules, .. } = settings.clone();
    let mut noise = [0; 32];
    getrandom::fill(&mut noise).map_err(|error| anyhow!("no random bytes: {error}"))?;
    let seed = getrandom::u64().map_err(|error| anyhow!("no random bytes: {error}"))?;
    thread::Builder::new().name("reactor".to_owned()).spawn(move || {
        let reactor = Reactor::new(
            listeners,
            max_connections.map_or(room, |most| most.min(room)),
            Clock::start(),
            |clock, orders| {
                let hasher = Hasher::start(orders.clone())?;
                let doorkeeper =
                    Doorkeeper::new(rules, token.clone(), hasher, noise).map_err(std::io::Error::other)?;
                Ok(match broker {
                    BrokerHome::Native => {
                        let (broker, clerk) = native_broker(limits, seed, folder.as_ref(), clock, orders)?;
                        let now = clock.now();
                        let operators = Operators::new(token, addresses, clerk.is_some(), home.is_some());
                        let ahead = minutes_ahead_of_utc();
                        let dwelling = home.map(|kept| Dwelling::open(kept, seed, ahead, now)).transpose()?;
                        let hub =
                            NativeHub::new(broker, clerk, doorkeeper, reloads, operators, dwelling, now);
                        Box::new(hub)
                    }
                    BrokerHome::Tab => Box::new(RelayHub::new(token, &addresses, doorkeeper, reloads, noise)),
                })
            },
        );
        match reactor {
            Ok((reactor, orders)) => {
                let _ = started.send(Ok(orders));
                let _ = end.send(reactor.run());
                drop(folder);
            }
            Err(error) => drop(started.send(Err(error))),
        }
    })?;
    Ok((starts, ended))
}

/// An empty broker, or the one that is kept in a folder and what keeps it.
fn native_broker(
    limits: Config,
    seed: u64,
    folder: Option<&Folder>,
    clock: &mut Clock,
    orders: &Orders,
) -> std::io::Result<(Broker, Option<Clerk>)> {
    let Some(folder) = folder else { return Ok((Broker::new(limits, seed, clock.now()), None)) };
    let limits = Config { durable: true, ..limits };
    let (broker, store) = folder.open(limits, seed, clock).map_err(std::io::Error::other)?;
    let metrics = broker.metrics();
    info!("{} sessions and {} retained messages are there", metrics.sessions, metrics.retained);
    let keeper = Keeper::start(store, orders.clone())?;
    Ok((broker, Some(Clerk::new(keeper))))
}

/// Waits until the reactor has opened what there is to open; `None` when someone stops the program before.
async fn until_started(started: Started, signals: &mut stop::Signals) -> anyhow::Result<Option<Orders>> {
    tokio::select! {
        started = started => Ok(Some(started.context("the reactor broke down")??)),
        name = signals.next() => {
            info!("{name}: leaving before the start");
            Ok(None)
        }
    }
}

/// Serves HTTP until someone stops the program, then lets the reactor say goodbye to everyone.
async fn until_stopped(
    site: Rc<Site>,
    entrances: Vec<(Rc<Entrance>, Bound)>,
    orders: Orders,
    mut ended: oneshot::Receiver<std::io::Result<()>>,
    mut signals: stop::Signals,
) -> anyhow::Result<()> {
    let room = web::room();
    let mut servers = Vec::new();
    for (entrance, bound) in entrances {
        for listener in bound.listeners {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let serving = Rc::clone(&site).serve(Rc::clone(&entrance), listener, room.clone());
            servers.push(tokio::task::spawn_local(serving));
        }
    }
    tokio::select! {
        end = &mut ended => return end.context("the reactor broke down")?.context("the reactor ended"),
        name = signals.next() => info!("{name}: saying goodbye"),
    }
    for server in servers {
        server.abort();
    }
    orders.give(Order::Stop);
    tokio::select! {
        end = &mut ended => end.context("the reactor broke down")?.context("the reactor ended"),
        name = signals.next() => {
            warn!("{name} again: leaving at once");
            Ok(())
        }
    }
}

/// The simulated home that this process is to run, as it was kept.
fn kept_home(settings: &Settings) -> anyhow::Result<Option<Kept>> {
    Ok(match (settings.home, &settings.home_file, &settings.data) {
        (false, ..) => None,
        (true, Some(path), _) => Some(Kept::named(path.clone())?),
        (true, None, Some(folder)) => Some(Kept::in_folder(folder)),
        (true, None, None) => Some(Kept::default()),
    })
}

/// The house lives by the time of this machine.
fn minutes_ahead_of_utc() -> i32 {
    chrono::Local::now().offset().local_minus_utc() / 60
}

fn start_log(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|_| anyhow!("{filter:?} is not a log level: error, warn, info, debug or trace (--log)"))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    Ok(())
}

fn data_folder(settings: &Settings) -> anyhow::Result<PathBuf> {
    if let Some(dir) = &settings.data {
        return Ok(dir.clone());
    }
    let dirs = directories::ProjectDirs::from("", "", "lacewing")
        .context("this user has no home folder: say where to keep the pairing token with --data DIR")?;
    Ok(dirs.data_dir().to_owned())
}
