//! Turns an HTTP request into a WebSocket and hands its socket to the reactor.

use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::upgrade::{OnUpgrade, Parts};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tracing::debug;

use super::answer::{Body, text};
use super::tls_stream::TlsStream;
use crate::hub::Arrival;
use crate::reactor::{Adopted, Order, Orders};

/// How long the answer to an upgrade may take to be written.
const WITHIN: Duration = Duration::from_secs(5);

/// The subprotocols of MQTT, the better one first [MQTT-6.0.0-3].
const MQTT_PROTOCOLS: [&str; 2] = ["mqtt", "mqttv3.1"];

/// Answers a request for a device's WebSocket.
pub(crate) fn device(request: Request<Incoming>, arrival: Arrival, orders: Orders) -> Response<Body> {
    let Some(protocol) = subprotocol(request.headers()) else {
        return text(
            StatusCode::BAD_REQUEST,
            "MQTT over WebSocket needs the subprotocol mqtt (or mqttv3.1) in Sec-WebSocket-Protocol.\n",
        );
    };
    let mut response = upgrade(request, arrival, orders);
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    }
    response
}

/// Answers a request for a WebSocket; once the answer is written, the reactor has the socket.
pub(crate) fn upgrade(mut request: Request<Incoming>, arrival: Arrival, orders: Orders) -> Response<Body> {
    let headers = request.headers();
    if !has_token(headers, UPGRADE.as_str(), "websocket")
        || !has_token(headers, CONNECTION.as_str(), "upgrade")
    {
        return text(StatusCode::UPGRADE_REQUIRED, "This address is for WebSockets.\n");
    }
    let key = headers.get(SEC_WEBSOCKET_KEY).filter(|key| key.len() == 24);
    let right_version = headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    let (Some(key), true) = (key, right_version) else {
        return text(StatusCode::BAD_REQUEST, "The request is not that of a WebSocket of version 13.\n");
    };
    let Ok(accept) = HeaderValue::try_from(derive_accept_key(key.as_bytes())) else {
        return text(StatusCode::BAD_REQUEST, "The WebSocket key is broken.\n");
    };
    tokio::task::spawn_local(hand_over(hyper::upgrade::on(&mut request), arrival, orders));
    let mut response = text(StatusCode::SWITCHING_PROTOCOLS, "");
    let headers = response.headers_mut();
    headers.clear();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    response
}

async fn hand_over(upgrade: OnUpgrade, arrival: Arrival, orders: Orders) {
    let Ok(Ok(upgraded)) = tokio::time::timeout(WITHIN, upgrade).await else { return };
    let (socket, tls, read) = match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(Parts { io, read_buf, .. }) => (io.into_inner(), None, read_buf),
        Err(upgraded) => {
            let Ok(Parts { io, read_buf, .. }) = upgraded.downcast::<TokioIo<TlsStream>>() else { return };
            let (socket, session, plain) = io.into_inner().into_parts();
            (socket, Some(Box::new(session)), [read_buf, plain.freeze()].concat().into())
        }
    };
    match socket.into_std() {
        Ok(socket) => {
            // If the reactor has too much to do, the socket closes here.
            let _ = orders.give(Order::Adopt(Adopted { socket, tls, read, arrival }));
        }
        Err(error) => debug!("{} was gone at once: {error}", arrival.peer),
    }
}

/// The subprotocol to answer with.
fn subprotocol(headers: &HeaderMap) -> Option<&'static str> {
    MQTT_PROTOCOLS.into_iter().find(|protocol| has_token(headers, SEC_WEBSOCKET_PROTOCOL.as_str(), protocol))
}

/// Whether a comma-separated header has `token` in it.
fn has_token(headers: &HeaderMap, name: &str, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(protocols: &[&'static str]) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        for protocol in protocols {
            headers.append(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
        }
        subprotocol(&headers)
    }

    #[test]
    fn mqtt_is_preferred_and_one_of_the_two_is_needed() {
        assert_eq!(asked(&["mqttv3.1, mqtt"]), Some("mqtt"));
        assert_eq!(asked(&["chat", "mqttv3.1"]), Some("mqttv3.1"));
        assert_eq!(asked(&["chat"]), None);
        assert_eq!(asked(&[]), None);
    }
}
