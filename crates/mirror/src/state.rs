//! How far a mirror has come: kept in the target, in one transaction with the rows that it covers.

use domain::Stamp;
use serde::{Deserialize, Serialize};

use crate::Summary;

/// How far a mirror has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct State {
    /// The source's address.
    pub source: String,
    /// The organization.
    pub organization: String,
    /// From here on the source is asked next, in milliseconds since 1970 UTC; none before the first page.
    pub from_millis: Option<i64>,
    /// Up to here the target has everything, in milliseconds since 1970 UTC; none before the first complete run.
    pub complete_to_millis: Option<i64>,
    /// What tells the source's log from every other, if the source says it.
    pub log: Option<String>,
    /// When all of it was read last, in milliseconds since 1970 UTC: loaded for the first time, or compared.
    pub compared_millis: Option<i64>,
}

/// What a run came to, as a target keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunNote {
    /// When the source answered last, by its clock.
    pub answered: Option<String>,
    /// Records that came.
    pub read: u64,
    /// Rows that were new or had changed.
    pub written: u64,
    /// Rows that were taken away.
    pub removed: u64,
    /// What was repaired, if the source had been restored from a backup.
    pub repaired: Option<u64>,
    /// Up to here the target had everything then; none if the run ended early.
    pub complete_to: Option<String>,
}

impl RunNote {
    /// A run that has ended.
    pub(crate) fn of(summary: &Summary) -> RunNote {
        let text = |stamp: Stamp| stamp.at_offset(0).to_string();
        let Summary { read, written, removed, restored: repaired, complete_to, .. } = *summary;
        let (answered, complete_to) = (summary.answered.map(text), complete_to.map(text));
        RunNote { answered, read, written, removed, repaired, complete_to }
    }
}

impl State {
    /// Nothing yet.
    #[must_use]
    pub fn new(source: &str, organization: &str) -> State {
        State {
            source: source.to_owned(),
            organization: organization.to_owned(),
            from_millis: None,
            complete_to_millis: None,
            log: None,
            compared_millis: None,
        }
    }

    /// From here on the source is asked next.
    #[must_use]
    pub fn from(&self) -> Option<Stamp> {
        self.from_millis.map(Stamp::from_millis)
    }

    /// The same, asked from here on next.
    #[must_use]
    pub(crate) fn asked_from(&self, from: Stamp) -> State {
        State { from_millis: Some(from.millis()), ..self.clone() }
    }

    /// The same, asked from that long before the end of the last complete run at the latest: the overlap may have been
    /// shorter then.
    #[must_use]
    pub(crate) fn reaching_back(&self, overlap_ms: i64) -> State {
        match (self.from_millis, self.complete_to_millis) {
            (Some(from), Some(to)) if from <= to => {
                State { from_millis: Some(from.min(to.saturating_sub(overlap_ms))), ..self.clone() }
            }
            _ => self.clone(),
        }
    }

    /// The same, complete up to there, and asked from `from` on next.
    #[must_use]
    pub(crate) fn complete_to(&self, to: Stamp, from: Stamp) -> State {
        let compared_millis = self.compared_millis.or(Some(to.millis()));
        let complete_to_millis = Some(to.millis());
        State { complete_to_millis, compared_millis, ..self.asked_from(from) }
    }

    /// The same, compared then.
    #[must_use]
    pub(crate) fn compared(&self, at: Stamp) -> State {
        State { compared_millis: Some(at.millis()), ..self.clone() }
    }

    /// Whether it is that long since all was read; never before the first load is complete.
    #[must_use]
    pub fn is_comparison_due(&self, every_ms: i64) -> bool {
        match (self.compared_millis, self.complete_to_millis) {
            // The source's clock may have been ahead.
            (Some(compared), Some(to)) => compared > to || to.saturating_sub(compared) >= every_ms,
            _ => false,
        }
    }
}
