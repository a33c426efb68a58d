use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;
use lacewing_protocol::{DecodeLimits, Decoder, Packet, Role};

use super::{Call, Head, Reaction, Recording, Step};
use crate::{Broker, Command, ConnId, Input, Now, RestoreError, Verdict};

/// A broker whose calls are noted.
///
/// Passwords and Authentication Data are noted as asterisks; as the host's verdicts are noted too, a replay goes the same
/// way. What users' passwords are checked against is noted as a number, the same for the same secret. When the notes are
/// full the broker goes on, and the recording ends there.
#[derive(Debug)]
pub struct Recorder {
    broker: Broker,
    recording: Recording,
    /// Connections whose next packet may hold a secret.
    listening: BTreeMap<ConnId, Listening>,
    /// The users' secrets that were seen, and their numbers.
    secrets: BTreeMap<String, usize>,
    /// How many bytes may still be noted.
    room: u64,
}

/// A connection on which CONNECT is still to come, or on which AUTH may come.
#[derive(Debug)]
struct Listening {
    decoder: Decoder,
    received: usize,
    /// Where in the stream the next packet begins.
    read: usize,
    /// The steps that bytes of the next packet came in, and which part of the stream each holds.
    steps: Vec<(usize, Range<usize>)>,
}

/// What a step takes besides its bytes, about.
const STEP_BYTES: u64 = 64;

impl Recorder {
    /// Makes the broker and notes up to about `room` bytes of calls.
    ///
    /// # Errors
    /// The image cannot be restored.
    pub fn new(head: Head, room: u64) -> Result<Self, RestoreError> {
        let broker = head.broker()?;
        let recording = Recording { head, steps: Vec::new() };
        Ok(Self { broker, recording, listening: BTreeMap::new(), secrets: BTreeMap::new(), room })
    }

    /// Makes a call and notes it.
    pub fn call(&mut self, at: Now, call: Call) -> Reaction {
        let step = Step { at, call };
        let reaction = step.run(&mut self.broker);
        self.note(step);
        reaction
    }

    /// The broker, to be asked.
    pub fn broker(&self) -> &Broker {
        &self.broker
    }

    /// What has been noted so far.
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// Whether the notes are full.
    pub fn is_full(&self) -> bool {
        self.room == 0
    }

    fn note(&mut self, mut step: Step) {
        let mut size = STEP_BYTES;
        if let Call::Handle(Input::Received { bytes, .. }) = &mut step.call {
            *bytes = Bytes::copy_from_slice(bytes);
            size += bytes.len() as u64;
        }
        self.room = self.room.saturating_sub(size);
        if self.is_full() {
            self.listening.clear();
            return;
        }
        let input = match &step.call {
            Call::Handle(input) => Some(input.clone()),
            Call::Drain | Call::Transmit { .. } => None,
        };
        self.mask_secrets(&mut step.call);
        self.recording.steps.push(step);
        match input {
            Some(Input::Opened { conn, .. }) => drop(self.listening.insert(conn, Listening::new())),
            Some(Input::Closed { conn, .. }) => drop(self.listening.remove(&conn)),
            Some(Input::Received { conn, bytes }) => self.listen(conn, bytes),
            _ => {}
        }
    }

    /// Hides what the host says in an exchange, and what it checks passwords against.
    fn mask_secrets(&mut self, call: &mut Call) {
        let Call::Handle(input) = call else { return };
        match input {
            Input::Authenticated {
                verdict: Verdict::Allow { data: Some(data), .. } | Verdict::Continue { data },
                ..
            } => {
                // The same length, so that the same bytes fit where they fitted.
                *data = vec![b'*'; data.len()].into();
            }
            Input::Command(Command::Rules(rules)) => {
                let secrets = rules.users.iter_mut().flat_map(|user| [&mut user.password, &mut user.scram]);
                for secret in secrets.flatten() {
                    let next = self.secrets.len() + 1;
                    let number = *self.secrets.entry(std::mem::take(secret)).or_insert(next);
                    *secret = format!("secret {number}");
                }
            }
            _ => {}
        }
    }

    /// Overwrites secrets in the packets that have become whole.
    fn listen(&mut self, conn: ConnId, bytes: Bytes) {
        let Some(listening) = self.listening.get_mut(&conn) else { return };
        let start = listening.received;
        listening.received += bytes.len();
        listening.steps.push((self.recording.steps.len() - 1, start..listening.received));
        listening.decoder.push(bytes);
        while let Ok(Some(packet)) = listening.decoder.next() {
            let end = listening.received - listening.decoder.buffered();
            let steps = &mut self.recording.steps;
            let goes_on = match &packet {
                Packet::Connect(connect) => {
                    // The password is the last thing in a CONNECT (§3.1.3.6).
                    let password = connect.password.as_ref().map_or(0, Bytes::len);
                    listening.overwrite(steps, end - password..end);
                    listening.overwrite_data(steps, end, connect.properties.authentication_data.as_ref());
                    connect.properties.authentication_method.is_some()
                }
                Packet::Auth(auth) => {
                    listening.overwrite_data(steps, end, auth.properties.authentication_data.as_ref());
                    true
                }
                _ => true,
            };
            if !goes_on {
                self.listening.remove(&conn);
                return;
            }
            listening.read = end;
            listening.steps.retain(|(_, range)| range.end > end);
        }
        if listening.decoder.next().is_err() {
            self.listening.remove(&conn);
        }
    }
}

impl Listening {
    fn new() -> Self {
        let decoder = Decoder::new(Role::Server, DecodeLimits::default());
        Self { decoder, received: 0, read: 0, steps: Vec::new() }
    }

    /// Overwrites the Authentication Data of the packet that ends at `end`, wherever in it the property stands.
    fn overwrite_data(&self, steps: &mut [Step], end: usize, data: Option<&Bytes>) {
        let Some(data) = data.filter(|data| !data.is_empty()) else { return };
        let mut packet = Vec::new();
        for (index, range) in &self.steps {
            let bytes = received(steps, *index).map_or(&[][..], |bytes| bytes);
            let taken = self.read.max(range.start)..end.min(range.end);
            packet.extend_from_slice(
                bytes.get(taken.start - range.start..taken.end - range.start).unwrap_or_default(),
            );
        }
        let len = u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes();
        let property = [&[AUTHENTICATION_DATA], &len[..], data].concat();
        for (at, found) in packet.windows(property.len()).enumerate() {
            if found == property {
                let start = self.read + at + 3;
                self.overwrite(steps, start..start + data.len());
            }
        }
    }

    /// Overwrites a part of the stream.
    fn overwrite(&self, steps: &mut [Step], secret: Range<usize>) {
        for (index, range) in &self.steps {
            let Some(bytes) = received(steps, *index) else { continue };
            let places = range.clone().zip(bytes.iter());
            let masked = places.map(|(at, byte)| if secret.contains(&at) { b'*' } else { *byte });
            *bytes = masked.collect();
        }
    }
}

/// The identifier of the Authentication Data property (§2.2.2.2).
const AUTHENTICATION_DATA: u8 = 0x16;

/// The bytes that were received in a step.
fn received(steps: &mut [Step], index: usize) -> Option<&mut Bytes> {
    match steps.get_mut(index).map(|step| &mut step.call) {
        Some(Call::Handle(Input::Received { bytes, .. })) => Some(bytes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use lacewing_protocol::{
        Auth, AuthProperties, Connect, ConnectProperties, ProtocolVersion, ReasonCode, Utf8String,
    };

    use super::*;
    use crate::{Config, Rules, Transport, User};

    #[test]
    fn a_password_is_not_in_the_recording() {
        let connect = Packet::Connect(Box::new(Connect {
            version: ProtocolVersion::V3_1_1,
            client_id: Utf8String::from_static("sensor").unwrap(),
            clean_start: true,
            keep_alive: 0,
            will: None,
            username: Some(Utf8String::from_static("kim").unwrap()),
            password: Some(Bytes::from_static(b"geheim")),
            properties: ConnectProperties::default(),
        }));
        let mut stream = BytesMut::new();
        connect.encode(ProtocolVersion::V3_1_1, &mut stream).unwrap();
        let connect_len = stream.len();
        stream.extend_from_slice(b"\xC0\0");
        for size in [1, 5, 1000] {
            let head = Head { config: Config::default(), seed: 1, start: Now::default(), image: Vec::new() };
            let mut recorder = Recorder::new(head, 1 << 20).unwrap();
            let conn = ConnId(1);
            let mut handle = |input| recorder.call(Now::default(), Call::Handle(input));
            handle(Input::Opened { conn, transport: Transport::default() });
            for bytes in stream.chunks(size) {
                handle(Input::Received { conn, bytes: Bytes::copy_from_slice(bytes) });
            }
            let noted: Vec<u8> = recorder.recording().steps[1..]
                .iter()
                .flat_map(|step| match &step.call {
                    Call::Handle(Input::Received { bytes, .. }) => bytes.to_vec(),
                    other => panic!("{other:?}"),
                })
                .collect();
            let mut expected = stream.to_vec();
            expected[connect_len - 6..connect_len].fill(b'*');
            assert_eq!(noted, expected);
            let text = recorder.recording().to_text().unwrap();
            assert_eq!(&Recording::from_text(&text).unwrap(), recorder.recording());
        }
    }

    #[test]
    fn what_is_said_in_an_authentication_is_not_in_the_recording() {
        let connect = Connect {
            version: ProtocolVersion::V5_0,
            client_id: Utf8String::from_static("sensor").unwrap(),
            clean_start: true,
            keep_alive: 0,
            will: None,
            username: None,
            password: Some(Bytes::from_static(b"geheim")),
            properties: ConnectProperties {
                authentication_method: Some(Utf8String::from_static("PLAIN").unwrap()),
                authentication_data: Some(Bytes::from_static(b"client-first")),
                ..ConnectProperties::default()
            },
        };
        let answer = Auth {
            reason: ReasonCode::ContinueAuthentication,
            properties: AuthProperties {
                authentication_method: connect.properties.authentication_method.clone(),
                authentication_data: Some(Bytes::from_static(b"client-final")),
                ..AuthProperties::default()
            },
        };
        let encoded = |packet: Packet| {
            let mut bytes = BytesMut::new();
            packet.encode(ProtocolVersion::V5_0, &mut bytes).unwrap();
            bytes.freeze()
        };
        let (connect, answer) =
            (encoded(Packet::Connect(Box::new(connect))), encoded(Packet::Auth(Box::new(answer))));
        let user = |name: &str, password: &str| User {
            name: name.to_owned(),
            password: Some(password.to_owned()),
            ..User::default()
        };
        let users = vec![user("ada", "hash"), user("kim", "other"), user("eve", "hash")];
        for size in [1, 5, 1000] {
            let head = Head { config: Config::default(), seed: 1, start: Now::default(), image: Vec::new() };
            let mut recorder = Recorder::new(head, 1 << 20).unwrap();
            let conn = ConnId(1);
            let mut handle = |input| recorder.call(Now::default(), Call::Handle(input));
            let rules = Rules { users: users.clone(), ..Rules::default() };
            handle(Input::Command(Command::Rules(Box::new(rules))));
            handle(Input::Opened { conn, transport: Transport::default() });
            let receive = |bytes: &[u8]| Input::Received { conn, bytes: Bytes::copy_from_slice(bytes) };
            connect.chunks(size).for_each(|bytes| drop(handle(receive(bytes))));
            let data = Bytes::from_static(b"server-first");
            handle(Input::Authenticated { conn, verdict: Verdict::Continue { data } });
            answer.chunks(size).for_each(|bytes| drop(handle(receive(bytes))));
            let user = Some("ada".to_owned());
            let data = Some(Bytes::from_static(b"server-final"));
            handle(Input::Authenticated { conn, verdict: Verdict::Allow { user, data } });
            assert_eq!(recorder.broker().clients(None, 1).len(), 1);

            let text = recorder.recording().to_text().unwrap();
            let noted: Vec<u8> = recorder.recording().steps.iter().flat_map(said).collect();
            for secret in ["geheim", "client-first", "server-first", "client-final", "server-final"] {
                let is_noted = noted.windows(secret.len()).any(|part| part == secret.as_bytes());
                assert!(!is_noted, "{secret}");
            }
            assert!(!text.contains("hash") && !text.contains("other"));
            // Who has the same secret as before still has.
            let secrets = ["secret 1", "secret 2", "secret 1"].map(|it| text.matches(it).count());
            assert_eq!(secrets, [2, 1, 2]);
            let replayed = Recording::from_text(&text).unwrap();
            assert_eq!(&replayed, recorder.recording());
            assert_eq!(replayed.replay().unwrap().reactions.len(), replayed.steps.len());
        }
    }

    /// What was said in a step, by the client or by the host.
    fn said(step: &Step) -> Vec<u8> {
        match &step.call {
            Call::Handle(Input::Received { bytes, .. }) => bytes.to_vec(),
            Call::Handle(Input::Authenticated { verdict: Verdict::Continue { data }, .. }) => data.to_vec(),
            Call::Handle(Input::Authenticated { verdict: Verdict::Allow { data, .. }, .. }) => {
                data.clone().unwrap_or_default().to_vec()
            }
            _ => Vec::new(),
        }
    }

    #[test]
    fn a_full_recording_ends_and_the_broker_goes_on() {
        let head = Head { config: Config::default(), seed: 1, start: Now::default(), image: Vec::new() };
        let mut recorder = Recorder::new(head, 3 * STEP_BYTES).unwrap();
        for _ in 0..10 {
            recorder.call(Now::default(), Call::Drain);
        }
        assert!(recorder.is_full());
        assert_eq!(recorder.recording().steps.len(), 2);
    }
}
