//! The figures that benchmarks leave, and where they stand in `docs/performance.md`.
//!
//! Each stands between two comments, `<!-- figures: native -->` and `<!-- end -->`; what is around them people have written.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace::{root, target_dir};

/// The document.
const DOCUMENT: &str = "docs/performance.md";
const END: &str = "<!-- end -->";

/// What benchmarks have left since this was made.
#[derive(Debug)]
pub(crate) struct Figures {
    folder: PathBuf,
}

impl Figures {
    /// An empty folder for them.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub(crate) fn gather() -> Result<Self> {
        let folder = target_dir().join("figures");
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("{} cannot be removed", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        Ok(Self { folder })
    }

    /// Where a benchmark leaves them: in a file with its name and the ending `md`.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Puts them into the document.
    ///
    /// # Errors
    ///
    /// When the document has no place for one, or cannot be written.
    pub(crate) fn write(&self) -> Result<()> {
        let document = root().join(DOCUMENT);
        let mut text = fs::read_to_string(&document).with_context(|| format!("{DOCUMENT} cannot be read"))?;
        for entry in fs::read_dir(&self.folder)? {
            let file = entry?.path();
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let figures = fs::read_to_string(&file)?;
            text = replaced(&text, &name, &figures)
                .with_context(|| format!("{DOCUMENT} has no place for “{name}”"))?;
            println!("== {DOCUMENT} has new figures of “{name}”");
        }
        fs::write(&document, text).with_context(|| format!("{DOCUMENT} cannot be written"))
    }
}

/// `text` with other figures called `name`.
fn replaced(text: &str, name: &str, figures: &str) -> Option<String> {
    let mark = format!("<!-- figures: {name} -->");
    let (before, rest) = text.split_once(&mark)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{mark}\n\n{}\n\n{END}{after}", figures.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let text =
            "One\n<!-- figures: a -->\nold\n<!-- end -->\nTwo\n<!-- figures: b -->\nkept\n<!-- end -->\n";
        let new = replaced(text, "a", "| new |\n").unwrap();
        assert_eq!(
            new,
            "One\n<!-- figures: a -->\n\n| new |\n\n<!-- end -->\nTwo\n<!-- figures: b -->\nkept\n<!-- end -->\n"
        );
        assert_eq!(replaced(&new, "a", "| new |"), Some(new.clone()));
        assert_eq!(replaced(text, "c", ""), None);
    }

    #[test]
    fn the_document_has_a_place_for_all_that_is_measured() {
        let text = fs::read_to_string(root().join(DOCUMENT)).unwrap();
        for name in ["core", "native", "connections", "tab"] {
            assert!(replaced(&text, name, "").is_some(), "{name}");
        }
    }
}
