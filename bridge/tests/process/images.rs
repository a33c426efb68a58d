//! `lacewing image`: the state of a broker out of its folder and into another one.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::daemon::{Daemon, command, read};

/// CONNECT of version 3.1.1 without a clean session, as client `r`, and what is answered: whether the session was there.
fn enter(daemon: &Daemon) -> (TcpStream, u8) {
    let mut socket = daemon.device();
    socket.write_all(b"\x10\x0D\x00\x04MQTT\x04\x00\x00\x3C\x00\x01r").unwrap();
    let [_, _, present, code] = read::<4>(&mut socket);
    assert_eq!(code, 0);
    (socket, present)
}

/// A folder whose broker keeps a session with a message on its way and a retained message.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let daemon = Daemon::start_in(folder.path(), &["--broker", "native"]);
    let (mut reader, _) = enter(&daemon);
    reader.write_all(b"\x82\x06\x00\x01\x00\x01t\x01").unwrap();
    assert_eq!(read::<5>(&mut reader), [0x90, 3, 0, 1, 1]);
    drop(reader);
    let mut publisher = daemon.device();
    publisher.write_all(b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01p").unwrap();
    assert_eq!(read::<4>(&mut publisher), [0x20, 2, 0, 0]);
    // Retained, with QoS 1, and its acknowledgement says that it is kept.
    publisher.write_all(b"\x33\x0A\x00\x01t\x00\x07hello").unwrap();
    assert_eq!(read::<4>(&mut publisher), [0x40, 2, 0, 7]);
    daemon.interrupt();
    assert!(daemon.wait().success());
    folder
}

fn image(direction: &str, file: &Path, folder: &Path, more: &[&str]) -> Output {
    command(&["image", direction]).arg(file).arg("--data").arg(folder).args(more).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8([&output.stdout[..], &output.stderr].concat()).unwrap()
}

#[test]
fn a_session_and_its_messages_go_from_one_folder_to_another() {
    let (from, to) = (folder(), TempDir::new().unwrap());
    let file = from.path().join("home.lacewing");
    let output = image("export", &file, from.path(), &[]);
    let has = "has 1 session, 1 subscription, 1 retained message and 1 message on its way";
    assert!(output.status.success() && said(&output).contains(has), "{}", said(&output));
    let output = image("import", &file, to.path(), &[]);
    assert!(output.status.success() && said(&output).contains(has), "{}", said(&output));

    let daemon = Daemon::start_in(to.path(), &["--broker", "native"]);
    let (mut reader, present) = enter(&daemon);
    assert_eq!(present, 1);
    let publish: [u8; 12] = read(&mut reader);
    assert_eq!((publish[0] & 0x06, &publish[7..]), (0x02, &b"hello"[..]));
}

#[test]
fn what_is_there_is_replaced_only_when_that_is_said() {
    let (one, other) = (folder(), folder());
    let file = one.path().join("image");
    fs::write(&file, "a letter").unwrap();
    let output = image("export", &file, one.path(), &[]);
    assert!(!output.status.success());
    assert!(said(&output).contains("is there already") && said(&output).contains("--overwrite"));
    assert_eq!(fs::read(&file).unwrap(), b"a letter");
    assert!(image("export", &file, one.path(), &["--overwrite"]).status.success());

    let output = image("import", &file, other.path(), &[]);
    assert!(!output.status.success());
    assert!(said(&output).contains("state in") && said(&output).contains("--overwrite"), "{}", said(&output));
    assert!(image("import", &file, other.path(), &["--overwrite"]).status.success());
    let again = other.path().join("again");
    assert!(image("export", &again, other.path(), &[]).status.success());
    assert!(fs::read(&again).unwrap() == fs::read(&file).unwrap(), "the same state, byte for byte");
}

#[test]
fn a_folder_in_use_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let daemon = Daemon::start_in(folder.path(), &["--broker", "native"]);
    let file = folder.path().join("image");
    for direction in ["export", "import"] {
        let output = image(direction, &file, folder.path(), &["--overwrite"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(said(&output).contains("is in use by process") && said(&output).contains(&daemon.origin()));
    }
}

#[test]
fn an_image_that_is_damaged_or_cut_short_is_refused_and_changes_nothing() {
    let folder = folder();
    let file = folder.path().join("image");
    assert!(image("export", &file, folder.path(), &[]).status.success());
    let good = fs::read(&file).unwrap();
    let mut changed = good.clone();
    changed[good.len() / 2] ^= 1;
    for (bytes, words) in [
        (&changed[..], "it is damaged"),
        (&good[..good.len() - 1], "it breaks off after"),
        (&good[..0], "it breaks off after 0 bytes"),
        (b"shopping list", "it is not an image of Lacewing's"),
    ] {
        fs::write(&file, bytes).unwrap();
        let output = image("import", &file, folder.path(), &["--overwrite"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(said(&output).contains(words), "{}", said(&output));
        assert!(said(&output).contains("was not imported") && said(&output).contains("is as it was"));
    }
    assert!(image("export", &file, folder.path(), &["--overwrite"]).status.success());
    assert!(fs::read(&file).unwrap() == good, "the state is as it was");
    // A folder without a state has none to export.
    let output = image("export", &file, &folder.path().join("nowhere"), &["--overwrite"]);
    assert!(said(&output).contains("there is no broker's state in"), "{}", said(&output));
    assert!(!folder.path().join("nowhere").exists());
}
