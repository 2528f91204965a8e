//! The history of one activity: who changed what, when, and how.

use std::ops::ControlFlow::{self, Break, Continue};
use std::sync::Arc;

use domain::{ActivityId, CustomField, Kind, Seq, Version};
use store::StoreError;

use crate::base::difference::{Difference, differences};
use crate::engine::Service;
use crate::folder::tenant::Tenant;
use crate::runs::ask_error::AskError;

/// One step of an activity's history.
#[derive(Clone, Debug)]
pub struct Change {
    /// The version that it led to.
    pub version: Version,
    /// What the activity was before: a record after a tombstone is a restore.
    pub before: Option<Kind>,
    /// The name of who made it, where it was a system user.
    pub author: Option<String>,
    /// Which members differ from the version before: before and after, as text.
    pub differences: Vec<Difference>,
}

/// A part of a history, the latest change first.
#[derive(Clone, Debug)]
pub struct Story {
    /// Its steps.
    pub changes: Vec<Change>,
    /// The version that the next part begins with; none if this one reaches the beginning.
    pub older: Option<Seq>,
}

/// The most steps that a part of a history has.
const STORY_CHANGES_MAX: usize = 100;

/// The bytes of text after which a part of a history ends early: each version has its note whole.
const STORY_BYTES_MAX: usize = 4 << 20;

impl Service {
    /// The latest version of an activity, even a removal; none if there never was one.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn latest(
        &self,
        org: &Tenant,
        id: ActivityId,
    ) -> Result<Option<Arc<Version>>, AskError> {
        let view = org.log.exposure.view();
        let current = org.log.timeline.read().current(&view, id);
        let Some((seq, _)) = current else { return Ok(None) };
        Ok(self.versions(org, vec![seq]).await?.into_iter().next())
    }

    /// The version of an activity at a position; none if something else is there, or nothing.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn version(
        &self,
        org: &Tenant,
        id: ActivityId,
        seq: Seq,
    ) -> Result<Option<Arc<Version>>, AskError> {
        let is_its = self.is_shown(org, id, seq);
        let seqs = if is_its { vec![seq] } else { Vec::new() };
        Ok(self.versions(org, seqs).await?.into_iter().next())
    }

    /// A part of an activity's history, from the latest change or from this version on backwards. None
    /// if there never was such an activity, or it has no such version.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn story(
        &self,
        org: &Arc<Tenant>,
        id: ActivityId,
        from: Option<Seq>,
    ) -> Result<Option<Story>, AskError> {
        if from.is_some_and(|seq| !self.is_shown(org, id, seq)) {
            return Ok(None);
        }
        let (service, org) = (self.clone(), org.clone());
        let part = self.blocking(move || -> Result<Option<Story>, StoreError> {
            let Some(from) = from.or_else(|| service.shown(&org, id)) else { return Ok(None) };
            let (mut changes, mut bytes) = (Vec::new(), 0);
            let older = service.steps(&org, from, &mut |change| {
                bytes += change.bytes();
                changes.push(change);
                let is_full = changes.len() >= STORY_CHANGES_MAX || bytes >= STORY_BYTES_MAX;
                Ok::<_, StoreError>(if is_full { Break(()) } else { Continue(()) })
            })?;
            Ok(Some(Story { changes, older }))
        });
        Ok(part.await??)
    }

    /// The step of an activity's history that led to a version; none if it has no such version.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn change(
        &self,
        org: &Arc<Tenant>,
        id: ActivityId,
        version: Seq,
    ) -> Result<Option<Change>, AskError> {
        if !self.is_shown(org, id, version) {
            return Ok(None);
        }
        let (service, org) = (self.clone(), org.clone());
        let step = self.blocking(move || -> Result<Option<Change>, StoreError> {
            let mut step = None;
            service.steps(&org, version, &mut |change| {
                step = Some(change);
                Ok::<_, StoreError>(Break(()))
            })?;
            Ok(step)
        });
        Ok(step.await??)
    }

    /// Shows the history of an activity, the latest change first. False if there never was one.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub fn history<E: From<StoreError>>(
        &self,
        org: &Tenant,
        id: ActivityId,
        visit: &mut dyn FnMut(Change) -> Result<(), E>,
    ) -> Result<bool, E> {
        let Some(latest) = self.shown(org, id) else { return Ok(false) };
        self.steps(org, latest, &mut |change| visit(change).map(Continue))?;
        Ok(true)
    }

    /// The latest version of an activity that has been shown: what is durable and not yet visible is
    /// not to be shown (invariant 3).
    fn shown(&self, org: &Tenant, id: ActivityId) -> Option<Seq> {
        let view = org.log.exposure.view();
        org.log.timeline.read().current(&view, id).map(|(seq, _)| seq)
    }

    fn is_shown(&self, org: &Tenant, id: ActivityId, seq: Seq) -> bool {
        let view = org.log.exposure.view();
        seq <= view.seq() && org.log.timeline.read().id(seq) == Some(id)
    }

    /// Goes from a version back to the beginning, or until `visit` has enough. Returns the version
    /// that it would go on with.
    fn steps<E: From<StoreError>>(
        &self,
        org: &Tenant,
        from: Seq,
        visit: &mut dyn FnMut(Change) -> Result<ControlFlow<()>, E>,
    ) -> Result<Option<Seq>, E> {
        let store = self.shared.store.as_ref();
        let one = |seq| -> Result<Option<Version>, StoreError> {
            Ok(store.versions(org.key, &[seq])?.into_iter().next())
        };
        let mut next = one(from)?;
        let directory = org.directory();
        while let Some(version) = next {
            let before = version.previous.map(one).transpose()?.flatten();
            let author = version.author.user.and_then(|user| directory.users.get(&user));
            let differences =
                differences(before.as_ref().and_then(Version::record), version.record());
            let older = version.previous;
            let enough = visit(Change {
                before: before.as_ref().map(|before| before.state.kind()),
                author: author.map(|user| user.name.to_string()),
                differences,
                version,
            })?;
            if enough.is_break() {
                return Ok(older);
            }
            next = before;
        }
        Ok(None)
    }
}

impl Change {
    /// What it takes in memory, roughly.
    fn bytes(&self) -> usize {
        let record = self.version.record().map_or(0, |activity| {
            let fields = activity.custom_fields.iter().map(CustomField::bytes);
            activity.note.as_str().len() + fields.sum::<usize>()
        });
        let texts = self.differences.iter().flat_map(|d| [&d.before, &d.after]).flatten();
        record + texts.map(String::len).sum::<usize>()
    }
}
