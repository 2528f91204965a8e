//! Health, readiness, metrics, and the pages beside the API.

use crate::client::{ALL, Client};
use crate::folder::Folder;

#[test]
fn health_and_readiness_are_plain_words() {
    let (folder, _) = Folder::with_key();
    let server = folder.serve();
    for (path, body) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let page = server.get(path);
        assert_eq!((page.status, page.body.as_str()), (200, body), "{path}");
    }
    server.stop();
}

#[test]
fn another_verb_is_refused_in_words() {
    let (folder, _) = Folder::with_key();
    let server = folder.serve();
    for path in ["/healthz", "/readyz", "/metrics"] {
        let request = format!(
            "PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let page = server.send(request.as_bytes());
        assert_eq!((page.status, page.body.as_str()), (405, "use GET\n"), "{path}");
        assert!(page.head.contains("allow: get,head"), "{path}: {page:?}");
    }
    server.stop();
}

#[test]
fn metrics_count_what_happened() {
    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    let (one, _) = (client.create("Call"), client.create("Meet"));
    client.remove(one);
    client.sync(ALL);
    client.sync(ALL);
    assert_eq!(client.get("syncActivities", "").code(), "10242");
    server.get("/nowhere");
    server.get("/neonws/services/api/account/listDonations");

    let page = server.get("/metrics");
    assert_eq!(page.status, 200);
    assert!(page.head.contains("content-type: text/plain; version=0.0.4"), "{}", page.head);
    let requests = |method: &str, result: &str, count: u32| {
        format!("driftless_requests_total{{method=\"{method}\",result=\"{result}\"}} {count}")
    };
    let seconds = "driftless_request_seconds";
    for expected in [
        requests("common/login", "success", 1),
        requests("account/createActivity", "success", 2),
        requests("account/removeActivity", "success", 1),
        requests("account/syncActivities", "success", 2),
        requests("account/syncActivities", "fail", 1),
        requests("unknown", "fail", 2),
        requests("/readyz", "success", 1),
        "driftless_versions_total 3".to_owned(),
        "driftless_commits_total 3".to_owned(),
        format!("# TYPE {seconds} histogram"),
        format!("{seconds}_bucket{{method=\"account/syncActivities\",le=\"+Inf\"}} 3"),
        format!("{seconds}_count{{method=\"account/createActivity\"}} 2"),
    ] {
        assert!(page.body.lines().any(|line| line == expected), "{expected}\n{}", page.body);
    }
    server.stop();
}

#[test]
fn what_is_not_there_is_not_found() {
    let (folder, _) = Folder::with_key();
    let server = folder.serve();
    assert_eq!(server.get("/sign-in").status, 200);
    assert_eq!(server.get("/").status, 303, "first sign in");
    assert_eq!(server.get("/nowhere").status, 404);
    assert_eq!(server.get("/neonws").status, 404);
    assert_eq!(server.get("//neonws").status, 404);
    server.stop();
}

#[test]
fn slashes_too_many_lead_to_the_same_and_are_counted_as_the_same() {
    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    let login = crate::client::login("acme", &key);
    let page = server.get(&format!("//neonws/services//api/common/login?{login}"));
    assert!(
        page.body.starts_with("{\"loginResponse\":{\"operationResult\":\"SUCCESS\""),
        "{page:?}"
    );
    assert_eq!(server.get("//healthz").body, "ok\n");
    let metrics = server.get("/metrics").body;
    for method in ["common/login", "/healthz"] {
        let line = format!("driftless_requests_total{{method=\"{method}\",result=\"success\"}} 1");
        assert!(metrics.contains(&line), "{line}\n{metrics}");
    }
    server.stop();
}
