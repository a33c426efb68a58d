//! The HTTP side, on a thread of its own: the dashboard, and WebSockets until their handshake is done.
//!
//! Nothing that is sent here reaches the reactor before it is a WebSocket that was let in; everything that waits here
//! is bounded in size, number and time.

mod answer;
mod entrance;
mod gate;
mod page;
mod tls_stream;
mod upgrade;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{ALLOW, CACHE_CONTROL, HOST, HeaderValue, LOCATION, ORIGIN};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use lacewing_broker::Listener;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};
use tracing::{debug, warn};

use self::answer::{Body, guard, text, typed};
use self::entrance::{Stream, Visitor};
use self::gate::Asked;
use self::page::Page;
use crate::hub::{Arrival, Role};
use crate::reactor::{Order, Orders};
use crate::settings::{BrokerHome, Settings};

pub(crate) use self::entrance::Entrance;
pub(crate) use self::gate::{Gate, Scheme};

/// HTTP connections at a time; further ones wait to be accepted.
const CONNECTIONS: usize = 256;
/// How long a request's head may take to come, and a kept connection may be idle.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// How long one HTTP connection may last, whatever it does.
const LASTS: Duration = Duration::from_secs(120);
/// The longest head of a request, in bytes.
const HEAD_MAX: usize = 16 << 10;
/// The most headers of a request.
const HEADERS_MAX: usize = 64;

/// What is served, and to whom.
pub(crate) struct Site {
    page: Page,
    broker: BrokerHome,
    orders: Orders,
}

impl Site {
    /// The site that `settings` describe.
    pub(crate) fn new(settings: &Settings, orders: Orders) -> Self {
        Self { page: Page::new(settings.page.clone()), broker: settings.broker, orders }
    }

    /// Serves `listener`, which is one of `entrance`, until the task is dropped. Needs a local task set.
    pub(crate) async fn serve(
        self: Rc<Self>,
        entrance: Rc<Entrance>,
        listener: TcpListener,
        room: Arc<Semaphore>,
    ) {
        loop {
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((socket, peer)) => {
                    let (site, entrance) = (Rc::clone(&self), Rc::clone(&entrance));
                    tokio::task::spawn_local(async move {
                        match entrance.admit(socket, peer).await {
                            Some((Stream::Plain(stream), visitor)) => site.connection(stream, visitor).await,
                            Some((Stream::Secure(stream), visitor)) => {
                                site.connection(*stream, visitor).await
                            }
                            None => {}
                        }
                        drop(permit);
                    });
                }
                Err(error) => {
                    debug!("no room for HTTP connections: {error}");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }

    async fn connection(
        self: Rc<Self>,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        visitor: Visitor,
    ) {
        let (peer, visitor) = (visitor.peer, Rc::new(visitor));
        let service = service_fn(move |request| {
            let (site, visitor) = (Rc::clone(&self), Rc::clone(&visitor));
            async move {
                let mut response = site.answer(request, &visitor).await;
                if response.status() != StatusCode::SWITCHING_PROTOCOLS {
                    guard(&mut response);
                }
                Ok::<_, Infallible>(response)
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_WITHIN)
            .max_buf_size(HEAD_MAX)
            .max_headers(HEADERS_MAX)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        match tokio::time::timeout(LASTS, connection).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => debug!(%peer, "an HTTP connection ended: {error}"),
            Err(_) => debug!(%peer, "an HTTP connection lasted too long"),
        }
    }

    async fn answer(&self, request: Request<Incoming>, visitor: &Visitor) -> Response<Body> {
        let Visitor { entrance, peer, .. } = visitor;
        let asked = match one_header(request.headers(), HOST.as_str()) {
            Ok(Some(host)) => entrance.gate.asked(host),
            Ok(None) | Err(()) => Asked::Foreign,
        };
        if asked == Asked::Foreign {
            warn!(%peer, "refused a request for another host: {:?}", request.headers().get(HOST));
            return text(
                StatusCode::MISDIRECTED_REQUEST,
                format!(
                    "This is Lacewing, and the request was for another host. Open {}/, or name this host with \
                     --allow-host.\n",
                    entrance.gate.home()
                ),
            );
        }
        if request.method() != Method::GET && request.method() != Method::HEAD {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD are served here.\n");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        match request.uri().path() {
            "/mqtt" => self.device(request, visitor),
            "/link" if self.broker == BrokerHome::Tab => self.operator(request, visitor, Role::Link),
            "/control" if self.broker == BrokerHome::Native => self.operator(request, visitor, Role::Control),
            "/link" => {
                text(StatusCode::NOT_FOUND, "The broker runs in this process: there is nothing to link.\n")
            }
            "/control" => text(StatusCode::NOT_FOUND, "The broker runs in the tab, and is operated there.\n"),
            "/healthz" => text(StatusCode::OK, "ok\n"),
            "/metrics" => self.metrics().await,
            "/bridge.json" => self.description(),
            _ if asked == Asked::OtherLoopback => redirect(&request, &entrance.gate),
            path => self.page.answer(path, request.headers()).await,
        }
    }

    fn device(&self, request: Request<Incoming>, visitor: &Visitor) -> Response<Body> {
        let Visitor { entrance, peer, identity } = visitor;
        let may =
            one_header(request.headers(), ORIGIN.as_str()).map(|origin| entrance.gate.may_be_device(origin));
        if may != Ok(true) {
            warn!(%peer, "refused a device from the page {:?}", request.headers().get(ORIGIN));
            return text(
                StatusCode::FORBIDDEN,
                "Pages of this origin are not devices here. Allow it with --allow-origin ORIGIN.\n",
            );
        }
        if entrance.wants_certificate() && identity.is_none() {
            warn!(%peer, "refused a device that shows no client certificate");
            return text(StatusCode::FORBIDDEN, "A device has to show a client certificate here.\n");
        }
        let listener = if entrance.is_secure() { Listener::WebSocketTls } else { Listener::WebSocket };
        let arrival = arrival(Role::Device, listener, visitor);
        upgrade::device(request, arrival, self.orders.clone())
    }

    fn operator(&self, request: Request<Incoming>, visitor: &Visitor, role: Role) -> Response<Body> {
        let Visitor { entrance, peer, .. } = visitor;
        let may =
            one_header(request.headers(), ORIGIN.as_str()).map(|origin| entrance.gate.may_operate(origin));
        if may != Ok(true) {
            warn!(%peer, "refused an operator from {:?}", request.headers().get(ORIGIN));
            return text(
                StatusCode::FORBIDDEN,
                format!("Only the dashboard at {}/ may do this.\n", entrance.gate.home()),
            );
        }
        let listener = if role == Role::Link { Listener::Link } else { Listener::Page };
        upgrade::upgrade(request, arrival(role, listener, visitor), self.orders.clone())
    }

    async fn metrics(&self) -> Response<Body> {
        let (answer, metrics) = oneshot::channel();
        let given = self.orders.give(Order::Metrics(answer));
        match metrics.await {
            Ok(metrics) if given => {
                typed(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", metrics)
            }
            _ => text(StatusCode::SERVICE_UNAVAILABLE, "Too busy to count.\n"),
        }
    }

    /// Tells the page who serves it, and where its broker is.
    fn description(&self) -> Response<Body> {
        let broker = match self.broker {
            BrokerHome::Tab => "tab",
            BrokerHome::Native => "native",
        };
        let version = env!("CARGO_PKG_VERSION");
        let json = format!("{{\"broker\":\"{broker}\",\"version\":\"{version}\"}}\n");
        let mut response = typed(StatusCode::OK, "application/json", json);
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }
}

/// One origin, one home: what a page keeps under another name of the loopback would be lost to this one.
fn redirect(request: &Request<Incoming>, gate: &Gate) -> Response<Body> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let home = format!("{}{path}", gate.home());
    let mut response = text(StatusCode::TEMPORARY_REDIRECT, format!("The dashboard is at {home}\n"));
    match HeaderValue::try_from(home) {
        Ok(location) => {
            response.headers_mut().insert(LOCATION, location);
            response
        }
        Err(_) => text(StatusCode::BAD_REQUEST, "The path of the request is not one of a file.\n"),
    }
}

fn arrival(role: Role, listener: Listener, visitor: &Visitor) -> Arrival {
    let Visitor { peer, identity, .. } = visitor;
    let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port()).to_string();
    Arrival { role, listener, peer, identity: identity.clone() }
}

/// The value of a header that may come once at most.
fn one_header<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ()> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().map(|value| value.to_str().map_err(drop)).transpose()?;
    if values.next().is_some() { Err(()) } else { Ok(first) }
}

/// Room for all HTTP connections of all listeners.
pub(crate) fn room() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(CONNECTIONS))
}
