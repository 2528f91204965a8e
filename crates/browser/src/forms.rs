//! Finds out which forms the pages have, and which of them have been sent.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::Page;

/// Notes every form on a page, and every one that the browser sends; it does not send a form that is not valid. A form
/// is identified by its method, its address without numbers, and its class.
const WATCH: &str = r"
    const name = (form) => {
        const path = new URL(form.action, location.href).pathname.replace(/\d+/g, 'N');
        return `${form.method} ${path} ${form.className}`.trim();
    };
    const note = (key, names) => {
        const known = JSON.parse(localStorage.getItem(key) ?? '[]');
        localStorage.setItem(key, JSON.stringify([...new Set([...known, ...names])]));
    };
    const forms = () => [...document.forms].filter((form) => form.method !== 'dialog').map(name);
    document.addEventListener('DOMContentLoaded', () => note('forms-there', forms()));
    document.addEventListener('submit', (event) => {
        setTimeout(() => event.defaultPrevented || note('forms-sent', [name(event.target)]));
    }, true);
";

impl Page {
    /// Notes which forms there are and which are sent, starting with the next page.
    #[track_caller]
    pub fn watch_forms(&self) {
        self.browser("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": WATCH }));
    }

    /// The forms that have not been sent.
    #[track_caller]
    pub fn forms_not_sent(&self) -> Vec<String> {
        let [there, sent] = ["forms-there", "forms-sent"].map(|key| {
            let noted =
                self.script(&format!("return JSON.parse(localStorage.getItem('{key}') ?? '[]')"));
            let names = noted.as_array().cloned().unwrap_or_default();
            names.iter().filter_map(Value::as_str).map(str::to_owned).collect::<BTreeSet<_>>()
        });
        there.difference(&sent).cloned().collect()
    }
}
