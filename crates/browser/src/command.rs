//! The commands of chromedriver beyond WebDriver.

use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

/// A command of chromedriver's own.
#[derive(Debug)]
pub(crate) struct Command {
    path: &'static str,
    body: Value,
}

impl Command {
    /// A command of Chromium's own protocol, which chromedriver passes on.
    pub(crate) fn browser(name: &str, parameters: &Value) -> Command {
        Command { path: "goog/cdp/execute", body: json!({ "cmd": name, "params": parameters }) }
    }

    /// Asks for what the browser has logged since it was asked last.
    pub(crate) fn log() -> Command {
        Command { path: "se/log", body: json!({ "type": "browser" }) }
    }
}

impl WebDriverCompatibleCommand for Command {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
