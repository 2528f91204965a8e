//! Accessibility, as axe-core judges it.

use std::path::PathBuf;

use serde_json::Value;

use crate::Page;
use crate::server::out_folder;

/// Runs all rules that a page can violate; the script before it has defined `axe`.
const ALL: &str = "return axe.run(document, { resultTypes: ['violations'] });";

/// Runs the rule that colours can violate.
const COLOURS: &str = "return axe.run(document,
    { resultTypes: ['violations'], runOnly: { type: 'rule', values: ['color-contrast'] } });";

impl Page {
    /// The accessibility violations, one line each; none is right. Does not work while scripts are switched off,
    /// because axe-core waits for promises.
    ///
    /// The script comes from the test, not from the page, so that the page's policy does not matter.
    #[track_caller]
    pub fn axe(&self) -> Vec<String> {
        self.judged(ALL)
    }

    /// The same for colours only, if the rest has been checked in another colour scheme.
    #[track_caller]
    pub fn axe_colours(&self) -> Vec<String> {
        self.judged(COLOURS)
    }

    #[track_caller]
    fn judged(&self, run: &str) -> Vec<String> {
        let file = file();
        let axe = std::fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {error}: ./check installs it", file.display()));
        let found = self.script(&format!("{axe}\n{run}"));
        list(&found["violations"])
            .flat_map(|rule| list(&rule["nodes"]).map(move |node| told(rule, node)))
            .collect()
    }
}

/// One element that violates one rule.
fn told(rule: &Value, node: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let summary = text(&node["failureSummary"]).split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{} at {}: {} — {summary}", text(&rule["id"]), text(&node["html"]), text(&rule["help"]))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Where `./check` installs it: the folder `axe` next to `debug` in cargo's target folder.
fn file() -> PathBuf {
    out_folder().with_file_name("axe").join("node_modules/axe-core/axe.min.js")
}
