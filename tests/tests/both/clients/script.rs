//! Clients that live in a script: mqtt.js in Node.js, paho-mqtt in Python. One process has many.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command as Process, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use lacewing_tests::tools;
use serde::{Deserialize, Serialize};

use super::peer::{Command, Event, Hands};

/// A running script, ended when the last of its clients is dropped.
#[derive(Debug)]
pub(super) struct Script {
    child: Mutex<Child>,
    input: Mutex<ChildStdin>,
    listeners: Arc<Mutex<BTreeMap<String, Sender<Event>>>>,
}

impl Script {
    /// mqtt.js.
    pub(super) fn mqttjs() -> Arc<Self> {
        let mut node = tools::program("node", None);
        node.env("NODE_PATH", tools::mqttjs().join("node_modules")).arg(file("js/peers.js"));
        Self::start(node)
    }

    /// paho-mqtt.
    pub(super) fn paho() -> Arc<Self> {
        let mut python = tools::program("python3", None);
        python.env("PYTHONPATH", tools::paho()).arg(file("python/peers.py"));
        Self::start(python)
    }

    fn start(mut process: Process) -> Arc<Self> {
        let mut child =
            process.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the script starts");
        let input = Mutex::new(child.stdin.take().expect("its input is ours"));
        let output = child.stdout.take().expect("its output is ours");
        let listeners = Arc::default();
        pass_on(output, Arc::clone(&listeners));
        Arc::new(Self { child: Mutex::new(child), input, listeners })
    }

    /// A client of it, and what is heard of that.
    pub(super) fn client(self: &Arc<Self>, name: &str) -> (Box<dyn Hands>, Receiver<Event>) {
        let (sender, events) = channel();
        self.listeners.lock().expect("nobody panicked").insert(name.to_owned(), sender);
        (Box::new(Client { name: name.to_owned(), script: Arc::clone(self) }), events)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        if let Ok(child) = self.child.get_mut() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A client in a script.
#[derive(Debug)]
struct Client {
    name: String,
    script: Arc<Script>,
}

impl Hands for Client {
    fn take(&mut self, command: Command) {
        #[derive(Serialize)]
        struct Line<'a> {
            who: &'a str,
            #[serde(flatten)]
            command: Command,
        }
        let line = serde_json::to_string(&Line { who: &self.name, command }).expect("a command is JSON");
        let mut input = self.script.input.lock().expect("nobody panicked");
        writeln!(input, "{line}").expect("the script reads");
    }
}

/// Passes each line of `output` to the client that it is about.
fn pass_on(output: ChildStdout, listeners: Arc<Mutex<BTreeMap<String, Sender<Event>>>>) {
    #[derive(Deserialize)]
    struct Line {
        who: String,
        #[serde(flatten)]
        event: Event,
    }
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let Line { who, event } =
                serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line} is no event: {error}"));
            if let Some(listener) = listeners.lock().ok().as_ref().and_then(|all| all.get(&who)) {
                // A test that has ended listens no more.
                let _ = listener.send(event);
            }
        }
    });
}

fn file(name: &str) -> impl AsRef<std::ffi::OsStr> + Debug {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
