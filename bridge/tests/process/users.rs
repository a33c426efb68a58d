//! Users with passwords in the settings file, in `--broker native`.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Instant;

use data_encoding::BASE64;
use lacewing_control::{Request, Response};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::{self, Message, client::IntoClientRequest};

use crate::daemon::{Daemon, command, read, read_to_end};
use crate::scram;

/// "pencil", at the least cost there is.
const PENCIL: &str =
    "$argon2id$v=19$m=8,t=1,p=1$AQEBAQEBAQEBAQEBAQEBAQ$2vEyF5weWleEp5h7PY7aLi9Uo2VN9IQqwN4iQu3m4cw";

/// A native broker with a settings file that the test can change.
struct Broker {
    daemon: Daemon,
    folder: TempDir,
}

impl Broker {
    fn start(settings: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("lacewing.toml");
        fs::write(&file, settings).unwrap();
        let daemon = Daemon::start(&["--broker", "native", "--config", file.to_str().unwrap()]);
        Self { daemon, folder }
    }

    fn settings(&self, settings: &str) {
        fs::write(self.folder.path().join("lacewing.toml"), settings).unwrap();
    }

    /// What CONNACK says: flags and code or reason.
    fn connect(&self, connect: &[u8]) -> (TcpStream, u8) {
        let mut socket = self.daemon.device();
        socket.write_all(connect).unwrap();
        let reason = connack(&mut socket);
        (socket, reason)
    }

    /// Has the rules read again by an operator; the answer.
    fn reload(&self) -> Response {
        let daemon = &self.daemon;
        let mut request = format!("ws://{}/control", daemon.host()).into_client_request().unwrap();
        request.headers_mut().insert("Origin", daemon.origin().parse().unwrap());
        let (mut page, _) = tungstenite::client(request, daemon.http()).unwrap();
        page.send(Message::Binary(daemon.token.clone().into_bytes().into())).unwrap();
        let reload = lacewing_control::encode(&Request::ReloadRules).unwrap();
        page.send(Message::Binary(reload.into())).unwrap();
        loop {
            let answer = lacewing_control::decode(&page.read().unwrap().into_data()).unwrap();
            if !matches!(answer, Response::Hello { .. } | Response::Bridge(_)) {
                return answer;
            }
        }
    }
}

fn connack(socket: &mut TcpStream) -> u8 {
    let packet = packet(socket);
    assert_eq!(packet[0], 0x20, "CONNACK");
    packet[2]
}

/// A whole packet of less than 16 KiB, without its length.
fn packet(socket: &mut TcpStream) -> Vec<u8> {
    let head: [u8; 2] = read(socket);
    let mut length = usize::from(head[1] & 0x7F);
    if head[1] & 0x80 != 0 {
        length += usize::from(read::<1>(socket)[0]) << 7;
    }
    let mut rest = vec![0; length];
    socket.read_exact(&mut rest).unwrap();
    [&head[..1], &rest].concat()
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes(), text.as_bytes()].concat()
}

/// The length of what follows, less than 16 KiB, in its shortest form.
fn length(body: &[u8]) -> Vec<u8> {
    match (body.len() & 0x7F, body.len() >> 7) {
        (low, 0) => vec![low as u8],
        (low, high) => vec![low as u8 | 0x80, high as u8],
    }
}

fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &length(body), body].concat()
}

/// CONNECT of this version (4 or 5) with a Clean Start, and the client id `c`.
fn connect(version: u8, login: Option<(&str, &str)>) -> Vec<u8> {
    let flags = if login.is_some() { 0xC2 } else { 0x02 };
    let mut body = [&text("MQTT")[..], &[version, flags, 0, 60]].concat();
    if version == 5 {
        body.push(0);
    }
    body.extend(text("c"));
    if let Some((name, password)) = login {
        body.extend([text(name), text(password)].concat());
    }
    framed(0x10, &body)
}

fn ada(settings: &str) -> String {
    format!("[[user]]\nname = 'ada'\npassword = '{PENCIL}'\n{settings}")
}

#[test]
fn what_the_password_command_prints_lets_its_user_in() {
    let mut make =
        command(&["password", "ada"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    make.stdin.take().unwrap().write_all(b"correct horse\n").unwrap();
    let made = make.wait_with_output().unwrap();
    assert!(made.status.success());
    let broker = Broker::start(std::str::from_utf8(&made.stdout).unwrap());
    assert_eq!(broker.connect(&connect(4, Some(("ada", "correct horse")))).1, 0);
    assert_eq!(broker.connect(&connect(5, Some(("ada", "correct horse")))).1, 0);
    assert_eq!(broker.connect(&connect(5, Some(("ada", "wrong horse")))).1, 0x86);
}

#[test]
fn each_version_is_told_in_its_own_words_why_it_may_not_come_in() {
    let broker = Broker::start(&ada(""));
    for (version, wrong, nobody) in [(4, 4, 5), (5, 0x86, 0x87)] {
        assert_eq!(broker.connect(&connect(version, Some(("ada", "pencil")))).1, 0);
        assert_eq!(broker.connect(&connect(version, Some(("ada", "pen")))).1, wrong);
        assert_eq!(broker.connect(&connect(version, Some(("eve", "pencil")))).1, wrong);
        let (mut socket, reason) = broker.connect(&connect(version, None));
        assert_eq!(reason, nobody);
        assert_eq!(read_to_end(&mut socket), b"");
    }
}

#[test]
fn anonymous_clients_come_in_beside_users_where_the_file_says_so() {
    let broker = Broker::start(&format!("anonymous = true\n{}", ada("")));
    assert_eq!(broker.connect(&connect(5, None)).1, 0);
    assert_eq!(broker.connect(&connect(5, Some(("ada", "pencil")))).1, 0);
    assert_eq!(broker.connect(&connect(5, Some(("ada", "pen")))).1, 0x86);
}

#[test]
fn the_page_that_has_the_token_logs_in_with_it() {
    let broker = Broker::start(&ada(""));
    let token = broker.daemon.token.clone();
    assert_eq!(broker.connect(&connect(5, Some(("$operator", &token)))).1, 0);
    assert_eq!(broker.connect(&connect(5, Some(("$operator", "guess")))).1, 0x86);
}

/// CONNECT 5.0 that asks for an authentication exchange with this data.
fn connect_with_method(method: &str, data: &str) -> Vec<u8> {
    let properties = [&[0x15][..], &text(method), &[0x16], &text(data)].concat();
    let mut body = [&text("MQTT")[..], &[5, 0x02, 0, 60, properties.len() as u8]].concat();
    body.extend(properties);
    body.extend(text("c"));
    framed(0x10, &body)
}

fn auth(reason: u8, data: &str) -> Vec<u8> {
    let properties = [&[0x15][..], &text("SCRAM-SHA-256"), &[0x16], &text(data)].concat();
    framed(0xF0, &[&[reason][..], &length(&properties), &properties].concat())
}

/// The Authentication Data of a packet that ends with it.
fn data(packet: &[u8]) -> String {
    let method = b"\x15\x00\x0dSCRAM-SHA-256\x16";
    let place = packet.windows(method.len()).position(|window| window == method).unwrap() + method.len();
    String::from_utf8(packet[place + 2..].to_vec()).unwrap()
}

#[test]
fn a_client_proves_itself_by_scram_and_once_more_while_it_is_in() {
    let verifier = scram::verifier("pencil", b"some salt here..", 4096);
    let broker = Broker::start(&format!("[[user]]\nname = 'ada'\nscram = '{verifier}'\n"));
    let first = "n,,n=ada,r=fyko+d2lbbFgONRv9qkxdawL";
    let mut socket = broker.daemon.device();
    socket.write_all(&connect_with_method("SCRAM-SHA-256", first)).unwrap();
    let challenge = packet(&mut socket);
    assert_eq!((challenge[0], challenge[1]), (0xF0, 0x18), "AUTH, continue: {challenge:x?}");
    let (last, signature) = scram::answer(first, &data(&challenge), "pencil");
    socket.write_all(&auth(0x18, &last)).unwrap();
    let connack = packet(&mut socket);
    assert_eq!((connack[0], connack[2]), (0x20, 0), "{connack:x?}");
    assert!(data(&connack).ends_with(&signature), "the server proves itself: [MQTT-4.12.0-5]");

    socket.write_all(&auth(0x19, first)).unwrap();
    let challenge = packet(&mut socket);
    assert_eq!((challenge[0], challenge[1]), (0xF0, 0x18));
    let (last, _) = scram::answer(first, &data(&challenge), "pencil");
    socket.write_all(&auth(0x18, &last)).unwrap();
    let done = packet(&mut socket);
    assert_eq!((done[0], done[1]), (0xF0, 0), "AUTH, success: {done:x?}");
    socket.write_all(b"\xC0\x00").unwrap();
    assert_eq!(read::<2>(&mut socket), [0xD0, 0]);
}

#[test]
fn scram_with_a_wrong_password_or_another_method_is_refused() {
    let verifier = scram::verifier("pencil", b"some salt here..", 4096);
    let broker = Broker::start(&format!("[[user]]\nname = 'ada'\nscram = '{verifier}'\n"));
    let first = "n,,n=ada,r=fyko";
    let mut socket = broker.daemon.device();
    socket.write_all(&connect_with_method("SCRAM-SHA-256", first)).unwrap();
    let (last, _) = scram::answer(first, &data(&packet(&mut socket)), "pen");
    socket.write_all(&auth(0x18, &last)).unwrap();
    assert_eq!(connack(&mut socket), 0x87);
    assert_eq!(broker.connect(&connect_with_method("GS2-KRB5", "")).1, 0x8C);
}

#[test]
fn the_rules_are_read_again_for_an_operator_and_on_sighup() {
    let broker = Broker::start(&ada(""));
    broker.settings(&ada(&format!("[[user]]\nname = 'bob'\npassword = '{PENCIL}'\n")));
    assert_eq!(
        broker.reload(),
        Response::RulesReloaded { what: "The rules are in force: 1 user new.".to_owned() }
    );
    assert_eq!(broker.connect(&connect(4, Some(("bob", "pencil")))).1, 0);
    broker.settings("");
    broker.daemon.signal("HUP");
    while broker.connect(&connect(4, None)).1 != 0 {}
}

#[test]
fn new_rules_disconnect_who_is_not_let_in_any_more_and_nobody_else() {
    let bob = format!("[[user]]\nname = 'bob'\npassword = '{PENCIL}'\n");
    let broker = Broker::start(&ada(&bob));
    let named = |id: &str, name: &str| {
        let mut body = [&text("MQTT")[..], &[5, 0xC2, 0, 60, 0], &text(id)].concat();
        body.extend([text(name), text("pencil")].concat());
        framed(0x10, &body)
    };
    let (mut stays, _) = broker.connect(&named("one", "ada"));
    let (mut goes, _) = broker.connect(&named("two", "bob"));
    broker.settings(&ada(""));
    assert_eq!(
        broker.reload(),
        Response::RulesReloaded { what: "The rules are in force: 1 user gone.".to_owned() }
    );
    let said = read_to_end(&mut goes);
    assert_eq!((said[0], said[2]), (0xE0, 0x87), "DISCONNECT, not authorized: {said:x?}");
    stays.write_all(b"\xC0\x00").unwrap();
    assert_eq!(read::<2>(&mut stays), [0xD0, 0]);

    broker.settings("");
    broker.daemon.signal("HUP");
    let said = read_to_end(&mut stays);
    assert_eq!((said[0], said[2]), (0xE0, 0x87), "{said:x?}");
    assert_eq!(broker.connect(&connect(5, None)).1, 0, "nobody is asked any more");
}

#[test]
fn a_file_that_is_wrong_leaves_the_rules_as_they_are_and_says_why() {
    let broker = Broker::start(&ada(""));
    broker.settings("[[user]]\nname = 'ada'\npassword = 'pencil'\n");
    let Response::Refused { why } = broker.reload() else { panic!("refused") };
    assert!(why.contains("line 3: the password cannot be used"), "{why}");
    assert!(!why.contains("pencil"), "{why}");
    assert_eq!(broker.connect(&connect(5, Some(("ada", "pencil")))).1, 0);
    assert_eq!(broker.connect(&connect(5, None)).1, 0x87);
}

#[test]
fn a_flood_of_wrong_passwords_does_not_hold_up_anyone_who_is_in() {
    // 2 MiB and two passes: each takes some milliseconds.
    let slow = PENCIL.replace("m=8,t=1", "m=2048,t=2");
    let settings = format!("anonymous = true\n[[user]]\nname = 'ada'\npassword = '{slow}'\n");
    let broker = Broker::start(&settings);
    let (mut inside, _) = broker.connect(&connect(4, None));
    let flood: Vec<TcpStream> = (0..300u32)
        .map(|n| {
            let mut socket = broker.daemon.device();
            let name = format!("guess-{n}");
            socket.write_all(&connect(5, Some((&name, "wrong")))).unwrap();
            socket
        })
        .collect();
    let mut longest = std::time::Duration::ZERO;
    for _ in 0..50 {
        let asked = Instant::now();
        inside.write_all(b"\xC0\x00").unwrap();
        assert_eq!(read::<2>(&mut inside), [0xD0, 0]);
        longest = longest.max(asked.elapsed());
    }
    assert!(longest.as_millis() < 500, "a ping took {longest:?}");
    let mut answers: Vec<u8> = flood.into_iter().map(|mut socket| connack(&mut socket)).collect();
    answers.sort_unstable();
    answers.dedup();
    assert_eq!(answers, [0x86, 0x89], "wrong, or too busy to find out");
    let metrics = broker.daemon.ask("/metrics", &[&format!("Host: {}", broker.daemon.host())]);
    assert!(metrics.contains("lacewing_logins_refused_total{cause=\"busy\"}"), "{metrics}");
}

#[test]
fn a_scram_verifier_of_ours_is_the_one_of_everyone() {
    // RFC 7677, §3: what the client there sends.
    let salt = BASE64.decode(b"W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
    let server = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    let (last, signature) = scram::answer("n,,n=user,r=rOprNGfwEbeRWgbNEkqO", server, "pencil");
    assert!(last.ends_with("p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="));
    assert_eq!(signature, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    assert!(
        scram::verifier("pencil", &salt, 4096).starts_with("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$")
    );
}
