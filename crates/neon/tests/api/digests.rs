//! Digests: what a mirror computes from the answers that it has read, the server says too.

use std::collections::BTreeMap;

use domain::{ActivityId, Fingerprint, Mirrored, MirroredField, Priority, SetDigest};
use serde_json::Value;

use crate::answer::Answer;
use crate::client::Client;
use crate::harness::{TestServer, moment};

/// The fingerprint of a record as an answer has it.
fn fingerprint(record: &Value) -> Fingerprint {
    let text = |name: &str| record[name].as_str();
    let time = |name: &str| text(name).map(|text| moment(text).stamp);
    let fields = record["customFieldDataList"]["customFieldData"].as_array();
    let fields = fields.into_iter().flatten().map(|field| MirroredField {
        field_id: field["fieldId"].as_str().unwrap(),
        value: field["fieldValue"].as_str(),
        option_id: field["fieldOptionId"].as_str(),
    });
    let mirrored = Mirrored {
        id: ActivityId(record["activityId"].as_i64().unwrap()),
        subject: text("subject").unwrap(),
        note: text("note").unwrap(),
        start: time("startDateTime").unwrap(),
        end: time("endDateTime"),
        client: record["clientId"].as_i64(),
        system_user: record["systemUserId"].as_i64(),
        status: record["activityStatus"]["id"].as_str().unwrap().parse().unwrap(),
        status_name: record["activityStatus"]["name"].as_str().unwrap(),
        priority: Priority::parse(text("activityPriority").unwrap()).unwrap(),
        created: time("createdDateTime"),
        created_by: text("createdBy"),
        modified: time("lastModifiedDateTime"),
        modified_by: text("lastModifiedBy"),
        custom_fields: fields.collect(),
    };
    mirrored.fingerprint()
}

/// What a mirror has: activities that are there, and removals.
struct Copy {
    there: BTreeMap<i64, Fingerprint>,
    removed: Vec<i64>,
}

impl Copy {
    fn of(everything: &Answer) -> Copy {
        let id = |record: &Value| record["activityId"].as_i64().unwrap();
        let records = everything.records().iter();
        Copy {
            there: records.map(|record| (id(record), fingerprint(record))).collect(),
            removed: everything.deleted().unwrap(),
        }
    }

    /// The digests of the ids from one to another.
    fn digests(&self, from: i64, to: i64) -> [SetDigest; 2] {
        let mut digests = [SetDigest::default(); 2];
        self.there.range(from..=to).for_each(|(_, fingerprint)| digests[0] += *fingerprint);
        let removed = self.removed.iter().filter(|id| (from..=to).contains(*id));
        removed.for_each(|id| digests[1] += Fingerprint::of_removal(ActivityId(*id)));
        digests
    }
}

#[derive(Debug, PartialEq)]
struct Part {
    from: i64,
    to: i64,
    digests: [SetDigest; 2],
}

fn parts(answer: &Answer) -> Vec<Part> {
    let parts = answer.inside["digests"]["part"].as_array().unwrap();
    let part = |part: &Value| {
        let digest = |count: &str, hash: &str| {
            SetDigest::parse(part[count].as_u64().unwrap(), part[hash].as_str().unwrap()).unwrap()
        };
        Part {
            from: part["fromActivityId"].as_i64().unwrap(),
            to: part["toActivityId"].as_i64().unwrap(),
            digests: [digest("activities", "hash"), digest("deleted", "deletedHash")],
        }
    };
    parts.iter().map(part).collect()
}

fn digest(client: &Client, query: &str) -> Answer {
    client.get("digestActivities", query).ok()
}

/// Activities of all kinds, some of them removed.
fn populate(client: &Client) {
    client.create_many('a', 12);
    client.create_with("activity.note=line%0D%0Atwo+%22%E7%8E%8B%22&activity.subject=+blanks+&activity.endDateTime=2026-01-05T10:00:00.000%2B08:00");
    client.create_with("activity.systemUserId=7&activity.customFieldDataList.customFieldData.fieldId=81&activity.customFieldDataList.customFieldData.fieldValue=Blue&activity.customFieldDataList.customFieldData.fieldOptionId=");
    client.update(3, "activity.activityPriority=High");
    client.remove(5);
    client.remove(9);
}

#[test]
fn a_digest_is_that_of_what_the_answers_have() {
    let server = TestServer::start();
    let client = server.org("demo", "-06:00").editor();
    assert_eq!(parts(&digest(&client, "")).len(), 1, "an empty organization has one part");
    populate(&client);
    let copy = Copy::of(&client.everything());
    let whole = copy.digests(1, domain::ID_MAX);
    assert_eq!([whole[0].count, whole[1].count], [12, 2]);
    for count in [1, 2, 3, 5, 13, 14, 15, 200, 1_000_000] {
        let told = parts(&digest(&client, &format!("parts={count}")));
        // The one behind the last activity has none.
        assert_eq!(told.len(), count.min(14) + 1, "{count} parts");
        let mut sums = [SetDigest::default(); 2];
        let mut next = 1;
        for part in &told {
            assert_eq!((part.from, part.digests), (next, copy.digests(part.from, part.to)));
            sums[0] += part.digests[0];
            sums[1] += part.digests[1];
            next = part.to + 1;
        }
        assert_eq!((next, sums), (domain::ID_MAX + 1, whole), "parts add up to the whole");
    }
    let told = parts(&digest(&client, "fromActivityId=4&toActivityId=9&parts=2"));
    let places: Vec<_> = told.iter().map(|part| (part.from, part.to)).collect();
    assert_eq!(places, [(4, 6), (7, 9)], "a part ends with an activity, or a removed one");
    assert!(told.iter().all(|part| part.digests == copy.digests(part.from, part.to)));
}

#[test]
fn it_is_as_of_the_instant_that_is_asked_for() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    populate(&client);
    let then = client.everything();
    let before = parts(&digest(&client, "parts=4"));
    server.advance(1_000);
    client.update(1, "activity.subject=other");
    client.update(1, "activity.subject=again");
    client.remove(2);
    client.create("new");
    let now = digest(&client, "parts=4");
    assert_ne!(parts(&now), before);
    let as_of = format!("asOfDateTime={}&parts=4", then.time().replace('+', "%2B"));
    for _ in 0..2 {
        let answer = digest(&client, &as_of);
        assert_eq!(
            (parts(&answer), answer.time()),
            (before.iter().map(|part| Part { ..*part }).collect(), then.time())
        );
        server.restart();
        let client = client.again();
        assert_eq!(parts(&digest(&client, &as_of)), before);
    }
    let ahead = digest(&client.again(), "asOfDateTime=2999-01-01T00:00:00Z&parts=4");
    assert_eq!(parts(&ahead), parts(&now));
    assert!(ahead.horizon() < moment("2027-01-01T00:00:00Z").stamp, "the horizon is told");
    let dawn = digest(&client.again(), "asOfDateTime=0001-06-01T00:00:00Z");
    assert_eq!(parts(&dawn).iter().map(|part| part.digests[0].count).sum::<u64>(), 0);
}

#[test]
fn what_is_told_is_told_for_good() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    let told = digest(&client, "");
    let id = client.create("Call");
    assert!(moment(&client.stamp(id)).stamp > told.horizon());
}

#[test]
fn odd_ranges_and_parts_are_refused_or_clamped() {
    let server = TestServer::start();
    let client = server.editor();
    client.create_many('a', 3);
    for query in ["parts=0", "parts=-5", "fromActivityId=-1", "toActivityId=9223372036854775807"] {
        assert_eq!(parts(&digest(&client, query)), parts(&digest(&client, "")), "{query}");
    }
    let refused = |query: &str, text: &str| {
        let answer = client.get("digestActivities", query);
        answer.fails(1, &format!("Unexpected System error occured. {text}"));
    };
    refused(
        "fromActivityId=5&toActivityId=4",
        "fromActivityId is \"5\", expected an id that is not after 4",
    );
    refused("toActivityId=0", "fromActivityId is \"1\", expected an id that is not after 0");
    refused("parts=x", "parts is \"x\", expected a whole number of at most 18 digits");
    refused(
        "asOfDateTime=noon",
        "asOfDateTime is \"noon\", expected a time with an offset, like 2014-01-10T15:50:28.153+08:00",
    );
}

#[test]
fn one_organization_says_nothing_of_another() {
    let server = TestServer::start();
    let (one, other) = (server.org("one", "+00:00").editor(), server.org("two", "+00:00").editor());
    one.create_many('a', 3);
    assert_eq!(parts(&digest(&other, ""))[0].digests, [SetDigest::default(); 2]);
}
