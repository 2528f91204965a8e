//! People who sign in to the pages, from the command line.

use crate::browser::Browser;
use crate::folder::{DATA, Folder, either_way};
use crate::server::Server;

const PASSWORD: &str = "correct-horse-battery";
const NEXT_PASSWORD: &str = "another-horse-altogether";

/// Whether the sign-in form opens the pages.
pub(crate) fn signs_in(server: &Server, login: &str, password: &str) -> bool {
    Browser::of(server).signs_in(login, password)
}

#[test]
fn people_get_a_login_when_they_are_added_or_later() {
    let told = either_way(|folder| {
        let typed = |line: &str, input: &str| {
            format!("$ driftless {line}\n{}", folder.run_with_input(line, input).shown())
        };
        let password = format!("{PASSWORD}\n");
        [
            typed("org add acme", ""),
            typed(
                "user add acme \"Ada Byron\" --role admin --login Ada --password-stdin",
                &password,
            ),
            typed("user add acme \"Ed Cohen\"", ""),
            typed("user login acme 2 ed", &password),
            typed("user login acme 2 ada", &password),
            typed("user login acme 9 nobody", &password),
            typed("user login nowhere 2 ed", &password),
            typed("user list acme", ""),
        ]
        .join("\n")
    });
    insta::assert_snapshot!("people", told);
}

#[test]
fn they_sign_in_with_it_and_with_no_other() {
    let folder = Folder::new();
    folder.ok("org add acme");
    let add = "user add acme Ada --role admin --login ada --password-stdin";
    assert_eq!(folder.run_with_input(add, PASSWORD).out, "1\n", "without a line's end");
    let server = folder.serve();
    assert!(signs_in(&server, "ada", PASSWORD));
    assert!(!signs_in(&server, "ada", NEXT_PASSWORD));
    let login = "user login acme 1 ada";
    let as_windows_pipes_it = format!("\u{feff}{NEXT_PASSWORD}\r\nmore\n");
    assert_eq!(folder.run_with_input(login, &as_windows_pipes_it).code, 0);
    assert!(!signs_in(&server, "ada", PASSWORD));
    assert!(signs_in(&server, "ada", NEXT_PASSWORD));
    server.stop();
    let server = folder.serve();
    assert!(signs_in(&server, "ada", NEXT_PASSWORD), "after a restart too");
    server.stop();
}

#[test]
fn nobody_is_added_where_the_login_cannot_be_had() {
    let folder = Folder::new();
    folder.ok("org add acme");
    let add = |login: &str, input: &str| {
        let line = format!("user add acme Ada --login {login} --password-stdin");
        let output = folder.run_with_input(&line, input);
        assert_eq!((output.code, output.out.as_str()), (1, ""), "{output:?}");
        output.err
    };
    for (input, problem) in [
        ("too short\n", "at least 10 characters"),
        ("", "at least 10 characters"),
        ("\nof the second line\n", "at least 10 characters"),
        (&"x".repeat(1_001), "at most 1000 bytes"),
    ] {
        let said = add("ada", input);
        assert!(said.contains(problem) && !said.contains("too short"), "{said}");
    }
    assert_eq!(folder.ok("user list acme").lines().count(), 1, "the head alone");
    let first = "user add acme Ada --login ada --password-stdin";
    assert_eq!(folder.run_with_input(first, PASSWORD).code, 0);
    let said = add("ADA", PASSWORD);
    assert!(said.contains("the login name ada is already used by user 1"), "{said}");
    assert_eq!(folder.ok("user list acme").lines().count(), 2);
}

#[test]
fn a_password_is_not_typed_where_others_see_it() {
    let folder = Folder::new();
    folder.ok("org add acme");
    for line in [
        "user add acme Ada --login ada",
        "user add acme Ada --password-stdin",
        "user login acme 1 ada correct-horse-battery",
        "user add acme Ada --login ada --password correct-horse-battery",
    ] {
        let output = folder.run(line);
        assert_eq!(output.code, 2, "{line}: {output:?}");
    }
    assert_eq!(folder.ok("user list acme").lines().count(), 1);
}

#[test]
fn the_address_of_a_calendar_feed_reaches_neither_log_nor_disk() {
    let folder = Folder::new();
    folder.ok("org add acme");
    let add = "user add acme Ada --role admin --login ada --password-stdin";
    assert_eq!(folder.run_with_input(add, PASSWORD).code, 0);
    let mut command = folder.serving(&["--log-format", "json"]);
    command.env("RUST_LOG", "trace");
    let server = Server::of(command);
    let mut browser = Browser::of(&server);
    assert!(browser.signs_in("ada", PASSWORD));
    let csrf = browser.get("/preferences").value("csrf");
    let page = browser.post("/preferences/calendar", &[("csrf", &csrf)]);
    let (_, after) = page.body.split_once("/calendar/acme/1/").unwrap();
    let secret = after.split_once(".ics").unwrap().0;
    assert_eq!(secret.len(), 32);
    let path = format!("/calendar/acme/1/{secret}.ics");
    let told = [(&*path, 200), (&path.replace("/1/", "/2/"), 404), (&format!("/{secret}"), 404)]
        .map(|(path, status)| (server.get(path).status, status));
    assert!(told.iter().all(|(got, expected)| got == expected), "{told:?}");
    folder.ok("user disable acme 1");
    assert_eq!(server.get(&path).status, 404);
    let metrics = server.get("/metrics").body;
    let counted =
        |result| format!("driftless_requests_total{{method=\"calendar\",result=\"{result}\"}}");
    assert!(metrics.contains(&format!("{} 1", counted("success"))), "{metrics}");
    assert!(metrics.contains(&format!("{} 2", counted("fail"))), "{metrics}");
    assert!(!metrics.contains(secret));
    let log = server.stop().join("\n");
    assert!(log.contains("\"method\":\"calendar\""), "{log}");
    assert!(!log.contains(secret), "the log gives it away");
    for name in folder.names(DATA).iter().filter(|name| *name != "driftless.sock") {
        let bytes = std::fs::read(folder.path(DATA).join(name)).unwrap();
        let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!found, "{name} gives it away");
    }
}

#[test]
fn a_password_reaches_neither_log_nor_disk() {
    let folder = Folder::new();
    folder.ok("org add acme");
    let mut command = folder.serving(&["--log-format", "json"]);
    command.env("RUST_LOG", "trace");
    let server = Server::of(command);
    let add = "user add acme Ada --role admin --login ada --password-stdin";
    assert_eq!(folder.run_with_input(add, PASSWORD).code, 0);
    let login = "user login acme 1 ada";
    assert_eq!(folder.run_with_input(login, NEXT_PASSWORD).code, 0);
    assert!(!signs_in(&server, "ada", PASSWORD));
    assert!(signs_in(&server, "ada", NEXT_PASSWORD));
    let log = server.stop().join("\n");
    let holds = |bytes: &[u8], secret: &str| {
        bytes.windows(secret.len()).any(|part| part == secret.as_bytes())
    };
    for secret in [PASSWORD, NEXT_PASSWORD] {
        assert!(!holds(log.as_bytes(), secret), "the log gives it away");
        for name in folder.names(DATA).iter().filter(|name| *name != "driftless.sock") {
            let bytes = std::fs::read(folder.path(DATA).join(name)).unwrap();
            assert!(!holds(&bytes, secret), "{name} gives it away");
        }
    }
}
