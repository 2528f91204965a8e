//! The questions of the scenarios, drawn at random, and how each server is asked them.

use domain::{Stamp, Zone};

use crate::fill::{Content, FIRST_STAMP};
use crate::load::Request;

/// A question that is asked again and again, with ranges and pages drawn at random.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// Nothing is new.
    Idle,
    /// The ten newest changes.
    Newest,
    /// A hundred records from some place.
    Place,
    /// Some page of ten among all.
    Page,
}

/// What changed since `from`, and until `to`.
pub(crate) struct Question {
    from: i64,
    to: Option<i64>,
    page_size: u32,
    page: u64,
}

/// From here on, everything has changed.
const LONG_AGO: i64 = FIRST_STAMP - 86_400_000;

const HOUR_MS: i64 = 3_600_000;

impl Scenario {
    pub(crate) fn draw(self, content: Content) -> Question {
        let (all, last) = (content.activities, content.stamp(content.activities - 1));
        let ten = |from| Question { from, to: None, page_size: 10, page: 1 };
        match self {
            Scenario::Idle => ten(fastrand::i64(last + 1..last + HOUR_MS)),
            // From the gap after the eleventh newest change: the answer is of one page.
            Scenario::Newest => {
                ten(fastrand::i64(content.stamp(all - 11) + 1..=content.stamp(all - 10)))
            }
            Scenario::Place => {
                let first = fastrand::u64(0..=all - 100);
                let (from, to) = (content.stamp(first), content.stamp(first + 99));
                Question { from, to: Some(to), page_size: 100, page: 1 }
            }
            Scenario::Page => Question { page: fastrand::u64(2..=all / 10), ..ten(LONG_AGO) },
        }
    }

    /// How many records are in an answer.
    pub(crate) fn records(self) -> usize {
        match self {
            Scenario::Idle => 0,
            Scenario::Newest | Scenario::Page => 10,
            Scenario::Place => 100,
        }
    }
}

impl Question {
    /// A page of everything.
    pub(crate) fn everything(page: u64, page_size: u32) -> Question {
        Question { from: LONG_AGO, to: None, page_size, page }
    }

    /// The same question, bounded so that what changes from now on is in no answer.
    pub(crate) fn bounded(self, content: Content) -> Question {
        let last = content.stamp(content.activities - 1);
        Question { to: Some(self.to.unwrap_or(last + HOUR_MS)), ..self }
    }

    /// As a script asks Driftless. Page 1 and a page of ten need not be said.
    pub(crate) fn driftless(&self, session: &str) -> String {
        let mut target = format!(
            "/neonws/services/api/account/syncActivities?userSessionId={session}&syncActivityTimeFrom={}",
            utc(self.from)
        );
        if let Some(to) = self.to {
            target += &format!("&syncActivityTimeTo={}", utc(to));
        }
        if self.page_size != 10 {
            target += &format!("&page.pageSize={}", self.page_size);
        }
        if self.page != 1 {
            target += &format!("&page.currentPage={}", self.page);
        }
        target
    }

    /// As one asks PocketBase.
    pub(crate) fn pocketbase(&self) -> String {
        let spaced = |millis| utc(millis).replace('T', "%20");
        let mut filter = format!("modified%3E%3D%22{}%22", spaced(self.from));
        if let Some(to) = self.to {
            filter += &format!("%26%26modified%3C%3D%22{}%22", spaced(to));
        }
        let Question { page_size, page, .. } = self;
        format!(
            "/api/collections/activities/records?filter={filter}&sort=-modified&perPage={page_size}&page={page}"
        )
    }

    /// As one asks the afternoon solution.
    pub(crate) fn fastapi(&self) -> String {
        let to = self.to.map_or(String::new(), |to| format!("&until={}", utc(to)));
        let (since, Question { page_size, page, .. }) = (utc(self.from), self);
        format!("/activities?since={since}{to}&size={page_size}&page={page}")
    }
}

/// An update that gives one of so many activities a subject that it has never had.
pub(crate) struct Update {
    /// From 1.
    pub(crate) id: u64,
    pub(crate) subject: String,
}

impl Update {
    pub(crate) fn draw(activities: u64) -> Update {
        let subject = format!("Call {:012x}", fastrand::u64(..1 << 48));
        Update { id: fastrand::u64(1..=activities), subject }
    }

    pub(crate) fn driftless(&self, session: &str) -> Request {
        let subject = self.subject.replace(' ', "%20");
        Request::get(format!(
            "/neonws/services/api/account/updateActivity?userSessionId={session}&activity.activityId={}&activity.subject={subject}",
            self.id
        ))
    }

    /// Ids have fifteen characters there.
    pub(crate) fn pocketbase(&self) -> Request {
        let target = format!("/api/collections/activities/records/{:015}", self.id);
        Request { verb: "PATCH", target, body: format!(r#"{{"subject":"{}"}}"#, self.subject) }
    }

    pub(crate) fn fastapi(&self) -> Request {
        let target = format!("/activities/{}", self.id);
        Request { verb: "PATCH", target, body: format!(r#"{{"subject":"{}"}}"#, self.subject) }
    }
}

/// A time in UTC.
pub(crate) fn utc(millis: i64) -> String {
    Zone::utc().at(Stamp::from_millis(millis)).to_string().replace("+00:00", "Z")
}
