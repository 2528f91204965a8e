//! The page that everybody can read, before anybody has signed in.

use driftless_browser::{Page, Scheme, Server};

#[test]
fn the_first_page_can_be_read_in_any_colours_on_a_phone_and_without_scripts() {
    let server = Server::start();
    let page = Page::new(&server);
    page.open("/");
    page.sees("Driftless");
    for scheme in [Scheme::Light, Scheme::Dark] {
        page.scheme(scheme);
        assert_eq!(page.axe(), [""; 0], "{scheme:?}");
    }
    page.size(320, 700);
    assert_eq!(page.sticks_out(), 0);
    page.scripts(false);
    page.open("/healthz");
    page.sees("ok");
}

#[test]
fn a_page_that_is_not_there_says_so() {
    let server = Server::start();
    let page = Page::new(&server);
    page.open("/no-such-page");
    assert_eq!(page.text("h1"), "Nothing here");
    assert_eq!(page.axe(), [""; 0]);
}
