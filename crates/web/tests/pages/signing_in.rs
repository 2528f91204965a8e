//! Signing in and out, and the change of one's own password.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, Request, header};
use domain::{LoginName, Name, Role};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use service::{Authority, NewUser, Password, UserChange, wait};
use tower::ServiceExt;

use crate::harness::{ADMIN, Browser, EDITOR, PASSWORD, Page, VIEWER, World};

const SESSION: &str = "driftless_session";
const NEW_PASSWORD: &str = "another horse altogether";

/// Whether a person is signed in.
fn is_in(browser: &mut Browser<'_>) -> bool {
    browser.get("/").status == 200
}

#[test]
fn signing_in_opens_the_pages_and_signing_out_closes_them() {
    let world = World::new();
    let mut browser = world.browser();
    assert_eq!(browser.get("/").redirected(), "/sign-in?back=%2F");
    assert_eq!(browser.sign_in("acme", "ada", PASSWORD).redirected(), "/");
    browser.get("/").ok().shows("Ada Byron").shows("Acme Relief");
    let session = browser.cookie(SESSION).unwrap().to_owned();
    assert_eq!(browser.post("/sign-out", &[]).redirected(), "/sign-in");
    assert_eq!(browser.cookie(SESSION), None);
    assert!(!is_in(&mut browser));
    browser.set_cookie(SESSION, &session);
    assert!(!is_in(&mut browser), "it has ended at the server too");
}

#[test]
fn case_and_blanks_of_the_login_name_do_not_count() {
    let world = World::new();
    assert_eq!(world.browser().sign_in(" acme ", " ADA ", PASSWORD).redirected(), "/");
}

#[test]
fn whatever_is_wrong_the_same_is_said() {
    let world = World::new();
    wait(world.service.change_user(
        Authority::command_line(&world.acme),
        EDITOR.0,
        UserChange::DISABLE,
    ))
    .unwrap();
    let attempts = [
        ("acme", "ada", "wrong password"),
        ("acme", "nobody", PASSWORD),
        ("acme", "sam", PASSWORD),
        ("acme", "ed", PASSWORD),
        ("nowhere", "ada", PASSWORD),
        ("not an id", "ada", PASSWORD),
        ("acme", "", ""),
    ];
    for (org, login, password) in attempts {
        let mut browser = world.browser();
        let page = browser.sign_in(org, login, password).refused(422);
        page.shows("Organization, login name or password is wrong.");
        assert_eq!((page.value("org"), page.value("login")), (Some(org), Some(login)));
        page.hides(PASSWORD);
        assert!(!is_in(&mut browser));
    }
}

#[test]
fn whoever_guesses_has_to_wait() {
    let world = World::new();
    let wrong = || world.browser().sign_in("acme", "ada", "a wrong password");
    for _ in 0..10 {
        wrong().refused(422);
    }
    wrong().refused(429).shows("try again in 15 minutes");
    world.browser().sign_in("acme", "ada", PASSWORD).refused(429);
    world.advance(15 * 60_000);
    assert_eq!(world.browser().sign_in("acme", "ada", PASSWORD).redirected(), "/");
}

#[test]
fn strangers_who_guess_do_not_lock_out_a_browser_that_is_known() {
    let world = World::new();
    let mut known = world.browser_at("192.0.2.1");
    known.sign_in("acme", "ada", PASSWORD).redirected();
    known.get("/").ok();
    known.post("/sign-out", &[]).redirected();
    for n in 0..10 {
        let mut stranger = world.browser_at(&format!("198.51.100.{n}"));
        stranger.sign_in("acme", "ada", "a wrong password").refused(422);
    }
    let page = world.browser_at("203.0.113.9").sign_in("acme", "ada", PASSWORD).refused(429);
    page.shows("try again in 15 minutes");
    assert_eq!(page.header("retry-after"), "900");
    assert_eq!(known.sign_in("acme", "ada", PASSWORD).redirected(), "/");
    // It is known for that name alone, and a cookie of someone else's making opens nothing.
    for n in 0..10 {
        let mut stranger = world.browser_at(&format!("198.51.100.{n}"));
        stranger.sign_in("acme", "ed", "a wrong password").refused(422);
    }
    known.sign_in("acme", "ed", PASSWORD).refused(429);
    let mut forger = world.browser_at("203.0.113.9");
    forger.set_cookie("driftless_device", &"0".repeat(64));
    forger.sign_in("acme", "ada", PASSWORD).refused(429);
}

#[test]
fn whoever_guesses_in_a_known_browser_has_to_wait_there_alone() {
    let mut world = World::new();
    let mut known = world.browser_at("192.0.2.1");
    known.sign_in("acme", "ada", PASSWORD).redirected();
    known.reopen(&["driftless_device"]);
    let cookie = known.cookie("driftless_device").unwrap().to_owned();
    assert!(!cookie.contains("ada"), "it does not say who");
    world.restart();
    let mut known = world.browser_at("192.0.2.1");
    known.set_cookie("driftless_device", &cookie);
    for _ in 0..10 {
        known.sign_in("acme", "ada", "a wrong password").refused(422);
    }
    known.sign_in("acme", "ada", PASSWORD).refused(429);
    assert_eq!(world.browser_at("192.0.2.1").sign_in("acme", "ada", PASSWORD).redirected(), "/");
}

#[test]
fn an_address_is_counted_as_a_whole_and_known_browsers_there_are_not() {
    let world = World::new();
    let mut known = world.browser_at("2001:db8::1");
    known.sign_in("acme", "ada", PASSWORD).redirected();
    for n in 0..200 {
        // Of one network, and of a name each.
        let mut guesser = world.browser_at(&format!("2001:db8::{n:x}:1"));
        guesser.sign_in("acme", &format!("nobody-{n}"), "a wrong password").refused(422);
    }
    world.browser_at("2001:db8::ffff:2").sign_in("acme", "ed", PASSWORD).refused(429);
    assert_eq!(known.sign_in("acme", "ada", PASSWORD).redirected(), "/");
    let mut elsewhere = world.browser_at("2001:db8:0:1::1");
    assert_eq!(elsewhere.sign_in("acme", "ed", PASSWORD).redirected(), "/");
}

#[test]
fn a_name_is_counted_however_it_is_typed() {
    let world = World::new();
    for n in 0..10 {
        let login = ["zo\u{eb}", "zoe\u{308}", " ZOE\u{308} "][n % 3];
        world.browser().sign_in("acme", login, "a wrong password").refused(422);
    }
    world.browser().sign_in(" acme", "Zo\u{eb}", "a wrong password").refused(429);
}

/// Opens the sign-in form, and gives the request that would send it.
fn attempt(world: &World, login: &str, password: &str, address: &str) -> Request<Body> {
    let mut browser = world.browser_at(address);
    let csrf = browser.get("/sign-in").ok().value("csrf").unwrap().to_owned();
    let cookie = format!("driftless_form={}", browser.cookie("driftless_form").unwrap());
    let fields = [("csrf", &*csrf), ("org", "acme"), ("login", login), ("password", password)];
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let from = SocketAddr::new(address.parse().unwrap(), 4_711);
    let request = Request::post("/sign-in").header(header::COOKIE, cookie);
    request.extension(ConnectInfo(from)).body(Body::from(body)).unwrap()
}

/// Sends all of these at once; the place of each answer, the first first, with its status.
fn answers(world: &World, requests: Vec<Request<Body>>) -> Vec<(usize, u16, Option<String>)> {
    let answers = requests.into_iter().enumerate().map(|(at, request)| {
        let router = world.router();
        async move {
            let Ok(response) = router.oneshot(request).await;
            let again = response.headers().get(header::RETRY_AFTER);
            let again = again.map(|value| value.to_str().unwrap().to_owned());
            (at, response.status().as_u16(), again)
        }
    });
    let answers: FuturesUnordered<_> = answers.collect();
    world.block_on(answers.collect())
}

/// How many passwords were looked at before that of the last request was.
fn looked_at_before(answers: &[(usize, u16, Option<String>)], honest: usize) -> usize {
    let place = answers.iter().position(|(at, ..)| *at == honest).unwrap();
    answers[..place].iter().filter(|(_, status, _)| [303, 422].contains(status)).count()
}

#[test]
fn someone_from_elsewhere_does_not_wait_for_many_attempts_from_one_address() {
    let world = World::new();
    let guess = |n| attempt(&world, &format!("nobody-{n}"), "a wrong password", "198.51.100.1");
    let mut requests: Vec<_> = (0..100).map(guess).collect();
    requests.push(attempt(&world, "ed", PASSWORD, "203.0.113.9"));
    let answers = answers(&world, requests);
    let (_, status, _) = answers.iter().find(|(at, ..)| *at == 100).unwrap();
    assert_eq!(*status, 303);
    // Behind those that wait, it would be forty.
    assert!(looked_at_before(&answers, 100) <= 10, "{answers:?}");
    let busy: Vec<_> = answers.iter().filter(|(_, status, _)| *status == 503).collect();
    assert!(busy.len() >= 50, "{answers:?}");
    assert!(busy.iter().all(|(.., again)| again.as_deref() == Some("5")), "{answers:?}");
    // Nobody has looked at those, so that they do not count.
    let mut again = world.browser_at("198.51.100.1");
    assert_eq!(again.sign_in("acme", "ed", PASSWORD).redirected(), "/");
}

#[test]
fn someone_behind_the_same_address_waits_for_one_attempt_of_another_name_at_most() {
    let world = World::new();
    let guess = |_| attempt(&world, "nobody", "a wrong password", "198.51.100.1");
    let mut requests: Vec<_> = (0..10).map(guess).collect();
    requests.push(attempt(&world, "ed", PASSWORD, "198.51.100.1"));
    let answers = answers(&world, requests);
    assert!(looked_at_before(&answers, 10) <= 3, "{answers:?}");
}

#[test]
fn a_known_browser_waits_for_no_stranger() {
    let world = World::new();
    let mut known = world.browser_at("192.0.2.1");
    known.sign_in("acme", "ada", PASSWORD).redirected();
    let device = known.cookie("driftless_device").unwrap().to_owned();
    let mut requests: Vec<_> = (0..60)
        .map(|n| attempt(&world, &format!("n-{n}"), "a wrong password", &format!("198.51.100.{n}")))
        .collect();
    let mut honest = attempt(&world, "ada", PASSWORD, "198.51.100.1");
    let cookie = format!("driftless_device={device}");
    honest.headers_mut().append(header::COOKIE, HeaderValue::from_str(&cookie).unwrap());
    requests.push(honest);
    let answers = answers(&world, requests);
    // Strangers' passwords are hashed at the same time, on cores that others use, too. In their queue, forty would
    // come first.
    assert!(looked_at_before(&answers, 60) <= 10, "{answers:?}");
    assert!(answers.iter().any(|(at, status, _)| *at == 60 && *status == 303), "{answers:?}");
}

#[test]
fn whoever_asks_to_stay_signed_in_does_for_a_month_at_most() {
    let world = World::new();
    let mut browser = world.browser();
    let page = browser.get("/sign-in").ok();
    page.shows("Stay signed in on this computer");
    let fields = [("org", "acme"), ("login", "ada"), ("password", PASSWORD), ("stay", "1")];
    let signed_in = browser.post("/sign-in", &fields);
    let session = |page: &Page| {
        let line = |line: &&str| line.starts_with(SESSION);
        page.cookies().into_iter().find(line).unwrap().to_owned()
    };
    assert!(session(&signed_in).ends_with("; Max-Age=2592000"), "{signed_in:?}");
    let day = 24 * 3_600_000;
    world.advance(service::PERSON_STAYS_IDLE_DAYS_MAX * day);
    assert!(is_in(&mut browser));
    world.advance(service::PERSON_STAYS_IDLE_DAYS_MAX * day);
    assert!(is_in(&mut browser));
    world.advance(2 * day);
    assert!(is_in(&mut browser));
    world.advance(1_000);
    assert!(!is_in(&mut browser), "30 days after signing in");

    let mut idle = world.browser();
    idle.get("/sign-in").ok();
    idle.post("/sign-in", &fields).redirected();
    world.advance(service::PERSON_STAYS_IDLE_DAYS_MAX * day + 1);
    assert!(!is_in(&mut idle), "not used for long");
}

#[test]
fn a_session_that_is_used_all_the_time_ends_after_a_month() {
    let mut world = World::new();
    let mut browser = world.editor();
    let session = browser.cookie(SESSION).unwrap().to_owned();
    for _ in 0..60 {
        world.advance(12 * 3_600_000);
        assert!(is_in(&mut browser));
    }
    world.restart();
    let mut browser = world.browser();
    browser.set_cookie(SESSION, &session);
    assert!(is_in(&mut browser));
    world.advance(12 * 3_600_000);
    assert!(!is_in(&mut browser));
}

#[test]
fn over_tls_browsers_take_cookies_from_here_alone() {
    let base_path = "/crm".parse().unwrap();
    for (base_path, prefix, hsts) in
        [(web::BasePath::default(), "__Host-", "max-age=31536000"), (base_path, "__Secure-", "")]
    {
        let world = World::with(web::Settings { secure: true, base_path, ..Default::default() });
        let mut browser = world.browser();
        let form = browser.get("/sign-in").ok();
        assert_eq!(form.header("strict-transport-security"), hsts);
        let signed_in = browser.sign_in("acme", "ada", PASSWORD);
        let lines = [form.cookies(), signed_in.cookies()].concat();
        assert!(lines.iter().all(|line| line.starts_with(prefix)), "{lines:?}");
        assert!(is_in(&mut browser));
        let session = browser.cookie(&format!("{prefix}{SESSION}")).unwrap().to_owned();
        let mut planted = world.browser();
        planted.set_cookie(SESSION, &session);
        assert!(!is_in(&mut planted), "a name that anyone can set is not looked at");
    }
    let plain = World::new().browser().get("/sign-in").ok();
    assert_eq!(plain.header("strict-transport-security"), "");
}

#[test]
fn passwords_that_everyone_guesses_are_refused() {
    let world = World::new();
    let mut browser = world.admin();
    let mut tried = |new: &str, problem: &str| {
        let fields = [("current", PASSWORD), ("new", new), ("again", new)];
        browser.post("/password", &fields).refused(422).shows(problem);
    };
    tried(PASSWORD, "New password must be different from the current one.");
    for common in ["password123", "PASSWORD123", "1234567890", "qwertyuiop"] {
        tried(common, "New password must not be one of the most common passwords.");
    }
    let named = "New password must not be the name of the person or the organization";
    for name in ["Acme Relief", "acmerelief2026!", "Ada-Byron-1", "driftless 2026"] {
        tried(name, named);
    }
    let mut admin = world.admin();
    let fields = [("login", "ed"), ("password", "Password123")];
    let page = admin.post("/settings/users/2/login", &fields).refused(422);
    page.shows("Password must not be one of the most common passwords.");
    let fields = [("login", "ed"), ("password", "Ed Cohen 12"), ("confirmed", "1")];
    let page = admin.post("/settings/users/2/login", &fields).refused(422);
    page.shows("Password must not be the name of the person");
    world.editor();
}

#[test]
fn a_session_that_the_browser_brings_along_is_not_taken_over() {
    let world = World::new();
    let mut attacker = world.signed_in("beta", "sam");
    let planted = attacker.cookie(SESSION).unwrap().to_owned();
    for planted in [planted.as_str(), "0123456789abcdef0123456789abcdef"] {
        let mut victim = world.browser();
        victim.set_cookie(SESSION, planted);
        victim.sign_in("acme", "ada", PASSWORD);
        assert_ne!(victim.cookie(SESSION), Some(planted));
        victim.get("/").ok().shows("Ada Byron");
    }
    attacker.get("/").ok().shows("Sam Eriksen");
    let mut nobody = world.browser();
    nobody.set_cookie(SESSION, "0123456789abcdef0123456789abcdef");
    assert!(!is_in(&mut nobody));
}

#[test]
fn the_sign_in_form_is_taken_only_from_the_page_that_it_was_on() {
    let world = World::new();
    let fields = [("org", "acme"), ("login", "ada"), ("password", PASSWORD)];
    let mut browser = world.browser();
    browser.post_bare("/sign-in", &fields).refused(403);
    let page = browser.get("/sign-in").ok();
    browser.post_bare("/sign-in", &fields).refused(403);
    let csrf = page.value("csrf").unwrap();
    let fields = [&fields[..], &[("csrf", csrf)]].concat();
    world.browser().post_bare("/sign-in", &fields).refused(403);
    assert_eq!(browser.post_bare("/sign-in", &fields).redirected(), "/");
}

#[test]
fn a_form_without_its_token_changes_nothing() {
    let world = World::new();
    let mut browser = world.admin();
    let fields = [("current", PASSWORD), ("new", NEW_PASSWORD), ("again", NEW_PASSWORD)];
    browser.post_bare("/password", &fields).refused(403);
    browser.post_bare("/sign-out", &[("csrf", "0123456789abcdef0123456789abcdef")]).refused(403);
    let others = world.editor().get("/").value("csrf").unwrap().to_owned();
    browser.post_bare("/sign-out", &[("csrf", &others)]).refused(403);
    assert!(is_in(&mut browser));
    world.admin();
}

#[test]
fn a_page_leads_to_the_form_and_the_form_back_to_the_page() {
    let world = World::new();
    let mut browser = world.browser();
    let there = "/activities?q=ada+%26+co&page=2";
    let to_form = browser.get(there).redirected().to_owned();
    let page = browser.get(&to_form).ok();
    let back = page.value("back").unwrap().replace("&amp;", "&");
    assert_eq!(back, there);
    let fields = [("org", "acme"), ("login", "ada"), ("password", PASSWORD), ("back", &back)];
    assert_eq!(browser.post("/sign-in", &fields).redirected(), there);
}

#[test]
fn no_address_but_one_of_ours_is_gone_back_to() {
    let world = World::new();
    let foreign = [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "evil",
        "/a\r\nSet-Cookie: a=b",
        "/a<b",
    ];
    for back in foreign {
        let mut browser = world.browser();
        browser.get("/sign-in");
        let fields = [("org", "acme"), ("login", "ada"), ("password", PASSWORD), ("back", back)];
        assert_eq!(browser.post("/sign-in", &fields).redirected(), "/", "{back:?}");
    }
}

/// A cookie of another application on the same host, in UTF-8 or in Latin-1.
#[test]
fn cookies_of_others_may_have_any_letters() {
    let world = World::new();
    let browser = world.admin();
    let own = browser.cookie(SESSION).unwrap();
    let status = |cookies: &[u8]| {
        let cookies = HeaderValue::from_bytes(cookies).unwrap();
        let request = Request::builder().uri("/activities").header(header::COOKIE, cookies);
        let Ok(response) =
            world.block_on(world.router().oneshot(request.body(Body::empty()).unwrap()));
        response.status().as_u16()
    };
    for other in [&b"city=M\xc3\xbcnchen"[..], b"city=M\xfcnchen", b"none", b"=", b""] {
        let own = format!("{SESSION}={own}");
        for pair in [[other, own.as_bytes()], [own.as_bytes(), other]] {
            assert_eq!(status(&pair.join(&b"; "[..])), 200);
        }
    }
    assert_eq!(status(b"city=M\xfcnchen"), 303);
}

#[test]
fn no_script_and_no_other_site_gets_at_the_cookies() {
    for (secure, more) in [(false, ""), (true, "; Secure")] {
        let world = World::with(web::Settings { secure, ..web::Settings::default() });
        let mut browser = world.browser();
        let form = browser.get("/sign-in").ok();
        let signed_in = browser.sign_in("acme", "ada", PASSWORD);
        let lines = [form.cookies(), signed_in.cookies()].concat();
        assert_eq!(lines.len(), 4, "{lines:?}");
        for line in lines {
            let (_, attributes) = line.split_once("; ").unwrap();
            let attributes = attributes.split("; Max-Age=").next().unwrap();
            assert_eq!(attributes, format!("Path=/; HttpOnly; SameSite=Lax{more}"));
        }
    }
}

#[test]
fn a_browsers_session_is_no_scripts_and_a_scripts_no_browsers() {
    let world = World::new();
    let mut browser = world.editor();
    let session = browser.cookie(SESSION).unwrap().to_owned();
    assert!(world.service.person(&session).is_some());
    assert!(world.service.caller(&session).is_none());

    let key = wait(world.service.add_key(Authority::command_line(&world.acme), EDITOR.0, None))
        .unwrap()
        .secret;
    let login = world.block_on(world.service.login(&world.acme.id, &key, None));
    let (_, scripts) = login.unwrap();
    assert!(world.service.caller(&scripts).is_some());
    assert!(world.service.person(&scripts).is_none());
    for secret in [&scripts, &key] {
        browser.set_cookie(SESSION, secret);
        assert!(!is_in(&mut browser));
    }
}

#[test]
fn whoever_is_disabled_is_out_at_once() {
    let world = World::new();
    let mut browser = world.editor();
    wait(world.service.change_user(
        Authority::command_line(&world.acme),
        EDITOR.0,
        UserChange::DISABLE,
    ))
    .unwrap();
    assert_eq!(browser.get("/").redirected(), "/sign-in?back=%2F");
}

#[test]
fn a_session_ends_when_it_has_not_been_used_for_half_a_day() {
    let world = World::new();
    let mut browser = world.editor();
    for _ in 0..3 {
        world.advance(service::PERSON_IDLE_HOURS_MAX * 3_600_000);
        assert!(is_in(&mut browser));
    }
    world.advance(service::PERSON_IDLE_HOURS_MAX * 3_600_000 + 1);
    assert!(!is_in(&mut browser));
}

#[test]
fn a_new_password_takes_the_place_of_the_old_one_and_ends_other_sessions() {
    let world = World::new();
    let (mut here, mut there) = (world.admin(), world.admin());
    let mut others = world.editor();
    let before = here.cookie(SESSION).unwrap().to_owned();
    here.get("/password").ok();
    let fields = [("current", PASSWORD), ("new", NEW_PASSWORD), ("again", NEW_PASSWORD)];
    assert_eq!(here.post("/password", &fields).redirected(), "/password?done=1");
    assert_ne!(here.cookie(SESSION), Some(before.as_str()));
    here.get("/password?done=1").ok().shows("Password changed.");
    assert!(!is_in(&mut there), "everywhere else they are out");
    assert!(is_in(&mut others), "others are not concerned");
    world.browser().sign_in("acme", ADMIN.1, PASSWORD).refused(422);
    assert_eq!(world.browser().sign_in("acme", ADMIN.1, NEW_PASSWORD).redirected(), "/");
}

#[test]
fn what_is_wrong_with_a_new_password_is_said_at_its_field() {
    let world = World::new();
    let mut browser = world.admin();
    let mut tried = |current, new, again, problem| {
        let fields = [("current", current), ("new", new), ("again", again)];
        let page = browser.post("/password", &fields).refused(422);
        page.shows(problem).hides(NEW_PASSWORD);
    };
    tried("wrong password", NEW_PASSWORD, NEW_PASSWORD, "Current password is incorrect.");
    tried(PASSWORD, "short", "short", "New password must have at least 10 characters.");
    let other = "The new passwords do not match.";
    tried(PASSWORD, NEW_PASSWORD, "another one", other);
    world.admin();
}

#[test]
fn a_form_of_an_earlier_session_can_be_sent_again_and_loses_nothing() {
    let world = World::new();
    let mut browser = world.editor();
    browser.get("/accounts").ok();
    let old = world.editor().get("/accounts").ok().value("csrf").unwrap().to_owned();
    let fields = [("csrf", &*old), ("name", "Harbor <Bakery>")];
    browser.post_from("/accounts", &fields, "http://elsewhere.example").refused(403);
    let page = browser.post_from("/accounts", &fields, "http://localhost").refused(409);
    page.shows("Nothing has been saved yet").shows("value=\"Harbor &lt;Bakery&gt;\"");
    assert_ne!(page.value("csrf").unwrap(), old);
    world.browser().post_bare("/accounts", &fields).refused(401).shows("You are signed out");
}

#[test]
fn whoever_is_signed_in_keeps_the_navigation_when_something_goes_wrong() {
    let world = World::new();
    let (navigation, mut viewer) = ("<nav class=\"main\"", world.viewer());
    viewer.get("/").ok();
    for (page, title) in [
        (viewer.get("/nowhere").refused(404), "Page not found"),
        (viewer.get("/activities/17").refused(404), "Page not found"),
        (viewer.get("/settings").refused(403), "You don’t have permission"),
        (viewer.get("/bin?page=x").refused(400), "That didn’t work"),
        (viewer.post("/activities", &[("note", &"x".repeat(3 << 20))]).refused(413), "Too much"),
        (viewer.post_bare("/sign-out", &[]).refused(403), "Please try again"),
    ] {
        page.shows(navigation).shows(VIEWER.2).shows(title);
        assert!(page.value("csrf").is_some(), "{title}");
        assert_eq!(page.header("cache-control"), "no-store");
    }
    let mut nobody = world.browser();
    nobody.get("/nowhere").refused(404).hides(navigation).shows("Page not found");
    nobody.set_cookie(SESSION, "0123456789abcdef");
    nobody.get("/nowhere").refused(404).hides(navigation);
}

#[test]
fn a_form_of_another_tab_signs_in_after_a_sign_in() {
    let world = World::new();
    let mut browser = world.browser();
    let tab = browser.get("/sign-in").ok().value("csrf").unwrap().to_owned();
    browser.sign_in("acme", EDITOR.1, PASSWORD).redirected();
    let fields = [("csrf", &*tab), ("org", "acme"), ("login", ADMIN.1), ("password", PASSWORD)];
    assert_eq!(browser.post_bare("/sign-in", &fields).redirected(), "/");
    browser.get("/").ok().shows(ADMIN.2).hides(EDITOR.2);
}

#[test]
fn a_form_whose_cookie_is_gone_signs_in_from_here_and_from_nowhere_else() {
    let world = World::new();
    let mut browser = world.browser();
    let tab = browser.get("/sign-in").ok().value("csrf").unwrap().to_owned();
    let fields = [("csrf", &*tab), ("org", "acme"), ("login", ADMIN.1), ("password", PASSWORD)];
    browser.reopen(&["driftless_form"]);
    assert_eq!(browser.post_bare("/sign-in", &fields).redirected(), "/", "it outlives the browser");
    for _ in 0..2 {
        browser.reopen(&[]);
        for origin in ["http://elsewhere.example", "null", "http://localhost.example", ""] {
            browser.post_from("/sign-in", &fields, origin).refused(403);
        }
        browser.post_from("/sign-in", &fields[1..], "http://localhost").refused(403);
        assert!(!is_in(&mut browser));
        browser.reopen(&[]);
        assert_eq!(browser.post_from("/sign-in", &fields, "http://localhost").redirected(), "/");
        assert!(is_in(&mut browser));
    }
    // A browser that does not say: the form comes again, with what was typed, and with a token that is good.
    browser.reopen(&[]);
    let page = browser.post_bare("/sign-in", &fields).refused(403);
    assert_eq!((page.value("org"), page.value("login")), (Some("acme"), Some("ada")));
    page.hides(PASSWORD);
    assert_eq!(browser.post("/sign-in", &fields[1..]).redirected(), "/");
}

#[test]
fn who_was_signed_in_last_is_filled_in_until_they_sign_out() {
    let world = World::new();
    let mut browser = world.browser();
    assert_eq!(browser.get("/sign-in").value("login"), Some(""));
    browser.sign_in(" acme ", "ADA", PASSWORD).redirected();
    let page = browser.get("/sign-in").ok();
    assert_eq!((page.value("org"), page.value("login")), (Some("acme"), Some("ADA")));
    browser.get("/").ok();
    browser.post("/sign-out", &[]).redirected();
    assert_eq!(browser.get("/sign-in").value("login"), Some(""));
}

/// Sends a body without its length, in pieces.
fn send_pieces(world: &World, path: &str, cookie: &str, body: &str) -> u16 {
    let pieces = body.as_bytes().chunks(1_000).map(|piece| Ok::<_, Infallible>(piece.to_vec()));
    let pieces = futures_util::stream::iter(pieces.collect::<Vec<_>>());
    let request = Request::post(path).header(header::COOKIE, cookie);
    let request = request.header(header::TRANSFER_ENCODING, "chunked");
    let request = request.body(Body::from_stream(pieces)).unwrap();
    let Ok(response) = world.block_on(world.router().oneshot(request));
    response.status().as_u16()
}

#[test]
fn forms_may_come_in_pieces_and_what_is_too_large_is_refused_when_it_has_come() {
    let world = World::new();
    let mut browser = world.browser();
    let csrf = browser.get("/sign-in").ok().value("csrf").unwrap().to_owned();
    let cookie = format!("driftless_form={}", browser.cookie("driftless_form").unwrap());
    let sign_in = |more: &str| {
        let form = "org=acme&login=ada&password=correct+horse+battery";
        send_pieces(&world, "/sign-in", &cookie, &format!("csrf={csrf}&{form}{more}"))
    };
    assert_eq!(sign_in(""), 303);
    assert_eq!(sign_in(&"&more=x".repeat(1_000)), 303);
    assert_eq!(sign_in(&"&more=x".repeat(3_000)), 413);
    assert_eq!(sign_in(&"x".repeat(3 << 20)), 413);

    let mut browser = world.editor();
    let csrf = browser.get("/accounts").ok().value("csrf").unwrap().to_owned();
    let cookie = format!("{SESSION}={}", browser.cookie(SESSION).unwrap());
    let add = |more: &str| {
        send_pieces(&world, "/accounts", &cookie, &format!("csrf={csrf}&name=Harbor{more}"))
    };
    assert_eq!(add(""), 303);
    assert_eq!(add(&"x".repeat(3 << 20)), 413);
    // It is only not kept: the browser still has it.
    let nobody = send_pieces(&world, "/accounts", "a=b", &format!("csrf={}", "x".repeat(3 << 20)));
    assert_eq!(nobody, 401);
}

#[test]
fn letters_that_are_typed_in_two_ways_are_the_same_in_names_and_passwords() {
    let world = World::new();
    let (composed, apart) = ("caf\u{e9} with milk", "cafe\u{301} with milk");
    let user = NewUser { id: None, name: Name::parse("Zoë").unwrap(), role: Role::Viewer };
    let id =
        wait(world.service.add_user(Authority::command_line(&world.acme), user, None)).unwrap();
    let login = LoginName::parse("zoe\u{308}").unwrap();
    let password = Password::parse(apart).unwrap();
    wait(world.service.set_login(Authority::command_line(&world.acme), id, login, password))
        .unwrap();
    for (login, password) in
        [("zo\u{eb}", composed), ("ZOE\u{308}", apart), ("zo\u{eb}", "caf\u{e9}\u{a0}with milk")]
    {
        assert_eq!(
            world.browser().sign_in("acme", login, password).redirected(),
            "/",
            "{password}"
        );
    }
    world.browser().sign_in("acme", "zo\u{eb}", "cafe with milk").refused(422);
}
