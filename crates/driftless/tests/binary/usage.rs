//! Wrong usage is refused before anything is created.

use crate::folder::Folder;

#[test]
fn wrong_usage_exits_2_and_leaves_nothing_behind() {
    let cases = [
        ("", "Usage: driftless"),
        ("frobnicate", "unrecognized subcommand 'frobnicate'"),
        ("check --frobnicate", "unexpected argument '--frobnicate'"),
        ("org", "Usage: driftless org"),
        ("org add", "<ORG>"),
        ("org add \"bad id\"", "organization id \"bad id\" is not usable"),
        ("org add a/b", "letters, digits"),
        ("org add acme --name \"\"", "--name"),
        ("org add acme --time-zone Mars/Olympus", "\"Mars/Olympus\" is no time zone"),
        ("org add acme --time-zone +25:00", "\"+25:00\" is no time zone"),
        ("user add acme Ada --role boss", "\"boss\" is no role: viewer, editor or admin"),
        ("user add acme Ada --id 0", "'--id <ID>'"),
        ("user add acme Ada --id seven", "'--id <ID>'"),
        ("key add acme", "--user <ID>"),
        ("status rename acme 2", "<NAME>"),
        ("import acme", "<FILE>"),
        ("export acme --format xml", "\"xml\" is no format: jsonl or csv"),
        ("history acme one", "'<ACTIVITY>'"),
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
        assert_eq!((output.code, output.out.as_str()), (2, ""), "{line}: {output:?}");
        assert!(output.err.contains(said), "{line}: {}", output.err);
        assert!(folder.names("").is_empty(), "{line} leaves {:?}", folder.names(""));
    }
}

#[test]
fn every_option_can_come_from_the_environment() {
    let folder = Folder::new();
    let run = |words: &str, name: &str, value: &str| {
        let output = folder.command(words.split(' ')).env(name, value).output().unwrap();
        crate::folder::Output::of(&output)
    };
    assert_eq!(run("org add acme", "DRIFTLESS_TIME_ZONE", "-05:00").code, 0);
    assert!(folder.ok("org list").contains("-05:00"));
    assert_eq!(run("user add acme Ada", "DRIFTLESS_ID", "7").out, "7\n");
    assert!(run("export acme", "DRIFTLESS_FORMAT", "csv").out.starts_with("createdDateTime,"));
    let wrong = run("user add acme Bob", "DRIFTLESS_ROLE", "boss");
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(wrong.err.contains("\"boss\" is no role"), "{wrong:?}");
}
