//! Following another server: what it says is written page by page, each time with how far it has come. Meanwhile
//! no one else writes to the organization ([`ReadOnly`](crate::base::refusal::ReadOnly)).
//!
//! Every change has a stamp of here, that of the commit: a client that has been told an instant is told all that
//! becomes visible after it, however late the source has shown it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::{
    ActivityId, Author, Follows, Imported, Kind, Member, Origin, Provenance, Role, Seq, Stage,
    StatusId, UserId, Version,
};
use store::{StoreError, Transaction};
use thiserror::Error;
use timeline::SeqRange;

use crate::base::refusal::{Refusal, stopping, unavailable};
use crate::base::runtime::wait;
use crate::base::sabotage::step_of;
use crate::commit::write::Write;
use crate::directory::Directory;
use crate::directory::admin_error::AdminError;
use crate::engine::Service;
use crate::folder::authority::Authority;
use crate::folder::tenant::Tenant;
use crate::import::import_error::ImportError;
use crate::import::names::NotHere;
use crate::import::options::CHUNK_ITEMS_MAX;
use crate::import::plan::Statuses;
use crate::import::statuses::{Named, StatusChanges};
use crate::runs::removed::ids_of;

const AUTHOR: Author = Author { user: None, origin: Origin::Import };

/// A piece of what the source says.
#[derive(Debug)]
pub struct FollowPage {
    /// How far the organization has come with it.
    pub follows: Follows,
    /// Activities that are there, each with its id; and ids of those that were removed, without a time.
    pub items: Vec<Imported>,
    /// Whether records count even if what is here seems newer.
    pub is_repair: bool,
}

/// What a page came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Activities that are new, have changed, or are back.
    pub written: u64,
    /// Activities that were removed.
    pub removed: u64,
}

/// Why an organization cannot follow.
#[derive(Debug, Error)]
pub enum FollowError {
    /// It follows nothing and is not empty: it was worked in, or following was finished.
    #[error(
        "organization {0} does not follow a server and already has activities of its own: give the id of a new organization, which will be added"
    )]
    HasActivities(domain::OrgId),
    /// It follows another source.
    #[error("organization {org} follows {address}, and no other server can be followed meanwhile")]
    Another {
        /// The organization.
        org: domain::OrgId,
        /// The address of the server that it follows.
        address: String,
    },
    /// It does not follow any.
    #[error("organization {0} does not follow another server")]
    FollowsNone(domain::OrgId),
    /// The store does not answer, or what is added is in the way.
    #[error(transparent)]
    Import(#[from] ImportError),
}

impl From<Refusal> for FollowError {
    fn from(refusal: Refusal) -> FollowError {
        FollowError::Import(refusal.into())
    }
}

impl From<AdminError> for FollowError {
    fn from(error: AdminError) -> FollowError {
        FollowError::Import(error.into())
    }
}

impl From<StoreError> for FollowError {
    fn from(error: StoreError) -> FollowError {
        unavailable(&error).into()
    }
}

impl Service {
    /// What the organization follows; none if it could begin to.
    ///
    /// # Errors
    /// When it has activities and follows nothing.
    pub fn follows(&self, org: &Tenant) -> Result<Option<Follows>, FollowError> {
        let organization = &org.directory().organization;
        let is_empty = org.log.timeline.read().is_empty() && organization.stage != Stage::Importing;
        match &organization.follows {
            None if !is_empty => Err(FollowError::HasActivities(org.id.clone())),
            follows => Ok(follows.clone()),
        }
    }

    /// Writes a page, and then, once that is durable, how far the organization has come. With the first one it
    /// begins to follow. For a thread that may wait.
    ///
    /// # Errors
    /// See [`FollowError`]. The same page can be written again, and changes nothing that is there already.
    pub fn take_followed(
        &self,
        org: &Arc<Tenant>,
        page: FollowPage,
    ) -> Result<Followed, FollowError> {
        let FollowPage { follows, items, is_repair } = page;
        self.begin_to_follow(org, &follows)?;
        self.take_followed_names(org, &items, is_repair)?;
        let mut followed = Followed::default();
        let mut items = items.into_iter().peekable();
        while items.peek().is_some() {
            let mut under_way = Vec::new();
            for item in items.by_ref().take(step_of(CHUNK_ITEMS_MAX)) {
                let Some((id, record)) = said(item) else { continue };
                let here = org.kind(id);
                if record.is_none() && here == Some(Kind::Tombstone) {
                    continue; // Lists of removed ids come again and again.
                }
                let counted = match (&record, here) {
                    (Some(_), _) => (1, 0),
                    (None, here) => (0, u64::from(here == Some(Kind::Record))),
                };
                let answer = self.submit(org, AUTHOR, Write::Follow { id, record, is_repair })?;
                under_way.push((counted, answer));
            }
            for ((written, removed), answer) in under_way {
                if wait(answer).map_err(|_| stopping())??.version.is_some() {
                    followed.written += written;
                    followed.removed += removed;
                }
            }
        }
        self.come_to(org, follows)?;
        Ok(followed)
    }

    /// Lets people write to the organization again. Returns what it has followed.
    ///
    /// # Errors
    /// When it follows nothing, or the store cannot write.
    pub fn stop_following(&self, org: &Arc<Tenant>) -> Result<Follows, FollowError> {
        let id = org.id.clone();
        self.change_following(org, move |directory, transaction| {
            let follows = directory.organization.follows.take();
            let follows = follows.ok_or(FollowError::FollowsNone(id))?;
            transaction.put_organization(&directory.organization)?;
            Ok(follows)
        })
    }

    /// The activities of these ids that are there, in any order. Their provenance says when the source has changed
    /// them.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn followed(&self, org: &Tenant, ids: &[ActivityId]) -> Result<Vec<Version>, StoreError> {
        let seqs: Vec<Seq> = {
            let timeline = org.log.timeline.read();
            let view = timeline.head();
            let current = ids.iter().filter_map(|id| timeline.current(&view, *id));
            current.filter(|(_, kind)| *kind == Kind::Record).map(|(seq, _)| seq).collect()
        };
        self.shared.store.versions(org.key, &seqs)
    }

    /// How many activities are there.
    #[must_use]
    pub fn activities(&self, org: &Tenant) -> u64 {
        org.log.timeline.read().head().count_records(SeqRange::ALL)
    }

    /// The ids of all activities that are there, in order.
    #[must_use]
    pub fn ids(&self, org: &Tenant) -> Vec<ActivityId> {
        ids_of(&org.log, &org.log.exposure.view(), SeqRange::ALL, Kind::Record)
    }

    /// The ids of all removed activities, in order.
    #[must_use]
    pub fn removed_ids(&self, org: &Tenant) -> Vec<ActivityId> {
        ids_of(&org.log, &org.log.exposure.view(), SeqRange::ALL, Kind::Tombstone)
    }

    fn change_following<T: Send + 'static>(
        &self,
        org: &Arc<Tenant>,
        change: impl FnOnce(&mut Directory, &mut dyn Transaction) -> Result<T, FollowError>
        + Send
        + 'static,
    ) -> Result<T, FollowError> {
        wait(self.change_directory(Authority::command_line(org), Role::Admin, change))
    }

    fn begin_to_follow(&self, org: &Arc<Tenant>, page: &Follows) -> Result<(), FollowError> {
        match self.follows(org)? {
            Some(here) if here.is_same(page) => return Ok(()),
            Some(here) => {
                let address = here.address().to_owned();
                return Err(FollowError::Another { org: org.id.clone(), address });
            }
            None => {}
        }
        let (tenant, page) = (org.clone(), page.clone());
        self.change_following(org, move |directory, transaction| {
            let organization = &mut directory.organization;
            // Looked at again: another change may have been quicker.
            let is_free = organization.follows.is_none() && organization.stage != Stage::Importing;
            if !is_free || !tenant.log.timeline.read().is_empty() {
                return Err(FollowError::HasActivities(tenant.id.clone()));
            }
            // From here on a first import, which keeps given stamps, can no longer be.
            organization.stage = Stage::Open;
            organization.follows =
                Some(Follows { from: None, complete_to: None, loaded: None, ..page });
            Ok(transaction.put_organization(organization)?)
        })
    }

    /// Adds statuses and people that the page names, and gives statuses the names that it has for them.
    fn take_followed_names(
        &self,
        org: &Arc<Tenant>,
        items: &[Imported],
        is_repair: bool,
    ) -> Result<(), FollowError> {
        let (named, people) = named(org, items, is_repair);
        if named.is_empty() && people.is_empty() {
            return Ok(());
        }
        let mut unused = Vec::new();
        for id in org.directory().statuses.keys() {
            let one = self.shared.store.with_status(org.key, *id, ActivityId(0), 1)?;
            unused.extend(one.is_empty().then_some(*id));
        }
        let tenant = org.clone();
        let spreading: Vec<StatusId> =
            self.change_following(org, move |directory, transaction| {
                let changes = StatusChanges::follow(directory, &named, &unused);
                changes.put(tenant.key, transaction)?;
                people.put(&tenant, directory, transaction)?;
                let spreading = changes.spreading();
                if !spreading.is_empty() {
                    tenant.renames.fetch_add(1, Ordering::AcqRel);
                }
                Ok(spreading)
            })?;
        for id in spreading {
            let quiet = &mut |_| {};
            let spread = self.spread_status(org, AUTHOR, id, quiet);
            wait(spread).map_err(ImportError::from)?;
        }
        Ok(())
    }

    /// Keeps how far the organization has come.
    fn come_to(&self, org: &Arc<Tenant>, follows: Follows) -> Result<(), FollowError> {
        let (id, now) = (org.id.clone(), self.now());
        self.change_following(org, move |directory, transaction| {
            let organization = &mut directory.organization;
            let before = organization.follows.as_ref().ok_or(FollowError::FollowsNone(id))?;
            let loaded = before.loaded.or(follows.complete_to.map(|_| now));
            let next = Follows { loaded, ..follows };
            if *before != next {
                organization.follows = Some(next);
                transaction.put_organization(organization)?;
            }
            Ok(())
        })
    }
}

impl Tenant {
    /// What is known of an activity; none if there never was one.
    fn kind(&self, id: ActivityId) -> Option<Kind> {
        let timeline = self.log.timeline.read();
        timeline.current(&timeline.head(), id).map(|(_, kind)| kind)
    }
}

/// What is to be written of an item. One without an id says nothing.
fn said(item: Imported) -> Option<(ActivityId, Option<Box<domain::Activity>>)> {
    match item {
        Imported::Record { id, stamp, named, mut activity, .. } => {
            let is_undated = stamp.is_none() && !named.has(Member::Created);
            activity.provenance = Provenance::followed(stamp, is_undated);
            Some((id?, Some(activity)))
        }
        Imported::Removed { id, .. } => Some((id, None)),
    }
}

/// What the items name and what is not here, or has another name here.
fn named(org: &Tenant, items: &[Imported], is_repair: bool) -> (Named, NotHere) {
    let directory = org.directory();
    let (mut statuses, mut people) = (Statuses::default(), NotHere::default());
    // What a run reads again may show a name of before. A repair is sure of what the source says now.
    let follows = directory.organization.follows.as_ref().filter(|_| !is_repair);
    let known = follows.and_then(|follows| follows.complete_to);
    for item in items {
        let Imported::Record { activity, stamp, .. } = item else { continue };
        let here = directory.statuses.get(&activity.status);
        if here.is_none() || (*stamp > known && here.is_some()) {
            statuses.see(activity.status, &activity.status_name, *stamp);
        }
        let user = activity.system_user.filter(|user| *user != UserId(0));
        if let Some(user) = user.filter(|user| !directory.users.contains_key(user)) {
            people.users.insert(user, None);
        }
    }
    let mut named = statuses.named();
    named.retain(|id, name| directory.statuses.get(id).is_none_or(|here| here.name != *name));
    (named, people)
}
