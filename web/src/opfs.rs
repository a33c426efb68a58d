//! The files that this browser keeps for the origin, apart from everybody else's.
//!
//! The broker's store is `broker-1.store`. When it is set aside, the next one is `broker-2.store`, and so on: the last is the one in use.

use wasm_bindgen_futures::JsFuture;
use web_sys::js_sys::{Promise, Reflect};
use web_sys::wasm_bindgen::{JsCast, JsValue};
use web_sys::{FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetFileOptions, StorageManager};

/// More stores than this were never set aside.
const STORES: u32 = 1000;

/// The name of a file with a store.
pub(crate) fn name(number: u32) -> String {
    format!("broker-{number}.store")
}

/// The origin's folder.
///
/// # Errors
/// When the browser keeps nothing for this page, as in some private windows.
pub(crate) async fn folder() -> Result<FileSystemDirectoryHandle, JsValue> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into())?;
    let storage = Reflect::get(&navigator, &"storage".into())?;
    if !storage.is_object() || !Reflect::has(&storage, &"getDirectory".into())? {
        return Err(JsValue::from_str("it has no folder for this page"));
    }
    settled(storage.unchecked_into::<StorageManager>().get_directory()).await
}

/// The number of the store in use and its file; number 0 without a file when there is none yet.
///
/// # Errors
/// When the browser does not say what is there.
pub(crate) async fn newest(
    folder: &FileSystemDirectoryHandle,
) -> Result<(u32, Option<FileSystemFileHandle>), JsValue> {
    let mut newest = (0, None);
    for number in 1..STORES {
        match settled(folder.get_file_handle(&name(number))).await {
            Ok(file) => newest = (number, Some(file)),
            Err(error) if is(&error, "NotFoundError") => break,
            Err(error) => return Err(error),
        }
    }
    Ok(newest)
}

/// Makes the file of a store, or takes the one that is there.
///
/// # Errors
/// When the browser does not let it.
pub(crate) async fn make(
    folder: &FileSystemDirectoryHandle,
    number: u32,
) -> Result<FileSystemFileHandle, JsValue> {
    let options = FileSystemGetFileOptions::new();
    options.set_create(true);
    settled(folder.get_file_handle_with_options(&name(number), &options)).await
}

/// What a promise comes to.
pub(crate) async fn settled<T: JsCast>(promise: Promise) -> Result<T, JsValue> {
    JsFuture::from(promise).await.map(JsCast::unchecked_into)
}

/// Whether the browser's error has this name.
pub(crate) fn is(error: &JsValue, name: &str) -> bool {
    Reflect::get(error, &"name".into()).is_ok_and(|own| own == *name)
}

/// What the browser said, as the end of a sentence.
pub(crate) fn words(error: &JsValue) -> String {
    let message = Reflect::get(error, &"message".into()).ok().and_then(|message| message.as_string());
    message.or_else(|| error.as_string()).unwrap_or_else(|| "it did not say why".to_owned())
}
