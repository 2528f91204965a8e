//! How a page looks, and to whom: size, colours, no scripts, pictures.

use fantoccini::error::CmdError;
use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

use crate::Page;

/// The highest picture, in pixels: long lists look alike further down.
const HEIGHT_MAX: u64 = 4_000;

/// Which colours a person prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Page {
    /// Makes the window this large inside, in pixels.
    #[track_caller]
    pub fn size(&self, width: u64, height: u64) {
        self.must("set the size", self.resize(width, height));
    }

    /// Prefers light or dark colours.
    #[track_caller]
    pub fn scheme(&self, scheme: Scheme) {
        let value = if scheme == Scheme::Dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": value }]);
        self.browser("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// Switches the page's own scripts off, or on again; those of the test go on working.
    #[track_caller]
    pub fn scripts(&self, on: bool) {
        self.browser("Emulation.setScriptExecutionDisabled", json!({ "value": !on }));
    }

    /// How many pixels of the page stick out at the right of the window; 0 is as it should be.
    #[track_caller]
    pub fn sticks_out(&self) -> u64 {
        self.script("return document.documentElement.scrollWidth - window.innerWidth")
            .as_u64()
            .unwrap_or_default()
    }

    /// What the window shows, as PNG.
    #[track_caller]
    pub fn picture(&self) -> Vec<u8> {
        self.must("take a picture", self.client().screenshot())
    }

    /// The whole page, as PNG.
    #[track_caller]
    pub fn whole_picture(&self) -> Vec<u8> {
        let size = "return [innerWidth, innerHeight, document.documentElement.scrollHeight]";
        let size = self.script(size);
        let [width, height, whole] = [0, 1, 2].map(|n| size[n].as_u64().unwrap_or_default());
        self.size(width, whole.clamp(height, HEIGHT_MAX));
        let picture = self.picture();
        self.size(width, height);
        picture
    }

    async fn resize(&self, width: u64, height: u64) -> Result<(), CmdError> {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        let command = Command { name: "Emulation.setDeviceMetricsOverride", parameters: size };
        self.client().issue_cmd(command).await.map(drop)
    }

    /// Gives the browser itself a command.
    #[track_caller]
    fn browser(&self, name: &'static str, parameters: Value) {
        self.must(name, self.client().issue_cmd(Command { name, parameters }));
    }
}

/// A command of Chromium's own protocol, which chromedriver passes on.
#[derive(Debug)]
struct Command {
    name: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for Command {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let body = json!({ "cmd": self.name, "params": self.parameters });
        (Method::POST, Some(body.to_string()))
    }
}
