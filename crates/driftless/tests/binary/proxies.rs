//! What proxies in front say, whom the server believes, and servers beside one another on a host.

use crate::browser::Browser;
use crate::folder::Folder;
use crate::server::Server;

const PASSWORD: &str = "correct-horse-battery";

fn filled() -> Folder {
    let folder = Folder::new();
    folder.ok("org add acme");
    let add = "user add acme Ada --role admin --login ada --password-stdin";
    assert_eq!(folder.run_with_input(add, PASSWORD).code, 0);
    folder
}

/// Whether the sign-in form's cookie is for TLS alone.
fn is_secure(server: &Server, lines: &str) -> bool {
    let page = Browser::behind(server, "", lines).get("/sign-in");
    page.headers("set-cookie")[0].contains("; secure")
}

#[test]
fn cookies_are_for_tls_where_the_browser_speaks_it() {
    let folder = filled();
    let server = folder.serve();
    for (lines, right) in [
        ("", false),
        ("X-Forwarded-Proto: https\r\n", true),
        ("X-Forwarded-Proto: https, http\r\n", true),
        ("X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n", true),
        ("X-Forwarded-Proto: http, https\r\n", false),
        ("Forwarded: for=192.0.2.7;Proto=\"https\"\r\n", true),
    ] {
        assert_eq!(is_secure(&server, lines), right, "{lines:?}");
    }
    server.stop();
    for nobody in ["none", "10.0.0.0/8,192.0.2.7"] {
        let server = Server::start(&folder, &["--trusted-proxy", nobody]);
        assert!(!is_secure(&server, "X-Forwarded-Proto: https\r\n"));
        server.stop();
    }
    let more = ["--trusted-proxy", "10.0.0.0/8", "--trusted-proxy", "127.0.0.0/8"];
    let server = Server::start(&folder, &more);
    assert!(is_secure(&server, "X-Forwarded-Proto: https\r\n"));
    server.stop();
}

/// An old form, from a page of the host that the browser knows, may be sent again; from elsewhere it is refused.
#[test]
fn a_form_is_from_here_by_the_name_that_the_browser_knows() {
    let folder = filled();
    let server = folder.serve();
    let forwarded = "X-Forwarded-Host: crm.example:8443, inner\r\nX-Forwarded-Proto: https\r\n";
    let standard = "Forwarded: host=\"crm.example:8443\";proto=https\r\n";
    for lines in [forwarded, standard] {
        let mut browser = Browser::behind(&server, "", lines);
        assert!(browser.signs_in("ada", PASSWORD));
        let fields = [("csrf", "0123456789abcdef"), ("name", "Harbor")];
        let mut from = |origin: &str| {
            let origin = format!("Origin: {origin}\r\n");
            browser.post_with("/accounts", &fields, &origin).status
        };
        assert_eq!(from("https://crm.example:8443"), 409);
        for origin in ["http://x", "https://crm.example", "https://evil.example", "null"] {
            assert_eq!(from(origin), 403, "{origin}");
        }
        // What a browser says of its own accord counts first: a proxy may have written another Host.
        for (site, origin, status) in [
            ("same-origin", "https://other.example", 409),
            ("cross-site", "https://crm.example:8443", 403),
            ("same-site", "https://crm.example:8443", 403),
        ] {
            let lines = format!("Sec-Fetch-Site: {site}\r\nOrigin: {origin}\r\n");
            assert_eq!(browser.post_with("/accounts", &fields, &lines).status, status, "{site}");
        }
        let shown = browser.get("/changes").body;
        assert!(shown.contains("https://crm.example:8443/neonws/services/api/"), "{shown}");
    }
    server.stop();
}

/// Whoever guesses is told apart by the address that the proxy says, and named in the log by it.
#[test]
fn the_client_is_whom_the_proxy_has_it_from() {
    let folder = filled();
    let server = folder.serve();
    let lines = "X-Forwarded-For: 198.51.100.1, 192.0.2.7:4711, 127.0.0.1\r\n";
    assert!(!Browser::behind(&server, "", lines).signs_in("ada", "a wrong password"));
    let line = server.log.wait_for("the refusal", |line| line.contains("sign-in refused"));
    assert!(line.contains("192.0.2.7") && !line.contains("4711"), "{line}");
    let login = "/neonws/services/api/common/login?login.apiKey=x&login.orgid=acme";
    server.send(
        format!("GET {login} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nForwarded: for=\"[2001:db8::7]\"\r\n\r\n")
            .as_bytes(),
    );
    let line = server.log.wait_for("the refusal", |line| line.contains("login refused"));
    assert!(line.contains("2001:db8::7"), "{line}");
    server.stop();
}

#[test]
fn what_is_no_proxy_is_refused_with_advice() {
    let folder = Folder::new();
    for wrong in ["localhost", "10.0.0.0/33", ""] {
        let words = ["serve", "--listen", "127.0.0.1:0", "--trusted-proxy", wrong];
        let output = folder.command(words).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("expected an address like 10.0.0.5"), "{said}");
    }
}

/// Browsers share cookies among all ports of a host.
#[test]
fn servers_on_two_ports_do_not_sign_each_other_out() {
    let (one, other) = (filled(), filled());
    let (first, second) = (one.serve(), other.serve());
    let mut browser = Browser::of(&first);
    assert!(browser.signs_in("ada", PASSWORD));
    let names: Vec<String> = browser.cookie_names().iter().map(ToString::to_string).collect();
    assert!(names.iter().any(|name| name.starts_with("driftless_session")), "{names:?}");
    let mut there = Browser::of(&second);
    there.take(browser.jar());
    assert!(there.signs_in("ada", PASSWORD));
    browser.take(there.jar());
    assert_eq!(browser.get("/activities").status, 200);
    assert_eq!(there.get("/activities").status, 200);
    assert!(names.iter().all(|name| there.cookie_names().contains(&name.as_str())));
    assert_eq!(there.cookie_names().len(), 2 * names.len());

    let jar = browser.jar();
    // And the names stay: sessions outlive a restart on another port.
    first.stop();
    let first = one.serve();
    let mut after = Browser::of(&first);
    after.take(jar);
    assert_eq!(after.get("/activities").status, 200);
    first.stop();
    second.stop();
}

/// A tunnel sends forms on in pieces, without saying how long they are.
#[test]
fn a_sign_in_may_come_in_pieces() {
    let folder = filled();
    let server = folder.serve();
    let mut browser = Browser::of(&server);
    let csrf = browser.get("/sign-in").value("csrf");
    let form = format!("csrf={csrf}&org=acme&login=ada&password={PASSWORD}");
    let head = format!(
        "POST /sign-in HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
        browser.cookies()
    );
    let (first, rest) = form.split_at(20);
    let pieces = [first, rest].map(|piece| format!("{:x}\r\n{piece}\r\n", piece.len())).concat();
    assert_eq!(server.send(format!("{head}{pieces}0\r\n\r\n").as_bytes()).status, 303);
    let large = "x".repeat(64 << 10);
    let large = format!("{head}{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    assert_eq!(server.send(large.as_bytes()).status, 413);
    let broken = server.send(format!("{head}zz\r\n").as_bytes());
    assert_eq!(broken.status, 400, "{broken:?}");
    server.stop();
}
