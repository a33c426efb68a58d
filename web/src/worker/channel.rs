//! The two kinds of line that carry whole binary messages: a port to another worker and a WebSocket.

use bytes::Bytes;
use web_sys::js_sys::{Array, ArrayBuffer, Uint8Array};
use web_sys::wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{BinaryType, Event, MessageEvent, MessagePort, WebSocket};

/// Above this many bytes in the browser's own buffer, nothing more is handed to a WebSocket.
const SOCKET_HIGH_WATER: u32 = 1024 * 1024;

/// What happens on a line.
pub(crate) enum Heard {
    /// A WebSocket is open; a port always is.
    Opened,
    /// A message came.
    Message(Bytes),
    /// A WebSocket that was open is closed. A port never says so.
    Closed,
    /// A WebSocket could not be opened.
    Failed,
}

/// One end of an ordered channel of binary messages. Dropped, it is closed after what was handed over, and says nothing any more.
pub(crate) struct Line {
    end: End,
    _listeners: Vec<Closure<dyn FnMut(Event)>>,
}

enum End {
    Port(MessagePort),
    Socket(WebSocket),
}

impl Line {
    /// A line over a port. Ports have no backpressure of their own; the link's credit bounds what waits in one.
    pub(crate) fn port(port: MessagePort, hear: impl Fn(Heard) + 'static) -> Self {
        let on_message = listener(move |event| {
            if let Some(bytes) = bytes_of(&event) {
                hear(Heard::Message(bytes));
            }
        });
        port.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        Self { end: End::Port(port), _listeners: vec![on_message] }
    }

    /// A line over a WebSocket that is being opened.
    pub(crate) fn socket(socket: WebSocket, hear: impl Fn(Heard) + 'static) -> Self {
        socket.set_binary_type(BinaryType::Arraybuffer);
        let hear = std::rc::Rc::new(hear);
        let opened = std::rc::Rc::new(std::cell::Cell::new(false));
        let on_open = {
            let (hear, opened) = (hear.clone(), opened.clone());
            listener(move |_| {
                opened.set(true);
                hear(Heard::Opened);
            })
        };
        let on_message = {
            let hear = hear.clone();
            listener(move |event| {
                if let Some(bytes) = bytes_of(&event) {
                    hear(Heard::Message(bytes));
                }
            })
        };
        // A WebSocket that fails says `error` and then `close`; the second tells enough.
        let on_close = listener(move |_| hear(if opened.get() { Heard::Closed } else { Heard::Failed }));
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Self { end: End::Socket(socket), _listeners: vec![on_open, on_message, on_close] }
    }

    /// Whether a message may be handed over now.
    pub(crate) fn has_room(&self) -> bool {
        match &self.end {
            End::Port(_) => true,
            End::Socket(socket) => {
                socket.ready_state() == WebSocket::OPEN && socket.buffered_amount() < SOCKET_HIGH_WATER
            }
        }
    }

    /// Hands a message over. On a line that is closed it is lost, as it would be on its way; the line says so by itself.
    pub(crate) fn send(&self, message: &[u8]) {
        let _ = match &self.end {
            End::Port(port) => {
                let buffer = Uint8Array::from(message).buffer();
                port.post_message_with_transferable(&buffer, &Array::of1(&buffer))
            }
            End::Socket(socket) => socket.send_with_u8_array(message),
        };
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        match &self.end {
            End::Port(port) => {
                port.set_onmessage(None);
                port.close();
            }
            End::Socket(socket) => {
                socket.set_onopen(None);
                socket.set_onmessage(None);
                socket.set_onclose(None);
                // Closing a WebSocket that is closed already does nothing.
                let _ = socket.close();
            }
        }
    }
}

fn listener(hear: impl FnMut(Event) + 'static) -> Closure<dyn FnMut(Event)> {
    Closure::new(hear)
}

/// The bytes of a binary message, copied into this worker's memory; `None` for anything else.
fn bytes_of(event: &Event) -> Option<Bytes> {
    let buffer = event.dyn_ref::<MessageEvent>()?.data().dyn_into::<ArrayBuffer>().ok()?;
    Some(Uint8Array::new(&buffer).to_vec().into())
}
