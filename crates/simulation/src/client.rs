//! A client of the API: all it knows is what comes over HTTP, from where the released server answers.

use axum::body::Body;
use axum::http::Request;
use domain::{ActivityId, Moment, OrgId, Stamp};
use http_body_util::BodyExt;
use neon::Api;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use service::Outbox;

/// A page of `syncActivities`.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// The page asked for.
    pub(crate) number: u64,
    /// Its `responseDateTime`.
    pub(crate) horizon: Stamp,
    /// Pages in all.
    pub(crate) pages: u64,
    /// Records in all.
    pub(crate) total: u64,
    /// Its records.
    pub(crate) records: Vec<Record>,
    /// The ids listed as deleted.
    pub(crate) removed: Vec<ActivityId>,
}

/// A record, as far as pollers look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) id: ActivityId,
    /// Its `lastModifiedDateTime`.
    pub(crate) stamp: Stamp,
    pub(crate) shown: Shown,
}

/// What an activity looks like: subject, note and the name of its status.
pub(crate) type Shown = (String, String, String);

/// What a question asks for, as parameters have it.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) from: Option<Stamp>,
    pub(crate) to: Option<Stamp>,
    pub(crate) ids: Vec<ActivityId>,
    pub(crate) sort_column: Option<&'static str>,
    pub(crate) sort_direction: Option<&'static str>,
    pub(crate) page_size: u32,
    pub(crate) ignores_deleted: bool,
}

/// Why there is no page: the code of the first error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failed(pub(crate) u32);

impl Failed {
    /// Not now; perhaps with page 1.
    pub(crate) const UNAVAILABLE: Failed = Failed(2);
    /// The session is no good.
    pub(crate) const SESSION: Failed = Failed(4);
}

impl Question {
    fn parameters(&self, session: &str, page: u64) -> String {
        let mut query = format!("userSessionId={session}&page.currentPage={page}");
        let mut add = |name: &str, value: &str| {
            let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
            query.push_str(&format!("&{name}={value}"));
        };
        let bound = |at: Stamp| at.at_offset(0).to_string();
        if let Some(from) = self.from {
            add("syncActivityTimeFrom", &bound(from));
        }
        if let Some(to) = self.to {
            add("syncActivityTimeTo", &bound(to));
        }
        for id in &self.ids {
            add("activityIds.activityId", &id.to_string());
        }
        if let Some(column) = self.sort_column {
            add("page.sortColumn", column);
        }
        if let Some(direction) = self.sort_direction {
            add("page.sortDirection", direction);
        }
        add("page.pageSize", &self.page_size.to_string());
        if self.ignores_deleted {
            add("ignoreDeletedIdList", "true");
        }
        query
    }
}

/// Logs in; returns the session's id.
pub(crate) async fn log_in(api: Api, org: OrgId, key: String) -> Result<String, Failed> {
    let parameters = format!("login.apiKey={key}&login.orgid={org}");
    let answer = ask(&api, "common/login", &parameters).await;
    let answer: Login = serde_json::from_slice(&answer).expect("an answer");
    answer.inside.session.ok_or_else(|| failed(answer.inside.errors))
}

/// Asks for one page.
pub(crate) async fn page(
    api: Api,
    session: String,
    question: Question,
    number: u64,
) -> Result<Page, Failed> {
    let parameters = question.parameters(&session, number);
    let answer = ask(&api, "account/syncActivities", &parameters).await;
    let inside = serde_json::from_slice::<Sync>(&answer).expect("an answer").inside;
    let (Some(activities), Some(page)) = (inside.activities, inside.page) else {
        return Err(failed(inside.errors));
    };
    Ok(Page {
        number,
        horizon: stamp(&inside.response_date_time),
        pages: page.total_page,
        total: page.total_results,
        records: activities.activity.into_iter().map(Record::from).collect(),
        removed: inside.deleted_activity_id_list.activity_id.into_iter().map(ActivityId).collect(),
    })
}

async fn ask(api: &Api, method: &str, parameters: &str) -> Vec<u8> {
    let uri = format!("{}/{method}?{parameters}", neon::BASE_PATH);
    let request = Request::get(uri).body(Body::empty()).expect("a request");
    let (response, _) = api.answer(neon::tidy(request), None, &Outbox::default()).await;
    response.into_body().collect().await.expect("a body").to_bytes().to_vec()
}

fn failed(errors: Option<Errors>) -> Failed {
    let code = errors.and_then(|errors| errors.error.first()?.error_code.parse().ok());
    Failed(code.expect("a failure has a code"))
}

fn stamp(text: &str) -> Stamp {
    Moment::parse(text).expect("a time").stamp
}

#[derive(Deserialize)]
struct Login {
    #[serde(rename = "loginResponse")]
    inside: LoginInside,
}

#[derive(Deserialize)]
struct LoginInside {
    #[serde(rename = "userSessionId")]
    session: Option<String>,
    errors: Option<Errors>,
}

#[derive(Deserialize)]
struct Sync {
    #[serde(rename = "syncActivitiesResponse")]
    inside: SyncInside,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SyncInside {
    response_date_time: String,
    errors: Option<Errors>,
    activities: Option<Activities>,
    page: Option<Totals>,
    #[serde(default)]
    deleted_activity_id_list: Deleted,
}

#[derive(Deserialize)]
struct Errors {
    error: Vec<OneError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OneError {
    error_code: String,
}

#[derive(Deserialize)]
struct Activities {
    activity: Vec<Activity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Activity {
    activity_id: i64,
    last_modified_date_time: String,
    subject: String,
    note: String,
    activity_status: Status,
}

#[derive(Deserialize)]
struct Status {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Totals {
    total_page: u64,
    total_results: u64,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Deleted {
    activity_id: Vec<i64>,
}

impl From<Activity> for Record {
    fn from(activity: Activity) -> Record {
        Record {
            id: ActivityId(activity.activity_id),
            stamp: stamp(&activity.last_modified_date_time),
            shown: (activity.subject, activity.note, activity.activity_status.name),
        }
    }
}
