//! chromedriver, and the browsers that it starts.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::lines::Lines;

/// A running chromedriver, ended by its process id when the last one who uses it is gone.
#[derive(Debug)]
pub struct Driver {
    process: Child,
    address: String,
}

/// The chromedriver of this process, while it is used.
static SHARED: Mutex<Weak<Driver>> = Mutex::new(Weak::new());

impl Driver {
    /// The chromedriver of this process; starts one if there is none.
    #[track_caller]
    pub fn shared() -> Arc<Driver> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let driver = Arc::new(Driver::start());
            *shared = Arc::downgrade(&driver);
            driver
        })
    }

    /// Starts one on a free port, which it prints.
    #[track_caller]
    fn start() -> Driver {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::piped());
        let mut process =
            command.spawn().expect("chromedriver starts: install Debian's chromium-driver");
        let out = Lines::of(process.stdout.take());
        let port = out.find("chromedriver's port", |line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        Driver { process, address: format!("http://127.0.0.1:{port}") }
    }

    /// Starts an empty browser with its profile in this folder.
    ///
    /// It is controlled through a pipe, so that it ends when chromedriver ends, whatever the reason.
    pub(crate) async fn browser(&self, profile: &Path) -> Client {
        let options = json!({ "args": [
            "--headless=new",
            "--no-sandbox",
            "--remote-debugging-pipe",
            "--disable-gpu",
            "--disable-quic",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--hide-scrollbars",
            "--lang=en-US",
            format!("--user-data-dir={}", profile.display()),
        ]});
        let mut capabilities = serde_json::Map::<String, Value>::new();
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        capabilities.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        builder.connect(&self.address).await.expect("a browser starts: install Debian's chromium")
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
