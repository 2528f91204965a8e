//! Examples that an admin can add, to see how the pages look with activities in them, and remove again.
//!
//! The first version of each example is marked as one ([`Origin::Examples`]), so that the examples can be identified
//! even if the process ends in between. They are only added to an organization without activities, and so are among
//! the first versions of the log.

pub mod made_up;

use std::sync::Arc;

use domain::{
    Account, ActivityId, Author, ClientId, Draft, Examples, Guide, Kind, Note, Organization,
    Origin, Presence, Role, Seq, Stamp, StatusId, StatusRef, Subject, Zone,
};
use store::Durability;
use thiserror::Error;

use crate::base::refusal::{Refusal, stopping, unavailable};
use crate::board::query::{Column, Filter, ListQuery};
use crate::commit::Committer;
use crate::commit::write::Write;
use crate::directory::Directory;
use crate::directory::admin_error::AdminError;
use crate::engine::Service;
use crate::folder::person::Person;
use crate::folder::tenant::Tenant;
use crate::lists::preparing::ListError;
use crate::log::query::Direction;

use made_up::Dice;

/// How many activities are made up: three each of today and yesterday, the others around them.
const ACTIVITIES: u32 = 36;

/// How many accounts are made up, where there are none.
const ACCOUNTS: u32 = 12;

/// While it is not known where the last example is, it may be up to here: others may write while the examples are
/// made.
const UNTIL_MAX: Seq = Seq(1_000);

const MINUTE_MS: i64 = 60_000;

/// Why examples were not made, or not all taken away.
#[derive(Debug, Error)]
pub enum ExamplesError {
    /// There are activities already.
    #[error("examples can only be added while there are no activities")]
    NotEmpty,
    /// They may not, or the store cannot write.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// What is left of them cannot be looked at now.
    #[error(transparent)]
    List(#[from] ListError),
}

impl From<Refusal> for ExamplesError {
    fn from(refusal: Refusal) -> ExamplesError {
        ExamplesError::Admin(match refusal {
            Refusal::PermissionDenied => AdminError::PermissionDenied(Role::Admin),
            other => other.into(),
        })
    }
}

/// What has become of the examples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RemovedExamples {
    /// Activities that have been removed.
    pub activities: u64,
    /// Activities that stay, because someone has changed them.
    pub kept_activities: u64,
    /// Accounts that stay, since they have another name now, or activities are about them.
    pub kept_accounts: u64,
}

impl Service {
    /// Fills an organization without activities with examples: activities around today, half of them this person's,
    /// and accounts where there are none. Does nothing where the examples are there already.
    ///
    /// # Errors
    /// See [`ExamplesError`].
    pub async fn fill_with_examples(&self, by: &Person) -> Result<(), ExamplesError> {
        by.tenant.directory().is_writable().map_err(AdminError::from)?;
        let unnamed = self.last_client(&by.tenant).await?;
        let person = by.clone();
        let begun = self.call_for(by, Role::Admin, move |committer, _| {
            committer.begin_examples(&person, unnamed)
        });
        let Some(accounts) = begun.await? else { return Ok(()) };
        let author = Author { user: Some(by.user), origin: Origin::Examples };
        let mut written = Vec::new();
        for draft in drafts(by, &accounts, self.now())? {
            written.push(self.submit(&by.tenant, author, Write::Create(Box::new(draft)))?);
        }
        let mut until = Seq::ZERO;
        for answer in written {
            let written = answer.await.map_err(|_| stopping())??;
            until = until.max(written.version.unwrap_or(Seq::ZERO));
        }
        self.set_guide(by, move |guide| {
            if let Some(examples) = &mut guide.examples {
                examples.until = until;
            }
        })
        .await?;
        Ok(())
    }

    /// Removes the examples: the activities that no one has changed, and the accounts that
    /// no one has renamed and no activity is about. The others stay, and no longer count as examples.
    ///
    /// # Errors
    /// See [`ExamplesError`]; what has gone by then has gone, and the rest can be taken away later.
    pub async fn remove_examples(&self, by: &Person) -> Result<RemovedExamples, ExamplesError> {
        by.check(Role::Admin)?;
        let mut removed = RemovedExamples::default();
        let guide = by.tenant.directory().organization.guide;
        let Some(examples) = guide.examples.filter(|examples| !examples.removed) else {
            return Ok(removed);
        };
        let mut answers = Vec::new();
        for (id, version) in self.example_versions(by, examples).await? {
            let undo = Write::Undo { id, version };
            answers.push((id, self.submit(&by.tenant, by.author(), undo)?));
        }
        for (id, answer) in answers {
            match answer.await.map_err(|_| stopping())? {
                Ok(written) => removed.activities += u64::from(written.version.is_some()),
                Err(Refusal::Outdated(_)) => removed.kept_activities += u64::from(is_there(by, id)),
                Err(Refusal::UnknownActivity(_)) => {}
                Err(problem) => return Err(problem.into()),
            }
        }
        let unused = self.unused_accounts(by, examples).await?;
        let gone = unused.len() as u64;
        self.call_for::<_, AdminError>(by, Role::Admin, move |committer, by| {
            Ok(committer.drop_accounts(by.org(), &unused)?)
        })
        .await?;
        removed.kept_accounts = u64::from(examples.accounts).saturating_sub(gone);
        self.set_guide(by, |guide| {
            if let Some(examples) = &mut guide.examples {
                examples.removed = true;
            }
        })
        .await?;
        Ok(removed)
    }

    /// Shows the checklist of the first days to the organization's admins, or hides it.
    ///
    /// # Errors
    /// When they may not, or the store cannot write.
    pub async fn set_guide_hidden(&self, by: &Person, hidden: bool) -> Result<(), AdminError> {
        self.set_guide(by, move |guide| guide.hidden = hidden).await
    }

    async fn set_guide(
        &self,
        by: &Person,
        change: impl FnOnce(&mut Guide) + Send + 'static,
    ) -> Result<(), AdminError> {
        self.change_directory(by, Role::Admin, move |directory, transaction| {
            change(&mut directory.organization.guide);
            let put = transaction.put_organization(&directory.organization);
            Ok(put.map_err(|e| unavailable(&e))?)
        })
        .await
    }

    /// The versions that examples began with.
    async fn example_versions(
        &self,
        by: &Person,
        examples: Examples,
    ) -> Result<Vec<(ActivityId, Seq)>, ExamplesError> {
        let last = by.tenant.log.exposure.view().seq().min(examples.until);
        let seqs = (1..=last.0).map(Seq).collect();
        let versions = self.versions(&by.tenant, seqs).await.map_err(|e| unavailable(&e))?;
        let begun = versions.iter().filter(|version| version.author.origin == Origin::Examples);
        Ok(begun.map(|version| (version.id, version.seq)).collect())
    }

    /// Accounts that were made up, have the same name still, and that no activity is about.
    async fn unused_accounts(
        &self,
        by: &Person,
        examples: Examples,
    ) -> Result<Vec<ClientId>, ExamplesError> {
        let mut unused = Vec::new();
        for account in made_up_accounts(examples.first_account, examples.accounts)? {
            if by.tenant.accounts().name(account.id) != Some(&account.name) {
                continue;
            }
            let filter = Filter { clients: Some(vec![account.id]), ..Filter::default() };
            let (by_id, direction) = (Column::Id, Direction::Ascending);
            let query = ListQuery { filter, by: by_id, direction, page: 1, page_size: 1 };
            if self.list(&by.tenant, &query).await?.total == 0 {
                unused.push(account.id);
            }
        }
        Ok(unused)
    }
}

fn is_there(by: &Person, id: ActivityId) -> bool {
    let current = by.tenant.log.timeline.read().current(&by.tenant.log.exposure.view(), id);
    current.is_some_and(|(_, kind)| kind == Kind::Record)
}

fn made_up_accounts(first: ClientId, count: u32) -> Result<Vec<Account>, AdminError> {
    let names = made_up::account_names(count as usize)?;
    let account = |(id, name)| Account { id: ClientId(id), name };
    Ok((first.0..).zip(names).map(account).collect())
}

impl Committer {
    /// Notes that examples are made, and makes their accounts; gives those that they may be about. None if they
    /// are there already.
    fn begin_examples(
        &mut self,
        by: &Person,
        unnamed: ClientId,
    ) -> Result<Option<Vec<ClientId>>, ExamplesError> {
        let org: Arc<Tenant> = by.tenant.clone();
        let directory = org.directory();
        if directory.organization.guide.examples.is_some_and(|examples| !examples.removed) {
            return Ok(None);
        }
        if !org.log.timeline.read().is_empty() {
            return Err(ExamplesError::NotEmpty);
        }
        let present: Vec<ClientId> =
            org.accounts().from(0).take(ACCOUNTS as usize).map(|one| one.id).collect();
        let accounts = if present.is_empty() { ACCOUNTS } else { 0 };
        let first_account = org.accounts().next(unnamed)?;
        let (activities, until, removed) = (ACTIVITIES, UNTIL_MAX, false);
        let examples = Examples { activities, until, first_account, accounts, removed };
        let mut changed = Directory::clone(&directory);
        let guide = Guide { examples: Some(examples), ..changed.organization.guide };
        changed.organization = Organization { guide, ..changed.organization };
        let now = self.shared.clock.now();
        self.transact(Durability::Power, |transaction| {
            let put = transaction.put_organization(&changed.organization);
            put.map_err(|e| unavailable(&e))?;
            org.people.audit.put_difference(
                org.key,
                &directory,
                &changed,
                by.by(),
                now,
                transaction,
            )
        })?;
        org.people.set_directory(changed);
        let made = made_up_accounts(first_account, accounts)?;
        let ids = made.iter().map(|account| account.id).collect();
        self.put_accounts(&org, made)?;
        Ok(Some(if present.is_empty() { ids } else { present }))
    }
}

/// The activities, the earliest first.
fn drafts(by: &Person, accounts: &[ClientId], now: Stamp) -> Result<Vec<Draft>, AdminError> {
    let directory = by.tenant.directory();
    let zone = by.zone();
    let to_do = directory.first_status().map(|status| status.id);
    let done = directory.done_status().map(|status| status.id).or(to_do);
    let (Some(to_do), Some(done)) = (to_do.or(done), done) else {
        return Err(AdminError::LastStatus);
    };
    let mut dice = Dice::new(20_260_301);
    let plan = (0..i64::from(ACTIVITIES)).map(|n| Planned::of(n, &mut dice));
    let mut plan: Vec<Planned> = plan.collect();
    plan.sort_by_key(|planned| (planned.days, planned.minutes));
    plan.iter()
        .map(|planned| {
            let status = if planned.is_done { done } else { to_do };
            let client = *dice.pick(accounts);
            planned.draft(by, &zone, now, status, client, &mut dice)
        })
        .collect()
}

/// When an example begins, and what has become of it.
struct Planned {
    /// Days from today.
    days: i64,
    /// Minutes after midnight.
    minutes: i64,
    is_done: bool,
    is_own: bool,
}

impl Planned {
    fn of(n: i64, dice: &mut Dice) -> Planned {
        let days = match n {
            0..3 => 0,
            3..6 => -1,
            6..22 => -2 - dice.below(28),
            _ => 1 + dice.below(14),
        };
        let minutes = 9 * 60 + 15 * dice.below(32);
        // Nearly everything of the weeks before is done, and one of yesterday's three.
        let is_done = days < -1 && n != 6 || n == 5;
        Planned { days, minutes, is_done, is_own: n < 7 || n % 2 == 0 }
    }

    fn draft(
        &self,
        by: &Person,
        zone: &Zone,
        now: Stamp,
        status: StatusId,
        client: ClientId,
        dice: &mut Dice,
    ) -> Result<Draft, AdminError> {
        let start = made_up::on_day(zone, now, self.days, self.minutes);
        let end = start.plus_millis(15 * (1 + dice.below(6)) * MINUTE_MS);
        let system_user = if self.is_own { Presence::Set(by.user) } else { Presence::Clear };
        let subject = Subject::parse(&dice.subject())?;
        Ok(Draft {
            note: Note::parse(dice.note())?,
            end: Some(zone.at(end)),
            system_user,
            priority: dice.priority(),
            ..Draft::new(subject, zone.at(start), client, StatusRef::Id(status))
        })
    }
}
