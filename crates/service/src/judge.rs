//! Judging a write inside the commit: pure, on the state that the write before it left
//! (invariant 7).

use domain::{
    Activity, ActivityId, Author, Draft, Imported, Patch, Role, Seq, Stamp, State, StatusRef,
    Version,
};

use crate::directory::{Directory, folded};
use crate::{Refusal, Write, custom_fields};

/// What a write is judged by, besides the activity's own state.
pub(crate) struct Judge<'a> {
    pub(crate) directory: &'a Directory,
    pub(crate) author: Author,
    /// The stamp of the commit.
    pub(crate) stamp: Stamp,
}

impl Judge<'_> {
    /// The state that the activity is to have; none where the write changes nothing.
    ///
    /// `id` is the activity's, for a new one the id that it is to get. `earlier` is what a restore
    /// goes back to; no other write has any.
    pub(crate) fn judge(
        &self,
        id: ActivityId,
        write: &Write,
        current: Option<&Version>,
        earlier: Option<&Activity>,
    ) -> Result<Option<State>, Refusal> {
        // A refresh decides nothing: whoever began it may have lost his role meanwhile.
        if !matches!(write, Write::Refresh(_)) {
            self.permitted()?;
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
                let state = self.restore(earlier.ok_or(Refusal::UnknownVersion(id))?, record)?;
                match seen {
                    Some(seen) => unless_outdated(id, state, current, *seen),
                    None => Ok(state),
                }
            }
            Write::Import { item, restore } => self.import(item, *restore, current),
            Write::Refresh(_) => Ok(record.and_then(|record| self.refresh(record))),
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
        let mut system_user = self.author.user;
        draft.system_user.clone().apply(&mut system_user);
        let mut activity = Activity {
            created: self.stamp,
            created_by: author.clone(),
            modified_by: author,
            subject: draft.subject.clone(),
            note: draft.note.clone(),
            start: draft.start,
            end: draft.end,
            client: Some(draft.client),
            system_user,
            status: status.id,
            status_name: status.name.clone(),
            priority: draft.priority,
            custom_fields: Vec::new(),
        };
        custom_fields::merge(&mut activity.custom_fields, &draft.custom_fields)?;
        Ok(activity)
    }

    fn update(&self, record: &Activity, patch: &Patch) -> Result<Option<State>, Refusal> {
        let mut activity = record.clone();
        let Patch {
            subject,
            note,
            start,
            end,
            client,
            system_user,
            status,
            priority,
            custom_fields,
        } = patch.clone();
        set(&mut activity.subject, subject);
        set(&mut activity.note, note);
        set(&mut activity.start, start);
        set(&mut activity.priority, priority);
        end.apply(&mut activity.end);
        system_user.apply(&mut activity.system_user);
        activity.client = client.or(activity.client);
        if let Some(reference) = status {
            self.set_status(&mut activity, &reference)?;
        }
        custom_fields::merge(&mut activity.custom_fields, &custom_fields)?;
        if activity == *record {
            return Ok(None);
        }
        activity.modified_by = self.author_name();
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
            keep_creation(&mut activity, record);
            if same_content(&activity, record) {
                return Ok(None);
            }
        }
        activity.modified_by = self.author_name();
        Ok(new_state(activity))
    }

    fn import(
        &self,
        item: &Imported,
        restore: bool,
        current: Option<&Version>,
    ) -> Result<Option<State>, Refusal> {
        let removed = current.is_some_and(|version| version.state == State::Tombstone);
        let Imported::Record { id, activity, .. } = item else {
            return Ok((!removed).then_some(State::Tombstone));
        };
        if removed && !restore {
            return Err(Refusal::Removed(*id));
        }
        let mut activity = (**activity).clone();
        let status = self.directory.status(activity.status)?;
        activity.status_name = status.name.clone();
        let Some(record) = current.and_then(Version::record) else {
            return Ok(new_state(activity));
        };
        keep_creation(&mut activity, record);
        Ok(if same_content(&activity, record) { None } else { new_state(activity) })
    }

    fn refresh(&self, record: &Activity) -> Option<State> {
        let status = self.directory.statuses.get(&record.status)?;
        let stale = status.name != record.status_name;
        let fresh = Activity { status_name: status.name.clone(), ..record.clone() };
        stale.then_some(State::Record(Box::new(fresh)))
    }
}

/// What somebody wants who saw this version, if it is the latest or nothing would change.
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

/// An activity is created once, whatever brings its content.
fn keep_creation(activity: &mut Activity, record: &Activity) {
    activity.created = record.created;
    activity.created_by.clone_from(&record.created_by);
}

/// Whether two contents differ in nothing but who saved them.
fn same_content(one: &Activity, other: &Activity) -> bool {
    Activity { modified_by: other.modified_by.clone(), ..one.clone() } == *other
}

fn set<T>(member: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *member = value;
    }
}
