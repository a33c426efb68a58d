//! One client: what it has sent and heard.

use std::io;

use lacewing_protocol::QoS;
use mio::{Registry, Token};

use super::Load;
use super::arrivals::Tally;
use super::frame::{Frame, Head};
use super::packets::{Arrived, read};
use super::plan::{Plan, Role};
use super::wire::Wire;

/// A client of a load.
#[derive(Debug)]
pub(super) struct Client {
    wire: Wire,
    is_v5: bool,
    qos: QoS,
    subscriber: Option<u32>,
    publishes: bool,
    sent: u64,
    acknowledged: u64,
}

impl Client {
    /// Connects it, its subscriptions granted.
    pub(super) fn connect(
        load: &Load,
        plan: &Plan,
        number: usize,
        role: &Role,
        registry: &Registry,
    ) -> io::Result<Self> {
        let side = if role.subscriber.is_some() { "sub" } else { "pub" };
        let number_in_role = if role.subscriber.is_some() { number } else { number - plan.subscribers() };
        let client_id = format!("load-{side}-{number_in_role}");
        let mut dialled = Wire::dial(load, &client_id, load.lasting && role.subscriber.is_some())?;
        if let Some((_, filters)) = &role.subscriber {
            dialled.subscribe(filters, load.qos)?;
        }
        Ok(Self {
            wire: dialled.watched(registry, Token(number))?,
            is_v5: load.version.is_v5(),
            qos: load.qos,
            subscriber: role.subscriber.as_ref().map(|(number, _)| *number),
            publishes: role.publishes,
            sent: 0,
            acknowledged: 0,
        })
    }

    pub(super) fn publishes(&self) -> bool {
        self.publishes
    }

    /// How many messages it has sent.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// How many of them are not acknowledged, where they are.
    pub(super) fn unacknowledged(&self) -> u64 {
        if self.qos == QoS::AtMostOnce { 0 } else { self.sent - self.acknowledged }
    }

    /// Whether bytes wait to be written.
    pub(super) fn is_writing(&self) -> bool {
        self.wire.is_writing()
    }

    /// Lets a message wait to be written.
    pub(super) fn push(&mut self, frame: &mut Frame, publisher: u32, time: u64) {
        self.wire.push(frame.fill(Head { time, publisher, number: self.sent as u32 }));
        self.sent += 1;
    }

    /// Writes as much as the socket takes. That it is broken is found when it is read.
    pub(super) fn flush(&mut self) {
        let _ = self.wire.flush();
    }

    /// Reads and answers; says whether anything came.
    ///
    /// # Errors
    /// The connection has ended, or the broker refuses or sends what it must not.
    pub(super) fn read(&mut self, piece: &mut [u8], now: u64, tally: &mut Tally) -> Result<bool, String> {
        let Self { wire, is_v5, qos, subscriber, acknowledged, sent, .. } = self;
        let came = wire.read(piece, |first, body, out| {
            match read(first, body, *is_v5)? {
                Arrived::Message { qos: granted, id, head, .. } => {
                    let Some(subscriber) = *subscriber else {
                        return Err("a publisher was sent a message".to_owned());
                    };
                    match granted {
                        0 => {}
                        1 => out.extend_from_slice(&[0x40, 2, id[0], id[1]]),
                        _ => out.extend_from_slice(&[0x50, 2, id[0], id[1]]),
                    }
                    if granted != u8::from(*qos) {
                        return Err(format!("a message came with QoS {granted}"));
                    }
                    tally.arrived(subscriber, head, now);
                }
                Arrived::Done => {
                    *acknowledged += 1;
                    tally.acknowledged += 1;
                    if *acknowledged > *sent {
                        return Err("an acknowledgement of nothing".to_owned());
                    }
                }
                Arrived::Received(id) => out.extend_from_slice(&[0x62, 2, id[0], id[1]]),
                Arrived::Released(id) => out.extend_from_slice(&[0x70, 2, id[0], id[1]]),
                Arrived::Other(..) => {}
            }
            Ok(())
        })?;
        wire.flush().map_err(|error| format!("the broker ended a connection: {error}"))?;
        Ok(came)
    }
}

/// Whether a CONNACK lets its client in.
pub(super) fn lets_in(body: &[u8]) -> io::Result<()> {
    match body.get(1) {
        Some(0) => Ok(()),
        code => Err(io::Error::other(format!("CONNECT was refused with {code:?}"))),
    }
}
