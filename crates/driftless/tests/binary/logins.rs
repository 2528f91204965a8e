//! Refused logins: each has one line in the log, and nobody can write another with it.

use crate::client::{API, login};
use crate::folder::Folder;
use crate::secrets::field;
use crate::server::Server;

/// Logs in with these queries, none of which succeeds; gives what the log says of them.
fn refused(options: &[&str], story: impl Fn(&Folder) -> Vec<String>) -> Vec<String> {
    let folder = Folder::new();
    let options: Vec<&str> = ["--init"].iter().chain(options).copied().collect();
    let server = Server::start(&folder, &options);
    for query in story(&folder) {
        let page = server.get(&format!("{API}/common/login?{query}"));
        assert!(page.body.contains("FAIL"), "{query}: {page:?}");
    }
    let log = server.stop();
    let begins_as_ours =
        |line: &String| line.starts_with("{\"timestamp\":") || line.starts_with("20");
    assert!(log.iter().all(begins_as_ours), "{log:#?}");
    log.into_iter().filter(|line| line.contains("login refused")).collect()
}

#[test]
fn each_is_told_with_its_reason_and_the_peer() {
    let lines = refused(&["--log-format", "json"], |folder| {
        folder.ok("org add acme");
        let revoked = folder.add_editor();
        folder.ok("key revoke acme 1");
        folder.ok("user add acme \"Colin Pizarek\" --id 8");
        let disabled = folder.ok("key add acme --user 8").trim().to_owned();
        folder.ok("user disable acme 8");
        vec![
            String::new(),
            "login.apiKey=0123456789abcdef0123456789abcdef".to_owned(),
            login("nobody", &revoked),
            login("two+words", &revoked),
            login("acme", "0123456789abcdef0123456789abcdef"),
            login("acme", &revoked),
            login("acme", &disabled),
            login(&disabled, "acme"),
            login(&"x".repeat(10_000), "acme"),
        ]
    });
    let told = lines.iter().map(|line| (field(line, "org"), field(line, "reason")));
    let long = "x".repeat(64);
    let expected = [
        ("", "Api key is required."),
        ("", "OrgId is required."),
        ("nobody", "there is no such organization"),
        ("two words", "there is no such organization"),
        ("acme", "there is no such key"),
        ("acme", "the key has been revoked"),
        ("acme", "the key's user has been disabled"),
        ("(not shown: it could be a key)", "there is no such organization"),
        (long.as_str(), "there is no such organization"),
    ];
    assert_eq!(
        told.collect::<Vec<_>>(),
        expected.map(|(org, reason)| (org.to_owned(), reason.to_owned()))
    );
    for line in &lines {
        assert_eq!(field(line, "level"), "WARN", "{line}");
        assert!(field(line, "peer").starts_with("127.0.0.1:"), "{line}");
    }
}

#[test]
fn nobody_can_write_log_lines_with_them() {
    let forged = "acme%0A2026-01-01T00:00:00Z%20%20INFO%20login%20refused%0D%0A%1B%5B2J%C2%9B1m%E2%80%AEend%22";
    let shown =
        r#"acme\\n2026-01-01T00:00:00Z  INFO login refused\\r\\n\\u{1b}[2J\\u{9b}1m\\u{202e}"#;
    for format in ["json", "text"] {
        let lines = refused(&["--log-format", format], |_| vec![login(forged, "secret")]);
        assert_eq!(lines.len(), 1, "{lines:#?}");
        assert!(lines[0].contains(shown), "{}", lines[0]);
        assert!(!lines[0].contains("secret") && !lines[0].contains(char::is_control), "{lines:?}");
    }
}
