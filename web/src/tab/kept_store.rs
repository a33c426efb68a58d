//! The broker's store as the page sees it: it asks the browser to keep it, and saves it as a file.

use std::cell::RefCell;
use std::rc::Rc;

use web_sys::wasm_bindgen::{JsCast, JsValue};
use web_sys::{File, HtmlElement, Url};

use super::in_words;
use super::spawn::{News, STORE, Spawned};
use crate::roles::StoreSetup;

/// Asks the browser not to clear away what is kept when the disk runs full. It may ask the person, or decide by itself; where it
/// does not promise, what is kept is kept as long as there is room.
pub(super) fn persist() {
    if let Some(window) = web_sys::window() {
        let _ = window.navigator().storage().persist();
    }
}

/// Saves the store in use, which no worker has open, as a file of the person's; `told` hears how it went, in a sentence.
pub(crate) fn save(told: impl Fn(String) + 'static) {
    let told = Rc::new(told);
    let worker = Rc::new(RefCell::new(None));
    let started = {
        let (told, worker) = (told.clone(), worker.clone());
        Spawned::start(STORE, &StoreSetup::Fetch, &[], move |news: News<String>| {
            told(match news {
                News::File(file) => match download(&file) {
                    Ok(()) => format!("Saved as {}.", file.name()),
                    Err(error) => in_words(&error),
                },
                News::Message(why) | News::Panicked(why) | News::Failed(why) => {
                    format!("It could not be saved: {why}.")
                }
            });
            // It has done its part; it cannot end while it is listened to.
            let worker = worker.clone();
            crate::timer::after(0, move || drop(worker.take()));
        })
    };
    match started {
        Ok(started) => *worker.borrow_mut() = Some(started),
        Err(error) => told(in_words(&error)),
    }
}

fn download(file: &File) -> Result<(), JsValue> {
    let document = web_sys::window().and_then(|window| window.document()).ok_or(JsValue::UNDEFINED)?;
    let link = document.create_element("a")?;
    link.set_attribute("href", &Url::create_object_url_with_blob(file)?)?;
    link.set_attribute("download", &file.name())?;
    link.unchecked_into::<HtmlElement>().click();
    Ok(())
}
