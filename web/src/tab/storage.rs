//! What this browser keeps for the page. A browser may keep nothing, as in some private windows; then the page does without.

use web_sys::Storage;

/// What is kept until somebody clears it.
pub(crate) fn local() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}

/// What is kept as long as the tab is open.
pub(crate) fn session() -> Option<Storage> {
    web_sys::window()?.session_storage().ok()?
}

/// What is kept under `key`.
pub(crate) fn recall(key: &str) -> Option<String> {
    local()?.get_item(key).ok()?
}

/// Keeps `value` under `key`, where the browser allows it.
pub(crate) fn remember(key: &str, value: &str) {
    let _ = local().map(|storage| storage.set_item(key, value));
}

/// The bytes that are kept under `key`.
pub(crate) fn recall_bytes(key: &str) -> Option<Vec<u8>> {
    recall(key)?.chars().map(|letter| u8::try_from(letter).ok()).collect()
}

/// Keeps bytes under `key`, where the browser allows it: each as the letter of its number, since only text can be kept.
pub(crate) fn remember_bytes(key: &str, bytes: &[u8]) {
    remember(key, &bytes.iter().copied().map(char::from).collect::<String>());
}
