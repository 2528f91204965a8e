//! Tests of the test driver: a step that has to wait for the page waits.

use driftless_browser::{Page, Server};

#[test]
fn a_script_is_asked_until_it_says_true() {
    let server = Server::start();
    let page = Page::new(&server);
    page.open("/sign-in");
    page.script("window.asked = 0");
    page.until("return ++window.asked === 3");
    assert_eq!(page.script("return window.asked"), 3);
}
