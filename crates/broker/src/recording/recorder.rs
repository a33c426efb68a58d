use std::collections::BTreeMap;

use bytes::Bytes;
use lacewing_protocol::{DecodeLimits, Decoder, Packet, Role};

use super::{Call, Head, Reaction, Recording, Step};
use crate::{Broker, ConnId, Input, Now, RestoreError};

/// A broker whose calls are noted.
///
/// Passwords are noted as asterisks; as the host's verdicts are noted too, a replay goes the same way. When the notes
/// are full the broker goes on, and the recording ends there.
#[derive(Debug)]
pub struct Recorder {
    broker: Broker,
    recording: Recording,
    connecting: BTreeMap<ConnId, Connecting>,
    /// How many bytes may still be noted.
    room: u64,
}

/// A connection whose CONNECT is not whole.
#[derive(Debug)]
struct Connecting {
    decoder: Decoder,
    received: usize,
    /// The steps that these bytes came in.
    steps: Vec<usize>,
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
        Ok(Self { broker, recording, connecting: BTreeMap::new(), room })
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
            self.connecting.clear();
            return;
        }
        self.recording.steps.push(step.clone());
        match step.call {
            Call::Handle(Input::Opened { conn, .. }) => drop(self.connecting.insert(conn, Connecting::new())),
            Call::Handle(Input::Closed { conn, .. }) => drop(self.connecting.remove(&conn)),
            Call::Handle(Input::Received { conn, bytes }) => self.mask_password(conn, bytes),
            _ => {}
        }
    }

    /// Overwrites the password once the CONNECT is whole: it is the last thing in it (§3.1.3.6).
    fn mask_password(&mut self, conn: ConnId, bytes: Bytes) {
        let Some(connecting) = self.connecting.get_mut(&conn) else { return };
        connecting.received += bytes.len();
        connecting.steps.push(self.recording.steps.len() - 1);
        connecting.decoder.push(bytes);
        let packet = connecting.decoder.next();
        if let Ok(None) = packet {
            return;
        }
        let Some(connecting) = self.connecting.remove(&conn) else { return };
        let Ok(Some(Packet::Connect(connect))) = packet else { return };
        let end = connecting.received - connecting.decoder.buffered();
        let password = end - connect.password.map_or(0, |password| password.len())..end;
        let mut at = 0;
        for index in connecting.steps {
            let Some(Call::Handle(Input::Received { bytes, .. })) =
                self.recording.steps.get_mut(index).map(|step| &mut step.call)
            else {
                continue;
            };
            let masked =
                (at..).zip(bytes.iter()).map(|(at, byte)| if password.contains(&at) { b'*' } else { *byte });
            let masked: Vec<u8> = masked.collect();
            at += masked.len();
            *bytes = masked.into();
        }
    }
}

impl Connecting {
    fn new() -> Self {
        let decoder = Decoder::new(Role::Server, DecodeLimits::default());
        Self { decoder, received: 0, steps: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use lacewing_protocol::{Connect, ConnectProperties, ProtocolVersion, Utf8String};

    use super::*;
    use crate::{Config, Transport};

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
