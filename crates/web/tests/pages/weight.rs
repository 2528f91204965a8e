//! What is sent: compressed, cached if it never changes, and without revealing tokens by its length.

use axum::body::Body;
use axum::http::{Request, Response, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::harness::World;

fn ask(world: &World, path: &str, accepts: &str, cookie: &str) -> (Response<()>, Vec<u8>) {
    let request = Request::get(path).header(header::COOKIE, cookie);
    let request = request.header(header::ACCEPT_ENCODING, accepts).body(Body::empty()).unwrap();
    world.block_on(async {
        let Ok(response) = world.router().oneshot(request).await;
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        (Response::from_parts(head, ()), body)
    })
}

fn text(response: &Response<()>, name: header::HeaderName) -> &str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[test]
fn pages_go_out_compressed_to_whoever_takes_that() {
    let world = World::new();
    for n in 0..50 {
        world.activity(&format!("Call {n}"));
    }
    let browser = world.editor();
    let cookie = format!("driftless_session={}", browser.cookie("driftless_session").unwrap());
    let (plain, whole) = ask(&world, "/activities", "identity", &cookie);
    assert_eq!(text(&plain, header::CONTENT_ENCODING), "");
    let (packed, bytes) = ask(&world, "/activities", "gzip, br", &cookie);
    assert_eq!(text(&packed, header::CONTENT_ENCODING), "gzip");
    assert!(text(&packed, header::VARY).to_lowercase().contains("accept-encoding"));
    assert!(bytes.len() * 8 < whole.len(), "{} of {} bytes", bytes.len(), whole.len());
    let (live, _) = {
        let request = Request::get("/changes/live").header(header::COOKIE, &cookie);
        let request = request.header(header::ACCEPT_ENCODING, "gzip").body(Body::empty()).unwrap();
        let Ok(live) = world.block_on(world.router().oneshot(request));
        live.into_parts()
    };
    assert!(
        live.headers.get(header::CONTENT_ENCODING).is_none(),
        "what follows live does not wait"
    );
}

#[test]
fn what_comes_in_pieces_is_compressed_to_its_end() {
    let world = World::new();
    for n in 0..120 {
        world.activity(&format!("Call {n}"));
    }
    let browser = world.editor();
    let cookie = format!("driftless_session={}", browser.cookie("driftless_session").unwrap());
    let (_, whole) = ask(&world, "/activities.csv", "identity", &cookie);
    let (packed, bytes) = ask(&world, "/activities.csv", "gzip", &cookie);
    assert_eq!(text(&packed, header::CONTENT_ENCODING), "gzip");
    assert!(bytes.len() * 4 < whole.len(), "{} of {}", bytes.len(), whole.len());
    let (workbook, _) = ask(&world, "/activities.xlsx", "gzip", &cookie);
    assert_eq!(text(&workbook, header::CONTENT_ENCODING), "", "it is compressed already");
}

#[test]
fn what_never_changes_is_kept_for_good() {
    let world = World::new();
    let mut browser = world.browser();
    let page = browser.get("/sign-in").ok();
    let (_, after) = page.body.split_once("href=\"/assets/").unwrap();
    let folder = after.split_once('/').unwrap().0.to_owned();
    for name in ["app.js", "dom.js", "style.css", "favicon.svg"] {
        let asset = browser.get(&format!("/assets/{folder}/{name}")).ok();
        assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
        browser.get(&format!("/assets/0{folder}/{name}")).refused(404);
    }
    browser.get(&format!("/assets/{folder}/none.js")).refused(404);
    assert_eq!(page.header("cache-control"), "no-store");
}

#[test]
fn a_token_is_written_another_way_on_every_page_and_good_on_all_of_them() {
    let world = World::new();
    let mut browser = world.editor();
    let token = |page: crate::harness::Page| page.value("csrf").unwrap().to_owned();
    let first = token(browser.get("/activities/new").ok());
    let second = token(browser.get("/activities/new").ok());
    assert_ne!(first, second);
    for csrf in [first, second] {
        browser.post_bare("/preferences", &[("csrf", &csrf), ("zone", "UTC")]).redirected();
    }
}
