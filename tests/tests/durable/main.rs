//! A native broker that keeps its state in a folder.
//!
//! `LACEWING_KILLS=200` kills it as often under load; it wants `-- --nocapture`.

#[cfg(target_os = "linux")]
mod full;
mod killed;

use std::fs;
use std::process::Command;

use lacewing_tests::lacewing::{BrokerHome, Lacewing};
use lacewing_tests::mosquitto::{Subscriber, publish, subscribe};
use lacewing_tests::program::Program;
use lacewing_tests::tools;

#[test]
fn what_was_acknowledged_is_there_after_a_kill() {
    let mut lacewing = Lacewing::start_durable();
    let port = lacewing.mqtt_port;
    publish(port, &["-q", "1", "-r", "-t", "kept/lamp", "-m", "on"]);
    let session = ["-c", "-i", "reader", "-q", "2", "-t", "kept/mail"];
    Subscriber::start(port, &session).disconnect();
    for qos in ["1", "2"] {
        publish(port, &["-q", qos, "-t", "kept/mail", "-m", &format!("letter {qos}")]);
    }
    lacewing.restart();
    assert_eq!(subscribe(port, &["-t", "kept/lamp", "-C", "1"]), ["on"]);
    let mut reader = Subscriber::start(port, &session);
    let mut letters = [reader.message(), reader.message()].map(|message| message.payload);
    letters.sort();
    assert_eq!(letters, ["letter 1", "letter 2"]);
}

#[test]
fn ctrl_c_keeps_everything_and_ends_well() {
    let mut lacewing = Lacewing::start_durable();
    let port = lacewing.mqtt_port;
    // Not promised to anybody, and kept all the same.
    publish(port, &["-q", "0", "-r", "-t", "kept/door", "-m", "open"]);
    assert_eq!(subscribe(port, &["-t", "kept/door", "-C", "1"]), ["open"]);
    lacewing.program().interrupt();
    assert!(lacewing.program().ended().success());
    lacewing.restart();
    assert_eq!(subscribe(port, &["-t", "kept/door", "-C", "1"]), ["open"]);
}

#[test]
fn without_a_folder_it_says_that_nothing_is_kept() {
    let mut lacewing = Lacewing::start(BrokerHome::Native);
    let said = lacewing.program().said_so_far().join("\n");
    assert!(said.contains("its state in memory only (--data DIR keeps it)"), "{said}");
    let mut lacewing = Lacewing::start_durable();
    let said = lacewing.program().said_so_far().join("\n");
    assert!(said.contains("its state in ") && !said.contains("in memory"), "{said}");
}

#[test]
fn a_second_one_on_the_same_folder_is_told_who_has_it() {
    let lacewing = Lacewing::start_durable();
    let mut second = another_in(&lacewing);
    assert_eq!(second.ended().code(), Some(1));
    let who = format!("is in use by process {} at {}", lacewing.id(), lacewing.origin());
    second.line_with(&who);
}

#[test]
fn a_damaged_store_stops_the_start_with_a_way_out_and_is_left_where_it_is() {
    let mut lacewing = Lacewing::start_durable();
    publish(lacewing.mqtt_port, &["-q", "1", "-r", "-t", "kept/lamp", "-m", "on"]);
    lacewing.program().interrupt();
    assert!(lacewing.program().ended().success());
    let file = lacewing.folder().join("broker.store");
    let mut bytes = fs::read(&file).unwrap();
    // The first bytes of the database, behind the title page.
    bytes[4096..4116].fill(0xFF);
    fs::write(&file, &bytes).unwrap();
    let mut second = another_in(&lacewing);
    assert_eq!(second.ended().code(), Some(1));
    let line = second.line_with("broker.store cannot be used");
    assert!(line.contains("Nothing was thrown away") && line.contains("move it away"), "{line}");
    assert_eq!(fs::read(&file).unwrap().len(), bytes.len());
}

fn another_in(lacewing: &Lacewing) -> Program {
    let mut command = Command::new(tools::lacewing());
    command.args(["--broker", "native", "--mqtt", "localhost:0", "--http", "localhost:0", "--data"]);
    Program::start(command.arg(lacewing.folder()))
}
