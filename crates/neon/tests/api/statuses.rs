//! Statuses: the list, choosing one, renaming and retiring.

use domain::{StatusId, StatusName};
use service::{Authority, wait};

use crate::client::Client;
use crate::harness::TestServer;

fn name(text: &str) -> StatusName {
    StatusName::parse(text).unwrap()
}

fn rename(client: &Client, id: i64, to: &str) -> u64 {
    let org = client.org.tenant();
    wait(client.org.service().rename_status(
        Authority::command_line(&org),
        StatusId(id),
        name(to),
        &mut |_| {},
    ))
    .unwrap()
    .changed
}

fn retire(client: &Client, id: i64) {
    wait(
        client
            .org
            .service()
            .retire_status(Authority::command_line(&client.org.tenant()), StatusId(id)),
    )
    .unwrap();
}

#[test]
fn a_new_organization_has_five() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    insta::assert_snapshot!(client.get("listActivityStatus", "").ok().text, @r#"{"listActivityStatusResponse":{"operationResult":"SUCCESS","responseDateTime":"2026-02-03T04:05:06.789+00:00","activityStatusList":{"activityStatus":[{"id":"1","name":"In Progress"},{"id":"2","name":"Not Started"},{"id":"3","name":"Waiting"},{"id":"4","name":"Completed"},{"id":"5","name":"Deferred"}]}}}"#);
}

#[test]
fn a_status_is_chosen_by_id_or_name_and_the_id_wins() {
    let server = TestServer::start();
    let client = server.editor();
    let check = |members: &str, id: &str, name: &str| {
        let made = client.create_with(&format!("activity.activityStatus.id=&{members}"));
        let expected = serde_json::json!({"id": id, "name": name});
        assert_eq!(client.retrieve(made)["activityStatus"], expected, "{members}");
        let made = client.create("Call");
        client.update(made, members);
        assert_eq!(client.retrieve(made)["activityStatus"], expected, "{members}");
    };
    check("activity.activityStatus.id=4", "4", "Completed");
    check("activity.activityStatus.name=Completed&activity.activityStatus.id=3", "3", "Waiting");
    check(
        "activity.activityStatus.id=3&activity.activityStatus.name=No+Such+Status",
        "3",
        "Waiting",
    );
}

#[test]
fn a_name_alone_is_enough_in_any_case() {
    let server = TestServer::start();
    let client = server.editor();
    let id = client.create("Call");
    for (sent, shown) in
        [("Waiting", "Waiting"), ("IN+PROGRESS", "In Progress"), ("+deferred+", "Deferred")]
    {
        client.update(id, &format!("activity.activityStatus.name={sent}"));
        assert_eq!(client.retrieve(id)["activityStatus"]["name"], shown);
        client.update(
            id,
            &format!("activity.activityStatus.id=&activity.activityStatus.name={sent}"),
        );
        assert_eq!(client.retrieve(id)["activityStatus"]["name"], shown);
    }
}

#[test]
fn unknown_statuses_are_refused() {
    let server = TestServer::start();
    let client = server.editor();
    let id = client.create("Call");
    let check = |status: &str, text: &str| {
        let edit = format!("activity.activityId={id}&activity.activityStatus.{status}");
        client.get("updateActivity", &edit).fails(10207, text);
        let draft = "activity.subject=x&activity.startDateTime=2026-01-05T09:00:00Z&activity.clientId=1&activity.activityPriority=Low";
        client
            .get("createActivity", &format!("{draft}&activity.activityStatus.{status}"))
            .fails(10207, text);
    };
    check("id=77", "Activity status is invalid. there is no status 77");
    check("id=-1", "Activity status is invalid. there is no status -1");
    check("name=Someday", "Activity status is invalid. there is no status \"Someday\"");
    assert_eq!(client.everything().ids(), [id]);
}

#[test]
fn a_retired_status_stays_where_it_is_and_cannot_be_chosen() {
    let server = TestServer::start();
    let client = server.editor();
    let (has, has_not) = (client.create("Call"), client.create("Call"));
    client.update(has, "activity.activityStatus.id=5");
    retire(&client, 5);

    let listed =
        client.get("listActivityStatus", "").ok().inside["activityStatusList"]["activityStatus"]
            .clone();
    let ids: Vec<&str> =
        listed.as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["1", "2", "3", "4"]);

    let text = "Activity status is retired. status 5 is retired and cannot be chosen";
    for status in ["id=5", "name=deferred"] {
        let edit = format!("activity.activityId={has_not}&activity.activityStatus.{status}");
        client.get("updateActivity", &edit).fails(10208, text);
    }
    // Who saves a record that has it keeps it.
    client.update(has, "activity.activityStatus.id=5&activity.subject=Visit");
    let shown = client.retrieve(has);
    assert_eq!(shown["subject"], "Visit");
    assert_eq!(shown["activityStatus"], serde_json::json!({"id": "5", "name": "Deferred"}));
}

#[test]
fn a_rename_is_a_change_of_every_record_that_shows_it() {
    let server = TestServer::start();
    let client = server.editor();
    let made = client.create_many('a', 12);
    for id in &made[..3] {
        client.update(*id, "activity.activityStatus.id=4");
    }
    client.remove(made[11]);
    let seen = client.everything().after();
    assert_eq!(rename(&client, 2, "Open"), 8);

    let changes = client
        .sync(&format!("syncActivityTimeFrom={seen}&page.sortColumn=activityId&page.pageSize=50"));
    assert_eq!(changes.ids(), made[3..11]);
    for record in changes.records() {
        assert_eq!(record["activityStatus"], serde_json::json!({"id": "2", "name": "Open"}));
    }
    assert_eq!(rename(&client, 2, "Open"), 0, "renaming to the same name changes nothing");
    assert_eq!(
        client.create_with("activity.activityStatus.id=&activity.activityStatus.name=open"),
        13
    );
}

#[test]
fn a_status_added_can_be_chosen() {
    let server = TestServer::start();
    let client = server.editor();
    let org = client.org.tenant();
    let added =
        wait(client.org.service().add_status(Authority::command_line(&org), None, name("Someday")))
            .unwrap();
    assert_eq!(added, StatusId(6));
    let id = client.create_with("activity.activityStatus.id=6");
    assert_eq!(client.retrieve(id)["activityStatus"]["name"], "Someday");
}

#[test]
fn of_two_renamings_to_one_name_at_once_one_is_refused() {
    let server = TestServer::start();
    let client = server.editor();
    let (service, org) = (client.org.service(), client.org.tenant());
    for n in 0..20 {
        let begin = std::sync::Barrier::new(2);
        let rename = |id| {
            begin.wait();
            wait(service.rename_status(
                Authority::command_line(&org),
                StatusId(id),
                name(&format!("Name {n}")),
                &mut |_| {},
            ))
        };
        let (one, other) = std::thread::scope(|scope| {
            let one = scope.spawn(|| rename(1));
            (rename(3), one.join().unwrap())
        });
        assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    }
}
