//! The audit log on the command line.

use crate::browser::Browser;
use crate::client::{API, login};
use crate::folder::{DATA, Folder, either_way};
use crate::server::Server;

const PASSWORD: &str = "correct-horse-battery";

#[test]
fn what_commands_do_is_noted_and_shown() {
    let told = either_way(|folder| {
        let done = folder.transcript(&[
            "org add acme --time-zone -05:00",
            "user add acme \"Ada Byron\" --role admin",
            "user role acme 1 editor",
            "user disable acme 1",
            "user enable acme 1",
            "key add acme --user 1 --label poller",
            "key label acme 1 mailer",
            "key revoke acme 1",
            "status rename acme 3 Paused",
            "org rename acme \"Acme Relief\"",
        ]);
        folder.ok("export acme");
        folder.ok("backup elsewhere");
        let shown = folder.transcript(&[
            "audit acme",
            "audit acme --limit 2",
            "audit acme --kind key",
            "audit acme --kind key --format json",
            "audit acme --user 1",
            "audit acme --kind nothing",
            "audit nowhere",
        ]);
        format!("{done}\n{shown}")
    });
    insta::assert_snapshot!("audit", told);
}

#[test]
fn who_came_from_where_is_noted_as_proxies_say_and_no_secret_is_in_it() {
    let (folder, key) = Folder::with_key();
    let add = "user add acme Ada --role admin --login ada --password-stdin";
    assert_eq!(folder.run_with_input(add, PASSWORD).code, 0);
    let server = folder.serve();
    let lines = "X-Forwarded-For: 198.51.100.1, 192.0.2.7\r\n";
    let mut browser = Browser::behind(&server, "", lines);
    assert!(!browser.signs_in("ada", "a-wrong-secret-of-mine"));
    assert!(browser.signs_in("ada", PASSWORD));
    for _ in 0..3 {
        server.get(&format!("{API}/common/login?{}", login("acme", &key)));
        server.get(&format!("{API}/common/login?{}", login("acme", "a-wrong-key-of-mine")));
    }
    let session = browser.cookies();
    let told = folder.ok("audit acme");
    for expected in [
        "sign-in-refused  Ada (user 8), 192.0.2.7: wrong password\n",
        "sign-in  Ada (user 8), 192.0.2.7: signed in in a new browser\n",
        "key-login  key 1, 127.0.0.1: first login of the day from this address\n",
        "key-login-refused  unknown, 127.0.0.1: there is no such key (3 times, the last at ",
    ] {
        assert!(told.contains(expected), "no {expected:?} in {told}");
    }
    let session = session.split("driftless_session").nth(1).unwrap().split('=').nth(1).unwrap();
    let session = session.split(';').next().unwrap().to_owned();
    for secret in [&*key, PASSWORD, "a-wrong-secret-of-mine", "a-wrong-key-of-mine", &session] {
        assert!(!told.contains(secret), "{secret} is in {told}");
    }
    server.stop();
    let counted = folder.ok("audit acme --kind key-login-refused");
    assert!(counted.contains("(3 times, "), "an orderly stop keeps the count: {counted}");
}

#[test]
fn sign_ins_outlive_a_killed_server() {
    let folder = Folder::new();
    folder.ok("org add acme");
    let add = "user add acme Ada --role admin --login ada --password-stdin";
    assert_eq!(folder.run_with_input(add, PASSWORD).code, 0);
    let server = Server::of(folder.serving(&[]));
    assert!(Browser::of(&server).signs_in("ada", PASSWORD));
    server.kill();
    assert!(folder.ok("audit acme --kind sign-in").contains("signed in in a new browser"));
    assert!(!folder.names(DATA).is_empty());
}
