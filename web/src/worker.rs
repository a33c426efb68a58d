//! The worker side in the browser: clocks, ports, sockets and timers around the hosts of [`crate::host`].

mod broker;
mod channel;
mod client;
mod clock;
mod turn;

use std::cell::RefCell;

use serde::Serialize;
use web_sys::wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent, MessagePort};

use crate::report;
use crate::roles::{Greeting, Role, VERSION};
use crate::tab::spawn::{envelope, opened};

/// What a worker has become.
enum Part {
    Broker(broker::BrokerWorker),
    Client(client::ClientWorker),
}

/// Greets the page and becomes what it asks for. Called once, by the worker's `main`.
///
/// # Errors
/// When this is not a dedicated worker.
pub fn start() -> Result<(), JsValue> {
    report::tell_panics();
    let scope: DedicatedWorkerGlobalScope = js_sys::global().dyn_into()?;
    let part: RefCell<Option<Part>> = RefCell::new(None);
    let page = scope.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let Some((bytes, ports)) = opened(&event) else { return };
        if let Err(error) = take(&page, &mut part.borrow_mut(), &bytes, ports) {
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
    ports: Vec<MessagePort>,
) -> Result<(), JsValue> {
    match part {
        Some(Part::Broker(broker)) => broker.told(read(bytes)?, ports),
        Some(Part::Client(client)) => client.told(read(bytes)?, ports),
        None => {
            *part = Some(match read(bytes)? {
                Role::Broker(setup) => Part::Broker(broker::BrokerWorker::start(setup, poster(page))?),
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

fn read<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, JsValue> {
    postcard::from_bytes(bytes)
        .map_err(|error| JsValue::from_str(&format!("the page sent what this worker cannot read: {error}")))
}

#[cfg(test)]
mod tests;
