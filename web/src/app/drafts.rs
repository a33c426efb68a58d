//! The last message of the composer, kept by the browser.

use crate::tab::storage::{recall_bytes, remember_bytes};
use crate::wire::Draft;

const DRAFT: &str = "lacewing.draft";
/// The longest message that is kept, in bytes of its encoding.
const LONGEST: usize = 16 * 1024;

/// The message that was published last, or an empty one.
pub(super) fn recall() -> Draft {
    recall_bytes(DRAFT).and_then(|bytes| postcard::from_bytes(&bytes).ok()).unwrap_or_default()
}

/// Keeps a message for the next time.
pub(crate) fn remember(draft: &Draft) {
    let Ok(bytes) = postcard::to_stdvec(draft) else { return };
    if bytes.len() <= LONGEST {
        // A browser that keeps nothing starts with an empty composer.
        remember_bytes(DRAFT, &bytes);
    }
}
