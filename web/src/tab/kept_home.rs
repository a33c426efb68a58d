//! The home as this browser keeps it from one opening of the page to the next: the file of it, if somebody has changed it. A worker
//! cannot reach this storage, so the page carries it to the broker's worker and back.

use web_sys::Storage;

const KEPT: &str = "lacewing.home";
/// Where a file goes that could not be read, for a person to look at.
const ASIDE: &str = "lacewing.home.damaged";

/// The file that was kept. Whether it is a home is for the broker's worker to say.
pub(super) fn recall() -> Option<String> {
    local()?.get_item(KEPT).ok()?
}

/// Keeps the file; of the house as it comes, nothing.
pub(super) fn keep(file: &str, standard: bool) {
    let Some(storage) = local() else { return };
    // A browser that keeps nothing begins with the Lacewing house each time.
    let _ = if standard { storage.remove_item(KEPT) } else { storage.set_item(KEPT, file) };
}

/// The file that was kept cannot be read: it is put where the next one does not overwrite it.
pub(super) fn set_aside() {
    let Some(storage) = local() else { return };
    if let Ok(Some(file)) = storage.get_item(KEPT) {
        let _ = storage.set_item(ASIDE, &file);
        let _ = storage.remove_item(KEPT);
    }
}

fn local() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}
