//! Starting a worker and talking to it: its greeting, its role, and messages with ports.

use std::cell::RefCell;
use std::rc::Rc;

use serde::{Serialize, de::DeserializeOwned};
use web_sys::js_sys::{Array, Uint8Array};
use web_sys::wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{ErrorEvent, File, MessageEvent, MessagePort, Worker, WorkerOptions, WorkerType};

use crate::roles::{Greeting, VERSION};

/// The scripts of the workers, beside the page. Trunk writes them.
pub(super) const WORKER: &str = "./worker_loader.js";
pub(super) const STORE: &str = "./store_loader.js";

/// A worker of this page. Dropped, it is terminated.
pub(crate) struct Spawned {
    worker: Worker,
    /// What was sent before the worker greeted; `None` once it has.
    waiting: Rc<RefCell<Option<Vec<Array>>>>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(ErrorEvent)>,
}

/// What a worker did.
pub(crate) enum News<M> {
    /// It sent a message.
    Message(M),
    /// It gives a file.
    File(File),
    /// It panicked, and said this.
    Panicked(String),
    /// It is of no use any more; the sentence says why.
    Failed(String),
}

impl Spawned {
    /// Starts a worker in `role` and hands over `ports`; `on_news` hears what it does.
    ///
    /// # Errors
    /// When the browser does not start workers for this page.
    pub(crate) fn start<M: DeserializeOwned>(
        script: &str,
        role: &impl Serialize,
        ports: &[MessagePort],
        on_news: impl Fn(News<M>) + 'static,
    ) -> Result<Self, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(script, &options)?;
        let waiting = Rc::new(RefCell::new(Some(vec![envelope(role, ports)])));
        let on_news = Rc::new(on_news);

        let on_message = {
            let (worker, waiting, on_news) = (worker.clone(), waiting.clone(), on_news.clone());
            Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                if let Some(report) = event.data().as_string() {
                    return on_news(News::Panicked(report));
                }
                if let Ok(file) = event.data().dyn_into() {
                    return on_news(News::File(file));
                }
                let Some((bytes, _)) = opened(&event) else { return };
                let Some(held) = waiting.borrow_mut().take() else {
                    match postcard::from_bytes(&bytes) {
                        Ok(message) => on_news(News::Message(message)),
                        Err(error) => on_news(News::Failed(format!(
                            "A worker sent what this page cannot read: {error}."
                        ))),
                    }
                    return;
                };
                match postcard::from_bytes::<Greeting>(&bytes) {
                    Ok(Greeting { version: VERSION }) => {
                        held.iter().for_each(|message| post(&worker, message))
                    }
                    _ => on_news(News::Failed(
                        "The worker is of another version than this page. Reload the page without the cache."
                            .into(),
                    )),
                }
            })
        };
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));

        let on_error = Closure::<dyn FnMut(ErrorEvent)>::new(move |event: ErrorEvent| {
            event.prevent_default();
            let what = event.message();
            let what = if what.is_empty() { "its script could not be loaded".to_owned() } else { what };
            on_news(News::Failed(what));
        });
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));

        Ok(Self { worker, waiting, _on_message: on_message, _on_error: on_error })
    }

    /// Sends a message and hands over `ports`, at once or as soon as the worker has greeted.
    pub(crate) fn send(&self, message: &impl Serialize, ports: &[MessagePort]) {
        let message = envelope(message, ports);
        match &mut *self.waiting.borrow_mut() {
            Some(waiting) => waiting.push(message),
            None => post(&self.worker, &message),
        }
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

fn post(worker: &Worker, message: &Array) {
    // The ports are what is transferred; the first item is copied. Posting fails only for ports that were given away before.
    let _ = worker.post_message_with_transfer(message, &message.slice(1, message.length()));
}

/// An array of the message's bytes and the ports that go with it.
pub(crate) fn envelope(message: &impl Serialize, ports: &[MessagePort]) -> Array {
    // Encoding into memory fails only for types that postcard cannot say, and these derive.
    let bytes = postcard::to_stdvec(message).unwrap_or_default();
    let envelope = Array::of1(&Uint8Array::from(bytes.as_slice()));
    ports.iter().for_each(|port| {
        envelope.push(port);
    });
    envelope
}

/// The bytes and ports of an envelope; `None` for any other message.
pub(crate) fn opened(event: &MessageEvent) -> Option<(Vec<u8>, Vec<MessagePort>)> {
    let envelope = event.data().dyn_into::<Array>().ok()?;
    let bytes = envelope.get(0).dyn_into::<Uint8Array>().ok()?.to_vec();
    let ports = envelope.iter().skip(1).filter_map(|port| port.dyn_into().ok()).collect();
    Some((bytes, ports))
}
