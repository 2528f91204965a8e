//! How a page looks: window size, colours, scripts switched off, screenshots.

use fantoccini::error::CmdError;
use serde_json::{Value, json};

use crate::Page;
use crate::command::Command;

/// The height limit of a screenshot, in pixels: long lists look the same further down.
const HEIGHT_MAX: u64 = 4_000;

/// What a page is shown on, and which colours a person prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
    /// As it goes to a printer.
    Print,
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
        let media = if scheme == Scheme::Print { "print" } else { "screen" };
        let emulated = json!({ "media": media, "features": features });
        self.browser("Emulation.setEmulatedMedia", &emulated);
    }

    /// Switches the page's own scripts off, or on again; those of the test go on working.
    #[track_caller]
    pub fn scripts(&self, on: bool) {
        self.browser("Emulation.setScriptExecutionDisabled", &json!({ "value": !on }));
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

    /// Whether it can be seen what has the focus.
    #[track_caller]
    pub fn shows_focus(&self) -> bool {
        self.script(SHOWS_FOCUS) == true
    }

    async fn resize(&self, width: u64, height: u64) -> Result<(), CmdError> {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        let command = Command::browser("Emulation.setDeviceMetricsOverride", &size);
        self.client().issue_cmd(command).await.map(drop)
    }

    /// Gives the browser itself a command.
    #[track_caller]
    pub(crate) fn browser(&self, name: &str, parameters: &Value) {
        self.must(name, self.client().issue_cmd(Command::browser(name, parameters)));
    }
}

/// An outline, or a shadow that stands for one. Around a part of a control, like the calendar's button
/// in that for a date, the browser draws its own, which the page is not told of.
const SHOWS_FOCUS: &str = "const it = document.activeElement;
    const style = getComputedStyle(it);
    const outline = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
    return outline || style.boxShadow !== 'none' || !it.matches(':focus');";
