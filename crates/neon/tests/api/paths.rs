//! Paths as old scripts write them: joined by hand, or encoded once too often.

use axum::body::Body;
use axum::http::{Request, StatusCode};

use crate::harness::TestServer;

#[test]
fn slashes_too_many_and_encoded_names_lead_to_the_method() {
    let server = TestServer::start();
    let client = server.editor();
    let id = client.create("Call");
    let question = format!("userSessionId={}&activityIds.activityId={id}", client.session);
    for path in [
        "//neonws/services/api/account/syncActivities",
        "/neonws//services/api/account/syncActivities",
        "/neonws/services/api//account///syncActivities//",
        "///neonws//services///api//ACCOUNT//syncactivities",
        "/neonws/services/api/account%2FsyncActivities",
        "/neonws/services/api/account%2f%2fsyncActivities%2f",
        "//neonws/services/api/account/sync%41ctivities",
        "http://localhost//neonws/services/api/account/syncActivities",
    ] {
        let request = Request::get(format!("{path}?{question}&x=//")).body(Body::empty()).unwrap();
        let answer = server.send(request).ok();
        assert_eq!(
            (answer.root.as_str(), answer.ids()),
            ("syncActivitiesResponse", vec![id]),
            "{path}"
        );
    }
}

#[test]
fn unknown_methods_are_unknown_however_they_are_written() {
    let server = TestServer::start();
    for (path, root) in [
        ("//neonws/services/api/account/listDonations", "listDonationsResponse"),
        ("/neonws/services/api/account%2FlistDonations", "listDonationsResponse"),
        ("/neonws/services/api/account%252FsyncActivities", "errorResponse"),
        ("/neonws/services/api/account/syncActivities%00", "errorResponse"),
        ("/neonws/services/api/account/sync%0AActivities%", "errorResponse"),
        ("//neonws//services//api//", "errorResponse"),
    ] {
        let answer = server.send(Request::get(path).body(Body::empty()).unwrap());
        assert_eq!((answer.status, answer.root.as_str()), (StatusCode::NOT_FOUND, root), "{path}");
        assert_eq!(answer.errors()[0].0, 1, "{path}");
    }
}
