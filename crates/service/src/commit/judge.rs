//! Judges a write inside the commit: a pure function of the state that the previous write left
//! (invariant 7).

use domain::{
    Activity, ActivityId, Author, Draft, Imported, Member, Members, Patch, Provenance, Role, Seq,
    Source, Stamp, State, Status, StatusRef, Terms, Version, folded,
};

use crate::base::refusal::Refusal;
use crate::commit::age::Seen;
use crate::commit::write::Write;
use crate::commit::{age, custom_fields};
use crate::directory::Directory;

/// What a write is judged by, in addition to the activity's own state.
pub(crate) struct Judge<'a> {
    pub(crate) directory: &'a Directory,
    pub(crate) author: Author,
    /// The stamp of the commit.
    pub(crate) stamp: Stamp,
}

impl Judge<'_> {
    /// The state that the activity is to have; none if the write changes nothing.
    ///
    /// `id` is the activity's, for a new one the id that it is to get.
    pub(crate) fn judge(
        &self,
        id: ActivityId,
        write: &Write,
        current: Option<&Version>,
        past: &Past,
    ) -> Result<Option<State>, Refusal> {
        // A refresh decides nothing: whoever began it may have lost their role meanwhile.
        if !matches!(write, Write::Refresh(_)) {
            self.permitted()?;
        }
        if !matches!(write, Write::Refresh(_) | Write::Follow { .. }) {
            self.directory.is_writable()?;
        }
        let record = current.and_then(Version::record);
        let present = || record.ok_or(Refusal::UnknownActivity(id));
        match write {
            Write::Create(draft) => self.create(draft).map(new_state),
            Write::Update(_, patch) => self.update(present()?, patch),
            Write::Edit { seen, patch, .. } => {
                unless_outdated(id, self.update(present()?, patch)?, current, *seen)
            }
            Write::Remove(_) => present().map(|_| Some(State::Tombstone)),
            Write::Restore { to: None, .. } if record.is_some() => Ok(None),
            Write::Restore { seen, .. } => {
                current.ok_or(Refusal::UnknownActivity(id))?;
                let earlier = past
                    .earlier
                    .as_ref()
                    .and_then(Version::record)
                    .ok_or(Refusal::UnknownVersion(id))?;
                let state = self.restore(earlier, record)?;
                match seen {
                    Some(seen) => unless_outdated(id, state, current, *seen),
                    None => Ok(state),
                }
            }
            Write::Undo { version, .. } => {
                current.ok_or(Refusal::UnknownActivity(id))?;
                if !past.is_untouched_since || *version == Seq::ZERO {
                    return Err(Refusal::Outdated(id));
                }
                match past.earlier.as_ref().and_then(Version::record) {
                    Some(earlier) => self.restore(earlier, record),
                    None => Ok(record.map(|_| State::Tombstone)),
                }
            }
            Write::Import { item, restore, overwrite } => {
                let import = Import { restore: *restore, overwrite: *overwrite };
                let state = self.import(id, item, import, current, past)?;
                let Some(last) = past.last_record(current) else { return Ok(state) };
                if past.base.is_some() && record.is_some() {
                    return Ok(state); // Member by member, it has been looked at what is newer here.
                }
                let stays = !overwrite && age::is_newer_here(last, item, past.seen);
                match (state, last.record()) {
                    (Some(_), Some(_)) if stays && record.is_some() => Err(Refusal::NewerHere(id)),
                    (Some(_), Some(last)) if stays => self.as_it_was(last),
                    (state, _) => Ok(state),
                }
            }
            Write::Follow { record, is_repair, .. } => {
                self.follow(current, record.as_deref(), *is_repair)
            }
            Write::Refresh(_) => Ok(current.and_then(|current| self.refresh(current))),
        }
    }

    /// Roles are looked up here, so that a user disabled a moment ago writes nothing more.
    fn permitted(&self) -> Result<(), Refusal> {
        let Some(user) = self.author.user else { return Ok(()) };
        match self.directory.users.get(&user) {
            Some(user) if !user.disabled && user.role >= Role::Editor => Ok(()),
            _ => Err(Refusal::PermissionDenied),
        }
    }

    fn author_name(&self) -> Option<String> {
        let user = self.directory.users.get(&self.author.user?)?;
        Some(user.name.as_str().to_owned())
    }

    fn create(&self, draft: &Draft) -> Result<Activity, Refusal> {
        let status = self.directory.choose_status(&draft.status)?;
        let author = self.author_name();
        let mut activity = Activity {
            created: self.stamp,
            created_by: author.clone(),
            modified_by: author,
            system_user: self.author.user,
            status: status.id,
            status_name: status.name.clone(),
            ..draft.activity()
        };
        draft.system_user.clone().apply(&mut activity.system_user);
        custom_fields::merge(&mut activity.custom_fields, &draft.custom_fields)?;
        Ok(activity)
    }

    fn update(&self, record: &Activity, patch: &Patch) -> Result<Option<State>, Refusal> {
        let mut activity = record.clone();
        patch.apply(&mut activity);
        if let Some(reference) = &patch.status {
            self.set_status(&mut activity, reference)?;
        }
        custom_fields::merge(&mut activity.custom_fields, &patch.custom_fields)?;
        if activity == *record {
            return Ok(None);
        }
        activity.modified_by = self.author_name();
        activity.provenance = record.provenance.edited();
        Ok(new_state(activity))
    }

    /// A record may keep a retired status; it cannot be given one. Nor is it given another that has
    /// the name of its own: whoever names that writes back what they have read.
    fn set_status(&self, activity: &mut Activity, reference: &StatusRef) -> Result<(), Refusal> {
        let is_there = match reference {
            StatusRef::Id(id) => *id == activity.status,
            StatusRef::Name(name) => folded(name.as_str()) == folded(activity.status_name.as_str()),
        };
        if is_there {
            return Ok(());
        }
        let status = self.directory.choose_status(reference)?;
        activity.status = status.id;
        activity.status_name = status.name.clone();
        Ok(())
    }

    /// A status that has been retired meanwhile comes back with the record that had it.
    fn restore(
        &self,
        earlier: &Activity,
        record: Option<&Activity>,
    ) -> Result<Option<State>, Refusal> {
        let status_name = self.directory.status(earlier.status)?.name.clone();
        let mut activity = Activity { status_name, ..earlier.clone() };
        if let Some(record) = record {
            activity.created = record.created;
            activity.created_by.clone_from(&record.created_by);
            if activity.has_content_of(record) {
                return Ok(None);
            }
        }
        activity.modified_by = self.author_name();
        activity.provenance = record.unwrap_or(earlier).provenance.edited();
        Ok(new_state(activity))
    }

    fn import(
        &self,
        id: ActivityId,
        item: &Imported,
        import: Import,
        current: Option<&Version>,
        past: &Past,
    ) -> Result<Option<State>, Refusal> {
        let removed = current.is_some_and(|version| version.state == State::Tombstone);
        let Imported::Record { activity, stamp, named, terms, .. } = item else {
            return Ok((!removed).then_some(State::Tombstone));
        };
        if removed && !import.restore {
            return Err(Refusal::Removed(id));
        }
        let mut activity = (**activity).clone();
        let mut named = *named;
        let last = past.last_record(current).and_then(Version::record);
        let base = past.base.as_ref().and_then(Version::record).filter(|_| !removed);
        if *terms != Terms::Exact {
            if let Some(record) = base.or(last) {
                let says_by_whom = named.has(Member::ModifiedBy) && base.is_none();
                named = terms.changes(&activity, named, record);
                if says_by_whom {
                    named.add(Member::ModifiedBy);
                }
            }
            self.settle_status(&mut activity, &mut named)?;
        } else if named.has(Member::StatusId) {
            activity.status_name = self.directory.status(activity.status)?.name.clone();
        }
        if last.is_none() && !named.have(Members::required()) {
            return Err(Refusal::UnknownActivity(id));
        }
        if let (Some(base), Some(last)) = (base, last) {
            if !import.overwrite {
                age::unless_changed_since(id, &activity, named, base, last)?;
            }
            activity.import_over(named, last);
            return Ok(self.edited(activity, last));
        }
        activity.provenance = age::provenance(*stamp, last, past.seen, self.stamp);
        if let Some(last) = last {
            let mut of_file = activity.clone();
            activity.import_over(named, last);
            // When it was created, nobody can edit.
            of_file.created = activity.created;
            of_file.created_by.clone_from(&activity.created_by);
            let keeps_some = !activity.has_content_of(&of_file);
            let is_from_elsewhere =
                matches!(last.provenance.source, Source::Import(_) | Source::Stampless);
            if keeps_some && !is_from_elsewhere {
                // What somebody wrote here is in no file, though the rest of the record is.
                activity.provenance = last.provenance.edited();
            }
        }
        match last.filter(|last| activity.has_content_of(last)) {
            Some(last) if removed => self.as_it_was(last),
            Some(_) => Ok(None),
            None => {
                self.sign_import(&mut activity, named, last.is_none());
                Ok(new_state(activity))
            }
        }
    }

    /// Puts the name of who imports where the file names nobody.
    fn sign_import(&self, activity: &mut Activity, named: Members, is_new: bool) {
        let Some(author) = self.author_name() else { return };
        if !named.has(Member::ModifiedBy) || activity.modified_by.is_none() {
            activity.modified_by = Some(author.clone());
        }
        // What a file says to have been created some time ago, somebody else has created.
        if is_new && !named.has(Member::Created) {
            activity.created_by.get_or_insert(author);
        }
    }

    /// What the server has that the organization follows. What is as new as what is here counts: within one second,
    /// a server may have changed it twice.
    fn follow(
        &self,
        current: Option<&Version>,
        record: Option<&Activity>,
        is_repair: bool,
    ) -> Result<Option<State>, Refusal> {
        if self.directory.organization.follows.is_none() {
            let problem = "the organization does not follow another server any more";
            return Err(Refusal::Unavailable(problem.to_owned()));
        }
        let Some(record) = record else {
            let is_removed = current.is_some_and(|version| version.state == State::Tombstone);
            return Ok((!is_removed).then_some(State::Tombstone));
        };
        let status_name = self.directory.status(record.status)?.name.clone();
        let mut activity = Activity { status_name, ..record.clone() };
        if let Some(here) = current.and_then(Version::record) {
            let (new, held) = (activity.provenance, here.provenance);
            if new.is_undated {
                activity.created = here.created;
            }
            let as_of = new.as_of().zip(held.as_of());
            let is_older = as_of.is_some_and(|(new, held)| new < held);
            // Of a copy from a file, it is not known what the server said of times.
            let is_of_a_copy = held.source == Source::Here && !is_repair;
            let is_said_alike = Provenance { since: None, ..held } == new || is_of_a_copy;
            let here = Activity { provenance: new, ..here.clone() };
            if (is_said_alike && activity == here) || (is_older && !is_repair) {
                return Ok(None);
            }
        }
        Ok(new_state(activity))
    }

    /// What a person has made of a record in a table.
    fn edited(&self, mut activity: Activity, last: &Activity) -> Option<State> {
        if activity.has_content_of(last) {
            return None;
        }
        activity.modified_by = self.author_name().or(activity.modified_by);
        activity.provenance = last.provenance.edited();
        new_state(activity)
    }

    /// Which status a row of a table means, where it says something of it. Of number and name, the one counts
    /// that is not what the record has; if neither is, they must be of one status.
    fn settle_status(&self, activity: &mut Activity, named: &mut Members) -> Result<(), Refusal> {
        let (by_id, by_name) = (named.has(Member::StatusId), named.has(Member::StatusName));
        if !by_id && !by_name {
            return Ok(());
        }
        let numbered = self.directory.statuses.get(&activity.status);
        let found = self.directory.status_named(activity.status_name.as_str());
        let unknown = || Refusal::UnknownStatus(format!("{:?}", activity.status_name.as_str()));
        let is_one =
            |status: &Status| folded(status.name.as_str()) == folded(activity.status_name.as_str());
        let status = match (by_id, by_name, numbered) {
            (true, false, _) => self.directory.status(activity.status)?,
            (true, true, Some(numbered)) if is_one(numbered) => numbered,
            (true, true, Some(numbered)) if found.is_some() => {
                return Err(Refusal::UnclearStatus {
                    id: numbered.id,
                    name_of_id: numbered.name.to_string(),
                    name: activity.status_name.to_string(),
                });
            }
            _ => found.ok_or_else(unknown)?,
        };
        activity.status = status.id;
        activity.status_name = status.name.clone();
        named.add(Member::StatusId);
        Ok(())
    }

    /// What comes back with the content that it had, which is from where it was.
    fn as_it_was(&self, last: &Activity) -> Result<Option<State>, Refusal> {
        let mut activity = last.clone();
        activity.status_name = self.directory.status(last.status)?.name.clone();
        activity.provenance.since = None;
        activity.modified_by = self.author_name().or(activity.modified_by);
        Ok(new_state(activity))
    }

    fn refresh(&self, current: &Version) -> Option<State> {
        let record = current.record()?;
        let status = self.directory.statuses.get(&record.status)?;
        let stale = status.name != record.status_name;
        let fresh = Activity {
            status_name: status.name.clone(),
            provenance: record.provenance.refreshed(current.stamp),
            ..record.clone()
        };
        stale.then_some(State::Record(Box::new(fresh)))
    }
}

/// What an import may do.
#[derive(Clone, Copy)]
struct Import {
    /// Bring back what has been removed.
    restore: bool,
    /// Take the place of what is newer here.
    overwrite: bool,
}

/// What a write may need to know of the versions before the latest.
#[derive(Default)]
pub(crate) struct Past {
    /// What a restore goes back to, and what an import brings back.
    pub(crate) earlier: Option<Version>,
    /// Which of them an item of an import shows.
    pub(crate) seen: Seen,
    /// The version that a row of a table was made from.
    pub(crate) base: Option<Version>,
    /// Whether the activity is unchanged since the version that is to be undone.
    pub(crate) is_untouched_since: bool,
}

impl Past {
    /// The activity's last version that is a record: the latest, or what an import brings back.
    fn last_record<'a>(&'a self, current: Option<&'a Version>) -> Option<&'a Version> {
        current.filter(|latest| latest.record().is_some()).or(self.earlier.as_ref())
    }
}

/// A change based on this version, if it is the latest or nothing would change.
fn unless_outdated(
    id: ActivityId,
    state: Option<State>,
    current: Option<&Version>,
    seen: Seq,
) -> Result<Option<State>, Refusal> {
    // What this very commit has written has no position yet: nobody can have seen it.
    let is_seen = current.is_some_and(|version| version.seq == seen && seen != Seq::ZERO);
    if is_seen || state.is_none() { Ok(state) } else { Err(Refusal::Outdated(id)) }
}

fn new_state(activity: Activity) -> Option<State> {
    Some(State::Record(Box::new(activity)))
}
