//! The first day: from an empty folder, with the setup link, to examples that are added and removed.

use driftless_browser::{Page, Scheme, Server, css};

/// Looks at the page in light and dark, wide and narrow.
#[track_caller]
fn look(page: &Page) {
    assert_eq!(page.axe(), [""; 0]);
    page.scheme(Scheme::Dark);
    assert_eq!(page.axe_colours(), [""; 0]);
    page.scheme(Scheme::Light);
    page.size(320, 700);
    assert_eq!(page.axe(), [""; 0]);
    assert_eq!(page.sticks_out(), 0);
    page.size(1280, 900);
}

#[test]
fn an_empty_server_leads_to_a_working_organization() {
    let server = Server::start();
    let page = Page::new(&server);
    page.open("/");
    page.sees("No one can sign in yet");
    page.sees("driftless org add acme");
    look(&page);

    let link = server.setup_link();
    page.open(&link);
    page.sees("Set up Driftless");
    look(&page);
    let zone = page.script("return Intl.DateTimeFormat().resolvedOptions().timeZone");
    assert_eq!(page.value("zone"), zone.as_str().unwrap_or_default(), "the browser's own");
    page.fill("org_name", "Harbor Street Café");
    assert_eq!(page.value("org"), "harbor-street-cafe", "an id is proposed");
    page.fill("org", "harbor");
    page.fill("org_name", "Harbor Street Relief");
    assert_eq!(page.value("org"), "harbor", "and stays as it was typed");
    page.fill("zone", "America/Chicago");
    page.fill("name", "Ada Byron");
    page.fill("login", "ada");
    page.fill("password", "correct horse battery");
    page.fill("again", "correct horse");
    page.click("Set up and sign in");
    page.sees("The passwords do not match.");
    assert_eq!((page.value("zone"), page.value("password")), ("America/Chicago".into(), "".into()));
    look(&page);
    page.fill("password", "correct horse battery");
    page.fill("again", "correct horse battery");
    page.click("Set up and sign in");

    page.sees("Getting started");
    page.sees("0 of 6 done");
    page.sees("Harbor Street Relief");
    assert!(page.text("#try-key").contains(&format!("curl -s '{}/neonws", server.base)));
    look(&page);
    page.click("Fill with examples");
    page.sees("Examples added.");
    page.sees("Due today");
    page.sees("36 example activities");
    look(&page);

    page.click("Hide");
    page.sees("Checklist hidden.");
    look(&page);
    page.click("Show the checklist");
    page.sees("0 of 6 done");
    page.click("Remove the examples");
    page.click(css("dialog[open] button.primary"));
    page.sees("36 example activities were moved to the bin.");
    page.sees("All clear");
    assert_eq!(page.complaints(), [""; 0]);

    page.open(&link);
    page.sees("This server is already set up");
    look(&page);
}
