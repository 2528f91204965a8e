//! A PostgreSQL server in a private folder, ended by its process id.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{OnceLock, PoisonError, RwLock, RwLockWriteGuard};

use tempfile::TempDir;

/// Held for writing while processes are started: between fork and exec, a child holds the locks of all files that
/// are open here.
pub(crate) static STARTING: RwLock<()> = RwLock::new(());

pub(crate) struct Postgresql {
    process: Child,
    port: u16,
    folder: TempDir,
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
        Postgresql { process: serve(&folder, port, &[]), port, folder }
    }

    /// Ends it; who is connected is cut off.
    pub(crate) fn stop(&mut self) {
        if self.process.try_wait().unwrap().is_some() {
            return;
        }
        let id = self.process.id().to_string();
        // At once, without waiting for those who are connected.
        let _ = Command::new("kill").args(["-QUIT", &id]).status();
        let _ = self.process.wait();
    }

    /// Starts it again after [`Postgresql::stop`], at the same address.
    pub(crate) fn restart(&mut self) {
        self.restart_with(&[]);
    }

    /// Starts it again with settings.
    pub(crate) fn restart_with(&mut self, settings: &[&str]) {
        let _starting = starting();
        self.process = serve(&self.folder, self.port, settings);
    }

    /// A file in its folder that only the server's user can read.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.folder.path().join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        if let Some(user) = server_user() {
            std::os::unix::fs::chown(&file, Some(user), None).unwrap();
        }
        file
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
        self.stop();
    }
}

fn serve(folder: &TempDir, port: u16, settings: &[&str]) -> Child {
    let path = folder.path().display().to_string();
    let mut process = command("postgres")
        .arg("-D")
        .arg(folder.path().join("data"))
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k", &path, "-F"])
        .args(settings.iter().flat_map(|setting| ["-c", setting]))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
    let is_ready = log.any(|line| line.contains("ready to accept connections"));
    assert!(is_ready, "it ended before it was ready");
    std::thread::spawn(move || log.for_each(drop));
    process
}

fn starting() -> RwLockWriteGuard<'static, ()> {
    STARTING.write().unwrap_or_else(PoisonError::into_inner)
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
