//! What a benchmark hands on for `docs/performance.md`.

use std::fs;
use std::path::PathBuf;

/// Leaves `text`, which is Markdown, as the figures called `name` in the folder that `LACEWING_FIGURES` names, if it names one.
///
/// # Panics
/// When they cannot be written.
pub fn leave(name: &str, text: &str) {
    let Some(folder) = std::env::var_os("LACEWING_FIGURES").map(PathBuf::from) else { return };
    fs::write(folder.join(format!("{name}.md")), text).expect("the figures can be written");
}
