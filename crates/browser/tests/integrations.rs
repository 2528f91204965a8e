//! Keys for scripts: made in the page, used at the API, revoked in the page.

use driftless_browser::{Api, Page, Server};

#[test]
fn a_key_that_is_revoked_in_the_page_is_refused_by_the_api_at_once() {
    let server = Server::start();
    let ada = server.person("acme", "Ada Byron", "admin");
    let page = Page::new(&server);
    page.sign_in(&ada);
    page.click("Integrations");
    page.sees("No API keys yet");
    page.fill("label", "Mailer sync");
    page.click("Add key");
    page.sees("This key is shown only once.");
    assert_eq!(page.axe(), [""; 0]);
    page.size(320, 700);
    assert_eq!(page.sticks_out(), 0);
    page.size(1280, 900);
    let key = page.text("#new-key");

    let (api, answer) = Api::log_in(&server, "acme", &key);
    assert_eq!(answer["operationResult"], "SUCCESS", "{answer}");
    api.create("Call from the mailer");
    api.changes("2026-01-01T00:00:00Z");

    page.click("Back to Integrations");
    page.sees("Mailer sync");
    page.sees("up to date");
    let has_key = format!("return document.documentElement.outerHTML.includes('{key}')");
    assert_eq!(page.script(&has_key), false, "it is shown only once");
    page.click("Revoke");
    assert_eq!(page.axe(), [""; 0], "with the question");
    page.click("Revoke permanently");
    page.sees("was revoked and no longer works.");

    let (_, answer) = Api::log_in(&server, "acme", &key);
    assert_eq!(answer["operationResult"], "FAIL", "{answer}");
    let range = [("syncActivityTimeFrom", "2026-01-01T00:00:00Z")];
    let answer = api.ask("account/syncActivities", &range);
    assert_eq!(answer["operationResult"], "FAIL", "an open session ends too: {answer}");
    page.click("1 revoked key");
    page.sees("revoked");
    assert_eq!(page.axe(), [""; 0]);
    assert_eq!(page.complaints(), [""; 0]);
}

#[test]
fn what_a_script_lacks_is_shown_and_an_activity_is_asked_for() {
    let server = Server::start();
    let ada = server.person("acme", "Ada Byron", "admin");
    let api = Api::new(&server, &ada);
    for n in 0..12 {
        api.create(&format!("Call {n}"));
    }
    api.ask("account/syncActivities", &[("syncActivityTimeFrom", "2026-01-01T00:00:00Z")]);
    let page = Page::new(&server);
    page.sign_in(&ada);
    let within = |what: &str| {
        for width in [1280, 320] {
            page.size(width, 900);
            assert_eq!(page.axe(), [""; 0], "{what}, {width} wide");
            assert_eq!(page.sticks_out(), 0, "{what}, {width} wide");
        }
        page.size(1280, 900);
    };
    page.open("/integrations");
    page.sees("incomplete");
    page.sees("page 1 of 2");
    within("the list");
    page.click("2 changes");
    page.sees("on a page that was not read");
    page.fill("activity", "1");
    page.click("Check");
    page.sees("but only page 1 of 2 was read");
    within("a key with an answer");
    page.fill("every", "7");
    page.click("Save");
    page.sees("expected every 7 days");
    api.changes("2026-01-01T00:00:00Z");
    page.open("/integrations/1?activity=1");
    page.sees("Yes:");
    page.sees("up to date");
    within("a key that has everything");
    assert_eq!(page.complaints(), [""; 0]);
}
