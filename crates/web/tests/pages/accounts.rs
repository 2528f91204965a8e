//! The directory of accounts.

use std::sync::Arc;

use domain::{Account, ClientId, ID_MAX, Name, OrgId};
use service::Tenant;

use crate::harness::{Browser, World, query};

fn account(id: i64, name: &str) -> Account {
    Account { id: ClientId(id), name: Name::parse(name).unwrap() }
}

fn name(org: &Arc<Tenant>, id: i64) -> Option<String> {
    org.accounts().name(ClientId(id)).map(ToString::to_string)
}

/// Acme knows these accounts.
fn world() -> World {
    let world = World::new();
    let known = [account(7, "Zoë Müller"), account(12, "Ada Byron"), account(70, "byron books")];
    world.service.put_accounts(&world.acme, &known, &mut |_| {}).unwrap();
    world
}

fn add(browser: &mut Browser<'_>, name: &str, number: &str) -> crate::harness::Page {
    browser.post("/accounts", &[("name", name), ("number", number)])
}

#[test]
fn accounts_come_by_name_and_lead_to_their_activities() {
    let world = world();
    let page = world.viewer().get("/accounts").ok();
    page.shows("3 accounts").shows("href=\"/accounts/12\"");
    page.shows_in_order(&["Ada Byron", "byron books", "Zoë Müller"]);
    world.stranger().get("/accounts").ok().shows("No accounts yet").hides("Ada Byron");
}

#[test]
fn accounts_are_found_by_words_of_the_name_and_by_the_beginning_of_the_number() {
    let world = world();
    let mut browser = world.viewer();
    let mut found = |words: &str| -> Vec<&str> {
        let page = browser.get(&format!("/accounts?q={words}")).ok();
        ["Ada Byron", "byron books", "Zoë Müller"]
            .into_iter()
            .filter(|name| page.body.contains(name))
            .collect()
    };
    assert_eq!(found("BYRON"), ["Ada Byron", "byron books"]);
    assert_eq!(found("books+by"), ["byron books"]);
    assert_eq!(found("m%C3%9CLL"), ["Zoë Müller"]);
    assert_eq!(found("7"), ["byron books", "Zoë Müller"]);
    assert!(found("nobody").is_empty());
    assert_eq!(found("").len(), 3);
    browser.get("/accounts?q=%3Cscript%3E").ok().hides("<script>\"").shows("&lt;script&gt;");
    browser.get("/accounts?page=2").ok().shows("Page not found");
    browser.get("/accounts?page=99999999999999999999").ok().shows("3 accounts");
}

#[test]
fn pages_follow_one_another() {
    let world = World::new();
    let many: Vec<_> = (1..=120).map(|n| account(n, &format!("Name {n:03}"))).collect();
    world.service.put_accounts(&world.acme, &many, &mut |_| {}).unwrap();
    let mut browser = world.viewer();
    browser.get("/accounts").ok().shows("120 accounts").shows("Name 050").hides("Name 051");
    let last = browser.get("/accounts?page=3").ok();
    browser.get("/accounts?page=9").ok().shows("The last page is page 3.").shows("page=3\"");
    last.shows("Name 101").shows("Name 120").hides("Name 100").shows("rel=\"prev\"");
}

#[test]
fn a_picker_is_told_twenty_at_most() {
    let world = world();
    let mut browser = world.viewer();
    let page = browser.get("/accounts/find?q=byron").ok();
    assert_eq!(page.header("content-type"), "application/json");
    let expected = r#"[{"id":12,"name":"Ada Byron"},{"id":70,"name":"byron books"}]"#;
    assert_eq!(page.body, expected);
    assert_eq!(browser.get("/accounts/find?q=nobody").ok().body, "[]");
    assert_eq!(browser.get("/accounts/find?q=%CC%81").ok().body, "[]", "an accent alone");
    let many: Vec<_> = (100..150).map(|n| account(n, &format!("Many \"{n}\""))).collect();
    world.service.put_accounts(&world.acme, &many, &mut |_| {}).unwrap();
    let page = browser.get("/accounts/find?q=many").ok();
    assert_eq!(page.body.matches(r#"{"id":"#).count(), 20);
    page.shows(r#""name":"Many \"100\"""#);
    assert_eq!(world.stranger().get("/accounts/find?q=").ok().body, "[]");
    world.browser().get("/accounts/find?q=").redirected();
}

#[test]
fn an_editor_adds_accounts() {
    let world = world();
    let mut browser = world.editor();
    assert_eq!(add(&mut browser, " Grace Hopper ", "5").redirected(), "/accounts?added=5");
    browser.get("/accounts?added=5").ok().shows("Grace Hopper was added with ID 5.");
    assert_eq!(add(&mut browser, "Next", "").redirected(), "/accounts?added=71");
    assert_eq!(name(&world.acme, 5).as_deref(), Some("Grace Hopper"));
    assert_eq!(name(&world.acme, 71).as_deref(), Some("Next"));
    assert!(world.beta.accounts().is_empty());
}

#[test]
fn a_form_that_is_sent_twice_adds_one_account() {
    let world = world();
    let mut browser = world.editor();
    for (name, number, id) in [("Grace", "", "71"), ("Edith", "5", "5")] {
        let form = browser.get("/accounts").ok().value("form").unwrap().to_owned();
        let fields = [("name", name), ("number", number), ("form", &form)];
        for _ in 0..2 {
            let page = browser.post("/accounts", &fields);
            assert_eq!(page.redirected(), format!("/accounts?added={id}"));
        }
        let other = [("name", id), ("number", ""), ("form", &form)];
        assert_ne!(browser.post("/accounts", &other).redirected(), format!("/accounts?added={id}"));
    }
    assert_eq!(world.acme.accounts().len(), 3 + 4);
}

#[test]
fn a_number_that_activities_are_about_is_not_taken_for_free() {
    let world = world();
    world.activity_with("About a nameless one", |draft| draft.client = ClientId(9_000));
    assert_eq!(add(&mut world.editor(), "Next", "").redirected(), "/accounts?added=9001");
}

#[test]
fn after_the_greatest_number_there_is_none_to_choose() {
    let world = world();
    let mut browser = world.editor();
    add(&mut browser, "Last", &ID_MAX.to_string()).redirected();
    add(&mut browser, "Next", "").refused(422).shows("ID is required");
}

#[test]
fn what_is_wrong_with_a_new_account_is_said_and_what_was_typed_stays() {
    let world = world();
    let mut browser = world.editor();
    let mut refused = |name: &str, number: &str, problem: &str| {
        let page = add(&mut browser, name, number).refused(422);
        page.shows(problem);
        assert_eq!(page.value("number"), Some(number));
    };
    refused("", "4", "Name must not be empty.");
    refused(&"x".repeat(201), "4", "Name must have at most 200 characters, but has 201.");
    refused("Grace", "0", "ID must be a whole number from 1");
    refused("Grace", "-1", "ID must be a whole number from 1");
    refused("Grace", "twelve", "ID must be a whole number from 1");
    refused("Grace", "9007199254740992", "ID must be a whole number from 1");
    refused("Grace", "12", "ID is already used by Ada Byron");
    assert_eq!(world.acme.accounts().len(), 3);
}

#[test]
fn an_editor_renames_accounts_in_place() {
    let world = world();
    let mut browser = world.editor();
    let page = browser.get("/accounts?q=byron&rename=12").ok();
    page.shows("action=\"/accounts/12\"").hides("action=\"/accounts/70\"");
    assert_eq!(page.value("new_name"), Some("Ada Byron"));
    let back = ("back", "/accounts?q=byron");
    let page = browser.post("/accounts/12", &[("new_name", "Ada Lovelace"), back]);
    assert_eq!(page.redirected(), "/accounts?q=byron&renamed=12");
    browser.get(page.redirected()).ok().shows("Account 12 was renamed to Ada Lovelace.");
    assert_eq!(name(&world.acme, 12).as_deref(), Some("Ada Lovelace"));
    let page = browser.post("/accounts/70", &[("new_name", "  "), back]).refused(422);
    page.shows("New name must not be empty.");
    let foreign = [("new_name", "Ada"), ("back", "https://evil.example/")];
    assert_eq!(browser.post("/accounts/12", &foreign).redirected(), "/accounts?renamed=12");
}

#[test]
fn whoever_may_not_changes_nothing() {
    let world = world();
    let mut viewer = world.viewer();
    viewer.get("/accounts?rename=12").ok().hides("action=\"/accounts/12\"").hides("Add account");
    add(&mut viewer, "Mine", "1").refused(403);
    viewer.post("/accounts/12", &[("new_name", "Mine")]).refused(403);
    world.stranger().post("/accounts/12", &[("new_name", "Mine")]).refused(404);
    let mut editor = world.editor();
    editor.post_bare("/accounts", &[("name", "Mine")]).refused(403);
    editor.post_bare("/accounts/12", &[("new_name", "Mine")]).refused(403);
    editor.post("/accounts/13", &[("new_name", "Mine")]).refused(404);
    editor.post("/accounts/x", &[("new_name", "Mine")]).refused(404);
    assert_eq!(world.acme.accounts().len(), 3);
    assert_eq!(name(&world.acme, 12).as_deref(), Some("Ada Byron"));
}

#[test]
fn a_name_is_text_and_nothing_else() {
    let world = World::new();
    let script = account(1, "<script>alert(1)</script>\" onclick=\"x");
    world.service.put_accounts(&world.acme, &[script], &mut |_| {}).unwrap();
    let mut browser = world.editor();
    for path in ["/accounts", "/accounts?rename=1", "/accounts?added=1", "/accounts?renamed=1"] {
        browser.get(path).ok().hides("<script>alert").hides("\" onclick").shows("&lt;script&gt;");
    }
}

#[test]
fn the_last_of_several_names_in_a_file_counts() {
    let world = world();
    let org = world.service.org(&OrgId::parse("acme").unwrap()).unwrap();
    let put =
        |accounts: &[Account]| world.service.put_accounts(&org, accounts, &mut |_| {}).unwrap();
    assert_eq!(put(&[account(12, "Other"), account(12, "Ada Byron")]), 0);
    assert_eq!(name(&org, 12).as_deref(), Some("Ada Byron"));
    assert_eq!(put(&[account(12, "Ada Byron"), account(12, "Other")]), 1);
    assert_eq!(name(&org, 12).as_deref(), Some("Other"));
    let by_name: Vec<i64> = org.all_accounts().iter().map(|account| account.id.0).collect();
    assert_eq!(by_name, [70, 12, 7]);
}

#[test]
fn accounts_are_found_and_sorted_as_people_write_and_look_for_them() {
    let world = World::new();
    let names =
        ["Éclair", "eclat", "Łódź Ｆｕｌｌ", "Østrup", "Ελλάς", "新東京商店", "zoo", "Äpfel"];
    for (id, name) in (1..).zip(names) {
        let account = Account { id: ClientId(id), name: Name::parse(name).unwrap() };
        world.service.put_accounts(&world.acme, &[account], &mut |_| {}).unwrap();
    }
    let mut browser = world.editor();
    let page = browser.get("/accounts").ok();
    page.shows_in_order(&[
        ">Äpfel<",
        ">Éclair<",
        ">eclat<",
        ">Łódź Ｆｕｌｌ<",
        ">Østrup<",
        ">zoo<",
        ">Ελλάς<",
        ">新東京商店<",
    ]);
    for (words, id) in
        [("lodz full", 3), ("OSTRUP", 4), ("ελλασ", 5), ("ΕΛΛΑΣ", 5), ("東京", 6), ("apf", 8)]
    {
        let words = query(words);
        let found = browser.get(&format!("/accounts/find?q={words}")).ok();
        assert!(found.body.starts_with(&format!("[{{\"id\":{id},")), "{words}: {}", found.body);
        browser.get(&format!("/accounts?q={words}")).ok().shows("1 account");
    }
    let long = "e ".repeat(101);
    let found = browser.get(&format!("/accounts/find?q={}", query(&long))).ok();
    assert_eq!(found.body, "[]");
}

#[test]
fn a_second_account_of_a_name_is_asked_about() {
    let world = world();
    let mut browser = world.editor();
    let page = add(&mut browser, "Ada Byron", "").refused(422);
    page.shows("Name is already used by account 12.")
        .shows("this is a different account with the same name");
    let fields = [("name", "Ada Byron"), ("number", ""), ("same_name", "1")];
    assert_eq!(browser.post("/accounts", &fields).redirected(), "/accounts?added=71");
}
