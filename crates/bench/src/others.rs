//! What people would use instead: PocketBase, and FastAPI with PostgreSQL. Both get the same records.

use std::fmt::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use domain::{Activity, Moment};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Outcome;
use crate::client::agent;
use crate::fill::{Content, KEY, activity_with_stamp};
use crate::process::{Process, User};
use crate::question::utc;
use crate::server::{Server, Who};
use crate::setup::default_folder;

/// Where their scripts are.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bench/others");

/// As PocketBase wants them: in UTC, with a password of at least eight characters.
const LOGIN: (&str, &str) = ("bench@example.com", "1234567890");

/// Whom PostgreSQL runs as where this runs as root, which it refuses: Debian's package made the user.
const POSTGRES: &str = "postgres";

/// Worker processes of uvicorn: as many as the machine has cores.
fn workers() -> Outcome<String> {
    Ok(std::thread::available_parallelism()?.to_string())
}

/// The programs of Python's environment.
pub(crate) fn environment() -> Outcome<PathBuf> {
    let bin = default_folder()?.join("venv/bin");
    match bin.join("pocketbase").exists() {
        true => Ok(bin),
        false => Err(format!("there is no {}: bench/run makes it", bin.display()).into()),
    }
}

/// PocketBase, with an index on the time of change. Its superuser asks: it makes everybody else wait up to
/// half a second for an answer that is empty.
pub(crate) fn pocketbase(folder: &Path, content: Content) -> Outcome<Server> {
    let (binary, data) = (environment()?.join("pocketbase"), folder.join("pocketbase"));
    let (data, lines) = (data.display().to_string(), records(folder, content)?);
    let (email, password) = LOGIN;
    run(Command::new(&binary).args(["superuser", "upsert", email, password, "--dir", &data]))?;
    let serve = |folder: &Path| -> Outcome<(Process, String)> {
        let (binary, listen) = (binary.display().to_string(), free_port()?);
        let words = [&binary, "serve", "--http", &listen, "--dir", &data];
        let mut process =
            Process::start(words, &folder.join("pocketbase.log"), "TERM", User::Same)?;
        process.wait_for(|_| TcpStream::connect(&listen).ok())?;
        Ok((process, format!("http://{listen}")))
    };
    let (process, base) = serve(folder)?;
    run(&mut python("fill_pocketbase.py", &["create", &base, password])?)?;
    drop(process);
    run(&mut python("fill_pocketbase.py", &["fill", &data, &lines])?)?;
    let (process, base) = serve(folder)?;
    let login = json!({ "identity": email, "password": password }).to_string();
    let url = format!("{base}/api/collections/_superusers/auth-with-password");
    let answer = agent().post(url).content_type("application/json").send(login)?;
    let answer: Value = serde_json::from_str(&answer.into_body().read_to_string()?)?;
    let token = answer["token"].as_str().ok_or_else(|| format!("no token in {answer}"))?;
    let headers = vec![json_body(), format!("Authorization: {token}")];
    let (processes, session) = (vec![process], String::new());
    Ok(Server { who: Who::PocketBase, base, headers, session, processes, folder: None })
}

/// FastAPI under uvicorn and PostgreSQL as it comes, with an index on the time of change.
pub(crate) fn fastapi(folder: &Path, content: Content) -> Outcome<Server> {
    let lines = records(folder, content)?;
    let (postgresql, url, data) = postgresql(folder)?;
    run(python("fill_postgresql.py", &[&lines])?.env("DATABASE_URL", &url))?;
    let (listen, workers) = (free_port()?, workers()?);
    let port = listen.rsplit_once(':').ok_or("no port")?.1;
    let uvicorn = environment()?.join("uvicorn").display().to_string();
    let (url, key) = (format!("DATABASE_URL={url}"), format!("API_KEY={KEY}"));
    let words = ["env", &url, &key, &uvicorn, "app:app", "--app-dir", SCRIPTS];
    let words = words.into_iter().chain(["--port", port, "--workers", &workers]);
    let log = folder.join("uvicorn.log");
    let mut process = Process::start(words, &log, "TERM", User::Same)?;
    process.wait_for(|log| {
        let ready = |text: String| text.matches("startup complete").count().to_string() == workers;
        std::fs::read_to_string(log).is_ok_and(ready).then_some(())
    })?;
    let headers = vec![json_body(), format!("Authorization: Bearer {KEY}")];
    let (processes, session) = (vec![process, postgresql], String::new());
    let base = format!("http://{listen}");
    Ok(Server { who: Who::FastApi, base, headers, session, processes, folder: Some(data) })
}

/// PostgreSQL in a private folder, which its user can reach, and the address of its database.
fn postgresql(folder: &Path) -> Outcome<(Process, String, TempDir)> {
    let programs = std::fs::read_dir("/usr/lib/postgresql")?.flatten();
    let newest = programs.max_by_key(std::fs::DirEntry::file_name).ok_or("no PostgreSQL")?;
    let data = tempfile::Builder::new().prefix("driftless-bench-").tempdir_in("/var/tmp")?;
    let (bin, private) = (newest.path().join("bin"), data.path().display().to_string());
    let root = output(Command::new("id").arg("-u"))?.trim() == "0";
    let user = if root { User::Other(POSTGRES) } else { User::Same };
    if root {
        run(Command::new("chown").args([POSTGRES, &private]))?;
    }
    let listen = free_port()?;
    let port = listen.rsplit_once(':').ok_or("no port")?.1;
    let initdb = bin.join("initdb").display().to_string();
    let words =
        [&initdb, "-D", &private, "-U", POSTGRES, "-A", "trust", "-E", "UTF8", "--locale=C"];
    let mut made = Process::start(words, &folder.join("initdb.log"), "TERM", user)?;
    made.expect_success()?;
    let postgres = bin.join("postgres").display().to_string();
    let words = [&postgres, "-D", &private, "-h", "127.0.0.1", "-p", port, "-k", &private];
    // INT: without waiting for those who are connected.
    let mut process = Process::start(words, &folder.join("postgresql.log"), "INT", user)?;
    process.wait_for(|log| {
        let ready = |text: String| text.contains("ready to accept connections");
        std::fs::read_to_string(log).is_ok_and(ready).then_some(())
    })?;
    Ok((process, format!("postgresql://{POSTGRES}@{listen}/postgres"), data))
}

/// Writes the records as CSV, in the order of the columns in the scripts; returns the path.
fn records(folder: &Path, content: Content) -> Outcome<String> {
    let path = folder.join("records.csv");
    let time = |moment: Moment| utc(moment.stamp.millis());
    let mut text = String::new();
    for n in 0..content.activities {
        let (activity, stamp) = activity_with_stamp(n, content)?;
        let Activity { subject, note, start, end, client, system_user, .. } = &activity;
        let Activity { status, status_name, priority, .. } = &activity;
        writeln!(
            text,
            r#"{},"{}","{}",{},{},{},{},{},{},{},{},{},{},{}"#,
            n + 1,
            subject.as_str(),
            note.as_str(),
            time(*start),
            end.map_or(String::new(), time),
            client.map_or(0, |client| client.0),
            system_user.map_or(0, |user| user.0),
            status.0,
            status_name.as_str(),
            priority.as_str(),
            utc(activity.created.millis()),
            activity.created_by.as_deref().unwrap_or_default(),
            utc(stamp.millis()),
            activity.modified_by.as_deref().unwrap_or_default(),
        )?;
    }
    std::fs::write(&path, text)?;
    Ok(path.display().to_string())
}

fn json_body() -> String {
    "Content-Type: application/json".to_owned()
}

/// An address that nobody listens on.
fn free_port() -> Outcome<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

fn python(script: &str, words: &[&str]) -> Outcome<Command> {
    let mut command = Command::new(environment()?.join("python"));
    command.arg(self::script(script)).args(words);
    Ok(command)
}

/// Where a script is.
pub(crate) fn script(name: &str) -> String {
    format!("{SCRIPTS}/{name}")
}

fn run(command: &mut Command) -> Outcome<()> {
    output(command).map(drop)
}

/// What a program says, which must succeed.
pub(crate) fn output(command: &mut Command) -> Outcome<String> {
    let output = command.output()?;
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout)?),
        false => Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}
