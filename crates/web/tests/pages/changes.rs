//! What changed, as the API would answer it, and following it live.

use axum::body::Body;
use axum::http::{Request, header};
use domain::{ActivityId, Patch, Subject};
use http_body_util::BodyExt;
use service::Write;
use tower::ServiceExt;

use crate::harness::{Page, World};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

fn rename(id: ActivityId, subject: &str) -> Write {
    let subject = Some(Subject::parse(subject).unwrap());
    Write::Update(id, Box::new(Patch { subject, ..Patch::default() }))
}

/// The address that a link with this text leads to.
#[track_caller]
fn link(page: &Page, text: &str) -> String {
    let (before, _) = page.body.split_once(&format!(">{text}</a>")).expect("a link");
    let (_, link) = before.rsplit_once("<a href=\"").unwrap();
    link.split_once('"').unwrap().0.replace("&amp;", "&")
}

#[test]
fn it_shows_who_changed_what_and_when() {
    let world = World::new();
    let [call, visit, gone] = ["Call Ada", "Visit Ben", "Gone"].map(|s| world.activity(s));
    world.advance(HOUR_MS);
    world.write(rename(visit, "Visit Cleo"));
    world.write(Write::Remove(gone));
    let page = world.viewer().get("/changes").ok();
    page.shows_in_order(&["<b>2</b><span>records", "<b>1</b><span>removed IDs", "complete up to"]);
    page.shows_in_order(&["Visit Cleo", "edited", "Ed Cohen", "API", "2026-03-04 11:00:00.0"]);
    page.shows_in_order(&["Call Ada", "created", "Ed Cohen", "API", "2026-03-04 10:00:00.0"]);
    page.shows_in_order(&["Removed IDs", &format!("/activities/{gone}/history"), "11:00:00.0"]);
    page.shows(&format!("href=\"/activities/{call}\""));
    page.hides("Visit Ben");
}

#[test]
fn past_the_last_page_it_says_so_and_leads_back() {
    let world = World::new();
    world.activity("Call Ada");
    let mut viewer = world.viewer();
    let page = viewer.get("/changes?page=99").ok();
    page.shows("Page not found").shows("The last page is page 1.").hides("By</th>");
    let last =
        page.body.split_once("button primary\" href=\"").unwrap().1.split_once('"').unwrap().0;
    viewer.get(&last.replace("&amp;", "&")).ok().shows("Call Ada");
}

#[test]
fn nothing_of_it_is_another_organization_s() {
    let world = World::new();
    let id = world.activity("Ours alone");
    let mut stranger = world.stranger();
    stranger.get("/changes").ok().shows("No records").hides("Ours alone");
    stranger.get(&format!("/changes?ids={id}")).ok().shows("No records").hides("Ours alone");
    let later = "/changes?from=2026-03-04T10:00&page=1&horizon=0&seq=";
    stranger.get(&format!("{later}1")).refused(400);
    world.browser().get("/changes").refused(303);
    world.browser().get("/changes/live").refused(303);
}

#[test]
fn what_people_write_is_shown_as_they_wrote_it() {
    let world = World::new();
    world.activity("<script>alert(1)</script>");
    let page =
        world.viewer().get("/changes?ids=1&order=%22%3E%3Cscript%3Ealert(2)%3C/script%3E").ok();
    page.shows("&lt;script&gt;alert(1)&lt;/script&gt;").hides("<script>alert");
}

#[test]
fn later_pages_belong_to_the_answer_whatever_happens_meanwhile() {
    let world = World::new();
    for n in 1..=60 {
        world.activity(&format!("Number {n};"));
    }
    let mut viewer = world.viewer();
    let first = viewer.get("/changes").ok();
    first.shows("<b>60</b><span>records").shows("Number 60;").hides("Number 10;");
    let second = link(&first, "2");
    world.advance(MINUTE_MS);
    world.write(rename(ActivityId(5), "Changed"));
    world.activity("New");
    let page = viewer.get(&second).ok();
    page.shows("<b>60</b><span>records").shows("Number 10;").shows("Number 5;").hides("Changed");
    page.hides("New<").hides("data-live=");
    // Its request is that of the same page.
    page.shows("page.currentPage=2");
    let (start, _) = second.split_once("&seq=").unwrap();
    viewer.get(&format!("{start}&seq=999&horizon=0")).refused(400).shows("any answer given here");
    viewer.get(&format!("{start}&seq=60&horizon={}", i64::MAX)).refused(400);
    viewer.get(&format!("{start}&seq=x&horizon=y")).refused(400);
}

#[test]
fn the_request_can_be_copied_without_anybodys_session() {
    let world = World::new();
    world.activity("Call Ada");
    let path = "/changes?from=2026-03-04T09:30:00&to=2026-03-04T09:45&ids=1,+2&order=subject";
    let page = world.viewer().get(path).ok();
    page.shows(
        "http://your-server/neonws/services/api/account/syncActivities?userSessionId=…&amp;",
    );
    page.shows_in_order(&[
        "syncActivityTimeFrom=2026-03-04T09:30:00.000-06:00",
        "syncActivityTimeTo=2026-03-04T09:45:00.000-06:00",
        "activityIds.activityId=1",
        "activityIds.activityId=2",
        "page.sortColumn=subject",
        "page.sortDirection=ASC",
    ]);
    page.shows("curl -s 'http://your-server/").shows("data-copy=\"#request-curl\"");
    page.shows_in_order(&["What to ask for next", "2026-03-04T09:45:00.000-06:00"]);
}

#[test]
fn a_range_that_makes_no_sense_comes_back_with_what_was_typed() {
    let world = World::new();
    let mut viewer = world.viewer();
    let page = viewer.get("/changes?from=yesterday&to=2026-03-04T10:00&ids=1,two").refused(422);
    page.shows("From must be a date and a time, like").shows("IDs must be numbers");
    assert_eq!(page.value("from"), Some("yesterday"));
    assert_eq!(page.value("to"), Some("2026-03-04T10:00"));
    assert_eq!(page.value("ids"), Some("1,two"));
    let page = viewer.get("/changes?from=2026-03-04T11:00&to=2026-03-04T10:00").refused(422);
    page.shows("To must not be before the start of the range");
    viewer.get("/changes?to=2026-03-04T10:00").refused(422).shows("From is required");
    viewer.get("/changes?from=9999-12-29T17:59:59&page=18446744073709551615").ok();
}

#[test]
fn the_chart_says_in_words_what_it_shows() {
    let world = World::new();
    let id = world.activity("Call Ada");
    world.activity("Visit Ben");
    world.advance(HOUR_MS);
    world.write(rename(id, "Call Bea"));
    world.write(rename(id, "Call Cleo"));
    world.write(Write::Remove(id));
    let mut viewer = world.viewer();
    let page = viewer.get("/changes").ok();
    page.shows("Changes per hour").shows("2 created, 2 edited, 1 removed.");
    page.shows_in_order(&["Show as a table", "2026-03-04 10:00 -06:00", ">2<", ">0<", ">0<"]);
    page.shows_in_order(&["Show as a table", "2026-03-04 11:00 -06:00", ">0<", ">2<", ">1<"]);
    page.hides("style=");
    let page = viewer.get("/changes?last=7-days").ok();
    page.shows("Changes per day").shows_in_order(&["Show as a table", "2026-03-04<", ">2<"]);
    viewer.get("/changes?ids=1").ok().hides("Changes per");
}

/// What the stream tells next, comments aside.
fn next_event(world: &World, body: &mut Body) -> Option<String> {
    loop {
        let frame = world.block_on(body.frame())?.unwrap().into_data().unwrap();
        let text = String::from_utf8(frame.to_vec()).unwrap();
        if let Some(data) = text.strip_prefix("data: ") {
            return Some(data.trim().to_owned());
        }
    }
}

/// Follows what changes as a browser does.
fn follow(world: &World, session: &str) -> Body {
    let cookie = format!("driftless_session={session}");
    let request = Request::get("/changes/live").header(header::COOKIE, cookie);
    let request = request.body(Body::empty()).unwrap();
    let Ok(response) = world.block_on(world.router().oneshot(request));
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    response.into_body()
}

#[test]
fn whoever_follows_hears_of_a_change() {
    let world = World::new();
    world.activity("Before");
    let mut viewer = world.viewer();
    viewer.get("/changes").ok().shows("data-live=\"/changes/live\" data-live-seq=\"1\"");
    let mut stream = follow(&world, viewer.cookie("driftless_session").unwrap());
    assert_eq!(next_event(&world, &mut stream).unwrap(), "{\"seq\":1}", "where it stands");
    let id = world.activity("After");
    assert_eq!(next_event(&world, &mut stream).unwrap(), "{\"seq\":2}");
    // What changes nothing is not told, nor is another organization's.
    world.write(rename(id, "After"));
    world.write(rename(id, "Later"));
    world.write(rename(id, "Last"));
    assert_eq!(next_event(&world, &mut stream).unwrap(), "{\"seq\":4}", "both at once");
}

#[test]
fn following_ends_with_the_session_and_with_the_server() {
    let world = World::new();
    let [mut first, second] = [world.viewer(), world.viewer()];
    let session = first.cookie("driftless_session").unwrap().to_owned();
    let mut streams =
        [follow(&world, &session), follow(&world, second.cookie("driftless_session").unwrap())];
    for stream in &mut streams {
        assert_eq!(next_event(&world, stream).unwrap(), "{\"seq\":0}");
    }
    first.post("/sign-out", &[]).redirected();
    world.activity("After");
    let [ended, open] = &mut streams;
    assert_eq!(next_event(&world, ended), None);
    assert_eq!(next_event(&world, open).unwrap(), "{\"seq\":1}");
    world.service.begin_to_stop();
    assert_eq!(next_event(&world, open), None);
}

#[test]
fn only_so_many_follow_at_once() {
    let world = World::new();
    let viewer = world.viewer();
    let session = viewer.cookie("driftless_session").unwrap();
    let streams: Vec<_> =
        (0..service::FOLLOWERS_PER_PERSON_MAX).map(|_| follow(&world, session)).collect();
    world.viewer().get("/changes/live").refused(503).shows("are already being updated live");
    drop(streams);
    drop(follow(&world, session));
}

#[test]
fn a_bound_in_the_hour_that_comes_twice_stays_the_one_that_was_shown() {
    let world = World::new();
    let mut viewer = world.viewer();
    // Clocks in Chicago show 01:30 at 06:30 and at 07:30 of UTC.
    let second = "2025-11-02T07:30:00.000Z";
    let page = viewer.get(&format!("/changes?from={second}&to=2025-11-02T08:30:00Z")).ok();
    page.shows_in_order(&["2025-11-02T01:30\"", "2025-11-02T02:30\""]);
    let exactly = page.value("from_exactly").unwrap().to_owned();
    assert_eq!(page.value("to_exactly"), None);
    let request = "syncActivityTimeFrom=2025-11-02T01:30:00.000-06:00";
    page.shows(request);
    let sent = |from: &str| {
        format!(
            "/changes?from={from}&to=2025-11-02T02:30&from_exactly={}",
            exactly.replace('+', "%2B")
        )
    };
    viewer.get(&sent("2025-11-02T01:30")).ok().shows(request);
    // A time that was typed instead is meant as typed.
    viewer.get(&sent("2025-11-02T01:15")).ok().shows("From=2025-11-02T01:15:00.000-05:00");
}

#[test]
fn a_bound_that_clocks_never_show_or_nobody_can_keep_is_told() {
    let world = World::new();
    let mut viewer = world.viewer();
    for (query, told) in [
        (
            "from=2026-03-08T02:30",
            "From does not exist, because clocks skip this time on that day: use 2026-03-08 03:30 instead.",
        ),
        (
            "from=2026-01-01T00:00&to=9999-12-31T00:00",
            "To must be between 0001-01-02 00:00 and 9999-12-29",
        ),
    ] {
        viewer.get(&format!("/changes?{query}")).refused(422).shows(told);
    }
    // The limits of the API: there is nothing beyond.
    viewer.get("/changes?from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z").ok();
}
