//! What methods answer, as values. No method knows in which form its answer leaves: that is for the writers (`json/`).

use std::sync::Arc;

use domain::{ActivityId, Seq, Stamp, Version};
use service::{Place, RemovedIds, Served, Tenant};

use crate::errors::ApiError;

/// What a method has come to.
pub(crate) struct Answer {
    /// Whose it is: decides in which zone times are shown.
    pub(crate) org: Option<Arc<Tenant>>,
    /// Its place among the requests that the organization has under way.
    pub(crate) place: Option<Place>,
    pub(crate) content: Result<Success, Vec<ApiError>>,
}

impl Answer {
    /// An answer that is nobody's yet.
    pub(crate) fn of(content: Result<Success, Vec<ApiError>>) -> Answer {
        Answer { org: None, place: None, content }
    }

    /// A failure before anybody was recognised.
    pub(crate) fn refused(error: ApiError) -> Answer {
        Answer::of(Err(vec![error]))
    }
}

/// What a method answers beside what every method answers.
#[derive(Default)]
pub(crate) struct Success {
    pub(crate) message: Option<&'static str>,
    /// Up to when it is complete, if it tells of changes.
    pub(crate) horizon: Option<Stamp>,
    /// The page of changes that it is, to be told of once it has been sent.
    pub(crate) served: Option<Served>,
    pub(crate) members: Members,
}

/// Names and values, in the order in which they leave.
pub(crate) type Members = Vec<(&'static str, Value)>;

/// What a member of an answer may be.
pub(crate) enum Value {
    Number(u64),
    Text(String),
    /// Members of its own.
    Object(Members),
    /// A list of objects, each under this name.
    List(&'static str, Vec<Members>),
    /// Records that are still to be read.
    Records(RecordsPage),
    /// A record.
    Record(Arc<Version>),
    RemovedIds(RemovedIds),
}

/// Records of an organization, by their places in its log.
pub(crate) struct RecordsPage {
    pub(crate) org: Arc<Tenant>,
    /// Those that are asked for, in their order.
    pub(crate) seqs: Vec<Seq>,
    /// Those that will likely be asked for next.
    pub(crate) next: Vec<Seq>,
}

impl Success {
    /// An answer with a `responseMessage`.
    pub(crate) fn with_message(message: &'static str) -> Success {
        Success { message: Some(message), ..Success::default() }
    }

    /// The records that it has.
    pub(crate) fn records(&self) -> Option<&RecordsPage> {
        self.members.iter().find_map(|(_, value)| match value {
            Value::Records(page) => Some(page),
            _ => None,
        })
    }

    /// The removed ids that it has.
    pub(crate) fn removed_ids(&self) -> Option<&RemovedIds> {
        self.members.iter().find_map(|(_, value)| match value {
            Value::RemovedIds(removed) => Some(removed),
            _ => None,
        })
    }

    /// An answer that is complete up to there.
    pub(crate) fn up_to(horizon: Stamp) -> Success {
        Success { horizon: Some(horizon), ..Success::default() }
    }

    /// Adds a member.
    pub(crate) fn member(mut self, name: &'static str, value: impl Into<Value>) -> Success {
        self.members.push((name, value.into()));
        self
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Value {
        Value::Number(number)
    }
}

impl From<ActivityId> for Value {
    fn from(id: ActivityId) -> Value {
        Value::Number(id.0.unsigned_abs())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}
