//! axe-core, which reads a page as a person does who cannot see it, or not well.

use crate::browser::Page;
use crate::tools;

/// Everything axe-core objects to on the page as it stands, a sentence each.
///
/// # Panics
/// When it does not run.
pub fn findings(page: &Page) -> Vec<String> {
    if page.value("typeof axe") != Some("object".into()) {
        page.value(&format!("{};0", tools::axe())).expect("axe-core is loaded");
    }
    let run = "axe.run(document, { resultTypes: ['violations'] }).then(result => result.violations.flatMap(rule => \
               rule.nodes.map(node => `${rule.id} at ${node.target.join(' ')}: ${node.failureSummary.replace(/\\s+/g, ' ')}`)))";
    let found = page.value(run).expect("axe-core runs");
    serde_json::from_value(found).expect("axe-core answers with sentences")
}
