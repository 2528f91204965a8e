//! The looks of every page: light, dark, narrow, accessible, and without console messages.

use driftless_browser::{Api, Key, Page, Scheme, Server, css};

/// The pages of every organization; its admin is user 1.
const EVERYWHERE: [&str; 18] = [
    "/",
    "/activities",
    "/activities?q=nothing+like+this&status=open&start_from=2026-01-01&priority=high",
    "/activities?start_from=yesterday",
    "/activities/new",
    "/bin",
    "/import",
    "/accounts",
    "/accounts?q=nothing+like+this",
    "/changes?last=30-days",
    "/changes?from=yesterday&ids=some",
    "/integrations",
    "/settings",
    "/settings/users/new",
    "/settings/users/1",
    "/settings/statuses/2",
    "/password",
    "/preferences",
];

/// Pages with data, in a demo.
const WITH_DATA: [&str; 12] = [
    "/activities?status=open&q=call",
    "/activities?page=2&sort=subject&direction=asc",
    "/activities?page=1000",
    "/activities/1001",
    "/activities/1001/history",
    "/activities/new?copy=1001",
    "/accounts?q=a&page=1",
    "/accounts/3400",
    "/changes?from=2020-01-01T00:00&order=id",
    "/settings/users/2",
    "/activities/701",
    "/no-such-page",
];

/// The problems of a page in all looks, each starting with the page.
fn wrong(page: &Page, path: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    page.size(1280, 900);
    page.open(path);
    let told = |look: &'static str, found: Vec<String>| {
        found.into_iter().map(move |found| format!("{look}: {found}"))
    };
    page.scheme(Scheme::Light);
    wrong.extend(told("light", page.axe()));
    page.scheme(Scheme::Dark);
    wrong.extend(told("dark", page.axe_colours()));
    page.size(320, 700);
    wrong.extend(told("dark and narrow", page.axe()));
    let out = page.sticks_out();
    if out > 0 {
        wrong.push(format!("{out} pixels stick out at 320"));
    }
    wrong.extend(page.complaints());
    wrong.into_iter().map(|found| format!("{path}: {found}")).collect()
}

#[track_caller]
fn are_fine<'a>(page: &Page, paths: impl IntoIterator<Item = &'a str>) {
    let found: Vec<String> = paths.into_iter().flat_map(|path| wrong(page, path)).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn every_page_is_fine_in_every_look_where_there_is_nothing_yet() {
    let server = Server::start();
    let page = Page::new(&server);
    are_fine(&page, ["/sign-in"]);
    page.sign_in(&server.person("empty", "Ada Byron", "admin"));
    are_fine(&page, EVERYWHERE);
}

#[test]
fn every_page_is_fine_in_every_look_with_much_to_show() {
    let (server, admin) = Server::demo(1_000);
    let page = Page::new(&server);
    page.sign_in(&admin);
    are_fine(&page, EVERYWHERE);
}

#[test]
fn every_page_about_something_is_fine_in_every_look() {
    let (server, admin) = Server::demo(1_000);
    let page = Page::new(&server);
    page.sign_in(&admin);
    are_fine(&page, WITH_DATA);
    page.open("/activities/1002");
    page.click("Remove");
    page.click(css("dialog[open] button.danger"));
    page.sees("was removed.");
    // Pages whose ids are not known in advance.
    let removed = first(&page, "/bin", "td.title a");
    let found = [
        "/bin".to_owned(),
        removed.replace("/history", ""),
        removed,
        first(&page, "/accounts", "td.act a"),
        first(&page, "/changes?last=30-days", "nav.pages a[rel=next]"),
    ];
    are_fine(&page, found.iter().map(String::as_str));
}

/// What runs out of the card, the table or the field that it is in, at the right.
const RUNS_OUT: &str = r"
    const name = (part) => `${part.localName}.${part.className} «${part.textContent.trim().slice(0, 30)}»`;
    const out = [...document.querySelectorAll('.scroll:not(.chart .scroll)')].filter((box) => box.scrollWidth > box.clientWidth + 1).map(name);
    for (const box of document.querySelectorAll('.card, .chart, .stat, .bulk, .filters, .edit, .notice')) {
        const right = box.getBoundingClientRect().right;
        for (const part of box.querySelectorAll('*')) {
            const { width, right: end } = part.getBoundingClientRect();
            if (width > 1 && end > right + 1 && !part.closest('.scroll, pre, svg')) out.push(`${name(part)} in ${name(box)}`);
        }
    }
    return out.slice(0, 5);
";

#[test]
fn nothing_runs_out_of_its_card_between_phone_and_desk() {
    let (server, admin) = Server::demo(1_000);
    let page = Page::new(&server);
    page.sign_in(&admin);
    let mut wrong = Vec::new();
    for path in EVERYWHERE.into_iter().chain(WITH_DATA) {
        page.size(641, 900);
        page.open(path);
        for width in [641, 700, 768, 832, 833, 900, 960, 1024, 1040, 1184, 1280] {
            page.size(width, 900);
            let out = page.script(RUNS_OUT);
            if out.as_array().is_none_or(|out| !out.is_empty()) || page.sticks_out() > 0 {
                wrong.push(format!("{path} at {width}: {out}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Where the first such link of a page leads to.
#[track_caller]
fn first(page: &Page, path: &str, selector: &str) -> String {
    page.open(path);
    page.wait_for(selector);
    let address = page.script(&format!("return document.querySelector('{selector}').href"));
    let address = address.as_str().unwrap_or_default();
    let path = address.split_once("//").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
    path.unwrap_or_default().to_owned()
}

#[test]
fn every_page_is_fine_for_whoever_may_only_look() {
    let (server, _) = Server::demo(100);
    let viewer = server.person("demo", "Vera Cohen", "viewer");
    let page = Page::new(&server);
    page.sign_in(&viewer);
    let paths = ["/", "/activities", "/activities/1001", "/activities/1001/history", "/bin"];
    are_fine(&page, paths.into_iter().chain(["/accounts", "/changes", "/settings"]));
}

#[test]
fn a_phone_shows_the_newest_part_of_the_chart_first() {
    let (server, admin) = Server::demo(100);
    let page = Page::new(&server);
    page.sign_in(&admin);
    page.size(320, 700);
    page.open("/changes?last=30-days");
    page.wait_for("figure.chart svg");
    let hidden = |side: &str| {
        let edge =
            |what| format!("document.querySelector('{what}').getBoundingClientRect().{side}");
        let (drawing, frame) = (edge("figure.chart svg"), edge("figure.chart > .scroll"));
        page.script(&format!("return Math.abs({drawing} - {frame})")).as_f64().unwrap()
    };
    assert!(hidden("left") > 100.0 && hidden("right") < 2.0);
}

#[test]
fn the_longest_words_and_what_is_opened_stay_within_a_phone() {
    let server = Server::start();
    let ada = server.person("acme", &"Adamantine".repeat(10), "admin");
    let long = "Donaudampfschifffahrtsgesellschaft".repeat(3);
    let status = &long[..60];
    server.run(&["status", "add", "acme", status]);
    server.run_with(&["accounts", "import", "acme", "-"], &format!("id,name\n3480,{long}\n"));
    let api = Api::new(&server, &ada);
    let id = api.create(&long);
    let note = long.repeat(5);
    let members = [("activity.note", &*note), ("activity.activityStatus.name", status)];
    let members = [&[("activity.activityId", &*id)], &members[..]].concat();
    api.ask("account/updateActivity", &members);
    let page = Page::new(&server);
    page.sign_in(&ada);
    page.open("/settings");
    page.fill("org_name", &long);
    page.click("Save");
    page.sees("Organization saved.");
    page.size(320, 700);
    let within = |what: &str| {
        assert_eq!(page.sticks_out(), 0, "{what}");
        assert_eq!(page.axe(), [""; 0], "{what}");
    };
    let history = format!("/activities/{id}/history");
    let one = format!("/activities/{id}");
    for path in
        ["/", "/activities", &history, "/accounts", "/changes", "/settings", "/settings/statuses/6"]
    {
        page.open(path);
        within(path);
    }
    page.click(css("details.who summary"));
    within("the menu of the person");
    page.open("/integrations");
    page.fill("label", &long);
    page.click("Add key");
    page.click("Back to Integrations");
    page.click("Revoke");
    within("the question before a key is revoked");
    page.open("/accounts?rename=3480");
    within("an account while it is renamed");
    page.open(&format!("/activities?client=3480&status=6&q={}", &long[..90]));
    within("the list with filters");
    page.size(1280, 900);
    within("the list with filters, wide");
    page.size(320, 700);
    page.click("Dates");
    within("the filters by date");
    page.click(css("input[name=id]"));
    within("the bar of bulk actions");
    page.click(css("form.bulk button.danger"));
    page.wait_for("dialog[open]");
    within("a question");
    page.open(&one);
    within(&one);
    page.fill("account", "Donau");
    page.wait_for("[role=option][data-value]");
    within("while accounts are offered");
    page.press(&Key::Escape);
    page.click(css("h1"));
    page.press("?");
    page.wait_for("dialog.help[open]");
    within("the help");
    page.press(&Key::Escape);
    page.click("Remove");
    page.click(css("dialog[open] button.danger"));
    page.sees("was removed.");
    page.open("/bin");
    within("the bin");
    page.open(&one);
    within("what was removed");
    page.click("Restore");
    page.sees("was restored.");
    page.click(css("details.who summary"));
    page.click("Sign out");
    page.sees("Sign in");
    page.sign_in(&server.person("acme", "Vera Cohen", "viewer"));
    for path in ["/activities", &one, &history] {
        page.open(path);
        within(path);
    }
}
