//! `export --all` into `import`: a whole organization elsewhere.

use crate::client::Client;
use crate::export::{answers, lively};
use crate::folder::{Folder, either_way};
use crate::people::signs_in;

const PASSWORD: &str = "correct-horse-battery";

/// One with everything that there is.
fn furnished() -> Folder {
    let folder = lively();
    folder.ok("org rename acme \"Acme Relief\"");
    folder.ok("org zone acme America/Chicago");
    let login = "user login acme 7 ada";
    assert_eq!(folder.run_with_input(login, PASSWORD).code, 0);
    folder.write("people.csv", "name,id,role,login\nZoë Müller,101132,admin,zoe\nEd,30,viewer,\n");
    folder.ok("user import acme people.csv");
    folder.ok("user disable acme 30");
    folder.write("accounts.csv", "id,name\n1,\"Doe, Jane\"\n12,Økland \"AS\"\n");
    folder.ok("accounts import acme accounts.csv");
    folder.ok("status rename acme 2 \"Still to come\"");
    folder.ok("status retire acme 3");
    folder.ok("status done acme 5");
    folder.ok("status begin acme 1");
    folder.ok("status move acme 40 up");
    folder
}

/// What the commands list of it.
fn lists(folder: &Folder) -> String {
    let lines = ["org list", "user list acme", "accounts list acme", "status list acme --meaning"];
    lines.map(|line| folder.ok(line)).join("\n")
}

#[test]
fn an_organization_is_the_same_in_another_data_folder() {
    let folder = furnished();
    let exported = folder.ok("export acme --all");
    let first = exported.lines().next().unwrap();
    assert_eq!(
        first,
        r#"{"driftlessExport":1,"organization":{"id":"acme","name":"Acme Relief","timeZone":"America/Chicago","lastUserNamed":7}}"#
    );
    assert!(!exported.contains("argon2"), "{exported}");
    let here = answers(&folder, folder.ok("key add acme --user 7").trim());

    let other = Folder::new();
    other.ok("org add acme");
    let server = other.serve();
    let rehearsed = other.run_with_input("import acme - --dry-run", &exported);
    assert_eq!(rehearsed.code, 0, "{rehearsed:?}");
    assert!(
        rehearsed.out.starts_with(
            "23 would be created, 0 would be updated, 0 unchanged, 2 would be removed\n"
        ),
        "{rehearsed:?}"
    );
    assert_eq!(other.ok("user list acme").lines().count(), 1, "the head alone");
    let said = other.run_with_input("import acme -", &exported);
    assert_eq!(said.code, 0, "{said:?}");
    insta::assert_snapshot!("whole", said.shown());
    assert_eq!(other.ok("export acme --all"), exported);
    server.stop();
    assert_eq!(other.ok("export acme --all"), exported, "after a restart");
    let no_password = |list: String| list.replace("  no password yet", "");
    let trimmed = |list: String| list.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    assert_eq!(
        trimmed(no_password(lists(&other))),
        trimmed(no_password(lists(&folder))),
        "as the commands list it"
    );
    assert_eq!(answers(&other, other.ok("key add acme --user 7").trim()), here);
    other.ok("check");
    assert_eq!(other.ok("user add acme Bob"), folder.ok("user add acme Bob"), "the next number");

    let server = other.serve();
    assert!(!signs_in(&server, "ada", PASSWORD), "passwords stay where they are");
    assert_eq!(other.run_with_input("user login acme 7", PASSWORD).code, 0);
    assert!(signs_in(&server, "ada", PASSWORD));
    server.stop();
}

#[test]
fn the_organization_may_have_another_id_there_and_no_activity() {
    let folder = Folder::new();
    folder.ok("org add acme --time-zone Asia/Tokyo");
    folder.ok("user add acme Ada");
    folder.write("all.jsonl", folder.ok("export acme --all"));
    folder.ok("org add beta");
    assert_eq!(folder.run("import beta all.jsonl").code, 0);
    let again = folder.ok("export beta --all").replace("\"beta\"", "\"acme\"");
    assert_eq!(again, folder.ok("export acme --all"));
}

#[test]
fn it_is_taken_into_an_empty_organization_alone() {
    let told = either_way(|folder| {
        folder.write("all.jsonl", EVERYTHING);
        folder.write("one.jsonl", crate::import::line(1, "Call"));
        folder.write("accounts.csv", "id,name\n12,Somebody else\n");
        let logged_in = |org: &str| {
            folder.ok(&format!("org add {org}"));
            folder.ok(&format!("user add {org} Bob --id 70"));
        };
        logged_in("acme");
        folder.run_with_input("user login acme 70 ada", PASSWORD);
        folder.ok("org add beta");
        folder.ok("accounts import beta accounts.csv");
        folder.ok("org add gamma");
        folder.ok("user add gamma Bob --id 7");
        folder.ok("org add delta");
        folder.ok("import delta one.jsonl");
        folder.ok("org add new");
        let told = folder.transcript(&[
            "import acme all.jsonl",
            "import beta all.jsonl",
            "import gamma all.jsonl",
            "import delta all.jsonl",
            "import new all.jsonl one.jsonl",
            "import new all.jsonl --dry-run",
            "user list new",
            "import new all.jsonl",
            "import new all.jsonl",
            "user list new",
            "accounts list new",
            "export new --format csv --all",
            "export nowhere --all",
        ]);
        let left = folder.ok("user list acme") + &folder.ok("status list beta");
        told + "\n" + &left
    });
    insta::assert_snapshot!("whole_refused", told);
}

#[test]
fn where_somebody_has_logged_in_it_is_refused() {
    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    Client::log_in(&server, &key);
    let exported = EVERYTHING.replace("\"id\":7,", "\"id\":8,");
    let said = folder.run_with_input("import acme -", &exported);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("someone has already logged in to the organization"), "{said:?}");
    server.stop();
}

const EVERYTHING: &str = r#"{"driftlessExport":1,"organization":{"id":"acme","name":"Acme Relief","timeZone":"Asia/Tokyo","lastUserNamed":9}}
{"user":{"id":7,"name":"Ada Byron","role":"editor","enabled":true,"login":"ada","timeZone":"Asia/Shanghai"}}
{"status":{"id":2,"name":"Not Started","position":1,"done":false,"begins":true,"retired":false}}
{"account":{"id":12,"name":"Doe, Jane"}}
{"createdDateTime":"2014-01-10T15:50:28.153+09:00","activityId":1,"subject":"Call","startDateTime":"2014-01-10T15:50:28.153+09:00","activityStatus":{"id":"2","name":"Not Started"},"activityPriority":"NORMAL"}
{"activityId":2,"deletedDateTime":"2014-01-10T15:50:28.153+09:00"}
{"end":{"users":1,"statuses":1,"accounts":1,"activities":1,"removed":1}}
"#;

#[test]
fn a_damaged_file_is_named_with_its_line_and_changes_nothing() {
    let lines: Vec<&str> = EVERYTHING.lines().collect();
    let without = |at: usize| {
        let kept = lines.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, line)| *line);
        kept.collect::<Vec<_>>().join("\n")
    };
    let with = |from: &str, to: &str| {
        assert!(EVERYTHING.contains(from), "{from}");
        EVERYTHING.replacen(from, to, 1)
    };
    let damaged = [
        ("cut-off.jsonl", without(6)),
        ("lacks-an-account.jsonl", without(3)),
        ("lacks-an-activity.jsonl", without(4)),
        ("another-form.jsonl", with("Export\":1", "Export\":2")),
        ("role.jsonl", with("editor", "boss")),
        ("zone.jsonl", with("Asia/Tokyo", "Mars/Olympus")),
        ("member.jsonl", with("\"enabled\":true", "\"enabled\":true,\"password\":\"x\"")),
        ("status.jsonl", with("\"done\":false,", "")),
        ("account.jsonl", with("\"id\":12", "\"id\":0")),
        ("activity.jsonl", with("NORMAL", "SOON")),
        ("broken.jsonl", with("\"login\":\"ada\"", "\"login\":\"ada")),
        ("twice.jsonl", EVERYTHING.replace(lines[1], &format!("{0}\n{0}", lines[1]))),
        ("two.jsonl", EVERYTHING.repeat(2)),
        ("goes-on.jsonl", format!("{EVERYTHING}{}\n", lines[4])),
    ];
    let told = either_way(|folder| {
        folder.ok("org add acme");
        for (name, content) in &damaged {
            folder.write(name, content);
        }
        let commands = damaged.iter().map(|(name, _)| format!("import acme {name}"));
        let commands: Vec<String> = commands.collect();
        let told = folder.transcript(&commands.iter().map(String::as_str).collect::<Vec<_>>());
        told + "\n" + &folder.ok("export acme --all")
    });
    insta::assert_snapshot!("whole_damaged", told);
}
