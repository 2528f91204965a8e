//! What an attacker writes, sends and requests.

use driftless_browser::{Api, Page, Server, css};

/// Breaks out of whatever it is put into, unless it stays text: afterwards there would be an element
/// or an attribute of that name, or an alert, with which every next step fails.
const BREAKS_OUT: &str =
    "\"'><x-evil>' x-evil=' \" x-evil=\"</title></textarea></select><script>alert(1)</script>";

const IS_CLEAN: &str = "return document.querySelector('x-evil, [x-evil], [onerror]') === null
    && [...document.scripts].every((script) => script.src !== '')
    && document.head.querySelector('title') !== null";

#[track_caller]
fn is_clean(page: &Page, shows: &str) {
    page.sees(shows);
    assert_eq!(page.script(IS_CLEAN), true, "at {}", page.address());
}

#[test]
fn what_looks_like_markup_is_shown_as_text_wherever_it_is_shown() {
    let server = Server::start();
    let evil = |what: &str| format!("{what} {BREAKS_OUT}");
    let (subject, note, account) =
        (evil("Call"), evil("<img src=x onerror=alert(1)>"), evil("Account"));
    // Names are shorter than subjects.
    let short = "<x-evil>'\"> x-evil='\" x-evil=\"<script>alert(1)</script>";
    let (status, label) = (format!("S{short}"), format!("K{short}"));
    let ada = server.person("acme", "Ada Byron", "admin");
    server.run(&["status", "add", "acme", &status]);
    server.run(&["user", "add", "acme", &format!("User {short}")]);
    let page = Page::new(&server);
    page.sign_in(&ada);

    page.open("/accounts");
    page.fill("name", &account);
    page.fill("number", "3480");
    page.click("Add account");
    is_clean(&page, &account);
    page.click(css("td.act a"));
    page.wait_for("[name=new_name]");
    is_clean(&page, "New name");
    assert_eq!(page.value("new_name"), account);

    page.open("/activities/new");
    page.fill("account", "account");
    page.click(css("[role=option][data-value]"));
    is_clean(&page, "Create activity");
    page.fill("Subject", &subject);
    page.fill("note", &note);
    page.fill("status", &status);
    page.fill("responsible", &format!("User {short}"));
    page.click("Create activity");
    is_clean(&page, "Activity created.");
    is_clean(&page, &subject);
    assert_eq!(page.value("Subject"), subject);
    assert_eq!(page.value("note"), note);
    assert_eq!(page.value("account"), format!("{account} (3480)"));

    // An old form, and a wrong one.
    page.new_window();
    page.open("/activities/1");
    page.fill("Subject", &format!("{subject} again"));
    page.fill("note", "Nothing");
    page.click("Save changes");
    is_clean(&page, &format!("{subject} again"));
    page.open("/activities/1/history");
    is_clean(&page, "Changed");
    page.window(0);
    page.fill("Subject", &format!("{subject} too"));
    page.click("Save changes");
    is_clean(&page, " too");
    is_clean(&page, " again");
    page.open("/activities/new?copy=1");
    page.fill("account", &evil("nobody"));
    page.click("Create activity");
    is_clean(&page, "marked below");
    assert_eq!(page.value("account"), evil("nobody"));

    let query: String = url::form_urlencoded::byte_serialize(subject.as_bytes()).collect();
    for (path, shown) in [
        ("/", "My day"),
        ("/activities", &*account),
        ("/activities", &*status),
        ("/activities?client=3480", &format!("Account: {account}")),
        ("/activities?status=6", &format!("Status: {status}")),
        (&format!("/activities?q={query}"), &format!("“{subject}”")),
        (&format!("/activities?start_from={query}&user={query}&size={query}"), "Nothing to show"),
        (&format!("/accounts?q={query}"), "No matches"),
        (&format!("/changes?ids={query}"), "IDs must be numbers"),
        (&format!("/sign-in?org={query}&login={query}&back={query}"), "Sign in"),
        ("/changes", "Call"),
        ("/settings", &*status),
        ("/settings/statuses/6", &*status),
        ("/settings/users/2", "Access"),
    ] {
        page.open(path);
        is_clean(&page, shown);
    }

    page.open("/integrations");
    page.fill("label", &label);
    page.click("Add key");
    page.click("Back to Integrations");
    is_clean(&page, &label);

    page.open("/activities/1");
    page.click("Remove");
    is_clean(&page, "Remove “");
    page.click(css("dialog[open] button.danger"));
    is_clean(&page, "was removed.");
    page.open("/bin");
    is_clean(&page, &subject);
    page.open("/activities/1");
    is_clean(&page, "Last version");
    assert_eq!(page.complaints(), [""; 0], "nothing was tried that the policy had to stop");
}

/// Sends a form from within the page, with its token and these fields; gives the status of the answer.
#[track_caller]
fn send(page: &Page, path: &str, fields: &str) -> String {
    let script = format!(
        "const csrf = document.querySelector('[name=csrf]').value;
         const body = new URLSearchParams('{fields}');
         if (!body.has('csrf')) body.set('csrf', csrf);
         return fetch('{path}', {{ method: 'POST', body }}).then((answer) => answer.status);"
    );
    page.script(&script).to_string()
}

/// Asks for a page from within another; gives the status of the answer.
#[track_caller]
fn status(page: &Page, path: &str) -> String {
    page.script(&format!("return fetch('{path}').then((answer) => answer.status)")).to_string()
}

/// What takes an admin, and what an editor.
const OF_ADMINS: [(&str, &str); 12] = [
    ("/integrations", "label=mine&user=1"),
    ("/integrations/1/expected", "every=7&unit=days"),
    ("/integrations/1/revoke", ""),
    ("/settings/organization", "org_name=Mine&zone=UTC"),
    ("/settings/users", "name=Mallory&role=ADMIN"),
    ("/settings/users/1", "name=Mallory&role=ADMIN"),
    ("/settings/users/1/login", "login=mallory&password=mallory+mallory"),
    ("/settings/users/1/disable", ""),
    ("/settings/statuses", "status_name=Mine"),
    ("/settings/statuses/2/rename", "name=Mine"),
    ("/settings/statuses/2/move", "step=up"),
    ("/settings/statuses/2/retire", "retired=1"),
];
const OF_EDITORS: [(&str, &str); 9] = [
    ("/activities", "subject=Mine&account=1&start=2026-01-01T00:00&status=2&priority=NORMAL"),
    ("/activities/1", "seen=1&subject=Mine"),
    ("/activities/1/remove", "confirmed=1"),
    ("/activities/1/restore", ""),
    ("/activities/1/quick", "status=4"),
    ("/activities/bulk", "id=1&action=remove&confirmed=1"),
    ("/activities/bulk", "scope=all&action=status&status=4"),
    ("/accounts", "name=Mine&number=1"),
    ("/accounts/3480", "new_name=Mine"),
];

#[test]
fn nobody_gets_further_than_the_role_goes() {
    let server = Server::start();
    let ada = server.person("acme", "Ada Byron", "admin");
    server.run_with(&["accounts", "import", "acme", "-"], "id,name\n3480,Harbor Café\n");
    let api = Api::new(&server, &ada);
    api.create("Call");
    let vera = server.person("acme", "Vera Cohen", "viewer");
    let ed = server.person("acme", "Ed Dahl", "editor");
    let page = Page::new(&server);
    page.sign_in(&vera);
    for path in
        ["/settings", "/settings/users/1", "/integrations", "/integrations/1", "/activities/new"]
    {
        page.open(path);
        page.sees("You don’t have permission");
    }
    page.open("/activities/1");
    page.sees("Call");
    assert_eq!(page.texts("main form, nav.main [href='/settings']"), [""; 0]);
    for (path, fields) in OF_EDITORS.into_iter().chain(OF_ADMINS) {
        assert_eq!(send(&page, path, fields), "403", "{path} {fields}");
    }
    page.click("Vera Cohen");
    page.click("Sign out");
    page.sees("Sign in");
    page.sign_in(&ed);
    for (path, fields) in OF_ADMINS {
        assert_eq!(send(&page, path, fields), "403", "{path} {fields}");
    }
    for path in ["/settings", "/settings/users/new", "/settings/statuses/2", "/integrations"] {
        assert_eq!(status(&page, path), "403", "{path}");
    }
    let told = api.changes("2026-01-01T00:00:00Z");
    let all = told["activities"]["activity"].as_array().expect("a list");
    assert_eq!(all.len(), 1, "{told}");
    assert_eq!(all[0]["createdDateTime"], all[0]["lastModifiedDateTime"]);
}

#[test]
fn another_organizations_activities_are_not_there() {
    let server = Server::start();
    let api = Api::new(&server, &server.person("acme", "Ada Byron", "admin"));
    for subject in ["First of acme", "Second of acme", "Third of acme"] {
        api.create(subject);
    }
    let sam = server.person("beta", "Sam Eriksen", "admin");
    Api::new(&server, &sam).create("Only one of beta");
    let page = Page::new(&server);
    page.sign_in(&sam);
    page.open("/activities/3");
    page.sees("Page not found");
    page.open("/activities?q=acme");
    page.sees("No matches");
    page.open("/changes");
    page.sees("Only one of beta");
    assert_eq!(page.texts("table.grid tbody td.num").iter().filter(|id| *id == "3").count(), 0);
    for path in ["/activities/3", "/activities/3/history", "/activities/new?copy=3"] {
        assert_eq!(status(&page, path), "404", "{path}");
    }
    for (path, fields) in [
        ("/activities/3", "seen=3&subject=Mine"),
        ("/activities/3/remove", ""),
        ("/activities/3/remove", "confirmed=1"),
        ("/activities/3/restore", ""),
        ("/activities/3/quick", "status=4"),
    ] {
        assert_eq!(send(&page, path, fields), "404", "{path} {fields}");
    }
    assert_eq!(send(&page, "/activities/bulk", "id=2&id=3&action=remove&confirmed=2"), "200");
    let told = api.changes("2026-01-01T00:00:00Z");
    assert_eq!(told["page"]["totalResults"], 3, "{told}");
}

#[test]
fn forms_of_other_sites_and_sessions_of_strangers_do_nothing() {
    let server = Server::start();
    let ada = server.person("acme", "Ada Byron", "editor");
    let api = Api::new(&server, &ada);
    api.create("Call");
    let page = Page::new(&server);
    // An attacker has planted a session id that they know in the browser.
    page.open("/sign-in");
    let planted = "0123456789abcdef0123456789abcdef";
    let form = page.cookie_name("driftless_form").expect("the form's cookie");
    let name = form.replace("driftless_form", "driftless_session");
    page.script(&format!("document.cookie = '{name}={planted}; path=/'"));
    page.sign_in(&ada);
    let session = page.cookie(&name).expect("a session");
    assert_ne!(session, planted);

    assert_eq!(send(&page, "/activities/1/remove", "csrf="), "403");
    // On a page of our own it is a form of an earlier session: it may be sent again, by hand.
    assert_eq!(send(&page, "/activities/1/remove", "csrf=0123456789abcdef0123456789abcdef"), "409");
    assert_eq!(api.changes("2026-01-01T00:00:00Z")["page"]["totalResults"], 1);
    // Another site's page does not get that far: its form comes without the cookie.
    let form = format!(
        "data:text/html,<form method=post action='{}/activities/1/remove'><button>Win</button></form>",
        server.base
    );
    page.open(&form);
    page.click("Win");
    page.sees("Sign in");
    page.open("/activities/1");
    page.sees("About this activity");
    assert_eq!(api.changes("2026-01-01T00:00:00Z")["page"]["totalResults"], 1);
}
