//! Behind a proxy that serves everything below a path of its own.

use std::collections::BTreeSet;

use crate::browser::Browser;
use crate::client::{creation, login, path};
use crate::folder::Folder;
use crate::server::Server;

const PASSWORD: &str = "correct-horse-battery";

/// Attributes that hold addresses. Of every other one, only a control's value may begin with a slash.
const ADDRESSES: [&str; 7] =
    ["href", "action", "formaction", "src", "data-live", "data-find", "data-progress"];

/// Admin ada, a key, an account, and something of everything.
fn filled() -> (Folder, String) {
    let (folder, key) = Folder::with_key();
    let add = "user add acme \"Nora Quist\" --role admin --login ada --password-stdin";
    assert_eq!(folder.run_with_input(add, PASSWORD).code, 0);
    folder.write("accounts.csv", "id,name\n77,Harbor\n");
    folder.ok("accounts import acme accounts.csv");
    (folder, key)
}

/// The addresses of a page, each of which must lie below the path.
#[track_caller]
fn addresses(base: &str, at: &str, html: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (place, _) in html.match_indices("=\"/") {
        let name = html[..place].rsplit(' ').next().unwrap();
        let value = html[place + 2..].split('"').next().unwrap();
        if name == "value" {
            continue;
        }
        assert!(ADDRESSES.contains(&name), "{at}: {name}={value:?}: is it an address?");
        let is_below = value.starts_with(&format!("{base}/")) && !value.contains("//");
        assert!(is_below, "{at}: {name}={value:?} lies elsewhere");
        if name == "href" {
            found.push(value.split('#').next().unwrap().replace("&amp;", "&"));
        }
    }
    found
}

/// Follows every link, of several that differ in their query some.
fn crawl(browser: &mut Browser<'_>, base: &str) -> BTreeSet<String> {
    let (mut seen, mut to_do) = (BTreeSet::new(), vec![format!("{base}/")]);
    let mut pages = BTreeSet::new();
    while let Some(at) = to_do.pop() {
        let page = at.split('?').next().unwrap().to_owned();
        let alike = seen.iter().filter(|other: &&String| other.split('?').next() == Some(&page));
        if seen.contains(&at) || alike.count() >= 4 {
            continue;
        }
        let answer = browser.get(&at);
        assert_eq!(answer.status, 200, "{at}: {answer:?}");
        if answer.head.contains("text/html") {
            to_do.extend(addresses(base, &at, &answer.body));
        }
        seen.insert(at);
        pages.insert(page);
    }
    pages
}

#[test]
fn every_address_lies_below_it_and_leads_somewhere() {
    let (folder, key) = filled();
    let base = "/tools/crm";
    let server = Server::start(&folder, &["--base-path", "/tools/crm/"]);
    let line = server.log.wait_for("the address", |line| line.contains("serving"));
    assert!(line.contains(base), "{line}");

    let mut browser = Browser::behind(&server, base, "");
    let elsewhere = browser.get(&format!("{base}?a=b"));
    assert_eq!((elsewhere.status, elsewhere.headers("location")), (307, vec!["/tools/crm/?a=b"]));
    let to_form = browser.get(&format!("{base}/activities?q=a"));
    assert_eq!(to_form.headers("location"), ["/tools/crm/sign-in?back=%2factivities%3fq%3da"]);
    let form = browser.get(&format!("{base}/sign-in?back=%2Factivities"));
    addresses(base, "the form", &form.body);
    assert!(form.body.contains("<code>/tools/crm/neonws/services/api</code>"), "{form:?}");
    assert!(browser.signs_in("ada", PASSWORD));

    // The API, below the path and without it, as a proxy asks that takes it away.
    for at in [base, ""] {
        let logged_in = server.get(&format!("{at}{}?{}", path("login"), login("acme", &key)));
        assert!(logged_in.body.contains("SUCCESS"), "{logged_in:?}");
        let (_, session) = logged_in.body.split_once("\"userSessionId\":\"").unwrap();
        let session = session.split('"').next().unwrap();
        let query = format!("userSessionId={session}&{}", creation("Call"));
        let created = server.get(&format!("{at}{}?{query}", path("createActivity")));
        assert!(created.body.contains("SUCCESS"), "{created:?}");
        for page in ["/healthz", "/readyz", "/metrics", "/sign-in"] {
            assert_eq!(server.get(&format!("{at}{page}")).status, 200, "{at}{page}");
        }
    }

    // A form, and where it leads.
    let page = browser.get(&format!("{base}/accounts"));
    let fields = [("csrf", &*page.value("csrf")), ("name", "=\"/x"), ("number", "78")];
    let added = browser.post(&format!("{base}/accounts"), &fields);
    assert_eq!(added.status, 303, "{added:?}");
    assert!(added.headers("location")[0].starts_with("/tools/crm/accounts"), "{added:?}");
    let page = browser.get(&format!("{base}/activities/1"));
    let removed = browser.post(
        &format!("{base}/activities/1/remove"),
        &[("csrf", &page.value("csrf")), ("confirmed", "1")],
    );
    assert!(removed.headers("location")[0].starts_with("/tools/crm/"), "{removed:?}");

    let pages = crawl(&mut browser, base);
    for page in ["", "activities", "activities/2", "activities/new", "activities/2/history", "bin"]
    {
        assert!(pages.contains(&format!("{base}/{page}")), "{page}: {pages:?}");
    }
    for page in ["accounts", "changes", "integrations", "settings", "password"] {
        assert!(pages.contains(&format!("{base}/{page}")), "{page}: {pages:?}");
    }
    for page in ["activities.xlsx", "activities.csv"] {
        assert!(pages.contains(&format!("{base}/{page}")), "{page}: {pages:?}");
    }
    let shown = browser.get(&format!("{base}/changes")).body;
    assert!(shown.contains("http://x/tools/crm/neonws/services/api/account/"), "{shown}");

    // What scripts import and fetch is named from where they lie, or by the page.
    for (name, text) in scripts() {
        assert!(!text.contains("from \"/") && !text.contains("fetch(\"/"), "{name}");
    }
    server.stop();
}

fn scripts() -> Vec<(String, String)> {
    let assets = concat!(env!("CARGO_MANIFEST_DIR"), "/../web/src/assets");
    let entries = std::fs::read_dir(assets).unwrap().map(|entry| entry.unwrap().path());
    let scripts = entries.filter(|path| path.extension().is_some_and(|kind| kind == "js"));
    let read = |path: std::path::PathBuf| {
        (path.display().to_string(), std::fs::read_to_string(&path).unwrap())
    };
    scripts.map(read).collect()
}

#[test]
fn its_cookies_are_sent_to_nothing_beside_it() {
    let (folder, _) = filled();
    for (base, path) in [("/crm", "path=/crm/"), ("", "path=/")] {
        let server =
            Server::start(&folder, &["--base-path", if base.is_empty() { "/" } else { base }]);
        let form = server.get(&format!("{base}/sign-in"));
        let cookies = form.headers("set-cookie");
        assert_eq!(cookies.len(), 1);
        assert!(cookies[0].split("; ").any(|attribute| attribute == path), "{cookies:?}");
        server.stop();
    }
}

#[test]
fn one_that_will_not_do_is_refused_with_advice() {
    let folder = Folder::new();
    for (base, advice) in [
        ("crm", "expected a path like /crm"),
        ("", "expected a path like /crm"),
        ("//host", "expected a path like /crm"),
        ("/a//b", "expected a path like /crm"),
        ("/a/../b", "expected a path like /crm"),
        ("/a b", "expected a path like /crm"),
        ("/a?b", "expected a path like /crm"),
        ("/caf%C3%A9", "expected a path like /crm"),
        ("https://host/crm", "expected a path like /crm"),
        ("/activities", "/activities is used by Driftless itself"),
        ("/neonws/crm", "/neonws is used by Driftless itself"),
    ] {
        let words = ["serve", "--listen", "127.0.0.1:0", "--base-path", base];
        let output = folder.command(words).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{base}: {said}");
        assert!(said.contains(advice) && said.contains("--base-path"), "{base}: {said}");
    }
}

#[test]
fn the_demo_tells_its_addresses_with_it() {
    let folder = Folder::new();
    let line = "demo --listen 127.0.0.1:0 --activities 5 --base-path /crm";
    let server = Server::spawn(folder.command(line.split(' ')));
    let told = server.out.wait_for("the pages", |line| line.contains("web pages"));
    let curl = server.out.wait_for("the question", |line| line.contains("curl"));
    assert!(told.contains("/crm/ "), "{told}");
    assert_eq!(curl.matches("/crm/neonws/services/api/").count(), 2, "{curl}");
    server.out.wait_for("the end", |line| line.contains("Ctrl-C"));
    server.stop();
}
