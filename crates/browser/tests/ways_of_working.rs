//! Working with only the keyboard, and without scripts.

use driftless_browser::{Key, Page, Person, Server, css};

/// A new organization with two accounts, and an editor.
fn small() -> (Server, Person) {
    let server = Server::start();
    let ada = server.person("acme", "Ada Byron", "editor");
    let accounts = "id,name\n3480,Harbor Café\n3481,Harbor School\n";
    server.run_with(&["accounts", "import", "acme", "-"], accounts);
    (server, ada)
}

/// Presses Tab until this has the focus; everything in between must show the focus.
#[track_caller]
fn tab_to(page: &Page, label: &str) {
    let mut passed = Vec::new();
    while passed.last().is_none_or(|last| last != label) {
        assert!(passed.len() < 60, "Tab does not lead to {label:?}, only to {passed:?}");
        page.press(&Key::Tab);
        passed.push(page.focused());
        assert!(page.shows_focus(), "it cannot be seen that {:?} has the focus", passed.last());
    }
}

#[test]
fn everything_is_done_with_the_keyboard_alone() {
    let (server, ada) = small();
    let page = Page::new(&server);
    page.open("/sign-in");
    tab_to(&page, "Skip to content");
    page.press(&Key::Enter);
    tab_to(&page, "Organization");
    tab_to(&page, "Login name");
    page.press(&ada.login);
    tab_to(&page, "Password");
    page.press(&ada.password);
    page.press(&Key::Enter);
    page.wait_for("header.top .who");

    page.press("?");
    page.wait_for("dialog.help[open]");
    assert_eq!(page.axe(), [""; 0]);
    assert_eq!(page.focused(), "Close");
    page.press(&Key::Escape);
    page.until("return document.querySelector('dialog[open]') === null");
    page.press("g");
    page.press("a");
    page.sees("No activities yet");
    page.press("n");
    page.wait_for("form.edit");

    tab_to(&page, "Subject");
    page.press("Call about the van");
    tab_to(&page, "Account");
    page.press("harb");
    page.wait_for("[role=option][data-value]");
    page.press(&Key::Down);
    page.press(&Key::Down);
    page.press(&Key::Enter);
    assert_eq!(page.value("account"), "Harbor School (3481)");
    tab_to(&page, "Priority");
    page.press("H");
    tab_to(&page, "Note optional");
    page.press("A note, with n and / and ? in it.");
    tab_to(&page, "Create activity");
    page.press(&Key::Enter);
    page.sees("Activity created.");
    assert_eq!(page.value("priority"), "High");

    page.press("/");
    assert_eq!(page.focused(), "Search activities");
    page.press("van");
    page.press(&Key::Enter);
    page.sees("1 activity");
    assert_eq!(page.address(), "/activities?q=van");
    tab_to(&page, "Select Call about the van");
    page.press(" ");
    page.sees("1 selected");
    page.press(&Key::Tab);
    assert_eq!(page.focused(), "Continue with 1 selected");
    page.press(&Key::Enter);
    assert!(page.focused().starts_with("Status"), "{}", page.focused());
    page.press(&Key::Tab);
    assert_eq!(page.focused(), "Set status");
    tab_to(&page, "Call about the van");
    tab_to(&page, "Status of Call about the van");
    page.press("C");
    page.press(&Key::Enter);
    page.wait_for("select[aria-label^='Status of'] option[value='4'][selected]");

    tab_to(&page, "Call about the van");
    page.press(&Key::Enter);
    page.wait_for("textarea[name=note]");
    tab_to(&page, "Remove");
    page.press(&Key::Enter);
    page.wait_for("dialog[open]");
    assert_eq!(page.focused(), "Cancel", "Enter does no harm");
    tab_to(&page, "Remove");
    page.press(&Key::Enter);
    page.sees("was removed.");
    tab_to(&page, "Undo");
    page.press(&Key::Enter);
    page.sees("was restored.");

    // The menu opens and closes, and gives the focus back.
    page.press("g");
    page.press("a");
    page.until("return location.search === ''");
    tab_to(&page, "Ada Byron");
    page.press(&Key::Enter);
    page.wait_for("details.who[open]");
    tab_to(&page, "Change password");
    page.press(&Key::Escape);
    page.until("return document.querySelector('details[open]') === null");
    assert_eq!(page.focused(), "Ada Byron");
    page.press(&Key::Enter);
    tab_to(&page, "Sign out");
    page.press(&Key::Enter);
    page.sees("Sign in");
    assert_eq!(page.complaints(), [""; 0]);
}

#[test]
fn everything_works_without_scripts() {
    let (server, ada) = small();
    let page = Page::new(&server);
    page.scripts(false);
    page.sign_in(&ada);
    for subject in ["Call", "Meet", "Write"] {
        page.open("/activities/new");
        page.fill("Subject", subject);
        page.fill("account", "Harbor School");
        page.click("Create activity");
        page.sees("Activity created.");
    }
    assert_eq!(page.value("account"), "Harbor School (3481)");
    page.fill("Subject", "Write a letter");
    page.click("Save changes");
    page.sees("Changes saved.");
    page.click("Duplicate");
    page.fill("Subject", "Write another letter");
    page.click("Create activity");
    page.sees("Activity created.");

    page.click("Remove");
    page.sees("You can restore it from the bin.");
    assert_eq!(page.text("h1"), "Remove this activity?");
    page.click("Remove");
    page.sees("was removed.");
    page.click("Undo");
    page.sees("was restored.");
    page.click("Write another letter");
    page.click("Remove");
    page.sees("You can restore it from the bin."); // The page before it has such a button, too.
    page.click(css("main button.danger"));
    page.sees("was removed.");

    page.open("/activities?sort=subject&direction=asc");
    assert_eq!(page.texts("td.title"), ["Call", "Meet", "Write a letter"]);
    let place = "return getComputedStyle(document.querySelector('.bulk')).position";
    assert_eq!(page.script(place), "static", "the bar lies over no row");
    page.click(css("tr:has(select[aria-label='Status of Call']) input[name=id]"));
    page.click(css("tr:has(select[aria-label='Status of Meet']) input[name=id]"));
    page.fill(css("form.bulk select[name=status]"), "Waiting");
    page.click("Set status");
    page.sees("2 activities changed.");
    page.fill(css("select[aria-label='Status of Write a letter']"), "Deferred");
    page.click(css("form:has(select[aria-label='Status of Write a letter']) button"));
    page.wait_for("select[aria-label='Status of Write a letter'] option[value='5'][selected]");
    page.fill(css("form.filters select[name=status]"), "Waiting");
    page.click("Show");
    page.sees("2 activities");
    assert_eq!(page.texts("td.title"), ["Call", "Meet"]);
    page.click(css("input[aria-label='Select Call']"));
    page.click(css("form.bulk button.danger"));
    page.sees("They go to the bin. You can restore them from there.");
    page.click("Remove");
    page.sees("1 activity changed.");
    page.open("/bin");
    page.click(css("button[aria-label='Restore Call']"));
    page.sees("1 removed activity");

    page.click("Ada Byron");
    page.click("Sign out");
    page.sees("Login name");
    assert_eq!(page.text("h1"), "Sign in");
}
