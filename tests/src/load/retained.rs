//! Many retained messages are stored, and then a subscriber of `#` takes all of them.

use std::time::{Duration, Instant};

use lacewing_protocol::QoS;
use mio::{Events, Poll, Token};

use super::frame::{Frame, Head};
use super::packets::{Arrived, read};
use super::wire::Wire;
use super::{Load, PIECE, STALLED};

/// The most messages that are stored and not acknowledged.
const WINDOW: u64 = 200;

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Retained {
    /// Messages stored.
    pub stored: u64,
    /// Different messages that came to the subscriber, with the RETAIN flag.
    pub arrived: u64,
    /// From the first message to the last acknowledgement.
    pub storing: Duration,
    /// From the subscription to the last delivery.
    pub taking: Duration,
    /// Why it ended early.
    pub trouble: Option<String>,
}

/// Stores `count` retained messages as `load` says, one topic each, and has a new subscriber take them.
pub fn retained(load: &Load, count: u64) -> Retained {
    let mut outcome = Retained::default();
    if let Err(trouble) = store(load, count, &mut outcome).and_then(|()| take(load, count, &mut outcome)) {
        outcome.trouble = Some(trouble);
    }
    outcome
}

fn store(load: &Load, count: u64, outcome: &mut Retained) -> Result<(), String> {
    let load = Load { qos: QoS::AtLeastOnce, ..load.clone() };
    let mut poll = Poll::new().map_err(in_words)?;
    let dialled = Wire::dial(&load, "load-keeper", false).map_err(in_words)?;
    let mut wire = dialled.watched(poll.registry(), Token(0)).map_err(in_words)?;
    let mut frames: Vec<Frame> = (0..count)
        .map(|number| Frame::with_retain(&load, &format!("kept/{}/{}", number / 1000, number % 1000), true))
        .collect();
    let (mut sent, mut events, mut piece) = (0, Events::with_capacity(8), vec![0; PIECE]);
    let began = Instant::now();
    let mut progress = began;
    while outcome.stored < count {
        while sent < count && sent - outcome.stored < WINDOW {
            wire.push(frames[sent as usize].fill(Head { time: 0, publisher: 0, number: sent as u32 }));
            sent += 1;
        }
        wire.flush().map_err(in_words)?;
        poll.poll(&mut events, Some(super::PATIENCE)).map_err(in_words)?;
        let came = wire.read(&mut piece, |first, body, _| {
            outcome.stored += u64::from(read(first, body, load.version.is_v5())? == Arrived::Done);
            Ok(())
        })?;
        progress = still(came, progress)?;
    }
    outcome.storing = began.elapsed();
    Ok(())
}

fn take(load: &Load, count: u64, outcome: &mut Retained) -> Result<(), String> {
    let mut poll = Poll::new().map_err(in_words)?;
    let mut dialled = Wire::dial(load, "load-taker", false).map_err(in_words)?;
    let began = Instant::now();
    dialled.subscribe(&["#".to_owned()], QoS::AtLeastOnce).map_err(in_words)?;
    let mut wire = dialled.watched(poll.registry(), Token(0)).map_err(in_words)?;
    let mut seen = vec![false; count as usize];
    let (mut events, mut piece) = (Events::with_capacity(8), vec![0; PIECE]);
    let mut progress = began;
    while outcome.arrived < count {
        let came = wire.read(&mut piece, |first, body, out| {
            let Arrived::Message { qos, retain, id, head } = read(first, body, load.version.is_v5())? else {
                return Ok(());
            };
            if qos == 1 {
                out.extend_from_slice(&[0x40, 2, id[0], id[1]]);
            }
            let Some(seen) = seen.get_mut(head.number as usize) else {
                return Err("a message that was never stored".to_owned());
            };
            outcome.arrived += u64::from(retain && !std::mem::replace(seen, true));
            Ok(())
        })?;
        wire.flush().map_err(in_words)?;
        progress = still(came, progress)?;
        if outcome.arrived < count {
            poll.poll(&mut events, Some(super::PATIENCE)).map_err(in_words)?;
        }
    }
    outcome.taking = progress - began;
    Ok(())
}

/// When there was progress last; an error when that is too long ago.
fn still(came: bool, progress: Instant) -> Result<Instant, String> {
    if came {
        return Ok(Instant::now());
    }
    if progress.elapsed() > STALLED {
        return Err("nothing comes any more".to_owned());
    }
    Ok(progress)
}

fn in_words(error: std::io::Error) -> String {
    error.to_string()
}
