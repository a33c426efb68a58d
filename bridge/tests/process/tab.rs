//! A tab played by the test: the dialling end of a link over a WebSocket.

use std::collections::VecDeque;
use std::net::TcpStream;
use std::time::Instant;

use bytes::Bytes;
use lacewing_control::service::{FromBridge, FromHost, Inbox, framed};
use lacewing_link::{BrokerId, CloseReason, Config, Event, Hello, Link, Listener, Side, StreamId};
use tokio_tungstenite::tungstenite::{self, client::IntoClientRequest};
use tokio_tungstenite::tungstenite::{Message, WebSocket};

use crate::daemon::Daemon;

pub(crate) struct Tab {
    pub(crate) link: Link,
    /// The stream by which the bridge says who may come in.
    service: Option<StreamId>,
    inbox: Inbox,
    /// What the bridge said on it.
    pub(crate) told: VecDeque<FromBridge>,
    socket: WebSocket<TcpStream>,
    started: Instant,
}

impl Tab {
    /// A tab that has said `hello` on a new channel.
    pub(crate) fn dial(daemon: &Daemon, hello: Hello) -> Self {
        let mut request = format!("ws://{}/link", daemon.host()).into_client_request().unwrap();
        request.headers_mut().insert("Origin", daemon.origin().parse().unwrap());
        let (socket, _) = tungstenite::client(request, daemon.http()).unwrap();
        let mut link = Link::new(Side::Dialler, Config::default(), 0);
        link.hello(hello).unwrap();
        let (inbox, told) = (Inbox::default(), VecDeque::new());
        let mut tab = Self { link, service: None, inbox, told, socket, started: Instant::now() };
        tab.send();
        tab
    }

    /// A tab that is the broker `id` now.
    pub(crate) fn linked(daemon: &Daemon, id: u8) -> Self {
        let mut tab = Self::dial(daemon, hello(daemon, id));
        assert!(matches!(tab.event(), Event::Hello(_)));
        tab
    }

    /// Sends what the link has to say.
    pub(crate) fn send(&mut self) {
        while let Some(message) = self.link.transmit() {
            self.socket.send(Message::Binary(message)).unwrap();
        }
    }

    /// The next event of the link that is not about the service.
    pub(crate) fn event(&mut self) -> Event {
        loop {
            if let Some(event) = self.link.poll_event() {
                match event {
                    Event::Opened { stream, open } if open.listener == Listener::Service => {
                        self.service = Some(stream);
                    }
                    Event::Data { stream, bytes } if self.service == Some(stream) => self.serve(&bytes),
                    event => return event,
                }
                continue;
            }
            self.send();
            let Message::Binary(message) = self.socket.read().unwrap() else { continue };
            self.link.receive(self.started.elapsed().as_micros() as u64, message).unwrap();
        }
    }

    /// Takes what the bridge says of users and rules; a tab takes devices once it knows the rules.
    fn serve(&mut self, bytes: &[u8]) {
        let Some(service) = self.service else { return };
        self.link.consume(service, bytes.len() as u32);
        self.inbox.receive(bytes);
        while let Some(message) = self.inbox.take().unwrap() {
            if matches!(message, FromBridge::Rules(_)) {
                self.say(&FromHost::Ready);
            }
            self.told.push_back(message);
        }
    }

    /// Says something to the bridge itself.
    pub(crate) fn say(&mut self, message: &FromHost) {
        self.link.send(self.service.unwrap(), &framed(message).unwrap()).unwrap();
        self.send();
    }

    /// Waits for the next thing that the bridge says of users and rules, while nothing else happens.
    pub(crate) fn told(&mut self) -> FromBridge {
        loop {
            if let Some(message) = self.told.pop_front() {
                return message;
            }
            self.send();
            if let Message::Binary(message) = self.socket.read().unwrap() {
                self.link.receive(self.started.elapsed().as_micros() as u64, message).unwrap();
            }
            while let Some(event) = self.link.poll_event() {
                match event {
                    Event::Opened { stream, open } if open.listener == Listener::Service => {
                        self.service = Some(stream);
                    }
                    Event::Data { stream, bytes } if self.service == Some(stream) => self.serve(&bytes),
                    event => panic!("{event:?}"),
                }
            }
        }
    }

    /// Waits for a device; gives its stream.
    pub(crate) fn opened(&mut self) -> StreamId {
        let event = self.event();
        let Event::Opened { stream, .. } = event else { panic!("{event:?}") };
        stream
    }

    /// Waits for bytes of `stream`, and takes them.
    pub(crate) fn data(&mut self, stream: StreamId) -> Bytes {
        match self.event() {
            Event::Data { stream: from, bytes } if from == stream => {
                self.link.consume(stream, bytes.len() as u32);
                bytes
            }
            event => panic!("{event:?}"),
        }
    }

    /// Waits for the link's end; gives the reason and the WebSocket's close code.
    pub(crate) fn end(mut self) -> (CloseReason, u16) {
        let event = self.event();
        let Event::Goodbye { reason } = event else { panic!("{event:?}") };
        loop {
            if let Message::Close(Some(frame)) = self.socket.read().unwrap() {
                return (reason, frame.code.into());
            }
        }
    }
}

/// What the broker `id` says, with the right token.
pub(crate) fn hello(daemon: &Daemon, id: u8) -> Hello {
    Hello::new(BrokerId([id; 16])).with_token(daemon.token.as_str())
}
