//! What the page and its workers share.
