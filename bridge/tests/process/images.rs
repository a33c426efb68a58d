//! The state of a broker out of its folder and into another one, and out of a running broker and into another one.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::process::Output;

use lacewing_control::{Request, Response};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::{Message, WebSocket};

use crate::daemon::{Daemon, command, read, read_to_end};
use crate::native::page;

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

/// A page that operates a broker.
struct Operator(WebSocket<TcpStream>);

impl Operator {
    fn of(daemon: &Daemon) -> Self {
        let mut socket = page(daemon, "/control", None);
        socket.send(Message::Binary(daemon.token.clone().into_bytes().into())).unwrap();
        Self(socket)
    }

    fn ask(&mut self, request: &Request) {
        self.0.send(Message::Binary(lacewing_control::encode(request).unwrap().into())).unwrap();
    }

    /// The next answer to something that was asked about images.
    fn answer(&mut self) -> Response {
        loop {
            match lacewing_control::decode(&self.0.read().unwrap().into_data()).unwrap() {
                Response::Hello { .. } | Response::Bridge(_) => {}
                answer => return answer,
            }
        }
    }

    fn export(&mut self) -> Vec<u8> {
        let mut image = Vec::new();
        loop {
            self.ask(&Request::Export { from: image.len() as u64 });
            let Response::Exported { from, of, bytes, .. } = self.answer() else { panic!("no piece came") };
            assert_eq!(from, image.len() as u64);
            image.extend(bytes);
            if image.len() as u64 == of {
                return image;
            }
        }
    }

    /// Brings an image in pieces of this size; gives what is said at the end.
    fn import(&mut self, image: &[u8], piece: usize) -> Response {
        let of = image.len() as u64;
        let mut from = 0;
        for bytes in image.chunks(piece) {
            self.ask(&Request::Import { from, of, bytes: bytes.to_vec() });
            from += bytes.len() as u64;
            match self.answer() {
                Response::Importing { taken } => assert_eq!(taken, from),
                other => return other,
            }
        }
        self.answer()
    }
}

#[test]
fn a_running_broker_goes_on_with_the_image_of_another_one_and_keeps_it() {
    let (one, other) = (folder(), TempDir::new().unwrap());
    let daemon = Daemon::start_in(one.path(), &["--broker", "native", "--home"]);
    let image = Operator::of(&daemon).export();
    drop(daemon);

    let daemon = Daemon::start_in(other.path(), &["--broker", "native", "--home"]);
    let mut client = daemon.device();
    client.write_all(b"\x10\x0E\x00\x04MQTT\x05\x02\x00\x3C\x00\x00\x01n").unwrap();
    assert_eq!(read::<1>(&mut client), [0x20]);
    let [length] = read(&mut client);
    read_exactly(&mut client, length.into());
    let mut operator = Operator::of(&daemon);
    let Response::Imported { contents } = operator.import(&image, 100) else { panic!("it was not imported") };
    assert!(contents.sessions >= 1 && contents.retained >= 1, "{contents}");
    // Whoever was connected was told, and is not any more.
    let last = read_to_end(&mut client);
    assert_eq!((last[0], last[2]), (0xE0, 0x8B), "{last:x?}");
    // It is durable by the time that the page is told.
    daemon.signal("KILL");
    drop(daemon);
    let daemon = Daemon::start_in(other.path(), &["--broker", "native"]);
    let (mut reader, present) = enter(&daemon);
    assert_eq!(present, 1);
    let publish: [u8; 12] = read(&mut reader);
    assert_eq!(&publish[7..], b"hello");
}

#[test]
fn a_running_broker_refuses_an_image_that_is_not_whole_and_goes_on() {
    let folder = folder();
    let daemon = Daemon::start_in(folder.path(), &["--broker", "native"]);
    let mut operator = Operator::of(&daemon);
    let image = operator.export();
    let mut client = daemon.device();
    client.write_all(b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01c").unwrap();
    assert_eq!(read::<4>(&mut client), [0x20, 2, 0, 0]);
    let mut changed = image.clone();
    changed[image.len() / 2] ^= 1;
    for (bytes, words) in [
        (&changed[..], "it is damaged"),
        (&image[..image.len() - 1], "it breaks off"),
        (&b"shopping list"[..], "it is not an image"),
    ] {
        let Response::Refused { why } = operator.import(bytes, 64) else { panic!("it was taken") };
        assert!(why.contains(words), "{why}");
    }
    operator.ask(&Request::Import { from: 7, of: 100, bytes: vec![0] });
    let Response::Refused { why } = operator.answer() else { panic!("it was taken") };
    assert!(why.contains("A part of the image is missing"), "{why}");
    operator.ask(&Request::Export { from: 7 });
    let Response::Refused { why } = operator.answer() else { panic!("it was given") };
    assert!(why.contains("not there any more"), "{why}");
    client.write_all(b"\xC0\x00").unwrap();
    assert_eq!(read::<2>(&mut client), [0xD0, 0]);
    assert!(operator.export() == image, "nothing has changed");
}

fn read_exactly(socket: &mut TcpStream, len: usize) {
    let mut bytes = vec![0; len];
    std::io::Read::read_exact(socket, &mut bytes).unwrap();
}
