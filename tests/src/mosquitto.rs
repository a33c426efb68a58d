//! The clients of Eclipse mosquitto, as people use them.

use std::collections::VecDeque;

use crate::program::Program;
use crate::tools;

/// Marks a message among the other things that `mosquitto_sub` says.
const MARK: &str = "> ";

/// A message as `mosquitto_sub` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The QoS it came with.
    pub qos: u8,
    /// Whether it was kept for this subscriber.
    pub retain: bool,
    /// Its topic.
    pub topic: String,
    /// Its payload.
    pub payload: String,
}

/// A running `mosquitto_sub`.
#[derive(Debug)]
pub struct Subscriber {
    program: Program,
    /// What a session had kept comes before the subscription is granted again.
    early: VecDeque<Message>,
}

impl Subscriber {
    /// Starts one with `args` and waits until its subscription is granted.
    ///
    /// # Panics
    /// When it is not.
    pub fn start(port: u16, args: &[&str]) -> Self {
        let mut program = watch(port, &[&["-d", "-F", "> %q %r %t %p"], args].concat());
        let mut early = VecDeque::new();
        loop {
            let line = program.line().expect("mosquitto_sub is let in");
            if let Some(message) = line.strip_prefix(MARK) {
                early.push_back(read(message));
            }
            if line.starts_with("Subscribed (mid") {
                return Self { program, early };
            }
        }
    }

    /// The next message.
    ///
    /// # Panics
    /// When none comes.
    pub fn message(&mut self) -> Message {
        if let Some(message) = self.early.pop_front() {
            return message;
        }
        loop {
            let line = self.program.line().expect("mosquitto_sub runs until it is stopped");
            if let Some(message) = line.strip_prefix(MARK) {
                return read(message);
            }
        }
    }

    /// The next message, as topic and payload.
    ///
    /// # Panics
    /// When none comes.
    pub fn said(&mut self) -> (String, String) {
        let message = self.message();
        (message.topic, message.payload)
    }

    /// Interrupts it, so that it says DISCONNECT and ends. With 5.0 it asks for its will then.
    ///
    /// # Panics
    /// When it does not end.
    pub fn disconnect(mut self) {
        self.program.interrupt();
        self.program.ended();
    }

    /// Waits until it has ended by itself.
    ///
    /// # Panics
    /// When it does not end.
    pub fn ended(mut self) {
        self.program.ended();
    }

    /// Ends it as `kill -9` does.
    pub fn kill(mut self) {
        self.program.kill();
    }

    /// Skips to what it says when it has lost the broker.
    ///
    /// # Panics
    /// When it does not.
    pub fn skip_to(&mut self, mark: &str) -> String {
        self.program.line_with(mark)
    }
}

/// Runs `mosquitto_pub` with `args` to its end.
///
/// # Panics
/// When it fails.
pub fn publish(port: u16, args: &[&str]) {
    start_publish(port, args).finish();
}

/// Runs `mosquitto_pub -l`: a message for each line of `text`; it goes as soon as its input ends.
///
/// # Panics
/// When it fails.
pub fn publish_lines(port: u16, args: &[&str], text: &str) {
    let mut program = start_publish(port, &[&["-l"], args].concat());
    program.write(text);
    program.finish();
}

/// Starts `mosquitto_sub` with nothing but `args` and the port, and waits for nothing.
///
/// # Panics
/// When it is missing.
pub fn watch(port: u16, args: &[&str]) -> Program {
    // Into a pipe it would print only when it ends.
    let mut command = tools::program("stdbuf", None);
    command.arg("-oL").arg(tools::program("mosquitto_sub", None).get_program());
    command.args(["-h", "localhost", "-p", &port.to_string()]).args(args);
    Program::start(&mut command)
}

/// Starts `mosquitto_pub -l`, which publishes a message for each line it is given and says what is acknowledged, and waits
/// for nothing.
///
/// # Panics
/// When it is missing.
pub fn feed(port: u16, args: &[&str]) -> Program {
    let mut command = tools::program("stdbuf", None);
    command.arg("-oL").arg(tools::program("mosquitto_pub", None).get_program());
    command.args(["-d", "-l", "-h", "localhost", "-p", &port.to_string()]).args(args);
    Program::start(&mut command)
}

/// Runs `mosquitto_sub` with nothing but `args` and the port until it ends by itself; gives what it prints.
///
/// # Panics
/// When it fails.
pub fn subscribe(port: u16, args: &[&str]) -> Vec<String> {
    let mut command = tools::program("mosquitto_sub", None);
    command.args(["-h", "localhost", "-p", &port.to_string()]).args(args);
    Program::start(&mut command).finish()
}

/// Runs `mosquitto_pub` with `args` to its end, however that is.
///
/// # Panics
/// When it does not end.
pub fn try_publish(port: u16, args: &[&str]) {
    start_publish(port, args).ended();
}

fn start_publish(port: u16, args: &[&str]) -> Program {
    let mut command = tools::program("mosquitto_pub", None);
    command.args(["-h", "localhost", "-p", &port.to_string()]).args(args);
    Program::start(&mut command)
}

fn read(message: &str) -> Message {
    let mut parts = message.splitn(4, ' ');
    let mut part =
        || parts.next().unwrap_or_else(|| panic!("{message:?} is not as was asked for")).to_owned();
    Message { qos: part().parse().expect("a QoS"), retain: part() == "1", topic: part(), payload: part() }
}
