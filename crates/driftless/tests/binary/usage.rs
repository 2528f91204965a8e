//! Wrong usage is refused before anything is created.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::folder::{Folder, Output};

#[test]
fn wrong_usage_is_refused_and_leaves_nothing_behind() {
    let cases = [
        ("", "Usage: driftless"),
        ("frobnicate", "unrecognized subcommand 'frobnicate'"),
        ("check --frobnicate", "unexpected argument '--frobnicate'"),
        ("org", "Usage: driftless org"),
        ("org add", "<ORG>"),
        ("org add \"bad id\"", "\"bad id\" is not a valid organization id"),
        ("org add a/b", "letters (a to z), digits"),
        ("org add acme --name \"\"", "--name"),
        ("org add acme --time-zone Mars/Olympus", "\"Mars/Olympus\" is not a time zone"),
        ("org add acme --time-zone +25:00", "\"+25:00\" is not a time zone"),
        ("user add acme Ada --role boss", "\"boss\" is not a role: use viewer, editor or admin"),
        ("user add acme Ada --id 0", "'--id <ID>'"),
        ("user add acme Ada --id seven", "'--id <ID>'"),
        ("key add acme", "--user <ID>"),
        ("status rename acme 2", "<NAME>"),
        ("import acme", "<FILE>"),
        ("export acme --format xml", "\"xml\" is not a format: use jsonl or csv"),
        ("key add acme --user Ada", "'--user <ID>': expected a number, like 7"),
        ("user disable acme Ada", "'<ID>': expected a number"),
        ("key revoke acme mailer", "'<KEY>': expected a number"),
        ("keys check", "<ORG>"),
        ("keys chek acme", "a similar subcommand exists: 'check'"),
        ("status retire acme Waiting", "'<ID>': expected a number"),
        ("history acme one", "'<ACTIVITY>': expected a number"),
        ("backup", "<DEST>"),
        (
            "serve --listen nowhere",
            "'--listen <ADDRESS>': expected a host and a port, like 127.0.0.1",
        ),
        ("serve --listen 8420", "expected a host and a port"),
        ("serve --listen :8420", "expected a host and a port"),
        ("serve --listen ::1:8420", "localhost:8420 or [::1]:8420"),
        ("serve --listen localhost:84200", "expected a host and a port"),
        ("demo --listen http://localhost:8420", "expected a host and a port"),
        ("serve --tls-cert cert.pem", "--tls-key <FILE>"),
        ("serve --tls-key key.pem", "--tls-cert <FILE>"),
        ("serve --page-size-max 0", "'--page-size-max <N>'"),
        ("serve --requests-max 0", "'--requests-max <N>'"),
        ("serve --log-format xml", "[possible values: text, json]"),
        ("demo --activities many", "'--activities <N>'"),
        ("--data", "--data <DIR>"),
    ];
    let folder = Folder::new();
    for (line, said) in cases {
        let output = folder.run(line);
        // Of a check of keys, 2 would say that changes were never delivered.
        let code = if line.starts_with("key") { 3 } else { 2 };
        assert_eq!((output.code, output.out.as_str()), (code, ""), "{line}: {output:?}");
        assert!(output.err.contains(said), "{line}: {}", output.err);
        assert!(folder.names("").is_empty(), "{line} leaves {:?}", folder.names(""));
    }
}

#[test]
fn an_argument_in_another_encoding_is_refused_like_any_other() {
    let folder = Folder::new();
    for (word, code) in [("key", 3), ("org", 2)] {
        let mut command = folder.command([word]);
        let output = Output::of(&command.arg(OsStr::from_bytes(b"\xff")).output().unwrap());
        assert_eq!((output.code, output.out.as_str()), (code, ""), "{output:?}");
        assert!(!output.err.contains("panicked"), "{output:?}");
    }
}

/// Runs a command with one thing set in the environment.
fn run(folder: &Folder, line: &str, name: &str, value: &str) -> Output {
    let output = folder.command(line.split(' ')).env(name, value).output().unwrap();
    Output::of(&output)
}

#[test]
fn every_option_can_come_from_the_environment() {
    let folder = Folder::new();
    let run = |line: &str, name: &str, value: &str| run(&folder, line, name, value);
    assert_eq!(run("org add acme", "DRIFTLESS_ORG_TIME_ZONE", "-05:00").code, 0);
    assert_eq!(run("org add beta", "DRIFTLESS_ORG_NAME", "Beta Relief").code, 0);
    let orgs = folder.ok("org list");
    assert!(orgs.contains("-05:00") && orgs.contains("Beta Relief"), "{orgs}");
    assert_eq!(run("user add acme Ada", "DRIFTLESS_USER_ID", "7").out, "7\n");
    assert_eq!(run("status add acme Dropped", "DRIFTLESS_STATUS_ID", "40").out, "40\n");
    assert_eq!(run("key add acme --user 7", "DRIFTLESS_KEY_LABEL", "mailer").code, 0);
    assert_eq!(run("key add acme", "DRIFTLESS_KEY_USER", "7").code, 0);
    assert!(folder.ok("key list acme").contains("mailer"));
    let csv = run("export acme", "DRIFTLESS_EXPORT_FORMAT", "csv");
    assert!(csv.out.starts_with("\"createdDateTime\","), "{csv:?}");
    let wrong = run("user add acme Bob", "DRIFTLESS_USER_ROLE", "boss");
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(wrong.err.contains("\"boss\" is not a role"), "{wrong:?}");
    let wrong = run("demo", "DRIFTLESS_DEMO_ACTIVITIES", "many");
    assert!(wrong.err.contains("'--activities <N>'"), "{wrong:?}");
}

#[test]
fn a_flag_in_the_environment_is_a_yes_or_a_no() {
    let (folder, _) = Folder::with_key();
    folder.write("one.jsonl", crate::import::line(1, "Call"));
    let run =
        |value: &str| run(&folder, "import acme one.jsonl", "DRIFTLESS_IMPORT_DRY_RUN", value);
    for yes in ["1", "true", "yes"] {
        assert!(run(yes).out.starts_with("1 would be created,"), "{yes}: {:?}", run(yes));
    }
    let wrong = run("perhaps");
    assert_eq!((wrong.code, wrong.out.as_str()), (2, ""), "{wrong:?}");
    assert!(wrong.err.contains("--dry-run"), "{wrong:?}");
    assert!(run("0").out.starts_with("1 created,"));
    for no in ["false", "no"] {
        assert!(run(no).out.contains("1 unchanged,"), "{no}: {:?}", run(no));
    }
    let meaning = self::run(&folder, "status list acme", "DRIFTLESS_STATUS_MEANING", "yes");
    assert!(meaning.out.contains("MEANING"), "{meaning:?}");
}

#[test]
fn what_is_set_for_one_command_does_nothing_to_another() {
    let (folder, _) = Folder::with_key();
    for (line, name, value) in [
        ("user add acme Bob", "DRIFTLESS_STATUS_ID", "40"),
        ("status add acme Dropped", "DRIFTLESS_USER_ID", "40"),
        ("user add acme Colin", "DRIFTLESS_ID", "40"),
    ] {
        let output = run(&folder, line, name, value);
        assert_eq!(output.code, 0, "{output:?}");
        assert_ne!(output.out, "40\n", "{line}");
    }
    let (name, value) = ("DRIFTLESS_IMPORT_RESTORE", "1");
    assert_eq!(run(&folder, "export acme", name, value).code, 0);
}
