//! Signing in and out, and what can be seen without it.

use driftless_browser::{Key, Page, Scheme, Server, css};

#[test]
fn somebody_signs_in_changes_the_password_and_signs_out() {
    let server = Server::start();
    let ada = server.person("acme", "Ada Byron", "editor");
    let page = Page::new(&server);

    // Opening a page without being signed in leads there after signing in.
    page.open("/activities");
    page.sees("Sign in");
    assert_eq!(page.axe(), [""; 0]);
    page.fill("Login name", "ada");
    page.fill("Password", "not the password");
    page.click("Sign in");
    page.wait_for(".notice.bad");
    assert_eq!(page.value("Login name"), "ada", "what was typed is still there");
    page.fill("Password", &ada.password);
    page.press(&Key::Enter);
    page.wait_for("header.top .who");
    assert_eq!(page.address(), "/activities");
    assert_eq!(page.script("return document.cookie"), "", "no script reads the session");

    page.click("Ada Byron");
    page.click("Change password");
    page.fill("Current password", &ada.password);
    page.fill("New password", "a longer password");
    page.fill("Confirm new password", "another password");
    page.click(css("main button.primary"));
    page.sees("The new passwords do not match");
    assert_eq!(page.axe(), [""; 0]);
    page.fill("Current password", &ada.password);
    page.fill("New password", "a longer password");
    page.fill("Confirm new password", "a longer password");
    page.click(css("main button.primary"));
    page.sees("Password changed.");

    page.click("Ada Byron");
    page.click("Sign out");
    page.sees("Sign in"); // Opening the next page at once may come before the form that signs out.
    page.open("/activities");
    assert!(page.address().starts_with("/sign-in"), "{}", page.address());
}

#[test]
fn a_phone_without_scripts_is_enough_to_sign_in_in_the_dark() {
    let (server, person) = Server::demo(10);
    let page = Page::new(&server);
    page.scheme(Scheme::Dark);
    page.size(320, 700);
    page.open("/sign-in");
    assert_eq!(page.axe(), [""; 0]);
    assert_eq!(page.sticks_out(), 0);
    page.scripts(false);
    page.sign_in(&person);
    assert_eq!(page.text("h1"), "My day");
    page.scripts(true);
    page.open("/");
    assert_eq!(page.axe(), [""; 0]);
    assert_eq!(page.sticks_out(), 0);
}
