//! What a status means goes with the name that the first import brings.

use std::collections::BTreeSet;

use domain::{Status, StatusId};
use service::{Authority, ImportOptions, wait};

use crate::harness::{Org, TestServer};

/// A fresh organization after a first import of records with these statuses.
fn after(statuses: &[(i64, &str)]) -> (TestServer, Org) {
    let server = TestServer::start();
    let org = server.org("acme", "UTC");
    let lines = (1..).zip(statuses).map(|(id, (status, name))| {
        format!(
            r#"{{"activityId":{id},"subject":"s","startDateTime":"2026-01-01T00:00:00Z","lastModifiedDateTime":"2026-01-01T00:00:00Z","activityStatus":{{"id":"{status}","name":"{name}"}},"activityPriority":"LOW"}}"#
        )
    });
    // A line about nothing that is here, since an empty file is refused.
    let gone = r#"{"activityId":999,"deletedDateTime":"2026-01-01T00:00:00Z"}"#.to_owned();
    let lines = lines.chain([gone]);
    let report = org.import(&lines.collect::<String>(), ImportOptions::default()).unwrap();
    assert!(report.kept_stamps);
    (server, org)
}

fn id(status: Option<&Status>) -> Option<i64> {
    status.map(|status| status.id.0)
}

/// Which statuses to choose from count as done, which one a click makes an activity done with, and
/// which one new activities begin with.
#[track_caller]
fn check(statuses: &[(i64, &str)], done: &[i64], click: Option<i64>, first: Option<i64>) {
    let (_server, org) = after(statuses);
    let directory = org.tenant().directory();
    let offered = directory.statuses.values().filter(|status| !status.retired && status.done);
    let is_done: BTreeSet<i64> = offered.map(|status| status.id.0).collect();
    assert_eq!(is_done, done.iter().copied().collect(), "{statuses:?}");
    assert_eq!(id(directory.done_status()), click, "{statuses:?}");
    assert_eq!(id(directory.first_status()), first, "{statuses:?}");
}

#[test]
fn done_and_not_begun_go_with_the_name_and_not_with_the_number() {
    check(&[], &[4], Some(4), Some(2));
    check(&[(4, "Completed"), (2, "Not Started")], &[4], Some(4), Some(2));
    check(&[(1, "Completed"), (4, "Planned"), (2, "Not Started")], &[1], Some(1), Some(2));
    check(&[(4, "COMPLETED "), (2, " not started")], &[4], Some(4), Some(2));
    check(&[(2, "Completed"), (4, "Not Started")], &[2], Some(2), Some(4));
    check(
        &[(1, "Cancelled"), (2, "New"), (3, "Closed"), (4, "Open"), (5, "Pending")],
        &[1, 3],
        Some(3),
        Some(2),
    );
    // What only the files have.
    check(&[(77, "Done"), (78, "Canceled"), (4, "Waiting")], &[77, 78], Some(77), Some(2));
    // The files' «Not Started» takes the place of the one of here.
    check(&[(9, "Not Started"), (4, "Completed")], &[4], Some(4), Some(9));
}

#[test]
fn names_that_tell_nothing_leave_the_meaning_to_the_number() {
    let german = [(1, "In Bearbeitung"), (2, "Nicht begonnen"), (4, "Erledigt")];
    check(&german, &[4], Some(4), Some(2));
    // One name tells, so that the number tells nothing.
    check(&[(4, "Erledigt"), (1, "Done")], &[1], Some(1), Some(2));
    // The number's name tells that it is not: an admin has to say.
    check(&[(4, "Planned"), (1, "Erledigt")], &[], None, Some(2));
}

#[test]
fn a_later_import_leaves_what_statuses_mean_here() {
    let (_server, org) = after(&[(2, "Not Started")]);
    let (service, tenant) = (org.service(), org.tenant());
    wait(service.set_status_done(Authority::command_line(&tenant), StatusId(5), true)).unwrap();
    wait(service.begin_with_status(Authority::command_line(&tenant), StatusId(3))).unwrap();
    let line = r#"{"activityId":9,"subject":"s","startDateTime":"2026-01-01T00:00:00Z","activityStatus":{"id":"3","name":"Completed"},"activityPriority":"LOW"}{"activityId":10,"subject":"s","startDateTime":"2026-01-01T00:00:00Z","activityStatus":{"id":"60","name":"finished"},"activityPriority":"LOW"}"#;
    org.import(line, ImportOptions::default()).unwrap();
    let directory = tenant.directory();
    let done = directory.statuses.values().filter(|status| status.done).map(|status| status.id.0);
    assert_eq!(done.collect::<Vec<_>>(), [4, 5, 60]);
    assert_eq!(id(directory.first_status()), Some(3));
    wait(service.retire_status(Authority::command_line(&tenant), StatusId(3))).unwrap();
    assert_eq!(id(tenant.directory().first_status()), Some(1), "one that cannot be chosen is none");
    assert!(
        wait(service.begin_with_status(Authority::command_line(&tenant), StatusId(3))).is_err()
    );
}
