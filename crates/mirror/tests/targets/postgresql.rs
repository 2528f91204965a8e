//! A PostgreSQL server in a private folder, ended by its process id.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{OnceLock, PoisonError, RwLockWriteGuard};

use tempfile::TempDir;

pub(crate) struct Postgresql {
    process: Child,
    port: u16,
    _folder: TempDir,
}

impl Postgresql {
    /// Starts one.
    pub(crate) fn start() -> Postgresql {
        let _starting = starting();
        let folder = tempfile::Builder::new().prefix("driftless-").tempdir_in("/var/tmp").unwrap();
        let data = folder.path().join("data");
        let path = folder.path().display().to_string();
        if let Some(user) = server_user() {
            assert!(
                Command::new("chown").args([&user.to_string(), &path]).status().unwrap().success()
            );
        }
        let made = command("initdb")
            .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        // Free a moment ago; nothing else here takes ports at random.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut process = command("postgres")
            .arg("-D")
            .arg(&data)
            .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k", &path, "-F"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
        let is_ready = log.any(|line| line.contains("ready to accept connections"));
        assert!(is_ready, "it ended before it was ready");
        std::thread::spawn(move || log.for_each(drop));
        Postgresql { process, port, _folder: folder }
    }

    /// The address of a database of its own.
    pub(crate) fn database(&self, name: &str) -> String {
        let at =
            |database: &str| format!("postgresql://postgres@127.0.0.1:{}/{database}", self.port);
        let mut client = postgres::Client::connect(&at("postgres"), postgres::NoTls).unwrap();
        client.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        at(name)
    }
}

impl Drop for Postgresql {
    fn drop(&mut self) {
        let _starting = starting();
        let id = self.process.id().to_string();
        // At once, without waiting for those who are connected.
        let _ = Command::new("kill").args(["-QUIT", &id]).status();
        let _ = self.process.wait();
    }
}

fn starting() -> RwLockWriteGuard<'static, ()> {
    crate::STARTING.write().unwrap_or_else(PoisonError::into_inner)
}

/// A program of the newest PostgreSQL here, run by the user that may run it.
fn command(program: &str) -> Command {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let found = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL; ./check installs it");
        found.flatten().map(|entry| entry.path()).max().unwrap().join("bin")
    });
    let mut command = Command::new(folder.join(program));
    if let Some(user) = server_user() {
        command.uid(user).current_dir("/");
    }
    command
}

/// It refuses to be run by root: then by its own user.
fn server_user() -> Option<u32> {
    let id = |words: &[&str]| -> u32 {
        let output = Command::new("id").args(words).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
    };
    (id(&["-u"]) == 0).then(|| id(&["-u", "postgres"]))
}
