//! A script of 2014: logs in once, then sends everything in the URL.

use axum::body::Body;
use axum::http::Request;
use domain::UserId;
use serde_json::Value;
use service::NewKey;

use crate::answer::Answer;
use crate::harness::{Org, request};

/// What `createActivity` requires beside the subject.
pub(crate) const REQUIRED: &str = "activity.startDateTime=2026-01-05T09:00:00.000-06:00&activity.clientId=3480&activity.activityStatus.id=2&activity.activityPriority=Normal";

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// Somebody who is logged in.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) org: Org,
    pub(crate) user: UserId,
    pub(crate) key: NewKey,
    pub(crate) session: String,
}

/// `common/login`, `account/syncActivities`.
pub(crate) fn path(method: &str) -> String {
    let group = if matches!(method, "login" | "logout") { "common" } else { "account" };
    format!("{group}/{method}")
}

impl Client {
    #[track_caller]
    pub(crate) fn log_in(org: Org, user: UserId, key: NewKey) -> Client {
        let query = format!("common/login?login.apiKey={}&login.orgid={}", key.secret, org.id);
        let answer = org.host.send(request("GET", &query, None, Vec::new())).ok();
        let session = answer.inside["userSessionId"].as_str().unwrap().to_owned();
        Client { org, user, key, session }
    }

    /// The same key, in a session of its own.
    #[track_caller]
    pub(crate) fn again(&self) -> Client {
        Client::log_in(self.org.clone(), self.user, self.key.clone())
    }

    pub(crate) fn request(&self, method: &str, query: &str) -> Request<Body> {
        let query = format!("{}?userSessionId={}&{query}", path(method), self.session);
        request("GET", &query, None, Vec::new())
    }

    pub(crate) fn get(&self, method: &str, query: &str) -> Answer {
        self.org.host.send(self.request(method, query))
    }

    pub(crate) fn post(&self, method: &str, form: &str) -> Answer {
        let form = format!("userSessionId={}&{form}", self.session);
        self.org.host.send(request("POST", &path(method), Some(FORM), form))
    }

    /// Creates an activity; returns its id.
    #[track_caller]
    pub(crate) fn create(&self, subject: &str) -> i64 {
        self.create_with(&format!("activity.subject={subject}"))
    }

    /// Creates an activity with more than what is required; what comes last counts.
    #[track_caller]
    pub(crate) fn create_with(&self, members: &str) -> i64 {
        let query = format!("activity.subject=Call&{REQUIRED}&{members}");
        self.get("createActivity", &query).ok().inside["activityId"].as_i64().unwrap()
    }

    /// Creates that many activities, named by letter and number: `a1`, `a2` …
    #[track_caller]
    pub(crate) fn create_many(&self, letter: char, count: usize) -> Vec<i64> {
        (1..=count).map(|n| self.create(&format!("{letter}{n}"))).collect()
    }

    #[track_caller]
    pub(crate) fn update(&self, id: i64, members: &str) {
        let query = format!("activity.activityId={id}&{members}");
        let answer = self.get("updateActivity", &query).ok();
        assert_eq!(answer.inside["activityId"], id);
    }

    #[track_caller]
    pub(crate) fn remove(&self, id: i64) {
        self.get("removeActivity", &format!("activityId={id}")).ok();
    }

    #[track_caller]
    pub(crate) fn retrieve(&self, id: i64) -> Value {
        self.get("retrieveActivity", &format!("activityId={id}")).ok().activity().clone()
    }

    /// When the activity was changed last.
    #[track_caller]
    pub(crate) fn stamp(&self, id: i64) -> String {
        self.retrieve(id)["lastModifiedDateTime"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn sync(&self, query: &str) -> Answer {
        self.get("syncActivities", query).ok()
    }

    /// All there is, in pages of the largest size.
    #[track_caller]
    pub(crate) fn everything(&self) -> Answer {
        self.sync("syncActivityTimeFrom=0001-01-01T00:00:00Z&page.pageSize=200")
    }
}
