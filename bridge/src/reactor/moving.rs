//! How bytes move: each readable socket is read once, then each ready connection written once.

use std::io;
use std::net::Shutdown;

use bytes::BytesMut;
use lacewing_broker::{Batch, CloseCause, ConnId, Now};
use tracing::debug;

use super::connection::{Connection, Phase};
use super::leaving::DRAIN_WITHIN;
use super::{Reactor, handshakes};
use crate::hub::{Hub, Role};

/// Sockets read at once.
const READS_PER_TURN: usize = 512;
/// Connections written in one turn.
const WRITES_PER_TURN: usize = 4096;
/// Bytes taken from the hub for one connection in one turn.
const WRITE_SIZE: usize = 128 << 10;
/// Messages of a tab's link written in one turn.
const MESSAGES_PER_TURN: usize = 16;

impl Reactor {
    pub(super) fn read(&mut self, now: Now) {
        let mut handshakes = handshakes::PER_TURN;
        for _ in 0..self.to_read.len().min(READS_PER_TURN) {
            let Some(conn) = self.to_read.pop_front() else { return };
            let Some(connection) = self.connections.find(conn) else { continue };
            connection.queued_to_read = false;
            if connection.paused || !connection.readable {
                continue;
            }
            if connection.tls.as_ref().is_some_and(|tls| tls.is_greeting()) {
                let Some(left) = handshakes.checked_sub(1) else {
                    connection.queued_to_read = true;
                    self.to_read.push_back(conn);
                    continue;
                };
                handshakes = left;
            }
            let read = match self.buffer.read(&mut connection.socket) {
                Ok(read) => read,
                Err(error) => {
                    connection.readable = false;
                    if error.kind() != io::ErrorKind::WouldBlock {
                        self.ended.push((conn, CloseCause::Failed));
                    }
                    continue;
                }
            };
            if read.bytes.is_empty() {
                connection.readable = false;
                self.ended.push((conn, CloseCause::Peer));
                continue;
            }
            // A short read empties the socket, and the poll tells when there is more; but not of an end that has come.
            connection.readable = !read.short || connection.hung_up;
            if connection.readable {
                connection.queued_to_read = true;
                self.to_read.push_back(conn);
            }
            if !connection.is_open() {
                continue;
            }
            let first = std::mem::replace(&mut connection.phase, Phase::Open) == Phase::New;
            if connection.tls.is_some() {
                self.decrypt(now, conn, first, read.bytes);
            } else if !first
                || connection.websocket.is_some()
                || self.is_at_the_right_door(now, conn, &read.bytes)
            {
                self.received(now, conn, read.bytes);
            }
        }
    }

    /// Takes plain bytes of a connection that is in.
    pub(super) fn received(&mut self, now: Now, conn: ConnId, bytes: BytesMut) {
        let Some(connection) = self.connections.find(conn) else { return };
        let hub = &mut self.hub;
        let Some(websocket) = &mut connection.websocket else {
            hub.received(now, conn, bytes.freeze());
            return;
        };
        let result = websocket.receive(bytes, &mut |payload| hub.received(now, conn, payload));
        if let Err(violation) = result {
            debug!(%conn, "the WebSocket ends: {violation}");
            self.leave(now, conn, CloseCause::Peer);
            self.begin_close(now, conn, &violation.farewell());
            return;
        }
        if websocket.has_replies() {
            self.queue_write(conn);
        }
    }

    pub(super) fn write(&mut self, now: Now) {
        for _ in 0..self.to_write.len().min(WRITES_PER_TURN) {
            let Some(conn) = self.to_write.pop_front() else { return };
            let Some(connection) = self.connections.find(conn) else { continue };
            connection.queued_to_write = false;
            if connection.phase == Phase::Draining {
                continue;
            }
            match write_once(connection, self.hub.as_mut(), &mut self.batch, now) {
                Ok(Wrote::More) => {
                    connection.queued_to_write = true;
                    self.to_write.push_back(conn);
                }
                Ok(Wrote::Blocked) => {}
                Ok(Wrote::All) => match connection.phase {
                    Phase::New | Phase::Open | Phase::Draining => {}
                    Phase::Flushing { drain }
                        if drain && connection.socket.shutdown(Shutdown::Write).is_ok() =>
                    {
                        connection.phase = Phase::Draining;
                        self.draining.push_back((now.awake + DRAIN_WITHIN, conn));
                    }
                    Phase::Flushing { .. } => self.ended.push((conn, CloseCause::Local)),
                },
                Err(error) => {
                    debug!(%conn, "writing failed: {error}");
                    self.ended.push((conn, CloseCause::Failed));
                }
            }
        }
    }

    /// Has a connection read, if there may be something to read.
    pub(super) fn queue_read(&mut self, conn: ConnId) {
        let Some(connection) = self.connections.find(conn) else { return };
        if connection.readable && !connection.paused && !connection.queued_to_read {
            connection.queued_to_read = true;
            self.to_read.push_back(conn);
        }
    }

    /// Has a connection written.
    pub(super) fn queue_write(&mut self, conn: ConnId) {
        let Some(connection) = self.connections.find(conn) else { return };
        // A blocked one is queued when the system says that it takes more.
        if !connection.queued_to_write && !connection.is_blocked() {
            connection.queued_to_write = true;
            self.to_write.push_back(conn);
        }
    }
}

/// How far a write came.
enum Wrote {
    All,
    More,
    Blocked,
}

/// Writes what waits for one connection: what was left, then one batch of a device or a few messages of a tab.
fn write_once(
    connection: &mut Connection,
    hub: &mut dyn Hub,
    batch: &mut Batch,
    now: Now,
) -> io::Result<Wrote> {
    // A close frame is the last one, so it waits until the hub has no more to send.
    let closing = connection.is_flushing();
    let ready = if closing { connection.flush_leftover()? } else { connection.flush()? };
    if !ready {
        return Ok(Wrote::Blocked);
    }
    let rounds = if connection.role == Role::Device { 1 } else { MESSAGES_PER_TURN };
    let mut more = false;
    for _ in 0..rounds {
        if !connection.known {
            break;
        }
        batch.clear();
        more = hub.transmit(now, connection.id, WRITE_SIZE, batch);
        connection.write(batch)?;
        if connection.is_blocked() {
            return Ok(Wrote::Blocked);
        }
        if !more {
            break;
        }
    }
    if more {
        return Ok(Wrote::More);
    }
    let all = connection.flush()? && (!closing || connection.end()?);
    Ok(if all { Wrote::All } else { Wrote::Blocked })
}
