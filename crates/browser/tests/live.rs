//! The Changes page is updated live.

use driftless_browser::{Api, Page, Server};

#[test]
fn the_page_of_changes_follows_while_a_script_writes() {
    let server = Server::start();
    let ada = server.person("acme", "Ada Byron", "viewer");
    let robot = server.person("acme", "Robot", "editor");
    let api = Api::new(&server, &robot);
    let page = Page::new(&server);
    page.sign_in(&ada);
    page.click("Changes");
    page.wait_for("[data-live-state=on]");
    page.sees("No records");
    page.script("window.neverReloaded = true");

    let id = api.create("Call from a script");
    page.sees("Call from a script");
    page.wait_for("figure.chart svg rect.bar.created");
    assert_eq!(page.text("figcaption .key.created"), "1 created");
    assert_eq!(page.texts("div.stat b")[..2], ["1", "0"]);

    let members = [("activity.activityId", &*id), ("activity.subject", "Changed by a script")];
    api.ask("account/updateActivity", &members);
    page.sees("Changed by a script");
    page.wait_for("figure.chart svg rect.bar.edited");
    assert_eq!(page.axe(), [""; 0]);

    api.ask("account/removeActivity", &[("activityId", &*id)]);
    page.sees("Removed IDs");
    page.wait_for("figure.chart svg rect.bar.removed");
    assert_eq!(page.texts("div.stat b")[..2], ["0", "1"]);
    page.click("Show as a table");
    assert_eq!(page.texts("figure.chart tbody td"), ["1", "1", "1"]);
    page.until("return window.neverReloaded === true");
    assert_eq!(page.text("[data-live-state=on]"), "Updating live");
    assert_eq!(page.axe(), [""; 0]);
    assert_eq!(page.complaints(), [""; 0]);
}
