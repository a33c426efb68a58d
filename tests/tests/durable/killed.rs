//! A broker that is killed again and again under load, and the clients of mosquitto, who keep count.

use std::collections::BTreeSet;
use std::ops::Range;

use lacewing_tests::lacewing::Lacewing;
use lacewing_tests::mosquitto::{Subscriber, feed, publish, subscribe};
use lacewing_tests::program::Program;

/// How often it is killed in an ordinary run.
const KILLS: u32 = 10;
/// Lines for a publisher: few enough for the pipe to hold them, and for [`TURN`] lives to stay below 65 535 messages.
const LINES: u32 = 600;
/// Lives that one subscriber goes through. It takes messages at QoS 1: at QoS 2 `mosquitto_sub` 2.0 drops a message whose
/// PUBCOMP finds the broker gone, and has one twice that is sent again. That nothing comes twice is the store's own test.
const TURN: u32 = 50;

const THE_END: &str = "the end";

/// A message by its QoS and text.
type Name = (u8, String);

#[test]
fn killed_under_load_it_loses_nothing_that_it_acknowledged() {
    let kills = std::env::var("LACEWING_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let mut lacewing = Lacewing::start_durable();
    let (mut acknowledged, mut heard) = (BTreeSet::new(), BTreeSet::new());
    for first in (0..kills).step_by(TURN as usize) {
        turn(&mut lacewing, first..kills.min(first + TURN), &mut acknowledged, &mut heard);
    }
    account(kills, &acknowledged, &heard);
}

/// Some lives under the eyes of one subscriber.
fn turn(
    lacewing: &mut Lacewing,
    lives: Range<u32>,
    acknowledged: &mut BTreeSet<Name>,
    heard: &mut BTreeSet<Name>,
) {
    let port = lacewing.mqtt_port;
    let mut subscriber = Subscriber::start(port, &["-c", "-i", "counter", "-q", "1", "-t", "kill/#"]);
    for life in lives {
        let mut publishers = [1, 2].map(|qos| start(port, qos, life));
        // Not always after as many.
        for _ in 0..=(life * 389) % (LINES - 50) {
            publishers[0].line_with("received PUBACK");
        }
        lacewing.program().kill();
        for (qos, publisher) in (1..).zip(&mut publishers) {
            acknowledged.extend(taken(publisher).map(|line| (qos, text(life, line))));
        }
        lacewing.restart();
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

fn account(kills: u32, acknowledged: &BTreeSet<Name>, heard: &BTreeSet<Name>) {
    let lost: Vec<_> = acknowledged.iter().filter(|name| !heard.contains(name)).collect();
    let of = |wanted| acknowledged.iter().filter(|(qos, _)| *qos == wanted).count();
    eprintln!("{kills} kills; acknowledged {} at QoS 1 and {} at QoS 2, {} lost", of(1), of(2), lost.len());
    assert!(lost.is_empty(), "lost {lost:?}");
    assert!(of(1) > kills as usize && of(2) > 0);
}
