//! The worker side in the browser: clocks, ports, sockets and timers around the hosts of [`crate::host`].

mod broker;
mod channel;
mod client;
mod clock;
mod disk;
mod start;
mod store;
mod turn;

use std::cell::RefCell;

use serde::Serialize;
use wasm_bindgen_futures::spawn_local;
use web_sys::wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent, MessagePort};

use crate::report;
use crate::roles::{Greeting, Role, StoreSetup, VERSION};
use crate::tab::spawn::{envelope, opened};

/// What a worker has become.
enum Part {
    Broker(start::BrokerWorker),
    Client(client::ClientWorker),
}

/// Greets the page and becomes what it asks for. Called once, by the worker's `main`.
///
/// # Errors
/// When this is not a dedicated worker.
pub fn start() -> Result<(), JsValue> {
    let part: RefCell<Option<Part>> = RefCell::new(None);
    greet(move |page, bytes, ports| take(page, &mut part.borrow_mut(), bytes, ports))
}

/// Greets the page and becomes the store worker. Called once, by the store's `main`.
///
/// # Errors
/// When this is not a dedicated worker.
pub fn start_store() -> Result<(), JsValue> {
    let part: RefCell<Option<store::StoreWorker>> = RefCell::new(None);
    greet(move |page, bytes, mut ports| {
        match read(bytes)? {
            StoreSetup::Serve { fresh } => {
                let port = ports.pop().ok_or_else(no_port)?;
                *part.borrow_mut() = Some(store::StoreWorker::start(fresh, port)?);
            }
            StoreSetup::Fetch => spawn_local(store::fetch(page.clone())),
        }
        Ok(())
    })
}

/// Speaks first; `hear` takes what the page says.
fn greet(
    hear: impl Fn(&DedicatedWorkerGlobalScope, &[u8], Vec<MessagePort>) -> Result<(), JsValue> + 'static,
) -> Result<(), JsValue> {
    report::tell_panics();
    let scope: DedicatedWorkerGlobalScope = js_sys::global().dyn_into()?;
    let page = scope.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let Some((bytes, ports)) = opened(&event) else { return };
        if let Err(error) = hear(&page, &bytes, ports) {
            web_sys::console::error_1(&error);
        }
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    scope.post_message(&envelope(&Greeting { version: VERSION }, &[]))
}

fn take(
    page: &DedicatedWorkerGlobalScope,
    part: &mut Option<Part>,
    bytes: &[u8],
    mut ports: Vec<MessagePort>,
) -> Result<(), JsValue> {
    match part {
        Some(Part::Broker(broker)) => broker.told(read(bytes)?, ports),
        Some(Part::Client(client)) => client.told(read(bytes)?, ports),
        None => {
            *part = Some(match read(bytes)? {
                Role::Broker(setup) => {
                    let store = ports.pop().ok_or_else(no_port)?;
                    Part::Broker(start::BrokerWorker::start(setup, store, poster(page))?)
                }
                Role::Client { seed } => Part::Client(client::ClientWorker::start(seed, poster(page))?),
            });
        }
    }
    Ok(())
}

fn poster<M: Serialize>(page: &DedicatedWorkerGlobalScope) -> impl Fn(M) + use<M> {
    let page = page.clone();
    move |message| {
        // The page outlives its worker, so posting to it cannot fail.
        let _ = page.post_message(&envelope(&message, &[]));
    }
}

fn no_port() -> JsValue {
    JsValue::from_str("the page sent no port")
}

fn read<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, JsValue> {
    postcard::from_bytes(bytes)
        .map_err(|error| JsValue::from_str(&format!("the page sent what this worker cannot read: {error}")))
}

#[cfg(test)]
mod tests;
