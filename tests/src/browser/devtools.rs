//! The developer tools' protocol: JSON calls and answers over one WebSocket.

use std::net::TcpStream;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, WebSocket};

use crate::patience::PATIENCE;

/// A page's whole text may come in one answer.
const ANSWER_MAX: usize = 64 << 20;

/// The line to one browser.
#[derive(Debug)]
pub(super) struct DevTools {
    socket: WebSocket<TcpStream>,
    calls: u64,
}

impl DevTools {
    /// Dials the address that Chromium prints, `ws://127.0.0.1:PORT/devtools/browser/ID`.
    pub(super) fn dial(url: &str) -> Self {
        let authority = url.trim_start_matches("ws://").split('/').next().unwrap_or_default();
        let stream = TcpStream::connect(authority).expect("Chromium listens where it says");
        stream.set_nodelay(true).expect("a socket option can be set");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        let config =
            WebSocketConfig::default().max_message_size(Some(ANSWER_MAX)).max_frame_size(Some(ANSWER_MAX));
        let (socket, _) =
            tokio_tungstenite::tungstenite::client::client_with_config(url, stream, Some(config))
                .expect("Chromium's developer tools answer");
        Self { socket, calls: 0 }
    }

    /// Waits for the event `method` of `session`, and gives its parameters. What comes before it is passed over.
    ///
    /// # Panics
    /// When it does not come.
    pub(super) fn event(&mut self, session: &str, method: &str) -> Value {
        loop {
            let message =
                self.socket.read().unwrap_or_else(|error| panic!("{method} does not come: {error}"));
            let Message::Text(text) = message else { continue };
            let mut event: Value = serde_json::from_str(&text).expect("the developer tools speak JSON");
            if event["method"] == method && event["sessionId"] == session {
                return event["params"].take();
            }
        }
    }

    /// Calls `method` in `session`, or of the browser itself.
    ///
    /// # Errors
    /// What the browser objects, in its words.
    pub(super) fn call(
        &mut self,
        session: Option<&str>,
        method: &str,
        params: Value,
    ) -> Result<Value, String> {
        self.call_and_hear(session, method, params).map(|(answer, _)| answer)
    }

    /// The same, with the events that come before the answer.
    ///
    /// # Errors
    /// What the browser objects, in its words.
    pub(super) fn call_and_hear(
        &mut self,
        session: Option<&str>,
        method: &str,
        params: Value,
    ) -> Result<(Value, Vec<Value>), String> {
        self.calls += 1;
        let id = self.calls;
        let mut call = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            call["sessionId"] = session.into();
        }
        self.socket.send(Message::text(call.to_string())).expect("Chromium listens");
        let mut events = Vec::new();
        loop {
            let message =
                self.socket.read().unwrap_or_else(|error| panic!("{method} has no answer: {error}"));
            let Message::Text(text) = message else { continue };
            let mut answer: Value = serde_json::from_str(&text).expect("the developer tools speak JSON");
            if answer["id"] != id {
                events.push(answer);
                continue;
            }
            return match answer.get("error") {
                Some(error) => Err(format!("{method}: {error}")),
                None => Ok((answer["result"].take(), events)),
            };
        }
    }
}
