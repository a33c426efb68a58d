//! User names and passwords of brokers elsewhere, as far as this browser is to remember them: for as long as the tab is open, or until they are
//! replaced where the person wants that.

use web_sys::Storage;

use super::storage;
use crate::wire::Login;

/// The login for the broker at `url`, if one is remembered.
pub(super) fn recall(url: &str) -> Option<Login> {
    let find = |storage: Option<Storage>| storage?.get_item(&key(url)).ok()?;
    let text = find(storage::session()).or_else(|| find(storage::local()))?;
    let (username, password) = text.split_once(' ')?;
    let plain = |text| js_sys::decode_uri_component(text).ok().map(String::from);
    Some(Login { username: plain(username)?, password: plain(password)? })
}

/// Remembers a login while the tab is open; with `keep`, for longer.
pub(super) fn remember(url: &str, login: &Login, keep: bool) {
    let text =
        [&login.username, &login.password].map(|text| String::from(js_sys::encode_uri_component(text)));
    let text = text.join(" ");
    // A browser that keeps nothing asks again next time.
    let _ = storage::session().map(|storage| storage.set_item(&key(url), &text));
    let _ = storage::local().map(|storage| {
        if keep { storage.set_item(&key(url), &text) } else { storage.remove_item(&key(url)) }
    });
}

fn key(url: &str) -> String {
    format!("lacewing.login {url}")
}
