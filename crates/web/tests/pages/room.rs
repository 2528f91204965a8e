//! What a request takes in its organization's room, and what happens when there is none.

use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use domain::{Note, Role, UserId};
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use service::{
    ANSWERS_BYTES_MAX, DOWNLOADS_PER_ORG_MAX, FOLLOWERS_PER_ORG_MAX, FOLLOWERS_PER_PERSON_MAX,
};
use tower::ServiceExt;

use crate::harness::{Browser, World};

const SESSION: &str = "driftless_session";

/// Asks for a page, or sends a form from a page of this host, and reads only the head of the answer.
fn unread(world: &World, browser: &Browser<'_>, path: &str, form: Option<Body>) -> Response {
    let request = match form {
        Some(form) => Request::post(path).body(form),
        None => Request::get(path).body(Body::empty()),
    };
    let mut request = request.unwrap();
    let cookie = format!("{SESSION}={}", browser.cookie(SESSION).unwrap());
    request.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
    request.headers_mut().insert(header::HOST, "localhost".parse().unwrap());
    request.headers_mut().insert(header::ORIGIN, "http://localhost".parse().unwrap());
    let Ok(response) = world.block_on(world.router().oneshot(request));
    response
}

fn read(world: &World, response: Response) -> Vec<u8> {
    world.block_on(response.into_body().collect()).unwrap().to_bytes().to_vec()
}

/// An activity with a page that is longer than what does not count.
fn long_page(world: &World) -> String {
    let long = |draft: &mut domain::Draft| draft.note = Note::parse(&"x".repeat(50_000)).unwrap();
    format!("/activities/{}", world.activity_with("Call", long))
}

#[test]
fn a_page_counts_until_it_has_been_sent() {
    let world = World::new();
    let (path, viewer) = (long_page(&world), world.viewer());
    assert_eq!(world.service.unsent_bytes(), 0);
    let answers: Vec<_> = (0..3).map(|_| unread(&world, &viewer, &path, None)).collect();
    let length = |response: &Response| {
        response.headers()[header::CONTENT_LENGTH].to_str().unwrap().parse::<usize>().unwrap()
    };
    assert!(length(&answers[0]) > 50_000);
    assert_eq!(world.service.unsent_bytes(), answers.iter().map(length).sum::<usize>());
    let [taken, read_whole, given_up] = <[Response; 3]>::try_from(answers).unwrap();
    let length = length(&taken);
    drop(given_up);
    read(&world, read_whole);
    assert_eq!(world.service.unsent_bytes(), length);
    // A connection has taken it, and not written it yet.
    let mut body = taken.into_body();
    let piece: Bytes = world.block_on(body.frame()).unwrap().unwrap().into_data().unwrap();
    drop(body);
    assert_eq!(world.service.unsent_bytes(), length);
    drop(piece);
    assert_eq!(world.service.unsent_bytes(), 0);
}

#[test]
fn without_room_long_pages_are_refused_and_short_ones_and_other_organizations_are_served() {
    let world = World::new();
    let (path, mut viewer) = (long_page(&world), world.viewer());
    let mut room = world.acme.share();
    assert!(room.try_grow_to(ANSWERS_BYTES_MAX));
    let page = viewer.get(&path).refused(503);
    page.shows("Your organization is receiving too much at once. Try again in a moment.");
    assert_eq!(page.header("retry-after"), "1");
    assert_eq!(page.header("x-frame-options"), "DENY");
    viewer.get("/password").ok();
    world.stranger().get("/activities").ok();
    assert_eq!(world.service.refused_for_room(), 1);
    room.shrink_to(0);
    viewer.get(&path).ok();
}

#[test]
fn without_a_place_a_page_is_refused_and_says_when_to_come_again() {
    let world = World::new();
    let mut viewer = world.viewer();
    let places: Vec<_> = std::iter::from_fn(|| world.acme.try_place()).collect();
    let page = viewer.get("/").refused(503);
    page.shows("Your organization is sending too many requests at once. Try again in a moment.");
    assert_eq!(page.header("retry-after"), "1");
    world.stranger().get("/").ok();
    drop(places);
    viewer.get("/").ok();
}

#[test]
fn many_large_forms_with_an_old_token_take_little_however_many_are_not_read() {
    let world = World::new();
    let viewer = world.viewer();
    let csrf = format!("csrf={}", "0".repeat(64));
    let form = |length: usize| Body::from(format!("{csrf}&note={}", "%22".repeat(length / 3)));
    let answers: Vec<_> = (0..30)
        .map(|_| unread(&world, &viewer, "/activities", Some(form((2 << 20) - 1_000))))
        .collect();
    assert!(answers.iter().all(|answer| answer.status() == StatusCode::CONFLICT));
    assert_eq!(world.service.unsent_bytes(), 0, "what says so is short");
    let page = String::from_utf8(read(&world, answers.into_iter().next().unwrap())).unwrap();
    assert!(page.contains("too long to be shown here"), "{page}");
    assert!(page.len() < 10_000);

    // What is shown again counts as it is written.
    let shown = unread(&world, &viewer, "/activities", Some(form(600 << 10)));
    assert_eq!(shown.status(), StatusCode::CONFLICT);
    let held = world.service.unsent_bytes();
    assert!(held > 6 * (200 << 10), "{held}");
    assert_eq!(read(&world, shown).len(), held);
}

#[test]
fn a_form_that_does_not_end_takes_no_place_and_counts_as_it_comes() {
    let world = World::new();
    let viewer = world.viewer();
    let piece = Bytes::from(vec![b'x'; 1 << 20]);
    let request = || {
        let piece = stream::iter([Ok::<_, std::io::Error>(piece.clone())]);
        let body = Body::from_stream(piece.chain(stream::pending()));
        let cookie = format!("{SESSION}={}", viewer.cookie(SESSION).unwrap());
        Request::post("/activities").header(header::COOKIE, cookie).body(body).unwrap()
    };
    world.block_on(async {
        let router = world.router();
        let send = || tokio::spawn(router.clone().oneshot(request()));
        let under_way: Vec<_> = (0..100).map(|_| send()).collect();
        // Those that do not fit are refused at once, and nothing else ends.
        let mut refused = 0;
        for one in under_way {
            tokio::task::yield_now().await;
            if one.is_finished() {
                let Ok(answer) = one.await.unwrap();
                assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
                refused += 1;
            }
        }
        assert!((90..=93).contains(&refused), "{refused}");
        assert!(world.service.unsent_bytes() <= ANSWERS_BYTES_MAX);
        let places: Vec<_> = std::iter::from_fn(|| world.acme.try_place()).collect();
        assert_eq!(places.len(), 64, "none of them has one");
    });
}

#[test]
fn slow_downloads_take_no_room_of_other_answers() {
    let world = World::new();
    let path = long_page(&world);
    for _ in 0..60 {
        long_page(&world);
    }
    let mut viewer = world.viewer();
    let downloads: Vec<_> = (0..DOWNLOADS_PER_ORG_MAX)
        .map(|_| unread(&world, &viewer, "/activities.csv", None))
        .collect();
    assert!(downloads.iter().all(|download| download.status() == StatusCode::OK));
    viewer.get("/activities.csv").refused(503).shows("4 downloads of your organization");
    viewer.get(&path).ok();
    let places: Vec<_> = std::iter::from_fn(|| world.acme.try_place()).collect();
    assert_eq!(places.len(), 64);
    assert!(world.acme.share().try_grow_to(ANSWERS_BYTES_MAX / 2));
    drop(places);
    let file = read(&world, downloads.into_iter().next().unwrap());
    assert!(file.len() > 61 * 50_000);
    viewer.get("/activities.csv").ok();
}

#[test]
fn one_person_follows_with_few_pages_and_leaves_places_for_others() {
    let world = World::new();
    let (viewer, editor) = (world.viewer(), world.editor());
    let mut streams: Vec<_> = (0..FOLLOWERS_PER_PERSON_MAX)
        .map(|_| unread(&world, &viewer, "/changes/live", None))
        .collect();
    assert!(streams.iter().all(|stream| stream.status() == StatusCode::OK));
    let refused = unread(&world, &viewer, "/changes/live", None);
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let page = String::from_utf8(read(&world, refused)).unwrap();
    assert!(page.contains("12 of your pages are already being updated live."), "{page}");
    let theirs = unread(&world, &editor, "/changes/live", None);
    assert_eq!(theirs.status(), StatusCode::OK);
    streams.pop();
    streams.push(unread(&world, &viewer, "/changes/live", None));
    assert!(streams.iter().all(|stream| stream.status() == StatusCode::OK));

    // All people of the organization together.
    let mut others = Vec::new();
    for n in 0..9 {
        let login = format!("user{n}");
        world.add_user(&world.acme, (UserId(100 + n), &login, "Somebody"), Role::Viewer);
        let browser = world.signed_in("acme", &login);
        let follow = || unread(&world, &browser, "/changes/live", None);
        others.extend((0..FOLLOWERS_PER_PERSON_MAX).map(|_| follow()));
    }
    let served = others.iter().filter(|stream| stream.status() == StatusCode::OK).count();
    assert_eq!(served, FOLLOWERS_PER_ORG_MAX - streams.len() - 1);
    drop(theirs);
}
