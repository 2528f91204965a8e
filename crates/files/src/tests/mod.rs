//! What is read, what is refused and where, and that what is written is read again.

mod json;
mod limits;
mod look;
mod round_trip;
mod table;
mod workbook;

use std::io::BufReader;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use super::{ColumnNames, Ignored, ReadError, Reading, Summary, read};
use crate::WORKBOOK_UNPACKED_BYTES_MAX;
use domain::{
    Activity, Author, CustomField, Imported, Member, Moment, Origin, Seq, Stamp, State, Version,
    Zone,
};
use neon::export::{Format, Writer};
use service::ImportNames;

const NOW: &str = "2026-01-01T00:00:00.000Z";

fn stamp(text: &str) -> Stamp {
    Moment::parse(text).unwrap().stamp
}

static CHICAGO: LazyLock<Zone> = LazyLock::new(|| Zone::parse("America/Chicago").unwrap());
static COLUMNS: LazyLock<ColumnNames> = LazyLock::new(ColumnNames::default);

fn reading(names: &mut ImportNames) -> Reading<'_> {
    let (zone, columns) = (&*CHICAGO, &*COLUMNS);
    Reading {
        now: stamp(NOW),
        zone,
        zone_is_said: false,
        dates: None,
        columns,
        folder: None,
        unpacked_max: WORKBOOK_UNPACKED_BYTES_MAX,
        names,
    }
}

fn read_bytes(input: &[u8]) -> Result<(Vec<Imported>, Summary), ReadError> {
    let mut taken = Vec::new();
    // The smallest of buffers, so that nothing relies on a larger one.
    let source = BufReader::with_capacity(1, input);
    let summary = read("f", source, reading(&mut ImportNames::of_nothing()), &mut |imported| {
        taken.push(imported);
        ControlFlow::Continue(())
    })?;
    Ok((taken, summary))
}

/// One line a thing, so that cases can say what they expect.
fn told(input: &str) -> String {
    let (taken, summary) = match read_bytes(input.as_bytes()) {
        Ok(read) => read,
        Err(error) => return error.to_string(),
    };
    let mut lines: Vec<String> = taken.iter().map(line).collect();
    lines.extend(summary.ignored.names().map(|(name, count)| format!("ignored {name} {count}")));
    lines.join("\n")
}

fn line(imported: &Imported) -> String {
    match imported {
        Imported::Record { id: Some(id), activity, .. } => format!("{id} {}", activity.subject),
        Imported::Record { id: None, activity, .. } => format!("new {}", activity.subject),
        Imported::Removed { id, at: None } => format!("{id} removed"),
        Imported::Removed { id, at: Some(at) } => format!("{id} removed {}", at.at_offset(0)),
    }
}

#[track_caller]
fn check(input: &str, expected: &str) {
    assert_eq!(told(input), expected, "{input}");
}

/// A record with what is required, and `more` members.
fn record(id: &str, more: &str) -> String {
    format!(
        r#"{{"activityId":{id},"subject":"s","startDateTime":"2014-04-08T11:00:00-05:00","activityStatus":{{"id":"2","name":"n"}},"activityPriority":"NORMAL"{more}}}"#
    )
}

fn one(input: &str) -> (Option<Stamp>, Activity) {
    let (taken, summary) = read_bytes(input.as_bytes()).unwrap_or_else(|e| panic!("{e}\n{input}"));
    assert_eq!(summary.records, 1);
    match taken.into_iter().next() {
        Some(Imported::Record { stamp, activity, .. }) => (stamp, *activity),
        other => panic!("{other:?}"),
    }
}

/// What the one record of a file says something of, beside what it must have.
fn named(input: &str) -> Vec<Member> {
    let (taken, _) = read_bytes(input.as_bytes()).unwrap_or_else(|e| panic!("{e}\n{input}"));
    let Some(Imported::Record { named, .. }) = taken.into_iter().next() else {
        panic!("no record: {input}")
    };
    let optional = [
        Member::ModifiedBy,
        Member::Note,
        Member::End,
        Member::Client,
        Member::SystemUser,
        Member::CustomFields,
    ];
    optional.into_iter().filter(|member| named.has(*member)).collect()
}

/// The answer of the manual's page.
const SAMPLE: &str = r#"{
    "syncActivitiesResponse": {
        "operationResult": "SUCCESS",
        "responseDateTime": "2014-04-11T11:45:32.855+08:00",
        "activities": {
            "activity": [
                {
                    "createdDateTime": "2013-07-09T15:53:19.000+08:00",
                    "createdBy": "Colin Pizarek",
                    "lastModifiedDateTime": "2014-04-09T03:26:06.000+08:00",
                    "activityId": 653,
                    "subject": "ddddd",
                    "note": "",
                    "startDateTime": "2014-04-08T11:00:00.000-05:00",
                    "endDateTime": "2014-03-31T11:00:00.000-05:00",
                    "systemUserId": 101132,
                    "activityStatus": {
                        "id": "2",
                        "name": "Not Started"
                    },
                    "activityPriority": "NORMAL"
                },
                {
                    "createdDateTime": "2013-07-09T15:53:19.000+08:00",
                    "createdBy": "Colin Pizarek",
                    "lastModifiedDateTime": "2014-03-09T20:15:14.000+08:00",
                    "activityId": 652,
                    "subject": "ddddd",
                    "note": "",
                    "startDateTime": "2014-03-08T11:00:00.000-05:00",
                    "endDateTime": "2014-02-28T11:00:00.000-05:00",
                    "systemUserId": 101132,
                    "activityStatus": {
                        "id": "2",
                        "name": "Not Started"
                    },
                    "activityPriority": "NORMAL"
                }
            ]
        },
        "page": {
            "currentPage": 1,
            "pageSize": 10,
            "totalPage": 1,
            "totalResults": 2
        },
        "deletedActivityIdList": {
            "activityId": []
        }
    }
}
"#;

const HEADER: &str = "activityid,Subject,note,startDateTime,ACTIVITYSTATUS.ID,activityStatus,activityPriority,createdBy,customFieldDataList,deletedDateTime";

/// A table of these rows.
fn table(rows: &[&str]) -> String {
    format!("{HEADER}\n{}", rows.join("\n"))
}

const ROW: &str = "1,s,,2014-04-08T11:00:00-05:00,2,n,normal,,,";

fn written(format: Format, zone: &str, versions: &[Version]) -> Vec<u8> {
    let zone = Zone::parse(zone).unwrap();
    let mut writer = Writer::new(format, zone, Vec::new()).unwrap();
    for version in versions {
        writer.write(version).unwrap();
    }
    writer.finish().unwrap()
}

fn version(imported: &Imported) -> Version {
    let state = match imported {
        Imported::Record { activity, .. } => State::Record(activity.clone()),
        Imported::Removed { .. } => State::Tombstone,
    };
    Version {
        seq: Seq(1),
        stamp: imported.stamp().unwrap(),
        id: imported.id().unwrap(),
        previous: None,
        author: Author { user: None, origin: Origin::Import },
        state,
    }
}

/// The members that [`record`] has not.
const EVERY_OTHER_MEMBER: &str = r#","createdDateTime":"2013-07-09T15:53:19.000+08:00","createdBy":"z2Administrator ",
        "lastModifiedDateTime":"2014-04-09T03:26:06.5-06:00","lastModifiedBy":"Ada","note":"a\nb",
        "endDateTime":"2014-03-31T11:00:00.000-05:00","clientId":31,"systemUserId":101132,
        "customFieldDataList":{"customFieldData":[{"fieldId":"7","fieldValue":"","fieldOptionId":"8"},{"fieldId":9}]}"#;

fn custom_field(id: &str, value: Option<&str>, option: Option<&str>) -> CustomField {
    CustomField {
        field_id: id.to_owned(),
        value: value.map(str::to_owned),
        option_id: option.map(str::to_owned),
    }
}
