//! Which tests hold which clauses: every test of the checkout, with the ids in and above it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::check::rust_files;
use crate::clauses::ClauseId;
use crate::workspace::root;

/// A test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Test {
    /// The file it stands in, from the checkout's top, with `/`.
    pub(crate) file: String,
    /// Its function.
    pub(crate) name: String,
    /// The clauses it names, in a comment of it or above it.
    pub(crate) claims: Vec<ClauseId>,
}

/// Where tests are looked for.
const FOLDERS: &[&str] = &["bridge", "crates", "tests", "web"];

/// What makes a function a test. The last is how `tests/tests/both` writes what becomes a test of either broker.
const MARKS: &[&str] = &["#[test]", "#[wasm_bindgen_test]", "(stand: &Stand) {"];

impl Test {
    /// Whether it is in a module of that name, or in a file that belongs to it.
    pub(crate) fn is_in(&self, module: &str) -> bool {
        self.file.trim_end_matches(".rs").split('/').any(|part| part == module)
    }

    /// The folder of its package, from the checkout's top.
    pub(crate) fn package_folder(&self) -> String {
        let parts: Vec<&str> = self.file.split('/').collect();
        let depth = if parts[0] == "crates" { 2 } else { 1 };
        parts[..depth.min(parts.len())].join("/")
    }

    /// The name of its package.
    pub(crate) fn package(&self) -> String {
        let folder = self.package_folder();
        format!("lacewing-{}", folder.rsplit('/').next().unwrap_or(&folder))
    }

    /// What cargo is told of the program it is part of.
    pub(crate) fn target(&self) -> Vec<String> {
        let inside = self.file.trim_start_matches(&self.package_folder()).trim_start_matches('/');
        match inside.strip_prefix("tests/").and_then(|path| path.split('/').next()) {
            Some(program) => vec!["--test".to_owned(), program.trim_end_matches(".rs").to_owned()],
            None => vec!["--lib".to_owned()],
        }
    }

    /// What its program is told to run this test: its module as well, where that is the file it stands in.
    pub(crate) fn filter(&self) -> String {
        let stem = self.file.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
        let is_module = self.target()[0] == "--test" && stem != "main" && self.target()[1] != stem;
        if is_module { format!("{stem}::{}", self.name) } else { self.name.clone() }
    }
}

/// Every test of the checkout, by file and then as they stand there.
///
/// # Errors
///
/// When a file cannot be read.
pub(crate) fn tests() -> Result<Vec<Test>> {
    let root = root();
    let mut tests = Vec::new();
    for folder in FOLDERS {
        for file in rust_files(&root.join(folder))? {
            if file.starts_with(root.join("crates").join("xtask")) {
                continue;
            }
            let source =
                fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
            tests.extend(read(&name(&root, &file), &source));
        }
    }
    Ok(tests)
}

fn name(root: &Path, file: &Path) -> String {
    let parts = file.strip_prefix(root).unwrap_or(file).components();
    parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// The tests of one file. It is as rustfmt leaves it: a function ends with a brace as far in as it began.
fn read(file: &str, source: &str) -> Vec<Test> {
    let lines: Vec<&str> = source.lines().collect();
    let mut tests = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = function(line) else { continue };
        let head = head(&lines, at);
        let marked =
            lines[head..=at].iter().any(|line| MARKS.iter().any(|mark| line.trim_end().ends_with(mark)));
        if !marked {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let end = lines[at..]
            .iter()
            .position(|line| is_end(line, indent))
            .map_or(lines.len(), |length| at + length);
        let comments =
            lines[head..end].iter().filter_map(|line| line.split_once("//").map(|(_, comment)| comment));
        let claims = comments.flat_map(ClauseId::all_in).collect();
        tests.push(Test { file: file.to_owned(), name: name.to_owned(), claims });
    }
    tests
}

/// The name of the function that begins in this line.
fn function(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line.strip_prefix("pub(crate) ").unwrap_or(line);
    let line = line.strip_prefix("async ").unwrap_or(line);
    line.strip_prefix("fn ")?.split(['(', '<']).next()
}

/// The first line of the comments and attributes above a function.
fn head(lines: &[&str], at: usize) -> usize {
    let above = lines[..at].iter().rev();
    let is_head = |line: &&&str| line.trim_start().starts_with("//") || line.trim_start().starts_with("#[");
    at - above.take_while(is_head).filter(|line| !line.trim_start().starts_with("//!")).count()
}

/// Whether a function that begins so far in ends with this line.
fn is_end(line: &str, indent: usize) -> bool {
    let is_empty = line.trim_start().starts_with("fn ") && line.ends_with("{}");
    is_empty || line.len() == indent + 1 && line.ends_with('}') && line[..indent].trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(source: &str) -> Vec<(String, usize)> {
        read("file.rs", source).into_iter().map(|test| (test.name, test.claims.len())).collect()
    }

    #[test]
    fn an_id_counts_in_and_above_a_test_and_nowhere_else() {
        let source = "\
//! [MQTT-1.1.1-1]
// [MQTT-1.1.1-2]
fn product() {
    // [MQTT-1.1.1-3]
}

/// [MQTT-1.1.1-4]
#[test]
// [3.1.1 MQTT-1.1.1-5]
fn it_holds() {
    let ids = \"[MQTT-1.1.1-6]\"; // [MQTT-1.1.1-7]
}
";
        assert_eq!(claims(source), [("it_holds".to_owned(), 3)]);
    }

    #[test]
    fn a_test_in_a_module_or_in_proptest_ends_where_it_ends() {
        let source = "\
    proptest! {
        #[test]
        fn first(value in 0..1) {
            // [MQTT-1.1.1-1]
        }

        #[test]
        fn second() {}
        // [MQTT-1.1.1-2]
    }
";
        assert_eq!(claims(source), [("first".to_owned(), 1), ("second".to_owned(), 0)]);
    }

    #[test]
    fn a_test_knows_its_package_and_program() {
        let test = |file: &str| Test { file: file.to_owned(), name: "it".to_owned(), claims: Vec::new() };
        let dialogue = test("crates/broker/tests/dialogues/will.rs");
        assert_eq!(
            (dialogue.package().as_str(), dialogue.filter().as_str()),
            ("lacewing-broker", "will::it")
        );
        assert_eq!(dialogue.target(), ["--test", "dialogues"]);
        assert!(dialogue.is_in("will") && !dialogue.is_in("wills"));
        let lossy = test("crates/client/tests/lossy.rs");
        assert_eq!((lossy.target()[1].as_str(), lossy.filter().as_str()), ("lossy", "it"));
        let unit = test("crates/protocol/src/decoder/tests.rs");
        assert_eq!((unit.target()[0].as_str(), unit.filter().as_str()), ("--lib", "it"));
        assert!(unit.is_in("decoder"));
    }

    #[test]
    fn what_is_told_of_both_brokers_is_a_test() {
        let source = "/// [MQTT-1.1.1-1]\npub(crate) fn a_promise(stand: &Stand) {\n}\n";
        assert_eq!(claims(source), [("a_promise".to_owned(), 1)]);
    }
}
