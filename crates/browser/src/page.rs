//! A browser that shows a server's pages, used like a person uses it.

use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fantoccini::actions::{
    InputSource, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction,
};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client, Locator};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::find::{self, What};
use crate::{Driver, Person, Server, WAIT_MAX};

/// How often to check whether something has appeared.
const POLL: Duration = Duration::from_millis(20);

/// How many characters of a page's text a failed test prints.
const TEXT_SHOWN: usize = 2_000;

/// A browser with its own profile; its windows share cookies.
///
/// All methods block, so that a test is a plain list of steps, and panic if the page is not as the test says.
pub struct Page {
    runtime: Runtime,
    client: Client,
    base: String,
    // Dropped in this order: the browser before its profile, and chromedriver last.
    _profile: TempDir,
    _driver: Arc<Driver>,
}

impl Page {
    /// Starts a browser for a server's pages, 1280 by 900 pixels.
    #[track_caller]
    pub fn new(server: &Server) -> Page {
        let driver = Driver::shared();
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let client = runtime.block_on(driver.browser(profile.path()));
        let base = server.base.clone();
        let page = Page { runtime, client, base, _profile: profile, _driver: driver };
        page.size(1280, 900);
        page
    }

    /// Signs in and waits until that is done.
    #[track_caller]
    pub fn sign_in(&self, person: &Person) {
        self.open("/sign-in");
        self.fill("org", &person.org);
        self.fill("login", &person.login);
        self.fill("password", &person.password);
        self.click("Sign in");
        self.wait_for("header.top .who");
    }

    /// Opens a path of the server, or a complete address.
    #[track_caller]
    pub fn open(&self, path: &str) {
        let base = if path.starts_with('/') { &*self.base } else { "" };
        let address = format!("{base}{path}");
        self.must(format_args!("open {path}"), self.client.goto(&address));
    }

    /// Reloads the page.
    #[track_caller]
    pub fn reload(&self) {
        self.must("reload", self.client.refresh());
    }

    /// The current path and query.
    #[track_caller]
    pub fn address(&self) -> String {
        let url = self.must("the address", self.client.current_url());
        url[url::Position::BeforePath..].to_owned()
    }

    /// Clicks a link, a button, a label, or what a selector names.
    #[track_caller]
    pub fn click<'a>(&self, what: impl Into<What<'a>>) {
        let what = what.into();
        let element = self.element(what, find::clickable);
        self.must(format_args!("click {what:?}"), element.click());
    }

    /// Clicks twice, as quickly as the browser can.
    #[track_caller]
    pub fn double_click<'a>(&self, what: impl Into<What<'a>>) {
        let what = what.into();
        let element = self.element(what, find::clickable);
        let button = MOUSE_BUTTON_LEFT;
        let mouse = MouseActions::new("mouse".to_owned())
            .then(PointerAction::MoveToElement { element, duration: None, x: 0.0, y: 0.0 })
            .then(PointerAction::Down { button })
            .then(PointerAction::Up { button })
            .then(PointerAction::Down { button })
            .then(PointerAction::Up { button });
        self.must(format_args!("click {what:?} twice"), self.client.perform_actions(mouse));
    }

    /// Fills in a control: replaces text, picks an option by its text or value, sets a date or time (`2026-01-05`,
    /// `2026-01-05T09:00`), checks and unchecks a box (`on`, `off`), or chooses a file by its path.
    #[track_caller]
    pub fn fill<'a>(&self, what: impl Into<What<'a>>, value: &str) {
        let what = what.into();
        let element = self.element(what, find::control);
        self.must(format_args!("fill {what:?}"), async {
            let kind = element.prop("type").await?.unwrap_or_default();
            match &*kind {
                "select-one" | "select-multiple" => {
                    element.select_by(Locator::XPath(&find::option(value))).await
                }
                "checkbox" | "radio" => {
                    let ticked = element.is_selected().await?;
                    if ticked == (value == "off") { element.click().await } else { Ok(()) }
                }
                "file" => element.send_keys(value).await,
                "date" | "time" | "datetime-local" | "month" | "week" | "color" | "range" => {
                    let arguments = vec![serde_json::to_value(&element)?, value.into()];
                    self.client.execute(SET, arguments).await.map(drop)
                }
                _ => {
                    element.clear().await?;
                    element.send_keys(value).await
                }
            }
        });
    }

    /// The value of a control.
    #[track_caller]
    pub fn value<'a>(&self, what: impl Into<What<'a>>) -> String {
        let what = what.into();
        let element = self.element(what, find::control);
        self.must(format_args!("the value of {what:?}"), element.prop("value")).unwrap_or_default()
    }

    /// Presses keys one after the other, wherever the focus is: `"/"`, or `&Key::Tab`.
    ///
    /// Like a keyboard, not like keys sent to an element: those would move the focus to the element first, and a
    /// control with several parts, such as a time, would never get beyond its first part.
    #[track_caller]
    pub fn press(&self, keys: &str) {
        let keyboard = KeyActions::new("keyboard".to_owned());
        let keyboard = keys.chars().fold(keyboard, |keyboard, value| {
            keyboard.then(KeyAction::Down { value }).then(KeyAction::Up { value })
        });
        self.must("press keys", self.client.perform_actions(keyboard));
    }

    /// The label or text of the element that has the focus, or its tag if it has neither.
    #[track_caller]
    pub fn focused(&self) -> String {
        self.script(FOCUSED).as_str().unwrap_or_default().to_owned()
    }

    /// The visible text of an element.
    #[track_caller]
    pub fn text(&self, selector: &str) -> String {
        loop {
            let element = self.element(find::css(selector), find::clickable);
            let text = self.runtime.block_on(element.text());
            // Another page has come between finding it and reading it: on that, it is found again.
            if !text.as_ref().is_err_and(CmdError::is_stale_element_reference) {
                return self.must(format_args!("the text of {selector}"), async { text });
            }
        }
    }

    /// The texts of all elements that match a selector, possibly none; does not wait.
    #[track_caller]
    pub fn texts(&self, selector: &str) -> Vec<String> {
        self.must(format_args!("the texts of {selector}"), async {
            let mut texts = Vec::new();
            for element in self.client.find_all(Locator::Css(selector)).await? {
                texts.push(element.text().await?);
            }
            Ok(texts)
        })
    }

    /// Waits for an element.
    #[track_caller]
    pub fn wait_for(&self, selector: &str) {
        self.waited(&format!("wait for {selector}"), Locator::Css(selector));
    }

    /// Waits for a text.
    #[track_caller]
    pub fn sees(&self, text: &str) {
        self.waited(&format!("see {text:?}"), Locator::XPath(&find::with_text(text)));
    }

    /// Waits until a script returns true, like `return document.hasFocus()`.
    #[track_caller]
    pub fn until(&self, script: &str) {
        let end = Instant::now() + WAIT_MAX;
        while self.script(script) != true {
            assert!(Instant::now() < end, "never true: {script}\n{}", self.situation());
            // A timer looks for its runtime when it is created, so create it inside.
            self.runtime.block_on(async { tokio::time::sleep(POLL).await });
        }
    }

    /// Runs a script in the page and returns its result; waits for a promise.
    #[track_caller]
    pub fn script(&self, script: &str) -> Value {
        self.must("run a script", self.client.execute(script, Vec::new()))
    }

    /// Opens another window with an empty page, and continues there.
    #[track_caller]
    pub fn new_window(&self) {
        self.must("open a window", async {
            let window = self.client.new_window(false).await?;
            self.client.switch_to_window(window.handle).await
        });
        self.size(1280, 900);
    }

    /// Continues in another window; 0 is the first.
    #[track_caller]
    pub fn window(&self, number: usize) {
        self.must(format_args!("go to window {number}"), async {
            let window = self.client.windows().await?.swap_remove(number);
            self.client.switch_to_window(window).await
        });
    }

    /// The value of a cookie in the browser.
    #[track_caller]
    pub fn cookie(&self, name: &str) -> Option<String> {
        let all = self.must("read the cookies", self.client.get_all_cookies());
        all.iter().find(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned())
    }

    /// The name of the cookie that starts like this; each data folder has its own suffix.
    #[track_caller]
    pub fn cookie_name(&self, beginning: &str) -> Option<String> {
        let all = self.must("read the cookies", self.client.get_all_cookies());
        all.iter().map(|cookie| cookie.name().to_owned()).find(|name| name.starts_with(beginning))
    }

    /// The named element; the first visible one if there are several.
    #[track_caller]
    fn element(&self, what: What<'_>, by_words: fn(&str) -> String) -> Element {
        let path;
        let locator = match what {
            What::Css(selector) => Locator::Css(selector),
            What::Words(words) => {
                path = by_words(words);
                Locator::XPath(&path)
            }
        };
        let first = self.waited(&format!("find {what:?}"), locator);
        self.must(format_args!("find {what:?}"), async {
            for element in self.client.find_all(locator).await? {
                if element.is_displayed().await? {
                    return Ok(element);
                }
            }
            Ok(first)
        })
    }

    #[track_caller]
    fn waited(&self, what: &str, locator: Locator<'_>) -> Element {
        self.must(what, self.client.wait().at_most(WAIT_MAX).every(POLL).for_element(locator))
    }

    /// Does something with the browser; if that fails, panics with what was wanted and what the page shows instead.
    #[track_caller]
    pub(crate) fn must<T>(
        &self,
        what: impl Display,
        work: impl Future<Output = Result<T, CmdError>>,
    ) -> T {
        match self.runtime.block_on(work) {
            Ok(value) => value,
            Err(error) => panic!("{what}: {error}\n{}", self.situation()),
        }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The current address and text, for error messages.
    fn situation(&self) -> String {
        let told = self.runtime.block_on(async {
            let url = self.client.current_url().await?;
            let text = self.client.find(Locator::Css("body")).await?.text().await?;
            let text: String = text.chars().take(TEXT_SHOWN).collect();
            Ok::<_, CmdError>(format!("at {url}, which shows:\n{text}"))
        });
        told.unwrap_or_else(|error| format!("and the browser does not say where it is: {error}"))
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.runtime.block_on(self.client.clone().close());
    }
}

/// Sets a control without text, like the browser's own picker does.
const SET: &str = "arguments[0].value = arguments[1];
    for (const name of ['input', 'change'])
        arguments[0].dispatchEvent(new Event(name, { bubbles: true }));";

/// Describes what has the focus.
const FOCUSED: &str = "const it = document.activeElement;
    const label = it.getAttribute('aria-label') ?? it.labels?.[0]?.textContent ?? it.textContent;
    return label.trim().replace(/\\s+/g, ' ') || it.name || it.tagName.toLowerCase();";
