//! Lists of activities: filtered, searched, sorted by any column, counted exactly, any page.

mod query;

use std::sync::Arc;

use domain::{Activity, ActivityId, Seq, Version};
use timeline::SeqRange;

use crate::tenant::Tenant;
use crate::{AskError, Direction, Service};

pub use query::{Column, Filter, ListQuery, Listing};

impl Service {
    /// Answers one page of a list. It takes into account everything committed before.
    ///
    /// # Errors
    /// When the store cannot answer, or the words have not all been read in yet; both may pass.
    pub async fn list(&self, org: &Arc<Tenant>, query: &ListQuery) -> Result<Listing, AskError> {
        let (as_of, mut all) = self.matches(org, &query.filter).await?;
        all.sort_by_key(|version| (key(query.by, version), version.id));
        if query.direction == Direction::Descending {
            all.reverse();
        }
        let (total, size) = (all.len() as u64, query.page_size.max(1));
        let skip = query.page.saturating_sub(1).saturating_mul(u64::from(size));
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let records = all.into_iter().skip(skip).take(size as usize).collect();
        Ok(Listing { records, total, pages: total.div_ceil(u64::from(size)).max(1), as_of })
    }

    /// All activities that the filter lets through, by id.
    ///
    /// # Errors
    /// See [`Service::list`].
    pub async fn matching(
        &self,
        org: &Arc<Tenant>,
        filter: &Filter,
    ) -> Result<Vec<ActivityId>, AskError> {
        let mut ids: Vec<_> = self.matches(org, filter).await?.1.iter().map(|v| v.id).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    async fn matches(
        &self,
        org: &Arc<Tenant>,
        filter: &Filter,
    ) -> Result<(Seq, Vec<Arc<Version>>), AskError> {
        let view = org.exposure.view();
        let all = self.versions(org, view.records(SeqRange::ALL).collect()).await?;
        let passes = |version: &Arc<Version>| {
            version.record().is_some_and(|record| passes(filter, version, record))
        };
        Ok((view.seq(), all.into_iter().filter(passes).collect()))
    }
}

fn passes(filter: &Filter, version: &Version, record: &Activity) -> bool {
    let text = format!("{} {}", record.subject, record.note).to_lowercase();
    filter.words.split_whitespace().all(|word| text.contains(&word.to_lowercase()))
        && (filter.statuses.is_empty() || filter.statuses.contains(&record.status))
        && filter.priority.is_none_or(|priority| record.priority == priority)
        && filter.system_user.is_none_or(|user| record.system_user == Some(user))
        && filter.client.is_none_or(|client| record.client == Some(client))
        && filter.start_from.is_none_or(|from| record.start.stamp >= from)
        && filter.start_to.is_none_or(|to| record.start.stamp <= to)
        && filter.changed_from.is_none_or(|from| version.stamp >= from)
        && filter.changed_to.is_none_or(|to| version.stamp <= to)
}

fn key(by: Column, version: &Version) -> (Option<i64>, String) {
    let Some(record) = version.record() else { return (None, String::new()) };
    let number = match by {
        Column::Id | Column::Subject => None,
        Column::Start => Some(record.start.stamp.millis()),
        Column::End => record.end.map(|end| end.stamp.millis()),
        Column::Client => record.client.map(|client| client.0),
        Column::SystemUser => record.system_user.map(|user| user.0),
        Column::Status => Some(record.status.0),
        Column::Priority => Some(record.priority as i64),
        Column::Modified => Some(version.stamp.millis()),
    };
    let text = if by == Column::Subject { record.subject.as_str() } else { "" };
    (number, text.to_lowercase())
}
