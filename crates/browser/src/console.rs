//! Complaints of the browser about a page.

use serde_json::Value;

use crate::Page;
use crate::command::Command;

impl Page {
    /// The complaints since the last call: script errors, violations of the page's policy, missing files. Pages that
    /// answer with an error status do not count.
    #[track_caller]
    pub fn complaints(&self) -> Vec<String> {
        let log = self.must("read the log", self.client().issue_cmd(Command::log()));
        let text = |entry: &Value, name| entry[name].as_str().unwrap_or_default().to_owned();
        let entries = log.as_array().into_iter().flatten().filter(|entry| entry["level"] != "INFO");
        let told = entries.map(|entry| (text(entry, "source"), text(entry, "message")));
        let is_answer = |source: &str, message: &str| {
            source == "network"
                && message.contains("a status of 4")
                && !message.contains("/assets/")
        };
        told.filter(|(source, message)| !is_answer(source, message))
            .map(|(source, message)| format!("{source}: {message}"))
            .collect()
    }
}
