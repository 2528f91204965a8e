//! Import: a file is uploaded, checked, looked at, and imported.

use domain::{ActivityId, Patch, Subject};
use service::{Authority, Write, wait};

use crate::harness::{Browser, Page, World};

/// The page of a file, once it has been checked or imported.
#[track_caller]
fn settled(browser: &mut Browser<'_>, address: &str) -> Page {
    loop {
        let page = browser.get(address).ok();
        if !page.body.contains("data-progress") {
            return page;
        }
        std::thread::yield_now();
    }
}

/// Uploads a file, and returns its address and its preview.
#[track_caller]
fn uploaded(browser: &mut Browser<'_>, name: &str, content: &str) -> (String, Page) {
    let address = browser.upload(name, content.as_bytes()).redirected().to_owned();
    assert!(address.starts_with("/import/"), "{address}");
    let page = settled(browser, &address);
    (address, page)
}

/// Sends the preview's form with these fields, and shows what came of it.
#[track_caller]
fn sent(browser: &mut Browser<'_>, address: &str, fields: &[(&str, &str)]) -> Page {
    let back = browser.post(address, fields).redirected().to_owned();
    settled(browser, &back)
}

/// How many of something the preview or the result counts.
#[track_caller]
fn count(page: &Page, what: &str) -> u64 {
    let (_, rest) = page
        .body
        .split_once(&format!("<span>{what}</span><b>"))
        .unwrap_or_else(|| panic!("no {what:?} in {}", page.body));
    rest.split_once("</b>").unwrap().0.replace(',', "").parse().unwrap()
}

const NEW: &str = "subject,startDateTime,activityStatus.name,activityPriority\n\
                   Call Ada,2026-03-05 09:00,Not Started,NORMAL\n\
                   Write to Ed,2026-03-06 10:30,Not Started,HIGH\n";

#[test]
fn a_file_is_shown_before_it_is_imported_and_then_counted() {
    let world = World::new();
    let mut admin = world.admin();
    admin.get("/import").ok().shows("enctype=\"multipart/form-data\"").shows("up to 64 MiB");
    let (address, page) = uploaded(&mut admin, "calls.csv", NEW);
    assert_eq!((count(&page, "to be created"), count(&page, "to be updated")), (2, 0));
    page.shows("calls.csv").shows("Call Ada").shows("Import 2 activities");
    admin.get("/activities").ok().shows("No activities yet");
    admin.get("/import").ok().shows(&address).shows("ready to import");

    let page = sent(&mut admin, &address, &[("action", "import")]);
    page.shows("Import finished: 2 activities were created, updated or removed.");
    assert_eq!(count(&page, "created"), 2);
    page.shows("href=\"/activities/1\"").shows("href=\"/changes?from=2026-03-04T10%3A00\"");
    admin.get("/changes?from=2026-03-04T10%3A00").ok().shows("Call Ada").shows("Write to Ed");
    // A second click, or one in another window.
    sent(&mut admin, &address, &[("action", "import")]).shows("Import finished: 2 activities");
    admin.get("/activities").ok().shows("2 activities");
}

#[test]
fn it_is_for_admins_and_told_before_anything_is_read() {
    let world = World::new();
    for mut other in [world.editor(), world.viewer()] {
        other.get("/import").refused(403);
        other.upload("calls.csv", NEW.as_bytes()).refused(403).shows("admin");
        assert_eq!(other.begin_upload(), 403, "before anything of it has come");
        other.post("/import/some", &[("action", "check")]).refused(403);
        other.get("/activities").ok().hides("href=\"/import\"");
    }
    let mut nobody = world.browser();
    assert_eq!(nobody.begin_upload(), 401);
    assert_eq!(nobody.get("/import").redirected(), "/sign-in?back=%2Fimport");
    nobody
        .upload_bare(&[("csrf", None, b"x"), ("file", Some("calls.csv"), NEW.as_bytes())])
        .refused(401);
    let mut admin = world.admin();
    admin.get("/activities").ok().shows("href=\"/import\"");
    admin.get("/settings").ok().shows("href=\"/import\"");
    for (without, parts) in [
        ("a token", &[("file", Some("calls.csv"), NEW.as_bytes())][..]),
        (
            "a good one",
            &[("csrf", None, b"0".repeat(64).as_slice()), ("file", Some("calls.csv"), b"x")],
        ),
    ] {
        let page = admin.upload_bare(parts);
        assert_eq!(page.status, 403, "without {without}");
    }
    admin.post("/import", &[("file", "calls.csv")]).refused(403);
    // A form that ends in the middle of its file.
    let csrf = admin.get("/import").ok().value("csrf").unwrap().to_owned();
    let part =
        |name: &str| format!("--parts\r\nContent-Disposition: form-data; name={name}\r\n\r\n");
    let cut =
        format!("{}{csrf}\r\n{}subject,", part("csrf"), part("\"file\"; filename=\"calls.csv\""));
    admin.upload_body(cut.into_bytes()).refused(400).shows("did not arrive completely");
    admin.get("/import").ok().hides("Your files");
}

#[test]
fn what_is_no_file_of_activities_is_refused_with_the_reason() {
    let world = World::new();
    let mut admin = world.admin();
    admin.upload("", b"").refused(422).shows("Choose a file first.");
    admin.upload("empty.csv", b"").refused(422).shows("The file is empty.");
    for (content, reason) in [
        (&b" \n"[..], "The file is empty."),
        (b"PK\x03\x04 and no more", "Cannot read this workbook"),
        (b"\xD0\xCF\x11\xE0 old", "save it as .xlsx without a password"),
        (
            b"\x89PNG\r\n\x1a\n\xff\xff",
            "This is not a table: expected a workbook (.xlsx, .ods), CSV,",
        ),
        (b"activityId,subject\n1,Call\xe9\n", "This is not UTF-8"),
        (b"{\"activityId\":", "does not end: is the file incomplete?"),
        (b"name,phone\nAda,1\n", "It has: name, phone. Choose below what its columns are."),
        (b"Subject,Start\n", "has no column for activityStatus.name, activityPriority, and"),
        (b"activityId,subject\n", "There are no activities in this file."),
    ] {
        let address = admin.upload("file", content).redirected().to_owned();
        let page = settled(&mut admin, &address);
        page.shows(reason).hides("value=\"import\"").shows("Discard the file");
    }
    // Not one of them is left for good: an organization keeps four, and these are the last.
    assert_eq!(admin.get("/import").ok().body.matches("cannot be imported as it is").count(), 4);
}

#[test]
fn a_file_that_is_too_large_is_not_kept() {
    let world = World::new();
    let mut admin = world.admin();
    let row = format!("{}\n", "x".repeat(1 << 20));
    let page = admin.upload("large.csv", row.repeat(65).as_bytes());
    page.refused(413).shows("The file is larger than 64 MiB.").hides("Your files");
}

#[test]
fn little_is_read_of_a_form_before_its_file() {
    let world = World::new();
    let mut admin = world.admin();
    let csrf = admin.get("/import").ok().value("csrf").unwrap().to_owned();
    let token = format!("--parts\r\nContent-Disposition: form-data; name=csrf\r\n\r\n{csrf}\r\n");
    let other = "--parts\r\nContent-Disposition: form-data; name=other";
    for head in [
        format!("{token}{other}\r\n\r\n"),
        format!("{token}{other}; more="),
        other.to_owned(),
        "--none".to_owned(),
    ] {
        let filling = std::iter::repeat_n(vec![b'x'; 8 << 10], 1_000);
        let (status, asked) =
            admin.upload_pieces(std::iter::once(head.clone().into_bytes()).chain(filling));
        assert_eq!(status, 403, "{head}");
        assert!(asked <= 4, "{asked} pieces of {head}");
    }
    // The file itself may come together with what is before it.
    let row = NEW.repeat(1_000);
    let file = format!(
        "{token}--parts\r\nContent-Disposition: form-data; name=file; filename=calls.csv\r\n\r\n{row}\r\n--parts--\r\n"
    );
    let address = admin.upload_body(file.into_bytes()).redirected().to_owned();
    assert!(address.starts_with("/import/"), "{address}");
}

#[test]
fn a_file_is_its_uploaders_alone_and_for_an_hour() {
    let mut world = World::new();
    {
        let mut admin = world.admin();
        let (address, _) = uploaded(&mut admin, "calls.csv", NEW);
        let other = (domain::UserId(9), "olga", "Olga Fox");
        world.add_user(&world.acme, other, domain::Role::Admin);
        for mut foreign in [world.stranger(), world.signed_in("acme", "olga")] {
            let gone = foreign.get(&address).refused(404);
            gone.shows("This file is not here any more.").hides("calls.csv");
            foreign.post(&address, &[("action", "import")]).refused(404);
            foreign.get("/import").ok().hides("calls.csv");
        }
        world.advance(3_500_000);
        admin.get(&address).ok();
        world.advance(3_500_000);
        admin.get(&address).ok();
        world.advance(3_600_001);
        admin.get(&address).refused(404).shows("Upload it again.");
        admin.get("/import").ok().hides("calls.csv");

        let (address, _) = uploaded(&mut admin, "calls.csv", NEW);
        assert_eq!(admin.post(&address, &[("action", "discard")]).redirected(), "/import");
        admin.post(&address, &[("action", "import")]).refused(404);
        uploaded(&mut admin, "calls.csv", NEW);
    }
    world.restart();
    world.admin().get("/import").ok().hides("calls.csv");
    assert!(!world.service.has_activities(&world.acme));
}

const GERMAN: &str = "Betreff;Beginn;Stand;Wichtigkeit;Intern\n\
                      Anruf bei Ada;04/03/2026 09:00;Not Started;NORMAL;x\n";

/// What its columns are, by their places.
const MEMBERS: [(&str, &str); 5] = [
    ("column.0", "subject"),
    ("column.1", "startDateTime"),
    ("column.2", "activityStatus.name"),
    ("column.3", "activityPriority"),
    ("column.4", ""),
];

#[test]
fn columns_dates_and_the_zone_are_said_on_the_page() {
    let world = World::new();
    let mut admin = world.admin();
    let (address, page) = uploaded(&mut admin, "anrufe.csv", GERMAN);
    page.shows("Choose below what its columns are.").shows("Import Betreff as");
    page.shows("Anruf bei Ada").hides("Dates in this file");

    let mut fields = MEMBERS.to_vec();
    fields.push(("action", "check"));
    let page = sent(&mut admin, &address, &fields);
    page.shows("does the day or the month come first? Choose below how this file writes dates.");
    page.shows("Dates in this file").shows("Time zone of this file").hides("value=\"import\"");
    page.shows("America/Chicago (the organization’s)");

    let said = |zone, action| {
        [&MEMBERS[..], &[("dates", "eu"), ("zone", zone), ("action", action)]].concat()
    };
    admin.post(&address, &said("Europe/Nowhere", "check")).refused(422).shows("is not known");
    let page = sent(&mut admin, &address, &said("Europe/Berlin", "check"));
    page.shows("Import 1 activity")
        .shows("2026-03-04T09:00:00.000+01:00")
        .shows("value=\"Europe/Berlin\" selected");

    // Who changes something and imports without looking gets to look first.
    let changed = admin.post(&address, &said("UTC", "import")).redirected().to_owned();
    assert_eq!(changed, format!("{address}?changed=1"));
    settled(&mut admin, &changed).shows("Nothing has been imported yet.");
    assert!(!world.service.has_activities(&world.acme));
    sent(&mut admin, &address, &said("Europe/Berlin", "check"));
    sent(&mut admin, &address, &said("Europe/Berlin", "import"))
        .shows("1 activity was created, updated or removed");
    let (_, there) = world.block_on(world.service.retrieve(&world.acme, ActivityId(1))).unwrap();
    let start = there.unwrap().record().unwrap().start;
    assert_eq!(start.to_string(), "2026-03-04T09:00:00.000+01:00");

    // The organization remembers its columns, and nobody else does.
    let (_, page) = uploaded(&mut admin, "anrufe.csv", GERMAN);
    page.shows("5 columns, 1 not imported").shows("Choose below how this file writes dates.");
    let (_, page) = uploaded(&mut world.stranger(), "anrufe.csv", GERMAN);
    page.shows("Choose below what its columns are.");
}

#[test]
fn what_is_missing_is_added_on_request() {
    let world = World::new();
    let mut admin = world.admin();
    let file = "subject,startDateTime,activityStatus.name,activityPriority,accountName,systemUserName\n\
                Call Ada,2026-03-05 09:00,Left message,NORMAL,Harbor Bakery,Grace Hopper\n\
                Call Ed,2026-03-05 10:00,not started,NORMAL,harbor bakery,Ed Cohen\n";
    let (address, page) = uploaded(&mut admin, "calls.csv", file);
    page.shows("Accounts that do not exist yet: Harbor Bakery.");
    page.shows("Statuses that do not exist yet: Left message.").shows("Grace Hopper (");
    page.shows("Harbor Bakery (new)").shows("Grace Hopper (new)");
    page.hides("value=\"import\"").shows("Add these and check again");
    let page = admin.post(&address, &[("action", "import")]);
    page.refused(422).shows("Let the import add them, or change the file.");
    assert!(!world.service.has_activities(&world.acme));

    let page = sent(&mut admin, &address, &[("add", "on")]);
    page.shows("Import 2 activities").shows("Statuses that do not exist yet: Left message.");
    // Without it, the file comes to something else.
    let changed = admin.post(&address, &[("action", "import")]).redirected().to_owned();
    settled(&mut admin, &changed).shows("Nothing has been imported yet.").hides("value=\"import\"");
    sent(&mut admin, &address, &[("add", "on")]);
    let page = sent(&mut admin, &address, &[("action", "import"), ("add", "on")]);
    page.shows("2 activities were created, updated or removed")
        .shows("1 person added.")
        .shows("1 account added.");
    page.shows("Left message");
    admin.get("/activities/1").ok().shows("Harbor Bakery").shows("Left message");
    admin.get("/settings").ok().shows("Grace Hopper").shows("Left message");
    assert_eq!(world.acme.accounts().len(), 1);
    // Rows without a number get one in the file's order.
    admin.get("/activities/2").ok().shows("Call Ed");
    // Now everything is here.
    let (_, page) = uploaded(&mut admin, "calls.csv", file);
    page.hides("Add what is missing");
}

#[test]
fn a_status_that_another_system_has_is_taken_by_whether_it_is_done_unless_it_is_added() {
    let world = World::new();
    world.activity("here before");
    let file = "Id,Subject,ActivityDate,Status,IsClosed,WhoId\n\
                00T3k00000AbCdE,Call Ada,2026-03-05,Left message,true,\n";
    let mut admin = world.admin();
    let (address, page) = uploaded(&mut admin, "Task.csv", file);
    page.shows("1 row has a status that is not known here: only whether it is done is taken.");
    page.shows("Statuses that do not exist yet: Left message.").shows("Import 1 activity");
    let page = sent(&mut admin, &address, &[("action", "check"), ("add", "on")]);
    page.hides("only whether it is done").shows("Left message</td>").shows("Import 1 activity");
    sent(&mut admin, &address, &[("action", "check")]);
    sent(&mut admin, &address, &[("action", "import")]).shows("1 activity was created");
    admin.get("/activities/2").ok().shows("Completed").hides("Left message");
}

#[test]
fn what_is_missing_is_told_once_and_with_all_else_that_is_wrong() {
    let world = World::new();
    let mut admin = world.admin();
    let row = "Call,2026-03-05 09:00,Left message,NORMAL\n";
    let head = "subject,startDateTime,activityStatus.name,activityPriority\n";
    let file = format!("{head}{}Call,soon,Not Started,NORMAL\n", row.repeat(30));
    let (address, page) = uploaded(&mut admin, "calls.csv", &file);
    page.shows(">2, 3, 4, 5, 6 and 25 more</td>").shows("Left message").shows(">32</td>");
    assert_eq!(page.body.matches("which does not exist here").count(), 1);
    page.shows("Let the import add what is missing.").shows("name=\"add\"");
    let page = sent(&mut admin, &address, &[("action", "check"), ("add", "on")]);
    page.shows(">32</td>").hides("which does not exist here").shows("name=\"add\" checked");
}

/// What the pages download for spreadsheets, with something replaced.
fn edited(browser: &Browser<'_>, from: &str, to: &str) -> String {
    let (_, file) = browser.download("/activities.csv");
    let file = String::from_utf8(file).unwrap();
    assert!(file.contains(from), "{file}");
    file.replace(from, to)
}

fn rename(world: &World, id: ActivityId, subject: &str) {
    let subject = Some(Subject::parse(subject).unwrap());
    world.write(Write::Update(id, Box::new(Patch { subject, ..Patch::default() })));
}

#[test]
fn conflicts_are_shown_with_both_values_and_written_only_on_request() {
    let world = World::new();
    let (one, two) = (world.activity("Call Ada"), world.activity("Call Grace"));
    let mut admin = world.admin();
    let file =
        edited(&admin, "Call Ada", "Call Ada again").replace("Call Grace", "Call Grace again");
    world.advance(60_000);
    rename(&world, one, "Write to Ada");
    let (address, page) = uploaded(&mut admin, "activities.csv", &file);
    assert_eq!((count(&page, "to be updated"), count(&page, "in conflict")), (1, 1));
    page.shows_in_order(&["In conflict", "Write to", "Ada", "To be updated", "Call Grace"]);

    let overwritten = [("action", "check"), ("overwrite", "on")];
    let page = sent(&mut admin, &address, &overwritten);
    assert_eq!(count(&page, "to be updated"), 2);
    sent(&mut admin, &address, &[("action", "check")]);

    // Somebody edits the other one between the preview and the import.
    world.advance(60_000);
    rename(&world, two, "Write to Grace");
    let page = sent(&mut admin, &address, &[("action", "import")]);
    assert_eq!((count(&page, "updated"), count(&page, "in conflict")), (0, 2));
    page.shows("Nothing has changed").shows("Not imported, because the same was changed here");
    for (id, subject) in [(one, "Write to Ada"), (two, "Write to Grace")] {
        admin.get(&format!("/activities/{id}")).ok().shows(subject);
    }
}

#[test]
fn what_was_removed_here_comes_back_only_on_request() {
    let world = World::new();
    let id = world.activity("Call Ada");
    world.activity("Call Grace");
    let mut admin = world.admin();
    let (_, file) = admin.download("/activities.csv");
    let file = String::from_utf8(file).unwrap();
    world.write(Write::Remove(id));
    let (address, page) = uploaded(&mut admin, "activities.csv", &file);
    assert_eq!((count(&page, "to stay removed"), count(&page, "unchanged")), (1, 1));
    page.shows("Importing this file would change nothing.");
    page.shows_in_order(&[
        "Removed here, and to stay removed",
        &format!("/activities/{id}\">{id}</a> Call Ada<"),
    ]);
    let restored = |action| [("action", action), ("restore", "on")];
    let page = sent(&mut admin, &address, &restored("check"));
    assert_eq!(count(&page, "to be brought back"), 1);
    let page = sent(&mut admin, &address, &restored("import"));
    assert_eq!(count(&page, "brought back"), 1);
    admin.get(&format!("/activities/{id}")).ok().shows("Call Ada");
}

#[test]
fn saved_answers_are_taken_and_whole_organizations_are_not() {
    let world = World::new();
    let mut admin = world.admin();
    let answer = r#"{"syncActivitiesResponse":{"operationResult":"SUCCESS","page":{"currentPage":"1","totalPage":"2","totalResults":"2"},"activities":{"activity":[{"activityId":"652","subject":"Call","startDateTime":"2014-04-08T11:00:00-05:00","activityStatus":{"id":"2","name":"Not Started"},"activityPriority":"NORMAL","systemUserId":"77","mood":"good"}]}}}"#;
    let (address, page) = uploaded(&mut admin, "answers.json", answer);
    page.shows("these pages are missing: 2").shows("<code>mood</code>").hides("Imported as");
    page.shows("number 77").shows("gets the time of this import as its time of change");
    let page = sent(&mut admin, &address, &[("action", "import")]);
    page.shows("1 activity was created, updated or removed").shows("number 77");
    admin.get("/activities/652").ok();

    let whole = "{\"driftlessExport\":1,\"organization\":{\"id\":\"other\",\"name\":\"Other\",\"timeZone\":\"UTC\",\"lastUserNamed\":0}}\n{\"end\":{\"users\":0,\"statuses\":0,\"accounts\":0,\"activities\":0,\"removed\":0}}\n";
    let (_, page) = uploaded(&mut admin, "other.jsonl", whole);
    page.shows("whole organization").shows("driftless import NEW FILE").hides("value=\"import\"");
}

#[test]
fn one_import_of_an_organization_is_under_way_at_a_time() {
    let world = World::new();
    let mut admin = world.admin();
    let (address, _) = uploaded(&mut admin, "calls.csv", NEW);
    let person = world.service.person(admin.cookie("driftless_session").unwrap()).unwrap();
    let (finish, finished) = std::sync::mpsc::channel::<()>();
    let other = world.service.start_import(&person, "Importing".to_owned(), 1, move |_| {
        finished.recv().map_err(|e| e.to_string())?;
        Ok(0)
    });
    let other = other.unwrap();
    let page = admin.post(&address, &[("action", "import")]);
    page.refused(409).shows("Another import").shows("Import 2 activities");
    assert!(!world.service.has_activities(&world.acme));
    finish.send(()).unwrap();
    world.block_on(other.ended());
    sent(&mut admin, &address, &[("action", "import")])
        .shows("2 activities were created, updated or removed");
}

#[test]
fn a_script_hears_how_far_it_has_come() {
    let world = World::new();
    let mut admin = world.admin();
    let address = admin.upload("calls.csv", NEW.as_bytes()).redirected().to_owned();
    settled(&mut admin, &address);
    let state = admin.get_as(&address, "application/json").ok();
    assert_eq!(state.header("content-type"), "application/json");
    state.shows("\"finished\":true");
}

#[test]
fn a_workbook_that_unpacks_to_very_much_is_refused() {
    let world = World::new();
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    archive.start_file("xl/sharedStrings.xml", options).unwrap();
    let piece = vec![b' '; 1 << 20];
    for _ in 0..257 {
        std::io::Write::write_all(&mut archive, &piece).unwrap();
    }
    let workbook = archive.finish().unwrap().into_inner();
    let mut admin = world.admin();
    let address = admin.upload("bomb.xlsx", &workbook).redirected().to_owned();
    settled(&mut admin, &address).shows("This workbook is too large").hides("value=\"import\"");
}

#[test]
fn organizations_that_fill_all_places_take_none_from_others() {
    let world = World::new();
    let mut first = Vec::new();
    for at in 0..4 {
        let id = domain::OrgId::parse(&format!("org-{at}")).unwrap();
        let name = domain::Name::parse("Org").unwrap();
        let org = wait(world.service.add_org(id.clone(), name, domain::Zone::utc())).unwrap();
        world.add_user(&org, (domain::UserId(1), "olga", "Olga Fox"), domain::Role::Admin);
        let mut admin = world.signed_in(id.as_str(), "olga");
        first.push(uploaded(&mut admin, "calls.csv", NEW).0);
        (0..3).for_each(|_| drop(uploaded(&mut admin, "calls.csv", NEW)));
        world.advance(1_000);
    }
    let left = |at: usize| {
        let mut admin = world.signed_in(&format!("org-{at}"), "olga");
        admin.get("/import").ok().body.matches("ready to import").count()
    };
    // What is refused takes nothing from anybody.
    world.admin().upload("empty.csv", b"").refused(422);
    assert_eq!([0, 1, 2, 3].map(left), [4; 4]);
    uploaded(&mut world.admin(), "calls.csv", NEW).1.shows("Import 2 activities");
    assert_eq!([0, 1, 2, 3].map(left), [3, 4, 4, 4]);
    uploaded(&mut world.admin(), "calls.csv", NEW).1.shows("Import 2 activities");
    assert_eq!([0, 1, 2, 3].map(left), [3, 3, 4, 4]);
    world.signed_in("org-0", "olga").get(&first[0]).refused(404);
}

#[test]
fn times_that_a_program_has_moved_are_taken_only_on_request() {
    let world = World::new();
    for at in 0..12 {
        world.activity(&format!("Call {at}"));
    }
    let mut admin = world.admin();
    let file = edited(&admin, "T10:00:00\",\"\",\"3400", "T15:00:00\",\"\",\"3400");
    let (address, page) = uploaded(&mut admin, "moved.csv", &file);
    page.shows("A program has probably moved them.").shows("Time zone of this file");
    page.shows("Take the file’s times as they are").hides("value=\"import\"");
    let page = sent(&mut admin, &address, &[("action", "check"), ("overwrite", "on")]);
    assert_eq!(count(&page, "to be updated"), 12);
}

#[test]
fn a_file_with_very_many_activities_is_for_the_command_line() {
    let world = World::new();
    let mut admin = world.admin();
    let ids: Vec<String> = (1..=500_001).map(|id| id.to_string()).collect();
    let answer = format!(
        r#"{{"syncActivitiesResponse":{{"operationResult":"SUCCESS","activities":{{"activity":[]}},"deletedActivityIdList":{{"activityId":[{}]}}}}}}"#,
        ids.join(",")
    );
    let (_, page) = uploaded(&mut admin, "many.json", &answer);
    page.shows("more than 500,000 activities").shows("driftless import acme FILE");
}

/// The status of the only row of a workbook's CSV, edited.
fn with_status(file: &str, name: &str) -> String {
    assert!(file.contains("\"Not Started\""), "{file}");
    file.replace("\"Not Started\"", &format!("\"{name}\""))
}

#[test]
fn the_name_of_a_status_that_was_edited_beside_its_id_counts_and_is_added_on_request() {
    let world = World::new();
    let (one, two) = (world.activity("Call Ada"), world.activity("Call Grace"));
    let mut admin = world.admin();
    let (_, file) = admin.download("/activities.csv");
    let file = String::from_utf8(file).unwrap();

    let (address, page) = uploaded(&mut admin, "activities.csv", &with_status(&file, "Parked"));
    page.shows("Statuses that do not exist yet: Parked.").hides("value=\"import\"");
    assert_eq!(count(&page, "to be updated"), 2);
    sent(&mut admin, &address, &[("add", "on")]).shows("Parked");
    sent(&mut admin, &address, &[("action", "import"), ("add", "on")]).shows("2 activities were");
    for id in [one, two] {
        let (_, version) = world.block_on(world.service.retrieve(&world.acme, id)).unwrap();
        assert_eq!(version.unwrap().record().unwrap().status_name.as_str(), "Parked");
    }
    // A name that exists counts without a word, and an old one of a status that was renamed since is no edit.
    let (_, file) = admin.download("/activities.csv");
    let file = String::from_utf8(file).unwrap();
    let parked =
        world.acme.directory().statuses.values().find(|s| s.name.as_str() == "Parked").unwrap().id;
    let (address, page) =
        uploaded(&mut admin, "activities.csv", &file.replace("\"Parked\"", "\"Completed\""));
    assert_eq!(count(&page, "to be updated"), 2);
    admin.post(&address, &[("action", "discard")]).redirected();
    world.advance(60_000);
    wait(world.service.rename_status(
        Authority::command_line(&world.acme),
        parked,
        domain::StatusName::parse("On hold").unwrap(),
        &mut |_| {},
    ))
    .unwrap();
    let (_, page) = uploaded(&mut admin, "activities.csv", &file);
    assert_eq!(count(&page, "unchanged"), 2);

    // Both were changed, and are not of one status: told with the row, both values, and what to do.
    let id = format!("\"{}\",\"Parked\"", parked.0);
    for (to, told) in [
        (
            "\"3\",\"Nowhere\"",
            "but activityStatus.name is &quot;Nowhere&quot;: clear activityStatus.id to use the name",
        ),
        ("\"3\",\"Not Started\"", "but the row names &quot;Not Started&quot;: clear one of them"),
    ] {
        assert!(file.contains(&id), "{file}");
        let (_, page) = uploaded(&mut admin, "activities.csv", &file.replacen(&id, to, 1));
        page.shows(told).shows(">2</td>").hides("value=\"import\"");
    }
}

#[test]
fn what_a_program_makes_of_the_name_of_a_status_is_no_edit() {
    let world = World::new();
    world.activity("Call Ada");
    let mut admin = world.admin();
    let (status, name) = (domain::StatusId(42), domain::StatusName::parse("00123").unwrap());
    wait(world.service.add_status(Authority::command_line(&world.acme), Some(status), name))
        .unwrap();
    let (_, file) = admin.download("/activities.csv");
    let file = String::from_utf8(file).unwrap();
    let file = file.replace("\"2\",\"Not Started\"", "\"42\",\"'00123\"");
    let (address, _) = uploaded(&mut admin, "activities.csv", &file);
    sent(&mut admin, &address, &[("action", "import")]).shows("1 activity was");

    let (_, file) = admin.download("/activities.csv");
    let file = String::from_utf8(file).unwrap();
    assert!(file.contains("\"'00123\""), "{file}");
    let (address, page) = uploaded(&mut admin, "activities.csv", &file.replace("'00123", "123"));
    assert_eq!(count(&page, "unchanged"), 1);
    admin.post(&address, &[("action", "discard")]).redirected();
    // A name that somebody has typed, and one that shows that a program has run texts as formulas.
    for name in ["Parked", "#NAME?"] {
        let (address, page) = uploaded(&mut admin, "activities.csv", &file.replace("'00123", name));
        page.shows(&format!("Statuses that do not exist yet: {name}."));
        admin.post(&address, &[("action", "discard")]).redirected();
    }
}

#[test]
fn all_that_is_wrong_with_a_table_is_told_at_once() {
    let world = World::new();
    world.activity("Call Ada");
    let mut admin = world.admin();
    let file = "activityId,subject,startDateTime,activityStatus.id,activityStatus.name,activityPriority\n\
                1,Call,2026-03-05 09:00,1,Completed,LOW\n\
                7,Call,soon,,Not Started,LOW\n\
                8,Call,2026-03-05 09:00,,Not Started,LOW\n\
                8,Write,2026-03-05 09:00,,Not Started,LOW\n";
    let (_, page) = uploaded(&mut admin, "calls.csv", file);
    page.shows("startDateTime is &quot;soon&quot;")
        .shows("but the row names &quot;Completed&quot;");
    page.shows("This row and row 4 have the same activityId, 8, but different values.");
    for row in [2, 3, 5] {
        page.shows(&format!(">{row}</td>"));
    }
}

#[test]
fn what_an_import_changes_bears_the_name_of_who_has_started_it() {
    let world = World::new();
    let id = world.activity("Call Ada");
    let mut admin = world.admin();
    let (address, _) = uploaded(&mut admin, "calls.csv", NEW);
    sent(&mut admin, &address, &[("action", "import")]).shows("2 activities were");
    let file = edited(&admin, "Call Ada", "Call Ada again");
    let (address, _) = uploaded(&mut admin, "activities.csv", &file);
    sent(&mut admin, &address, &[("action", "import")]).shows("were created, updated or removed");
    let removal = r#"{"syncActivitiesResponse":{"operationResult":"SUCCESS","activities":{"activity":[]},"deletedActivityIdList":{"activityId":[3]}}}"#;
    let (address, _) = uploaded(&mut admin, "removed.json", removal);
    sent(&mut admin, &address, &[("action", "import")]).shows("1 activity was");
    for (id, what) in [(id.0, "Changed"), (2, "Created"), (3, "Removed")] {
        admin
            .get(&format!("/activities/{id}/history"))
            .ok()
            .shows(what)
            .shows("Ada Byron · import");
    }
    let version = world.block_on(world.service.retrieve(&world.acme, ActivityId(2))).unwrap();
    let record = version.1.unwrap();
    let record = record.record().unwrap();
    assert_eq!(record.modified_by.as_deref(), Some("Ada Byron"));
    assert_eq!(record.created_by.as_deref(), Some("Ada Byron"));
}
