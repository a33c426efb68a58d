use std::fmt;

use bytes::Bytes;

use crate::{Change, ConnId, Output};

/// How a broker reacted to the calls of a recording, one reaction for each.
///
/// Its text shows every output and every byte; it is the same on every target.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Transcript {
    /// The reactions, in the order of the calls.
    pub reactions: Vec<Reaction>,
}

/// What a call gave.
#[derive(Debug, Clone, PartialEq)]
pub enum Reaction {
    /// An input was taken; what comes of it is in the next drain.
    Taken,
    /// The outputs, and when the broker wants to be called next.
    Drained {
        /// All that were there.
        outputs: Vec<Output>,
        /// In microseconds of the awake clock.
        timeout: Option<u64>,
    },
    /// Bytes for a connection.
    Sent {
        /// Which.
        conn: ConnId,
        /// Its bytes.
        bytes: Bytes,
        /// Whether more may go now.
        more: bool,
    },
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, reaction) in (1..).zip(&self.reactions) {
            let number: u32 = number;
            match reaction {
                Reaction::Taken => writeln!(f, "{number} taken")?,
                Reaction::Drained { outputs, timeout } => {
                    match timeout {
                        Some(at) => writeln!(f, "{number} drained, next {at}")?,
                        None => writeln!(f, "{number} drained")?,
                    }
                    for output in outputs {
                        writeln!(f, "  {}", Line(output))?;
                    }
                }
                Reaction::Sent { conn, bytes, more } => {
                    let more = if *more { ", more" } else { "" };
                    writeln!(f, "{number} sent {conn}{more} {}", Hex(bytes))?;
                }
            }
        }
        Ok(())
    }
}

struct Line<'a>(&'a Output);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Output::Persist { seq, record } => {
                write!(f, "persist {} {:?} {} ", seq.0, record.table, Hex(&record.key))?;
                match &record.change {
                    Change::Put(value) => write!(f, "put {}", Hex(value)),
                    Change::Delete => f.write_str("delete"),
                }
            }
            Output::Ready { conn } => write!(f, "ready {conn}"),
            Output::Authenticate { conn, request } => write!(f, "authenticate {conn} {request:?}"),
            Output::PauseRead { conn } => write!(f, "pause {conn}"),
            Output::ResumeRead { conn } => write!(f, "resume {conn}"),
            Output::Close { conn, reason } => write!(f, "close {conn} {reason:?}"),
            Output::Event(event) => write!(f, "event {} at {} {:?}", event.number, event.at, event.kind),
        }
    }
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
