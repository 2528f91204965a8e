//! Asking Driftless for digests: what ranges of ids hold, as of an instant.

use api_v1::{method, parameter, root};
use domain::{ActivityId, DIGEST_PARTS_MAX, ID_MAX, SetDigest, Stamp};
use serde::Deserialize;

use super::page::odd;
use super::{Errors, NoPage, Source, SourceError, Trouble, content, lower_bound, refused};

/// All ids that there can be.
pub(crate) const ALL_IDS: Ids = Ids { from: ActivityId(1), to: ActivityId(ID_MAX) };

/// A range of ids, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) from: ActivityId,
    pub(crate) to: ActivityId,
}

impl Ids {
    pub(crate) fn has(self, id: ActivityId) -> bool {
        (self.from..=self.to).contains(&id)
    }
}

/// What a range of ids holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) activities: SetDigest,
    pub(crate) removed: SetDigest,
}

/// A part of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) ids: Ids,
    pub(crate) held: Held,
}

impl Part {
    /// Activities and removals.
    pub(crate) fn count(&self) -> u64 {
        self.held.activities.count.saturating_add(self.held.removed.count)
    }
}

/// The parts of a range, which they fill without gaps. Each but one without content ends with an id that the source
/// has, or has removed.
#[derive(Debug)]
pub(crate) struct Digests {
    pub(crate) as_of: Stamp,
    pub(crate) parts: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DigestResponse {
    response_date_time: String,
    digests: Option<PartList>,
    errors: Option<Errors>,
}

#[derive(Deserialize)]
struct PartList {
    part: Vec<PartEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PartEntry {
    from_activity_id: i64,
    to_activity_id: i64,
    activities: u64,
    hash: String,
    deleted: u64,
    deleted_hash: String,
}

impl PartEntry {
    fn read(self) -> Option<Part> {
        let (from, to) = (ActivityId(self.from_activity_id), ActivityId(self.to_activity_id));
        let activities = SetDigest::parse(self.activities, &self.hash)?;
        let removed = SetDigest::parse(self.deleted, &self.deleted_hash)?;
        Some(Part { ids: Ids { from, to }, held: Held { activities, removed } })
    }
}

impl Source {
    /// Asks for the digests of a range, as of an instant or of now; once more, if the session has ended.
    pub(crate) fn digests(
        &mut self,
        as_of: Option<Stamp>,
        ids: Ids,
    ) -> Result<Digests, SourceError> {
        for _ in 0..2 {
            if self.session.is_none() {
                self.login()?;
            }
            match self.repeat(|source| source.try_digests(as_of, ids)) {
                Ok(digests) => return Ok(digests),
                Err(NoPage::Source(error)) => return Err(error),
                Err(NoPage::RunOver) => {}
            }
        }
        Err(SourceError::Sessions(self.address().to_owned()))
    }

    fn try_digests(&mut self, as_of: Option<Stamp>, ids: Ids) -> Result<Digests, Trouble> {
        let mut form = vec![
            (parameter::SESSION, self.session.clone().unwrap_or_default()),
            (parameter::DIGEST_FROM, ids.from.to_string()),
            (parameter::DIGEST_TO, ids.to.to_string()),
            (parameter::DIGEST_PARTS, DIGEST_PARTS_MAX.to_string()),
        ];
        form.extend(as_of.map(|as_of| (parameter::DIGEST_AS_OF, as_of.at_offset(0).to_string())));
        let answer = self.post(method::DIGEST, &form)?;
        let response: DigestResponse = content(&answer, root::DIGEST)?;
        if let Some(errors) = response.errors.map(Errors::read).filter(|errors| !errors.is_empty())
        {
            return Err(refused(&answer.url, 1, &errors));
        }
        let parts = response.digests.and_then(|list| parts(list, ids));
        let digests = lower_bound(&response.response_date_time).zip(parts);
        let digests = digests.map(|(as_of, parts)| Digests { as_of, parts });
        digests.ok_or_else(|| {
            odd(&answer.url, &format!("the ids {} to {} are not divided", ids.from, ids.to))
        })
    }
}

/// The parts of an answer, if they fill the range, and do so in more than one step.
fn parts(list: PartList, whole: Ids) -> Option<Vec<Part>> {
    let parts: Option<Vec<Part>> = list.part.into_iter().map(PartEntry::read).collect();
    let parts = parts?;
    let mut next = whole.from;
    for part in &parts {
        let is_divided = part.ids != whole || part.count() <= 1;
        if part.ids.from != next || !(next..=whole.to).contains(&part.ids.to) || !is_divided {
            return None;
        }
        next = ActivityId(part.ids.to.0 + 1);
    }
    (next.0 == whole.to.0 + 1).then_some(parts)
}
