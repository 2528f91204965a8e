//! An organization that follows another server: kept equal while people work there, read-only here, and then opened.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};

use domain::Clock;
use serde_json::Value;
use service::SystemClock;

use crate::browser::Browser;
use crate::client::{Client, agent, creation, path};
use crate::compare::altering;
use crate::double::Double;
use crate::folder::{Folder, Output};
use crate::server::{Server, WAIT_MAX};
use crate::world::{Sins, Stampless};

/// What a copy has: subjects by id.
type Copy = BTreeMap<i64, String>;

/// A folder in which `acme` follows an organization of another server.
struct Following {
    folder: Folder,
    from: String,
}

impl Following {
    fn of(from: String) -> Following {
        let folder = Folder::new();
        folder.write("key", "0123456789abcdef0123456789abcdef\n");
        Following { folder, from }
    }

    fn command(&self, verb: &str) -> String {
        let from = &self.from;
        let words = "--org acme --key-file key --data driftless-data";
        format!("mirror {verb} --from {from} {words} --to driftless:acme")
    }

    fn run(&self) -> Output {
        self.folder.run(&self.command("run"))
    }

    /// Runs it; what it read, wrote and removed.
    #[track_caller]
    fn ok(&self) -> String {
        let Output { code, out, err } = self.run();
        assert_eq!(code, 0, "{out}{err}");
        out.split(" in ").next().unwrap().to_owned()
    }

    #[track_caller]
    fn finish(&self) -> String {
        self.folder.ok("mirror finish acme --key-file key")
    }

    /// What is here now.
    #[track_caller]
    fn copy(&self) -> Copy {
        copy_of(&self.folder)
    }

    /// How many versions there are.
    fn versions(&self) -> i64 {
        let database = self.folder.path("driftless-data/driftless.db");
        let connection = rusqlite::Connection::open(database).unwrap();
        connection.query_row("SELECT count(*) FROM change", [], |row| row.get(0)).unwrap()
    }
}

fn copy_of(folder: &Folder) -> Copy {
    let lines = folder.ok("export acme");
    let records = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let there = |record: Value| {
        Some((record["activityId"].as_i64()?, record["subject"].as_str()?.to_owned()))
    };
    records.filter_map(there).collect()
}

/// A Driftless server that is followed.
struct Source {
    folder: Folder,
    server: Server,
    client: Client,
    key: String,
}

impl Source {
    fn start() -> Source {
        let (folder, key) = Folder::with_key();
        let server = Server::start(&folder, &[]);
        let client = Client::log_in(&server, &key);
        Source { folder, server, client, key }
    }

    fn address(&self) -> String {
        format!("http://{}", self.server.address)
    }

    fn followed(&self) -> Following {
        let following = Following::of(self.address());
        following.folder.write("key", &self.key);
        following
    }
}

/// Runs a story with a server on the folder that follows, and without one.
fn either_way(story: impl Fn(&Following, &Source)) {
    let source = Source::start();
    story(&source.followed(), &source);
    let source = Source::start();
    let following = source.followed();
    let server = following.folder.serve_new();
    story(&following, &source);
    server.stop();
}

#[test]
fn what_is_created_edited_removed_and_restored_there_is_so_here_after_the_next_run() {
    either_way(|following, source| {
        let ids = ["Call", "Mail", "Meet"].map(|subject| source.client.create(subject));
        assert_eq!(following.ok(), "3 read, 3 written, 0 removed");
        assert_eq!(following.copy(), copy_of(&source.folder));
        let versions = following.versions();
        assert!(following.ok().ends_with("0 written, 0 removed"));
        assert_eq!(following.versions(), versions, "what is equal makes no version");

        let before = source.folder.ok("export acme");
        source.client.update(ids[0], "activity.subject=Call+back");
        source.client.remove(ids[1]);
        assert!(following.ok().ends_with("1 written, 1 removed"));
        assert_eq!(following.copy(), copy_of(&source.folder));

        source.folder.write("before", before);
        source.folder.ok("import acme before --restore");
        assert!(following.ok().ends_with("1 written, 0 removed"));
        assert_eq!(following.copy(), copy_of(&source.folder));
        let verified = following.folder.ok(&following.command("verify"));
        assert!(verified.contains("3 compared") && verified.ends_with(": equal\n"), "{verified}");
    });
}

/// Whether the server of the test below has renamed a status.
static RENAMED: AtomicBool = AtomicBool::new(false);

#[test]
fn a_status_that_was_renamed_without_a_new_time_of_change_is_renamed_by_a_repair() {
    let source = Source::start();
    source.client.create("Call");
    source.client.create("Mail");
    let vendor = altering(&source.address(), |_, body| match RENAMED.load(Ordering::Relaxed) {
        true => body.replace("\"Not Started\"", "\"Fresh\""),
        false => body,
    });
    let following = Following::of(vendor);
    following.folder.write("key", &source.key);
    following.ok();
    RENAMED.store(true, Ordering::Relaxed);
    let told = following.folder.run(&following.command("verify"));
    assert!(told.out.contains(": differs in activity_status_name"), "{}", told.shown());
    following.folder.ok(&(following.command("verify") + " --repair"));
    let told = following.folder.ok(&following.command("verify"));
    assert!(told.ends_with(": equal\n"), "{told}");
    assert!(following.folder.ok("status list acme").contains("Fresh"));
}

#[test]
fn people_and_statuses_of_the_source_are_made_here_and_a_new_name_is_taken_over() {
    either_way(|following, source| {
        let id = source.client.create("Call");
        source.client.create("Mail");
        source.folder.ok("status add acme Parked --id 31");
        source.folder.ok("status rename acme 3 \"On hold\"");
        source.client.update(id, "activity.activityStatus.id=31");
        following.ok();
        assert!(following.folder.ok("user list acme").contains("Person 7"));
        assert!(following.folder.ok("status list acme").contains("31  Parked"));

        source.folder.ok("status retire acme 4");
        source.folder.ok("status rename acme 31 Completed");
        following.ok();
        let statuses = following.folder.ok("status list acme");
        assert!(statuses.contains("31  Completed\n"), "{statuses}");
        // Scripts that name a status mean the one that the source's activities have.
        assert!(statuses.contains("4   Completed    retired"), "{statuses}");
        let verified = following.folder.ok(&following.command("verify"));
        assert!(verified.ends_with(": equal\n"), "{verified}");
    });
}

#[test]
fn no_one_writes_to_it_until_it_is_finished() {
    let source = Source::start();
    let id = source.client.create("Call");
    let following = source.followed();
    following.ok();
    let folder = &following.folder;
    folder.ok("user role acme 7 admin");
    folder.run_with_input("user login acme 7 ada --password-stdin", "a long password\n");
    let key = folder.ok("key add acme --user 7 --label Nightly");
    let server = folder.serve();
    let client = Client::log_in(&server, key.trim());
    let told = format!(
        "organization acme follows {} until `driftless mirror finish acme`: edit activities there",
        source.address()
    );

    assert_eq!(client.sync("syncActivityTimeFrom=2000-01-01T00:00:00Z").ids(), [id]);
    let writes = [
        ("createActivity", creation("Mail")),
        ("updateActivity", format!("activity.activityId={id}&activity.subject=x")),
        ("removeActivity", format!("activityId={id}")),
    ];
    for (method, query) in &writes {
        let refused = client.get(method, query);
        let expected = format!("Permission denied. {told}");
        assert_eq!(refused.error(), Some(("5", &*expected)), "{method}");
    }

    folder.write("x.jsonl", source.folder.ok("export acme"));
    for line in ["import acme x.jsonl", "status add acme Parked", "status rename acme 2 Parked"] {
        assert_eq!(folder.refused(line), told, "{line}");
    }
    for line in ["status done acme 2", "org zone acme America/Chicago", "user add acme Bob"] {
        folder.ok(line);
    }

    let mut browser = Browser::of(&server);
    assert!(browser.signs_in("ada", "a long password"));
    let list = browser.get("/activities");
    let banner = format!("This organization follows <strong>{}</strong>", source.address());
    assert!(list.body.contains(&banner), "{}", list.body);
    for offered in ["/activities/new", "/import"] {
        assert!(!list.body.contains(&format!("href=\"{offered}\"")), "{offered}");
        let page = browser.get(offered);
        assert_eq!(page.status, 403, "{offered}");
        assert!(page.body.contains("follows"), "{offered}");
    }
    let csrf = browser.get("/preferences").value("csrf");
    let fields = [("csrf", &*csrf), ("seen", "1"), ("subject", "x")];
    let forms = ["", "/remove", "/restore", "/quick", "/undo"]
        .map(|form| format!("/activities/{id}{form}"));
    let others = ["/activities", "/activities/bulk", "/bin/restore"].map(str::to_owned);
    for form in forms.iter().chain(&others) {
        let page = browser.post(form, &fields);
        assert_eq!(page.status, 403, "{form}: {page:?}");
        assert!(page.body.contains("This organization is read-only"), "{form}: {page:?}");
    }
    let renaming = [("csrf", &*csrf), ("name", "Parked"), ("status_name", "Parked")];
    for form in ["/settings/statuses", "/settings/statuses/2/rename"] {
        let page = browser.post(form, &renaming);
        assert!(page.body.contains("follows"), "{form}: {page:?}");
    }
    assert!(!folder.ok("status list acme").contains("Parked"));
    assert_eq!(following.copy(), copy_of(&source.folder));

    following.finish();
    for (method, query) in &writes {
        client.get(method, query).ok();
    }
    assert!(browser.get("/activities").body.contains("/activities/new"));
    assert_eq!(browser.get("/activities/new").status, 200);
    server.stop();
}

#[test]
fn what_it_follows_survives_a_restart_a_backup_and_an_export() {
    let source = Source::start();
    source.client.create("Call");
    let following = source.followed();
    following.ok();
    let folder = &following.folder;
    let told = folder.ok("org list");
    assert!(told.contains(&format!("{} (acme)", source.address())), "{told}");

    folder.ok("backup copy");
    assert_eq!(folder.ok("--data copy org list"), told);
    folder.write("all", folder.ok("export acme --all"));
    folder.ok("--data other org add acme");
    folder.ok("--data other import acme all");
    assert_eq!(folder.ok("--data other org list"), told);

    source.client.create("Mail");
    for data in ["driftless-data", "copy", "other"] {
        let line = following.command("run").replace("driftless-data", data);
        let out = folder.ok(&line);
        assert!(out.contains(" 1 written, 0 removed"), "{data}: {out}");
        // The cursor came with it.
        assert!(out.starts_with("1 read") || out.starts_with("2 read"), "{data}: {out}");
        // When the source has changed it is not in an export.
        let verify = following.command("verify").replace("driftless-data", data);
        folder.ok(&format!("{verify} --repair"));
        assert!(folder.ok(&verify).ends_with(": equal\n"), "{data}");
    }
}

#[test]
fn no_data_folder_is_created_that_was_not_named() {
    let source = Source::start();
    let following = source.followed();
    let before = following.folder.names("");
    for verb in ["run", "verify"] {
        let line = following.command(verb).replace("--data driftless-data ", "");
        let told = following.folder.refused(&line);
        assert!(told.starts_with("the data folder driftless-data does not exist"), "{told}");
        assert_eq!(following.folder.names(""), before);
    }
    following.ok();
    let line = following.command("run").replace("--data driftless-data ", "");
    following.folder.ok(&line);
}

#[test]
fn what_cannot_follow_is_told_so() {
    let source = Source::start();
    source.client.create("Call");
    let following = source.followed();
    following.ok();
    let folder = &following.folder;

    folder.ok("org add worked");
    folder.ok("user add worked Ada --id 7");
    folder.write("all", source.folder.ok("export acme"));
    folder.ok("import worked all");
    let to = |org: &str| following.command("run").replace(":acme", &format!(":{org}"));
    assert!(
        folder.refused(&to("worked")).contains("worked does not follow a server and already has")
    );
    assert!(folder.refused("mirror finish worked").contains("worked does not follow"));
    assert!(folder.refused("mirror finish nowhere").contains("nowhere does not follow"));
    assert!(folder.refused("--data x mirror finish acme").contains("x does not exist"));
    assert_eq!(folder.run(&to("a/b")).code, 2);
    source.folder.ok("org add other");
    source.folder.ok("user add other Ada");
    let key = source.folder.ok("key add other --user 1");
    folder.write("other", key.lines().last().unwrap());
    let another = following
        .command("run")
        .replace("--org acme --key-file key", "--org other --key-file other");
    assert!(folder.refused(&another).contains("mirrors organization \"acme\""));

    let lock = std::fs::File::open(folder.path("driftless-data/mirror-acme.lock")).unwrap();
    lock.try_lock().unwrap();
    assert!(folder.refused(&following.command("run")).contains("another mirror is writing"));
    drop(lock);
    // A wrong key makes no organization.
    folder.write("wrong", "0123456789abcdef0123456789abcdef");
    let wrong = to("new").replace("--key-file key", "--key-file wrong");
    assert!(folder.refused(&wrong).contains("does not accept the key"));
    assert!(!folder.ok("org list").contains("new"));
    // With the other server gone, it can be opened all the same.
    let Source { server, .. } = source;
    server.stop();
    let told = folder.ok("mirror finish acme --without-last-run");
    assert!(told.contains("was not compared"), "{told}");
    assert!(folder.refused("mirror finish acme").contains("acme does not follow"));
}

/// An unchanged script: it asks for everything since the time of its last answer, and keeps its copy.
struct Script {
    base: String,
    key: String,
    from: String,
    copy: Copy,
}

impl Script {
    fn post(&self, method: &str, form: &[(&str, &str)]) -> Value {
        let url = format!("{}{}", self.base, path(method));
        let mut answer = agent().post(url).send_form(form.iter().copied()).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        let whole: Value = serde_json::from_str(&text).unwrap();
        whole.as_object().unwrap().values().next().unwrap().clone()
    }

    /// Asks; how many records and ids came.
    fn poll(&mut self) -> usize {
        let login = self.post("login", &[("login.apiKey", &self.key), ("login.orgid", "acme")]);
        let session = login["userSessionId"].as_str().unwrap();
        let (mut page, mut next, mut came) = (1, String::new(), 0);
        loop {
            let number = page.to_string();
            let form = [
                ("userSessionId", session),
                ("syncActivityTimeFrom", &self.from),
                ("page.currentPage", &number),
                ("page.pageSize", "200"),
            ];
            let answer = self.post("syncActivities", &form);
            if page == 1 {
                next = answer["responseDateTime"].as_str().unwrap().to_owned();
            }
            for record in answer["activities"]["activity"].as_array().unwrap() {
                came += 1;
                let id = record["activityId"].as_i64().unwrap();
                self.copy.insert(id, record["subject"].as_str().unwrap().to_owned());
            }
            for id in answer["deletedActivityIdList"]["activityId"].as_array().unwrap() {
                came += usize::from(page == 1);
                self.copy.remove(&id.as_i64().unwrap());
            }
            if page >= answer["page"]["totalPage"].as_i64().unwrap() {
                break;
            }
            page += 1;
        }
        self.from = next;
        came
    }
}

#[test]
fn a_script_that_moves_from_another_driftless_gets_what_it_lacks_and_little_else() {
    let source = Source::start();
    let following = source.followed();
    let (base, from) = (source.address(), "2000-01-01T00:00:00Z".to_owned());
    let mut script = Script { base, key: source.key.clone(), from, copy: Copy::new() };
    let client = &source.client;
    let ids: Vec<i64> = (0..250).map(|n| client.create(&format!("Call+{n}"))).collect();
    following.ok();
    client.update(ids[0], "activity.subject=Seen+by+both");
    client.remove(ids[1]);
    following.ok();
    script.poll();
    // One that the script knows and the copy does not, one that neither does, one that only the copy does.
    client.update(ids[2], "activity.subject=Polled");
    script.poll();
    client.update(ids[3], "activity.subject=Mirrored");
    client.remove(ids[4]);
    following.ok();
    client.update(ids[5], "activity.subject=Last");
    client.remove(ids[6]);
    client.create("New");
    following.finish();
    following.folder.ok("user role acme 7 editor");
    following.folder.ok("key add acme --user 7 --key-file key");
    let server = following.folder.serve();
    script.base = format!("http://{}", server.address);
    let came = script.poll();
    assert_eq!(script.copy, copy_of(&source.folder));
    assert!(came < 10, "{came}: what it had before does not come again");
    Client::log_in(&server, &source.key).update(ids[7], "activity.subject=Here");
    assert!(script.poll() < 3);
    assert_eq!(script.copy, following.copy());
    server.stop();
}

#[test]
fn where_the_clock_of_the_source_is_ahead_scripts_are_told_to_go_back_further() {
    let double = Double::start(Sins::default(), 5);
    double.world.lock().unwrap().now = SystemClock.now().millis() + 150_000;
    double.create(3);
    let following = Following::of(double.address());
    following.ok();
    let told = following.finish();
    assert!(told.contains("is ahead of the one here by 1"), "{told}");
    assert!(told.contains("of that poll, minus 4 minutes"), "{told}");
}

#[test]
fn a_script_that_only_gets_another_address_misses_nothing() {
    for (seed, whole_seconds, late_ms) in [(1, true, 0), (2, true, 60_000), (3, false, 60_000)] {
        let sins = Sins { whole_seconds, late_ms, ..Sins::default() };
        let double = Double::start(sins, seed);
        double.create(40);
        let following = Following::of(double.address());
        let key = "0123456789abcdef0123456789abcdef".to_owned();
        let (base, from) = (double.address(), "2000-01-01T00:00:00Z".to_owned());
        let mut script = Script { base, key, from, copy: Copy::new() };
        for _ in 0..5 {
            double.work(15);
            following.ok();
            double.work(5);
            script.poll();
        }
        double.work(10);
        double.rest();
        following.folder.write("their.key", "9f3c71d2a8e05b46c1d7e2f98a604b3d");
        let told = following.finish();
        assert!(told.contains("is not ahead of the one here"), "{told}");
        assert_eq!(following.copy(), double.truth(), "seed {seed}");

        following.folder.ok("user add acme Script --id 900");
        following.folder.ok("key add acme --user 900 --key-file their.key");
        let server = following.folder.serve();
        script.base = format!("http://{}", server.address);
        script.key = "9f3c71d2a8e05b46c1d7e2f98a604b3d".to_owned();
        script.poll();
        assert_eq!(script.copy, double.truth(), "seed {seed}");
        let client = Client::log_in(&server, &script.key);
        let new = client.create("Here");
        client.remove(*script.copy.keys().next().unwrap());
        script.poll();
        assert_eq!(script.copy, following.copy(), "seed {seed}");
        assert!(script.copy.contains_key(&new));
        server.stop();
    }
}

#[test]
fn whatever_sins_the_source_has_it_is_equal_once_everybody_rests() {
    for seed in 0..6 {
        let double = Double::start(
            Sins { outages: 0, bursts: 0, unreadable: false, ..Sins::drawn(seed) },
            seed,
        );
        let following = Following::of(double.address());
        let server = (seed % 2 == 0).then(|| following.folder.serve_new());
        double.work(60);
        for _ in 0..3 {
            following.run();
            double.work(20);
            double.pause();
        }
        double.rest();
        let line = following.command("verify") + " --repair --accept-removals";
        following.folder.ok(&line);
        assert_eq!(following.copy(), double.truth(), "seed {seed}");
        let equal = following.folder.ok(&following.command("verify"));
        assert!(equal.ends_with(": equal\n"), "{equal}");
        drop(server);
    }
}

#[test]
fn a_record_that_is_no_activity_is_kept_next_to_the_organization_and_told_in_the_end() {
    let sins =
        |double: &Double, unreadable| double.world.lock().unwrap().sins.unreadable = unreadable;
    let double = Double::start(Sins { unreadable: true, ..Sins::default() }, 7);
    double.create(80);
    let following = Following::of(double.address());
    let told = following.ok();
    assert!(told.starts_with("80 read, ") && told.ends_with(" cannot be read"), "{told}");
    assert!(following.copy().len() < 80);
    let verified = following.folder.ok(&following.command("verify"));
    assert!(verified.contains(" cannot be read) as of "), "{verified}");
    // A backup has it too, with and without a server.
    let counts = || {
        ["driftless-data", "copy", "copy2"].map(|data| {
            let file = following.folder.path(data).join("mirror-acme.db");
            let connection = rusqlite::Connection::open(file).unwrap();
            let sql = "SELECT count(*) FROM activity_unreadable";
            connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap()
        })
    };
    following.folder.ok("backup copy");
    let server = following.folder.serve();
    following.folder.ok("backup copy2");
    server.stop();
    let [here, copy, copy2] = counts();
    assert!(here > 0 && [copy, copy2] == [here; 2], "{here}, {copy}, {copy2}");
    for data in ["copy", "copy2"] {
        let verify = following.command("verify").replace("driftless-data", data);
        assert!(following.folder.ok(&verify).ends_with(": equal\n"), "{data}");
    }

    sins(&double, false);
    (1..=80).for_each(|id| double.edit(id));
    let told = following.ok();
    assert!(told.ends_with("80 written, 0 removed"), "{told}");
    assert_eq!(following.copy(), double.truth());

    sins(&double, true);
    (1..=40).for_each(|id| double.edit(id));
    let server = following.folder.serve();
    let told = following.finish();
    server.stop();
    assert!(
        told.contains(
            " are not valid activities and are not here, or only in an earlier version: "
        ),
        "{told}"
    );
    assert!(told.contains("mirror-acme.db has them as they came"), "{told}");
}

#[test]
fn removals_are_compared_with_a_source_that_was_restored_from_a_backup() {
    let source = Source::start();
    source.client.create("Call");
    let following = source.followed();
    following.ok();
    source.folder.ok("backup copy");
    let [again, _] = ["Mail", "Meet"].map(|subject| source.client.create(subject));
    following.ok();
    let record = source.folder.ok("export acme");
    let record = record.lines().next().unwrap().replace("\"activityId\":1,", "\"activityId\":50,");
    source.folder.write("more", record);
    let Source { folder, server, key, .. } = source;
    let address = server.address.to_string();
    server.stop();
    let server = Server::of(folder.command(["--data", "copy", "serve", "--listen", &address]));
    let client = Client::log_in(&server, &key);
    // One of the two is removed there, the other is not known there. And one was removed that was never here.
    assert_eq!(client.create("Other"), again);
    client.remove(again);
    folder.ok("--data copy import acme more");
    client.remove(50);
    // What happens in the instant of the comparison is left to the next run.
    let horizon = || client.sync("syncActivityTimeFrom=2000-01-01T00:00:00Z").time().to_owned();
    let removed = horizon();
    while horizon() == removed {}

    let told = following.ok();
    assert!(told.starts_with("3 repaired, "), "{told}");
    assert_eq!(following.copy().into_keys().collect::<Vec<_>>(), [1]);
    assert!(following.folder.ok(&following.command("verify")).ends_with(": equal\n"));
    server.stop();
}

/// A way to another server, on which a run can be caught.
struct Relay {
    address: String,
    caught: Receiver<()>,
    trap: Arc<Mutex<Trap>>,
}

/// When a run is caught.
#[derive(Clone, Copy)]
enum Trap {
    Never,
    /// After so many more requests, before the next one is answered.
    Before(u32),
    /// After so many more requests, once the next one has been answered: while the answer is being written.
    Behind(u32),
}

impl Relay {
    fn to(server: String) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let trap = Arc::new(Mutex::new(Trap::Never));
        let (tell, caught) = mpsc::channel();
        let set = trap.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                pass(stream.unwrap(), &server, &set, &tell);
            }
        });
        Relay { address, caught, trap }
    }

    /// Starts a run, and kills it, and what `with` kills, once it is caught.
    fn kill(&self, following: &Following, trap: Trap, with: impl FnOnce()) {
        *self.trap.lock().unwrap() = trap;
        let line = following.command("run");
        let mut command = following.folder.command(line.split(' '));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.caught.recv_timeout(WAIT_MAX).unwrap();
        with();
        child.kill().unwrap();
        child.wait().unwrap();
        *self.trap.lock().unwrap() = Trap::Never;
    }
}

fn pass(mut stream: TcpStream, server: &str, trap: &Mutex<Trap>, tell: &Sender<()>) {
    let now = {
        let mut trap = trap.lock().unwrap();
        let now = *trap;
        *trap = match now {
            Trap::Before(0) | Trap::Behind(0) | Trap::Never => Trap::Never,
            Trap::Before(left) => Trap::Before(left - 1),
            Trap::Behind(left) => Trap::Behind(left - 1),
        };
        now
    };
    if matches!(now, Trap::Before(0)) {
        tell.send(()).unwrap();
        // Until the other end is gone.
        let _ = stream.read_to_end(&mut Vec::new());
        return;
    }
    let mut there = TcpStream::connect(server.trim_start_matches("http://")).unwrap();
    let (mut from, mut to) = (stream.try_clone().unwrap(), there.try_clone().unwrap());
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        // A run that was killed sends no more: the server must not wait for it.
        let _ = to.shutdown(Shutdown::Write);
    });
    let mut answer = Vec::new();
    let _ = there.read_to_end(&mut answer);
    let _ = stream.write_all(&answer);
    if matches!(now, Trap::Behind(0)) {
        tell.send(()).unwrap();
    }
}

#[test]
fn a_run_that_is_killed_anywhere_goes_on_and_writes_nothing_twice() {
    let double = Double::start(Sins { page_size_max: 20, ..Sins::default() }, 11);
    double.create(230);
    let relay = Relay::to(double.address());
    let following = Following::of(relay.address.clone());
    for trap in [1, 2, 3].into_iter().flat_map(|n| [Trap::Before(n + 1), Trap::Behind(n)]) {
        relay.kill(&following, trap, || ());
    }
    following.ok();
    assert_eq!(following.copy(), double.truth());
    assert_eq!(following.versions(), 230);
    assert!(following.ok().ends_with("0 written, 0 removed"));

    // The same with the server below it.
    for (n, trap) in [Trap::Before(2), Trap::Behind(1), Trap::Behind(2)].into_iter().enumerate() {
        double.create(60);
        let server = following.folder.serve();
        relay.kill(&following, trap, || server.kill());
        let server = following.folder.serve();
        following.ok();
        assert_eq!(following.copy(), double.truth());
        assert_eq!(following.versions(), 290 + 60 * i64::try_from(n).unwrap());
        server.stop();
    }
}

#[test]
fn rows_are_there_before_the_run_counts_them_as_read() {
    let source = Source::start();
    source.client.create("Call");
    let following = source.followed();
    following.ok();
    let record = source.folder.ok("export acme");
    let mut interrupted = 0;
    for round in 1..=6 {
        let more = (0..400).map(|n| {
            record.replace("\"activityId\":1,", &format!("\"activityId\":{},", round * 1_000 + n))
        });
        source.folder.write("more", more.collect::<String>());
        source.folder.ok("import acme more");
        let server = (round % 2 == 0).then(|| following.folder.serve());
        let before = following.versions();
        let line = following.command("run");
        let mut command = following.folder.command(line.split(' '));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Killed as soon as the first of its rows are there.
        while following.versions() == before && child.try_wait().unwrap().is_none() {}
        interrupted += u32::from(child.try_wait().unwrap().is_none());
        if let Some(server) = server {
            server.kill();
        }
        let _ = child.kill();
        child.wait().unwrap();
        following.ok();
        assert_eq!(following.copy(), copy_of(&source.folder));
        assert_eq!(following.versions(), before + 400);
    }
    assert!(interrupted > 0, "each run had ended by then");
}

#[test]
fn a_mirror_that_goes_on_and_on_outlives_the_server_below_it() {
    let source = Source::start();
    let ids = ["Call", "Mail", "Meet"].map(|subject| source.client.create(subject));
    let all = source.folder.ok("export acme");
    let following = source.followed();
    let server = following.folder.serve_new();
    let line = following.command("run") + " --every 30ms";
    let mirror = Server::spawn(following.folder.command(line.split(' ')));
    let told = |what: &'static str| mirror.out.wait_for(what, |told| told.contains(what));
    told("3 written");

    server.kill();
    source.client.remove(ids[0]);
    told(" 1 removed");

    let server = following.folder.serve();
    source.folder.write("all", all);
    source.folder.ok("import acme all --restore");
    told("1 read, 1 written");
    assert_eq!(following.copy(), copy_of(&source.folder));
    assert!(following.folder.refused(&following.command("run")).contains("another mirror"));
    mirror.stop();
    server.stop();
}

#[test]
fn an_activity_that_loses_its_time_of_change_there_is_taken_over() {
    let sins = Sins { stampless: Stampless::Everywhere, ..Sins::default() };
    let double = Double::start(sins, 3);
    double.create(20);
    let following = Following::of(double.address());
    following.ok();
    {
        let mut world = double.world.lock().unwrap();
        let id = world.living().find(|id| world.has_stamp(*id)).unwrap();
        world.lose_stamp(id);
    }
    let told = following.ok();
    assert!(told.ends_with(" 1 written, 0 removed"), "{told}");
    assert_eq!(following.copy(), double.truth());
    let versions = following.versions();
    assert!(following.ok().ends_with(" 0 written, 0 removed"));
    let verified = following.folder.ok(&following.command("verify"));
    assert!(verified.ends_with(": equal\n"), "{verified}");
    assert_eq!(following.versions(), versions, "what is equal makes no version");
    // A time that nobody has said is not shown as one long ago.
    assert!(!following.folder.ok("export acme").contains("\"0001-"));
}

#[test]
fn an_organization_that_differs_is_opened_only_if_that_is_accepted() {
    let double = Double::start(Sins::default(), 4);
    double.create(5);
    let following = Following::of(double.address());
    following.ok();
    double.world.lock().unwrap().now += 3_600_000;
    following.ok();
    double.world.lock().unwrap().change_unseen(2);
    let finish =
        |more: &str| following.folder.run(&format!("mirror finish acme --key-file key {more}"));
    let refused = finish("");
    assert_eq!(refused.code, 1, "{}", refused.shown());
    assert!(refused.out.contains("2: differs in subject\n"), "{}", refused.shown());
    assert!(refused.err.contains("nothing was opened"), "{}", refused.shown());
    assert!(following.ok().ends_with(" 0 written, 0 removed"), "it still follows");
    let opened = finish("--accept-differences");
    assert_eq!(opened.code, 0, "{}", opened.shown());
    assert!(opened.out.contains("no longer follows"), "{}", opened.shown());
}

#[test]
fn a_mirror_that_waits_for_its_next_run_leaves_the_folder_to_others() {
    let double = Double::start(Sins::default(), 4);
    double.create(5);
    let following = Following::of(double.address());
    let is_left = || (0..100).any(|_| following.folder.run("org list").code == 0);
    let line = following.command("run") + " --every 1h --verify-every 7d --patience 1ms";
    let mirror = Server::spawn(following.folder.command(line.split(' ')));
    mirror.out.wait_for("a run", |line| line.contains("complete up to"));
    assert!(is_left(), "after a run");
    mirror.stop();
    // And one that has opened it before the source failed.
    double.world.lock().unwrap().sins.outages = 1;
    let mirror = Server::spawn(following.folder.command(line.split(' ')));
    mirror.log.wait_for("the failure", |line| line.contains("is not available"));
    assert!(is_left(), "after a failure");
    mirror.stop();
}
