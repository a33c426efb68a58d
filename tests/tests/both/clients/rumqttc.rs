//! rumqttc as a peer: a thread that holds the connection.

mod v3;
mod v5;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use rumqttc::Transport;

use super::peer::{Command, Event, Greeting, Hands, Message};

/// How often a connection looks up whether it is to be cut.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Requests that may wait for the connection.
const REQUESTS: usize = 100;

/// A peer that is a thread.
pub(super) fn client() -> (Box<dyn Hands>, Receiver<Event>) {
    let (sender, events) = channel();
    (Box::new(Rumqttc { client: None, is_cut: Arc::default(), sender }), events)
}

struct Rumqttc {
    client: Option<Client>,
    is_cut: Arc<AtomicBool>,
    sender: Sender<Event>,
}

enum Client {
    V3(rumqttc::Client),
    V5(rumqttc::v5::Client),
}

/// What became of a step of a connection.
enum Step {
    Heard(Event),
    Nothing,
    /// The client said DISCONNECT, or the connection failed.
    Over,
}

impl Hands for Rumqttc {
    fn take(&mut self, command: Command) {
        match command {
            Command::Connect(greeting) => self.connect(greeting),
            Command::Subscribe { filter, qos, subscription_id } => match self.client() {
                Client::V3(client) => client.subscribe(filter, v3::qos(qos)).expect("it is connected"),
                Client::V5(client) => v5::subscribe(client, filter, qos, subscription_id),
            },
            Command::Publish { message } => match self.client() {
                Client::V3(client) => {
                    let Message { topic, payload, qos, retain, .. } = message;
                    client.publish(topic, v3::qos(qos), retain, payload).expect("it is connected");
                }
                Client::V5(client) => v5::publish(client, message),
            },
            Command::Disconnect => match self.client() {
                Client::V3(client) => client.disconnect().expect("it is connected"),
                Client::V5(client) => client.disconnect().expect("it is connected"),
            },
            Command::Cut => self.is_cut.store(true, Ordering::Relaxed),
        }
    }
}

impl Rumqttc {
    fn client(&self) -> &Client {
        self.client.as_ref().expect("it is told where to connect first")
    }

    fn connect(&mut self, greeting: Greeting) {
        self.is_cut = Arc::default();
        if greeting.version == 5 {
            let (client, mut connection) = v5::connect(&greeting);
            self.client = Some(Client::V5(client));
            self.listen(move || v5::step(&mut connection));
        } else {
            let (client, mut connection) = v3::connect(&greeting);
            self.client = Some(Client::V3(client));
            self.listen(move || v3::step(&mut connection));
        }
    }

    /// Goes on with a connection until it is over or cut.
    fn listen(&self, mut step: impl FnMut() -> Step + Send + 'static) {
        let (sender, is_cut) = (self.sender.clone(), Arc::clone(&self.is_cut));
        thread::spawn(move || {
            while !is_cut.load(Ordering::Relaxed) {
                match step() {
                    Step::Heard(event) => {
                        if sender.send(event).is_err() {
                            return;
                        }
                    }
                    Step::Nothing => {}
                    Step::Over => break,
                }
            }
            // What ends the connection without a DISCONNECT, if there was none.
            drop(step);
            // A test that has ended listens no more.
            let _ = sender.send(Event::Closed);
        });
    }
}

impl Drop for Rumqttc {
    fn drop(&mut self) {
        self.is_cut.store(true, Ordering::Relaxed);
    }
}

/// Host, port and transport of an address. For a WebSocket the whole address is what rumqttc calls the host.
fn place(greeting: &Greeting) -> (String, u16, Transport) {
    let (scheme, rest) = greeting.url.split_once("://").expect("an address has a scheme");
    let (host, port) = rest.split('/').next().and_then(|host| host.split_once(':')).expect("it has a port");
    let ca =
        || std::fs::read(greeting.ca.as_ref().expect("TLS needs someone to trust")).expect("it can be read");
    let port = port.parse().expect("a port is a number");
    match scheme {
        "mqtt" => (host.to_owned(), port, Transport::Tcp),
        "mqtts" => (host.to_owned(), port, Transport::tls(ca(), None, None)),
        "ws" => (greeting.url.clone(), port, Transport::Ws),
        "wss" => (greeting.url.clone(), port, Transport::wss(ca(), None, None)),
        other => panic!("{other} is no transport"),
    }
}
