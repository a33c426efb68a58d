//! How connections end: flushed, closed in our direction, drained a moment, then dropped.

use lacewing_broker::{CloseCause, ConnId, Now};

use super::Reactor;
use super::connection::Phase;
use crate::hub::Farewell;

/// How long a closing connection may take to flush, in microseconds.
pub(super) const FLUSH_WITHIN: u64 = 1_500_000;
/// How long what the other end still sends is thrown away after that.
pub(super) const DRAIN_WITHIN: u64 = 300_000;

impl Reactor {
    pub(super) fn begin_close(&mut self, now: Now, conn: ConnId, farewell: &Farewell) {
        let Some(connection) = self.connections.find(conn) else { return };
        if !connection.is_open() {
            return;
        }
        // A WebSocket's close frame wants an answer.
        let drain = !farewell.answered || connection.websocket.is_some();
        connection.phase = Phase::Flushing { drain };
        // From here on reading only looks for the end of the stream.
        connection.paused = false;
        if let Some(websocket) = &mut connection.websocket {
            websocket.close(farewell);
        }
        self.flushing.push_back((now.awake + FLUSH_WITHIN, conn));
        self.queue_read(conn);
        self.queue_write(conn);
    }

    /// Tells the hub, once, that the connection is gone for it.
    pub(super) fn leave(&mut self, now: Now, conn: ConnId, cause: CloseCause) {
        if let Some(connection) = self.connections.find(conn)
            && std::mem::replace(&mut connection.known, false)
        {
            self.hub.closed(now, conn, cause);
        }
    }

    /// Drops what has ended, after what it was still sent.
    pub(super) fn finish(&mut self, now: Now) {
        if self.ended.is_empty() {
            return;
        }
        for (conn, cause) in std::mem::take(&mut self.ended) {
            self.leave(now, conn, cause);
            self.connections.remove(conn);
        }
        self.act(now);
    }
}
