//! The seeded faults of `tests/faults`: small changes of the product's source that a test has to notice.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::check::none_of;
use crate::claims::{self, Test};
use crate::clauses::ClauseId;
use crate::workspace::root;

/// A fault that is put into a copy of the source.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// What it is called.
    pub(crate) name: String,
    /// The file it is put into, from the checkout's top.
    pub(crate) file: String,
    /// What stands there, exactly once.
    pub(crate) find: String,
    /// What stands there then.
    pub(crate) replace: String,
    /// The clause that is broken; the link is no part of MQTT and has none.
    pub(crate) clause: Option<String>,
    /// The test that has to notice, as `module::name`.
    pub(crate) test: String,
}

#[derive(Debug, Deserialize)]
struct File {
    fault: Vec<Fault>,
}

/// Every seeded fault, by file and then as they stand there.
///
/// # Errors
///
/// When a file cannot be read, or two faults have one name.
pub(crate) fn all() -> Result<Vec<Fault>> {
    let folder = root().join("tests").join("faults");
    let entries = fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    let mut faults: Vec<Fault> = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file)?;
        let File { fault } =
            toml::from_str(&text).with_context(|| format!("{} is not what it should be", file.display()))?;
        for fault in fault {
            ensure!(
                faults.iter().all(|other| other.name != fault.name),
                "there are two faults {}",
                fault.name
            );
            faults.push(fault);
        }
    }
    Ok(faults)
}

/// Checks that each fault still finds its place, and that its test is there and claims its clause.
///
/// # Errors
///
/// When one does not.
pub(crate) fn check() -> Result<()> {
    let (root, tests) = (root(), claims::tests()?);
    let mut findings = Vec::new();
    for fault in all()? {
        if let Err(error) = fault.edited(&root).map(drop).and_then(|()| fault.test(&tests).map(drop)) {
            findings.push(format!("{}: {error:#}", fault.name));
        }
    }
    none_of(&findings)
}

impl Fault {
    /// The file with the fault in it.
    ///
    /// # Errors
    ///
    /// When its place is not there, or there are several.
    pub(crate) fn edited(&self, root: &Path) -> Result<String> {
        let source = fs::read_to_string(root.join(&self.file))
            .with_context(|| format!("{} is not there", self.file))?;
        match source.matches(&self.find).count() {
            1 => Ok(source.replacen(&self.find, &self.replace, 1)),
            count => bail!("{} has its place {count} times: {}", self.file, self.find.trim()),
        }
    }

    /// The test that has to notice.
    ///
    /// # Errors
    ///
    /// When there is none or several, or it does not claim the clause.
    pub(crate) fn test<'a>(&self, tests: &'a [Test]) -> Result<&'a Test> {
        let (module, name) = self.test.split_once("::").context("a test is module::name")?;
        let mut found = tests.iter().filter(|test| test.name == name && test.is_in(module));
        let (Some(test), None) = (found.next(), found.next()) else {
            bail!("there is not one test {}", self.test);
        };
        if let Some(clause) = &self.clause {
            let id = ClauseId::all_in(clause).next().context("a clause is written as a test writes it")?;
            ensure!(test.claims.contains(&id), "{} does not claim {clause}", self.test);
        }
        Ok(test)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_whose_place_is_gone_or_whose_test_claims_something_else_is_found() {
        let tests = claims::tests().unwrap();
        let mut fault = all().unwrap().into_iter().find(|fault| fault.clause.is_some()).unwrap();
        fault.clause = Some("[MQTT-9.9.9-9]".to_owned());
        assert!(fault.test(&tests).unwrap_err().to_string().contains("does not claim"));
        fault.find = "surely nowhere in the source".to_owned();
        assert!(fault.edited(&root()).unwrap_err().to_string().contains("0 times"));
    }
}
