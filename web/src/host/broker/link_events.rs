//! What a channel's link tells of its streams: each is a connection to the broker, or the bridge's own.

use lacewing_broker::{CloseCause, ConnId, Input, Listener, Now, Transport};
use lacewing_link::{BrokerId, CloseCode, Event, Hello, Listener as Origin, StreamId};

use super::{BrokerHost, ChannelId};
use crate::host::conn::Conn;
use crate::host::service::Service;

impl BrokerHost {
    pub(super) fn link_events(&mut self, now: Now, id: ChannelId) {
        while let Some(event) = self.channels.get_mut(&id).and_then(|channel| channel.link.poll_event()) {
            self.link_event(now, id, event);
        }
    }

    fn link_event(&mut self, now: Now, id: ChannelId, event: Event) {
        let Some(channel) = self.channels.get_mut(&id) else { return };
        match event {
            Event::Hello(hello) if channel.is_bridge => self.bridge.linked(&hello),
            Event::Hello(_) => {
                // Refused only when said twice, and a second HELLO of the peer's ends the link before it comes here.
                let _ = channel.link.hello(Hello::new(BrokerId(self.name)));
            }
            Event::Opened { stream, open } if open.listener == Origin::Service => {
                if channel.is_bridge && self.service.is_none() {
                    self.service = Some(Service::new(stream));
                } else {
                    channel.link.reset(stream, CloseCode::Refused);
                }
            }
            Event::Opened { stream, open } => {
                self.conns_opened += 1;
                let conn = ConnId(self.conns_opened);
                channel.streams.insert(stream, conn);
                let listener = if channel.is_bridge { listener(open.listener) } else { Listener::Page };
                // Only the bridge has seen certificates; what a page calls itself proves nothing.
                let tls = open.identity.filter(|_| channel.is_bridge);
                self.conns.insert(conn, Conn::new(id, stream));
                let transport = Transport { listener, peer: open.peer, tls };
                self.broker.handle(now, Input::Opened { conn, transport });
            }
            Event::Data { stream, bytes } if channel.is_bridge && is_service(&self.service, stream) => {
                self.hear_service(now, id, &bytes);
            }
            Event::Data { stream, bytes } => {
                let received = bytes.len() as u32;
                let Some(conn_id) = channel.streams.get(&stream).copied() else {
                    channel.link.consume(stream, received);
                    return;
                };
                self.broker.handle(now, Input::Received { conn: conn_id, bytes });
                if let Some(conn) = self.conns.get_mut(&conn_id) {
                    conn.received(&mut channel.link, received);
                }
            }
            Event::Writable { stream } if channel.is_bridge && is_service(&self.service, stream) => {
                self.flush_service();
            }
            Event::Writable { stream } => {
                if let Some(conn) = channel.streams.get(&stream) {
                    self.ready.push_back(*conn);
                }
            }
            Event::Closed { stream, .. } | Event::Reset { stream, .. }
                if channel.is_bridge && is_service(&self.service, stream) =>
            {
                channel.link.close(stream, CloseCode::Ended);
                self.service = None;
            }
            Event::Closed { stream, .. } => {
                let conn = channel.streams.get(&stream).copied();
                channel.link.close(stream, CloseCode::Ended);
                if let Some(conn) = conn {
                    self.forget(now, conn, CloseCause::Peer);
                }
            }
            Event::Reset { stream, .. } => {
                if let Some(conn) = channel.streams.get(&stream).copied() {
                    self.forget(now, conn, CloseCause::Failed);
                }
            }
            Event::Goodbye { reason } => {
                if channel.is_bridge {
                    self.bridge.refused(now.awake, &reason);
                }
                self.end_channel(now, id, &reason.to_string());
            }
        }
    }
}

fn is_service(service: &Option<Service>, stream: StreamId) -> bool {
    service.as_ref().is_some_and(|service| service.stream == stream)
}

fn listener(origin: Origin) -> Listener {
    match origin {
        Origin::Mqtt => Listener::Tcp,
        Origin::WebSocket => Listener::WebSocket,
        Origin::MqttTls => Listener::Tls,
        Origin::WebSocketTls => Listener::WebSocketTls,
        Origin::Page => Listener::Page,
        Origin::Home => Listener::Home,
        Origin::Control | Origin::Service | Origin::Other(_) => Listener::Link,
    }
}
