//! User names and passwords of brokers elsewhere, as far as this browser is to remember them: for as long as the tab is open, or until they are
//! replaced where the person wants that.

use web_sys::Storage;

use crate::wire::Login;

/// The login for the broker at `url`, if one is remembered.
pub(super) fn recall(url: &str) -> Option<Login> {
    let find = |storage: Option<Storage>| storage?.get_item(&key(url)).ok()?;
    let text = find(session()).or_else(|| find(local()))?;
    let (username, password) = serde_json::from_str(&text).ok()?;
    Some(Login { username, password })
}

/// Remembers a login while the tab is open; with `keep`, for longer.
pub(super) fn remember(url: &str, login: &Login, keep: bool) {
    let Ok(text) = serde_json::to_string(&(&login.username, &login.password)) else { return };
    // A browser that keeps nothing asks again next time.
    let _ = session().map(|storage| storage.set_item(&key(url), &text));
    let _ =
        local().map(
            |storage| if keep { storage.set_item(&key(url), &text) } else { storage.remove_item(&key(url)) },
        );
}

fn key(url: &str) -> String {
    format!("lacewing.login {url}")
}

fn session() -> Option<Storage> {
    web_sys::window()?.session_storage().ok()?
}

fn local() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}
