//! New activities, and the form of one that is there.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use domain::{
    Account, Activity, ActivityId, ClientId, CustomFieldPatch, Name, Note, Presence, Priority,
    StatusId, Subject, UserId,
};
use service::{Authority, UserChange, wait};

use tower::ServiceExt;

use crate::harness::{Browser, COMPLETED, EDITOR, Page, VIEWER, World, moment};

const XSS: &str = "<script>alert(1)</script>";
const ESCAPED: &str = "&lt;script&gt;alert(1)&lt;/script&gt;";

pub(crate) fn record(world: &World, id: ActivityId) -> Activity {
    let latest = world.block_on(world.service.latest(&world.acme, id)).unwrap().unwrap();
    latest.record().unwrap().clone()
}

/// How many versions acme has in all, removals counted.
fn versions(world: &World, id: ActivityId) -> usize {
    let story = world.block_on(world.service.story(&world.acme, id, None)).unwrap();
    story.unwrap().changes.len()
}

fn account(world: &World, id: i64, name: &str) {
    let account = Account { id: ClientId(id), name: Name::parse(name).unwrap() };
    world.service.put_accounts(&world.acme, &[account], &mut |_| {}).unwrap();
}

/// The fields that a browser would send: those of the form, with some of them changed.
pub(crate) fn filled<'a>(page: &Page, typed: &[(&'a str, &'a str)]) -> Vec<(&'a str, String)> {
    let names = [
        "form",
        "copy",
        "copied",
        "seen",
        "subject",
        "account",
        "responsible",
        "start",
        "end",
        "status",
        "priority",
        "note",
    ];
    let value = |name: &'static str| -> Option<String> {
        let typed = typed.iter().find(|(given, _)| *given == name);
        typed.map(|(_, text)| (*text).to_owned()).or_else(|| in_form(page, name))
    };
    let mut sent: Vec<_> = names.into_iter().filter_map(|n| Some((n, value(n)?))).collect();
    let others = typed.iter().filter(|(name, _)| !names.contains(name));
    sent.extend(others.map(|(name, text)| (*name, (*text).to_owned())));
    sent
}

fn in_form(page: &Page, name: &str) -> Option<String> {
    let (_, form) = page.body.split_once("<form class=\"edit\"")?;
    let (before, after) = form.split_once(&format!("name=\"{name}\""))?;
    let text =
        if before.ends_with("<textarea ") || before.rsplit('<').next()?.starts_with("textarea") {
            after.split_once(">\n")?.1.split_once("</textarea>")?.0
        } else if before.rsplit('<').next()?.starts_with("select") {
            let options = after.split_once("</select>")?.0;
            let chosen = options.split("<option ").find(|option| option.contains(" selected"));
            let chosen = chosen.or_else(|| options.split("<option ").nth(1))?;
            chosen.split_once("value=\"")?.1.split_once('"')?.0
        } else {
            after.split_once('>')?.0.split_once("value=\"")?.1.split_once('"')?.0
        };
    Some(
        text.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&amp;", "&"),
    )
}

pub(crate) fn send(browser: &mut Browser<'_>, path: &str, fields: &[(&str, String)]) -> Page {
    let fields: Vec<_> = fields.iter().map(|(name, text)| (*name, text.as_str())).collect();
    browser.post(path, &fields)
}

fn create(browser: &mut Browser<'_>, typed: &[(&str, &str)]) -> Page {
    let page = browser.get("/activities/new").ok();
    send(browser, "/activities", &filled(&page, typed))
}

fn created(page: &Page) -> ActivityId {
    let id = page.redirected().strip_prefix("/activities/").unwrap();
    ActivityId(id.strip_suffix("?done=created").unwrap().parse().unwrap())
}

#[test]
fn a_new_activity_begins_as_mine_with_the_next_full_hour() {
    let world = World::new();
    let mut browser = world.editor();
    let page = create(&mut browser, &[("subject", " Call Ada "), ("account", "3480")]);
    let id = created(&page);
    browser.get(page.redirected()).ok().shows("Activity created.");
    let activity = record(&world, id);
    assert_eq!(activity.subject.as_str(), "Call Ada");
    assert_eq!(activity.client, Some(ClientId(3_480)));
    assert_eq!(activity.system_user, Some(EDITOR.0));
    assert_eq!(activity.start, moment("2026-03-04T11:00:00-06:00"));
    assert_eq!((activity.end, activity.priority), (None, Priority::Normal));
    assert_eq!(activity.created_by.as_deref(), Some(EDITOR.2));
}

#[test]
fn a_new_activity_begins_with_a_status_that_is_to_do_unless_an_admin_says_otherwise() {
    let world = World::new();
    let (mut admin, mut browser) = (world.admin(), world.editor());
    let mut first = || in_form(&browser.get("/activities/new").ok(), "status").unwrap();
    assert_eq!(first(), "2");
    admin.post("/settings/statuses/2/done", &[("done", "1")]).redirected();
    assert_eq!(first(), "1");
    admin.post("/settings/statuses/3/move", &[("step", "up")]).redirected();
    admin.post("/settings/statuses/3/move", &[("step", "up")]).redirected();
    assert_eq!(first(), "3");
    // Who writes down what has been done already.
    admin.post("/settings/statuses/4/begin", &[]).redirected();
    assert_eq!(first(), "4");
}

#[test]
fn everything_that_is_typed_is_kept() {
    let world = World::new();
    let mut browser = world.editor();
    let page = create(
        &mut browser,
        &[
            ("subject", XSS),
            ("account", "3480"),
            ("responsible", ""),
            ("start", "2026-07-01T09:30"),
            ("end", "2026-07-01T10:00:05"),
            ("status", "4"),
            ("priority", "High"),
            ("note", "\r\none\r\ntwo </textarea>"),
        ],
    );
    let activity = record(&world, created(&page));
    assert_eq!(activity.system_user, None);
    assert_eq!(activity.start, moment("2026-07-01T09:30:00-05:00"));
    assert_eq!(activity.end, Some(moment("2026-07-01T10:00:05-05:00")));
    assert_eq!((activity.status, activity.priority), (COMPLETED, Priority::High));
    assert_eq!(activity.note.as_str(), "\none\ntwo </textarea>");
    let page = browser.get(page.redirected()).ok();
    page.shows(ESCAPED).hides(XSS).shows("two &lt;/textarea&gt;");
    world.viewer().get("/activities/1").ok().shows(ESCAPED).hides(XSS);
}

#[test]
fn an_account_is_named_by_number_or_by_a_name_that_only_one_has() {
    let world = World::new();
    account(&world, 1, "Harbor Café");
    account(&world, 2, "Harbor Street");
    account(&world, 3, "Harbor");
    account(&world, 4, "Twins");
    account(&world, 5, "twins");
    account(&world, 6, "Acme (1)");
    account(&world, 7, "88");
    let mut browser = world.editor();
    let mut client = |text: &str| {
        let page = create(&mut browser, &[("subject", "x"), ("account", text)]);
        if page.status == 422 {
            page.shows("aria-invalid=\"true\"").shows("Account ").hides(" 1 accounts");
            return None;
        }
        record(&world, created(&page)).client.map(|id| id.0)
    };
    for (text, expected) in [
        ("Harbor Café (1)", Some(1)),
        (" 77 ", Some(77)),
        ("(77)", Some(77)),
        // The beginning of an account's number is none of its name.
        ("Harbor Street 2", None),
        ("Twin Peaks 6", None),
        // A number in brackets is no way around the name before it.
        ("Nobody knows (77)", None),
        ("Harbor (1)", None),
        ("Acme (1)", Some(6)),
        ("acme (1) (6)", Some(6)),
        ("Acme (6)", None),
        // A name that is a number, which another account has.
        ("88", None),
        ("88 (7)", Some(7)),
        ("(88)", Some(88)),
        ("7", Some(7)),
        ("harbor", Some(3)),
        ("street", Some(2)),
        ("harb", None),
        ("TWINS", None),
        ("Twins (5)", Some(5)),
        ("nobody", None),
        ("", None),
        ("0", None),
        ("-3", None),
        ("99999999999999999999", None),
        ("Harbor ()", None),
    ] {
        assert_eq!(client(text), expected, "{text:?}");
    }
}

#[test]
fn wrong_input_comes_back_with_what_was_typed() {
    let world = World::new();
    let mut browser = world.editor();
    let long = "s".repeat(domain::SUBJECT_CHARS_MAX + 1);
    for (name, text, problem) in [
        ("subject", " ", "Subject must not be empty."),
        ("subject", long.as_str(), "Subject must have at most 4000 characters, but has 4001."),
        ("account", "\"nobody\"", "Account was not found"),
        ("responsible", "99", "Assigned to must be one from the list."),
        ("start", "", "Start must not be empty."),
        ("start", "soon", "Start must be a date and a time, like 2026-03-04 14:05."),
        (
            "start",
            "2026-03-08T02:30",
            "Start does not exist, because clocks skip this time on that day: use 2026-03-08 03:30 instead.",
        ),
        ("end", "2026-03-08T02:00", "End does not exist, because clocks skip"),
        ("end", "2026-02-30T00:00", "End must be a date and a time"),
        ("end", "2026-03-04T09:00", "End must not be before the start."),
        ("status", "99", "Status must be one from the list."),
        ("priority", "huge", "Priority must be one from the list."),
    ] {
        let typed = [
            ("subject", "Call <Ada>"),
            ("account", "3480"),
            ("start", "2026-03-04T10:00"),
            ("note", "a < b\nc"),
        ];
        let others: Vec<_> = typed.into_iter().filter(|(given, _)| *given != name).collect();
        let page = create(&mut browser, &[&others[..], &[(name, text)]].concat()).refused(422);
        page.shows(problem).shows("check the field marked below");
        for (name, text) in others {
            assert_eq!(in_form(&page, name).as_deref(), Some(text));
        }
        if !["responsible", "status", "priority"].contains(&name) {
            assert_eq!(in_form(&page, name).as_deref(), Some(text));
        }
    }
    assert!(!world.service.has_activities(&world.acme));
}

#[test]
fn a_form_that_is_sent_twice_creates_once() {
    let world = World::new();
    let mut browser = world.editor();
    let page = browser.get("/activities/new").ok();
    let mut fields = filled(&page, &[("subject", "once"), ("account", "1")]);
    let first = created(&send(&mut browser, "/activities", &fields));
    assert_eq!(created(&send(&mut browser, "/activities", &fields)), first);
    let subject = fields.iter_mut().find(|(name, _)| *name == "subject").unwrap();
    subject.1 = "went back and typed another".to_owned();
    assert_ne!(created(&send(&mut browser, "/activities", &fields)), first);
    assert_ne!(created(&create(&mut browser, &[("subject", "once"), ("account", "1")])), first);
    // Another's form is another form, whatever its token.
    let mut admin = world.admin();
    let subject = fields.iter_mut().find(|(name, _)| *name == "subject").unwrap();
    subject.1 = "once".to_owned();
    assert_ne!(created(&send(&mut admin, "/activities", &fields)), first);
}

#[test]
fn a_double_click_creates_once_though_the_browser_hangs_up_on_the_first() {
    let world = World::new();
    let mut browser = world.editor();
    let page = browser.get("/activities/new").ok();
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(filled(&page, &[("subject", "once"), ("account", "1")]));
    let body = form.append_pair("csrf", page.value("csrf").unwrap()).finish();
    let cookie = format!("driftless_session={}", browser.cookie("driftless_session").unwrap());
    let click = || {
        let request = Request::post("/activities")
            .header(header::COOKIE, &cookie)
            .header(header::CONTENT_LENGTH, body.len())
            .body(Body::from(body.clone()));
        world.router().oneshot(request.unwrap())
    };
    let (second, third) = world.block_on(async {
        // It gets as far as it comes without waiting for anything.
        let _ = tokio::time::timeout(Duration::ZERO, click()).await;
        let (second, third) = tokio::join!(click(), click());
        (second.unwrap(), third.unwrap())
    });
    for answer in [second, third] {
        assert_eq!(answer.headers()[header::LOCATION], "/activities/1?done=created");
    }
    let another = world.block_on(world.service.latest(&world.acme, ActivityId(2)));
    assert!(another.unwrap().is_none());
}

#[test]
fn an_account_can_be_chosen_by_the_address() {
    let world = World::new();
    account(&world, 7, "Harbor <Café>");
    let mut browser = world.editor();
    let page = browser.get("/activities/new?client=7").ok();
    assert_eq!(page.value("account"), Some("Harbor &lt;Café&gt; (7)"));
    assert_eq!(browser.get("/activities/new?client=8").ok().value("account"), Some("8"));
    assert_eq!(browser.get("/activities/new?client=x").ok().value("account"), Some(""));
}

#[test]
fn a_duplicate_has_everything_but_the_time_of_creation() {
    let world = World::new();
    let id = world.activity_with("Call\nAda", |draft| {
        draft.note = Note::parse("one\r\ntwo").unwrap();
        draft.start = moment("2026-03-04T10:00:07.25+05:45");
        draft.end = Some(moment("2026-03-04T09:00:00+05:45"));
        draft.priority = Priority::Low;
        let (field_id, value) = ("80".to_owned(), Some(XSS.to_owned()));
        draft.custom_fields = vec![CustomFieldPatch { field_id, value, option_id: None }];
    });
    world.advance(60_000);
    let mut browser = world.admin();
    let page = browser.get(&format!("/activities/new?copy={id}")).ok();
    page.shows(ESCAPED).hides(XSS);
    let copy = created(&send(&mut browser, "/activities", &filled(&page, &[])));
    let (original, copy) = (record(&world, id), record(&world, copy));
    assert!(copy.created > original.created);
    let (created, created_by) = (original.created, original.created_by.clone());
    let modified_by = original.modified_by.clone();
    assert_eq!(Activity { created, created_by, modified_by, ..copy }, original);
    browser.get("/activities/new?copy=99").refused(404);
    browser.get("/activities/new?copy=x").refused(404);
}

#[test]
fn an_edit_changes_what_was_typed_and_nothing_else() {
    let world = World::new();
    let id = world.activity_with("Call\nAda", |draft| {
        draft.note = Note::parse("one\r\ntwo").unwrap();
        draft.start = moment("2026-03-04T10:00:07.25+05:45");
        draft.end = Some(moment("2026-03-04T09:00:00+05:45"));
    });
    let before = record(&world, id);
    let mut browser = world.editor();
    let path = format!("/activities/{id}");
    let page = browser.get(&path).ok();
    let answer = send(&mut browser, &path, &filled(&page, &[]));
    assert_eq!(answer.redirected(), format!("{path}?done=same"));
    assert_eq!(versions(&world, id), 1);

    // As browsers write what they have read.
    let typed = [("note", "one\r\ntwo"), ("start", "2026-03-03T22:15:07.25"), ("priority", "High")];
    let answer = send(&mut browser, &path, &filled(&page, &typed));
    assert_eq!(answer.redirected(), format!("{path}?done=saved"));
    assert_eq!(record(&world, id), Activity { priority: Priority::High, ..before });
    browser.get(answer.redirected()).ok().shows("Changes saved.");
}

#[test]
fn an_edit_does_not_move_a_time_that_clocks_skip() {
    let world = World::new();
    let id = world.activity("Call Ada");
    let mut browser = world.editor();
    let path = format!("/activities/{id}");
    let page = browser.get(&path).ok();
    let typed = [("start", "2026-03-08T02:30"), ("subject", "Call Ben")];
    let page = send(&mut browser, &path, &filled(&page, &typed)).refused(422);
    page.shows("Start does not exist, because clocks skip this time on that day");
    for (name, text) in typed {
        assert_eq!(in_form(&page, name).as_deref(), Some(text));
    }
    assert_eq!(versions(&world, id), 1);
}

#[test]
fn an_edit_can_empty_what_may_be_empty() {
    let world = World::new();
    let id = world.activity_with("x", |draft| {
        draft.note = Note::parse("note").unwrap();
        draft.end = Some(moment("2026-03-05T09:00:00-06:00"));
    });
    let mut browser = world.editor();
    let path = format!("/activities/{id}");
    let page = browser.get(&path).ok();
    let typed = [("note", ""), ("end", ""), ("responsible", "")];
    send(&mut browser, &path, &filled(&page, &typed)).redirected();
    let activity = record(&world, id);
    assert_eq!((activity.end, activity.system_user, activity.note.as_str()), (None, None, ""));
    let page = browser.get(&path).ok();
    let page = send(&mut browser, &path, &filled(&page, &[("account", "")])).refused(422);
    page.shows("Account must not be empty");
}

#[test]
fn what_can_no_longer_be_chosen_stays_where_it_is() {
    let world = World::new();
    let gone = (UserId(9), "gone", "Gone Girl");
    world.add_user(&world.acme, gone, domain::Role::Editor);
    let id = world.activity_with("x", |draft| draft.system_user = Presence::Set(gone.0));
    let mut browser = world.editor();
    let path = format!("/activities/{id}");
    wait(world.service.change_user(
        Authority::command_line(&world.acme),
        gone.0,
        UserChange::DISABLE,
    ))
    .unwrap();
    wait(world.service.retire_status(Authority::command_line(&world.acme), StatusId(2))).unwrap();
    let page = browser.get(&path).ok();
    page.shows("Gone Girl (no longer active)").shows("Not Started (retired)");
    send(&mut browser, &path, &filled(&page, &[("subject", "y")])).redirected();
    let activity = record(&world, id);
    assert_eq!(activity.subject, Subject::parse("y").unwrap());
    assert_eq!((activity.system_user, activity.status), (Some(gone.0), StatusId(2)));

    let page = browser.get("/activities/new").ok();
    page.hides("Gone Girl").hides("Not Started");
    let typed = [("subject", "z"), ("account", "1"), ("status", "2"), ("responsible", "9")];
    let page = create(&mut browser, &typed).refused(422);
    page.shows("Status is no longer available: choose another.")
        .shows("check the 2 fields marked below");
}

#[test]
fn a_viewer_reads_and_changes_nothing() {
    let world = World::new();
    let id = world.activity_with("Call Ada", |draft| draft.note = Note::parse("rang").unwrap());
    let mut viewer = world.viewer();
    let path = format!("/activities/{id}");
    let page = viewer.get(&path).ok();
    page.shows("Call Ada").shows("rang").hides("Save changes").hides("Duplicate").hides("/remove");
    viewer.get("/activities/new").refused(403);
    viewer.post(&path, &[("seen", "1"), ("subject", "mine")]).refused(403);
    viewer.post("/activities", &[("subject", "mine"), ("account", "1")]).refused(403);
    assert_eq!(record(&world, id).subject.as_str(), "Call Ada");
    assert_eq!(record(&world, id).modified_by.as_deref(), Some(EDITOR.2));
    viewer.get(&format!("{path}/history")).ok().shows("Created").hides("Restore").shows(VIEWER.2);
}

#[test]
fn nobody_reaches_what_is_another_organizations() {
    let world = World::new();
    let id = world.activity("Call Ada");
    let mut stranger = world.stranger();
    let path = format!("/activities/{id}");
    for page in [path.clone(), format!("{path}/history"), format!("/activities/new?copy={id}")] {
        stranger.get(&page).refused(404).hides("Call Ada");
    }
    stranger.post(&path, &[("seen", "1"), ("subject", "mine")]).refused(404);
    stranger.post("/activities", &[("copy", "1"), ("copied", "1")]).refused(404);
    for nothing in ["/activities/99", "/activities/x", "/activities/99/history", "/activities/0"] {
        world.editor().get(nothing).refused(404);
    }
}

#[test]
fn a_form_without_its_token_or_its_version_changes_nothing() {
    let world = World::new();
    let id = world.activity("Call Ada");
    let mut browser = world.editor();
    let path = format!("/activities/{id}");
    browser.post_bare(&path, &[("seen", "1"), ("subject", "x")]).refused(403);
    browser.post_bare("/activities", &[("subject", "x"), ("account", "1")]).refused(403);
    for seen in ["", "x", "0", "2", "18446744073709551615"] {
        let page = browser.post(&path, &[("seen", seen), ("subject", "x")]).refused(400);
        page.shows("does not say which version of the activity it is for");
    }
    assert_eq!(versions(&world, id), 1);
}

#[test]
fn a_form_that_names_an_account_itself_means_that_one() {
    let world = World::new();
    account(&world, 77, "Acme");
    account(&world, 97, "Acme (77)");
    let mut browser = world.editor();
    let form = browser.get("/activities/new?client=77").ok();
    form.shows("value=\"(77)\"");
    let page = send(&mut browser, "/activities", &filled(&form, &[("subject", "Call")]));
    let first = created(&page);
    assert_eq!(record(&world, first).client, Some(ClientId(77)));
    let form = browser.get(&format!("/activities/new?after={first}")).ok();
    let page = send(&mut browser, "/activities", &filled(&form, &[]));
    assert_eq!(record(&world, created(&page)).client, Some(ClientId(77)));
    // Typed, it may mean either.
    let page = create(&mut browser, &[("subject", "x"), ("account", "Acme (77)")]);
    page.refused(422).shows("matches 2 accounts");
}

#[test]
fn an_account_that_is_renamed_while_a_form_is_open_is_untouched() {
    let world = World::new();
    account(&world, 3_400, "Acme");
    let id = world.activity("Call");
    let path = format!("/activities/{id}");
    let mut browser = world.editor();
    let form = browser.get(&path).ok();
    account(&world, 3_400, "Acme Ltd");
    let mut fields = filled(&form, &[("note", "typed")]);
    fields.push(("account_shown", "Acme (3400)".to_owned()));
    send(&mut browser, &path, &fields).redirected();
    let saved = record(&world, id);
    assert_eq!((saved.client, saved.note.as_str()), (Some(ClientId(3_400)), "typed"));
}
