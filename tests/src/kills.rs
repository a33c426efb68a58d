//! A broker that is killed again and again under load, and the clients of others, who keep count.

#![allow(clippy::print_stderr, reason = "a run by command says what it counted")]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::mosquitto::{Subscriber, feed, publish, subscribe};
use crate::paho;
use crate::program::Program;

/// Lines for a publisher: few enough for the pipe to hold them, and for [`TURN`] lives to stay below 65 535 messages.
const LINES: u32 = 600;
/// Lives that one subscriber goes through. It takes messages at QoS 1: at QoS 2 `mosquitto_sub` 2.0 drops a message whose
/// PUBCOMP finds the broker gone, and has one twice that is sent again. The conversation of paho-mqtt counts what comes twice.
const TURN: u32 = 50;

const THE_END: &str = "the end";

/// A message by its QoS and text.
type Name = (u8, String);

/// A broker that can be killed and comes back to what it kept.
pub trait Mortal {
    /// Where devices connect over TCP; the same in each life.
    fn port(&self) -> u16;
    /// Ends it as `kill -9` does.
    fn kill(&mut self);
    /// Starts it again, and waits until devices are let in.
    fn revive(&mut self);
}

/// Kills the broker so often while clients publish and subscribe, and accounts for everything that was acknowledged.
///
/// # Panics
/// When something is lost, or comes twice at QoS 2.
pub fn survives(broker: &mut impl Mortal, kills: u32) {
    let (mut acknowledged, mut heard) = (BTreeSet::new(), BTreeSet::new());
    let conversation = Conversation::start(broker.port());
    for first in (0..kills).step_by(TURN as usize) {
        turn(broker, first..kills.min(first + TURN), &mut acknowledged, &mut heard);
    }
    let exchanged = conversation.end();
    account(kills, exchanged, &acknowledged, &heard);
}

/// Some lives under the eyes of one subscriber.
fn turn(
    broker: &mut impl Mortal,
    lives: Range<u32>,
    acknowledged: &mut BTreeSet<Name>,
    heard: &mut BTreeSet<Name>,
) {
    let port = broker.port();
    let mut subscriber = Subscriber::start(port, &["-c", "-i", "counter", "-q", "1", "-t", "kill/#"]);
    for life in lives {
        let mut publishers = [1, 2].map(|qos| start(port, qos, life));
        // Not always after as many.
        for _ in 0..=(life * 389) % (LINES - 50) {
            publishers[0].line_with("received PUBACK");
        }
        broker.kill();
        for (qos, publisher) in (1..).zip(&mut publishers) {
            acknowledged.extend(taken(publisher).map(|line| (qos, text(life, line))));
        }
        broker.revive();
    }
    for qos in ["1", "2"] {
        publish(port, &["-q", qos, "-t", &format!("kill/{qos}"), "-m", THE_END]);
    }
    let mut ends = 0;
    while ends < 2 {
        let (topic, payload) = subscriber.said();
        if payload == THE_END {
            ends += 1;
            continue;
        }
        let qos = topic.trim_start_matches("kill/").parse().expect("a QoS");
        heard.insert((qos, payload));
    }
    subscriber.disconnect();
    // A Clean Session ends the one before.
    subscribe(port, &["-i", "counter", "-t", "nothing", "-E"]);
}

fn start(port: u16, qos: u8, life: u32) -> Program {
    let (topic, id) = (format!("kill/{qos}"), format!("publisher-{qos}"));
    let mut publisher = feed(port, &["-q", &qos.to_string(), "-t", &topic, "-i", &id]);
    publisher.write(&(0..LINES).map(|line| text(life, line) + "\n").collect::<String>());
    publisher
}

fn text(life: u32, line: u32) -> String {
    format!("{life}-{line}")
}

/// The lines that the broker has taken over: packet identifiers count from 1, and so do lines.
fn taken(publisher: &mut Program) -> impl Iterator<Item = u32> {
    publisher.kill();
    while publisher.line().is_some() {}
    let said = publisher.said_so_far().iter();
    said.filter(|line| line.contains("received PUBACK") || line.contains("received PUBREC")).map(|line| {
        let (_, number) = line.split_once("(Mid: ").expect("it says which");
        let number: String = number.chars().take_while(char::is_ascii_digit).collect();
        number.parse::<u32>().expect("a number") - 1
    })
}

/// Two clients of paho-mqtt at QoS 2 that live through all of it.
struct Conversation {
    publisher: Program,
    subscriber: Program,
}

impl Conversation {
    fn start(port: u16) -> Self {
        let mut subscriber = paho::start("steady.py", &["subscribe", &port.to_string()]);
        subscriber.line_with("subscribed");
        Self { publisher: paho::start("steady.py", &["publish", &port.to_string()]), subscriber }
    }

    /// Ends it; says how many messages were exchanged.
    fn end(mut self) -> usize {
        self.publisher.close_input();
        self.publisher.line_with("done");
        self.subscriber.line_with("> end");
        let number = |line: &String, mark: &str| line.strip_prefix(mark)?.parse::<u32>().ok();
        let said = self.publisher.said_so_far();
        let sent: BTreeSet<_> = said.iter().filter_map(|line| number(line, "acknowledged ")).collect();
        let mut heard = BTreeMap::<u32, u32>::new();
        for number in self.subscriber.said_so_far().iter().filter_map(|line| number(line, "> ")) {
            *heard.entry(number).or_default() += 1;
        }
        let doubled: Vec<_> = heard.iter().filter(|(_, times)| **times > 1).collect();
        assert!(doubled.is_empty(), "came twice at QoS 2: {doubled:?}");
        let lost: Vec<_> = sent.iter().filter(|number| !heard.contains_key(number)).collect();
        assert!(lost.is_empty(), "lost at QoS 2: {lost:?}");
        sent.len()
    }
}

fn account(kills: u32, exchanged: usize, acknowledged: &BTreeSet<Name>, heard: &BTreeSet<Name>) {
    let lost: Vec<_> = acknowledged.iter().filter(|name| !heard.contains(name)).collect();
    let of = |wanted| acknowledged.iter().filter(|(qos, _)| *qos == wanted).count();
    eprintln!(
        "{kills} kills; acknowledged {} at QoS 1 and {} at QoS 2, {} lost; of {exchanged} more at QoS 2 none lost and none doubled",
        of(1),
        of(2),
        lost.len()
    );
    assert!(lost.is_empty(), "lost {lost:?}");
    assert!(of(1) > kills as usize && of(2) > 0 && exchanged > kills as usize);
}
