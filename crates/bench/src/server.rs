//! The released binary, serving a fresh organization on the loopback interface.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::Outcome;

/// The organization.
pub(crate) const ORG: &str = "bench";

/// A server, ended by its process id when this is dropped.
pub(crate) struct Server {
    process: Child,
    /// Where it listens: `http://127.0.0.1:12345`.
    pub(crate) base: String,
    /// A key of an editor.
    pub(crate) key: String,
}

/// The binary beside this one.
pub(crate) fn default_binary() -> Outcome<PathBuf> {
    let binary = std::env::current_exe()?.with_file_name("driftless");
    if !binary.exists() {
        let path = binary.display();
        return Err(
            format!("there is no {path}: run `cargo build --release`, or say --driftless").into()
        );
    }
    Ok(binary)
}

impl Server {
    /// Sets up an organization in a folder and serves it on a free port.
    pub(crate) fn start(binary: &Path, data: &Path) -> Outcome<Server> {
        let command = |words: &[&str]| {
            let mut command = Command::new(binary);
            command.arg("--data").arg(data).args(words);
            command
        };
        run(command(&["org", "add", ORG]))?;
        run(command(&["user", "add", ORG, "Bench", "--id", "1"]))?;
        let key = run(command(&["key", "add", ORG, "--user", "1"]))?.trim().to_owned();
        let mut serve = command(&["serve", "--listen", "127.0.0.1:0"]);
        let mut process = serve.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let log = process.stderr.take().ok_or("no log")?;
        let mut server = Server { process, base: String::new(), key };
        let mut lines = BufReader::new(log).lines();
        let address =
            lines.by_ref().map_while(Result::ok).find_map(|line| address(&line).map(str::to_owned));
        server.base = format!("http://{}", address.ok_or("the server did not start")?);
        // Its log is read to the end, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The address in the line that says that it serves.
fn address(line: &str) -> Option<&str> {
    let from = line.contains("serving").then(|| line.find("127.0.0.1:"))??;
    let is_part = |c: char| c.is_ascii_digit() || c == '.' || c == ':';
    line[from..].split(|c| !is_part(c)).next()
}

fn run(mut command: Command) -> Outcome<String> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
