//! What `mirror` asks of the process that has the data folder: nothing that is typed.

use domain::{ActivityId, OrgId};
use mirror::State;
use serde::{Deserialize, Serialize};

use crate::text;

/// A question about an organization that follows another server, or something to do to it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Follow {
    #[serde(with = "text")]
    pub(crate) org: OrgId,
    pub(crate) what: What,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum What {
    /// How far it has come: a [`State`]; null if it does not follow yet.
    State {
        /// Whether that is refused.
        must_follow: bool,
    },
    /// How many activities are there.
    Count,
    /// How many of these.
    CountOf(Ids),
    /// Those of these activities that exist, as the source has them: a list of rows as JSON.
    Rows(Ids),
    /// The ids of all activities, one a line.
    Ids,
    /// The ids of all removed activities, one a line.
    Removed,
    /// Writes what standard input has, as JSON lines. The answer has how many were written and how many removed.
    Apply { state: State, is_repair: bool },
    /// Lets people write again, and tells how integrations go on.
    Finish {
        /// By how many milliseconds the source's clock is ahead of the one here, where that is known.
        ahead_ms: Option<i64>,
    },
}

/// Ids of activities.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ids(Vec<i64>);

impl Ids {
    pub(crate) fn of(ids: &[ActivityId]) -> Ids {
        Ids(ids.iter().map(|id| id.0).collect())
    }

    pub(crate) fn list(&self) -> Vec<ActivityId> {
        self.0.iter().copied().map(ActivityId).collect()
    }
}
