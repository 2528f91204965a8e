//! Importing a whole organization, from a complete export into an empty organization.

use std::sync::Arc;

use domain::{Account, Login, OrgKey, OrganizationData, Stage, Stamp, Status, SystemUser};
use store::Transaction;

use crate::base::refusal::{Refusal, unavailable};
use crate::base::runtime::wait;
use crate::directory::Directory;
use crate::directory::accounts::Accounts;
use crate::directory::admin_error::AdminError;
use crate::engine::Service;
use crate::folder::tenant::Tenant;
use crate::import::import_error::ImportError;
use crate::import::not_taken::NotTaken;
use crate::import::plan::ImportPlan;
use crate::import::report::ImportReport;
use crate::import::statuses::Named;

/// The names of statuses: those of the file's activities, and of them those that the file lists.
pub(crate) fn named(data: &OrganizationData, of_activities: Named) -> Named {
    let mut named = of_activities;
    named.extend(data.statuses.iter().map(|status| (status.id, status.name.clone())));
    named
}

/// Whether it goes together with what is here.
fn fits(
    data: &OrganizationData,
    directory: &Directory,
    accounts: &Accounts,
) -> Result<(), NotTaken> {
    for user in &data.users {
        if let Some(here) = directory.users.get(&user.id) {
            return Err(NotTaken::User(user.id, here.name.clone()));
        }
        let login = user.login.as_ref().map(|login| &login.name);
        if let Some(login) = login
            && let Some(here) = directory.user_of_login(login)
        {
            return Err(NotTaken::Login(user.id, login.clone(), here.id));
        }
    }
    let other =
        |account: &&Account| accounts.name(account.id).is_some_and(|here| *here != account.name);
    match data.accounts.iter().find(other) {
        Some(account) => {
            let here = accounts.name(account.id).unwrap_or(&account.name).clone();
            Err(NotTaken::Account { file: account.clone(), here })
        }
        None => Ok(()),
    }
}

/// Puts name, zone, people and statuses in the place of what is here, which has been looked at before.
pub(crate) fn put(
    data: OrganizationData,
    org: OrgKey,
    directory: &mut Directory,
    transaction: &mut dyn Transaction,
    accounts: &Accounts,
    now: Stamp,
) -> Result<(), ImportError> {
    fits(&data, directory, accounts)?;
    let failed = |e| ImportError::from(unavailable(&e));
    for status in directory.statuses.values_mut() {
        if !data.statuses.iter().any(|listed| listed.id == status.id) {
            (status.retired, status.begins) = (true, false);
            transaction.put_status(org, status).map_err(failed)?;
        }
    }
    for status in data.statuses {
        transaction.put_status(org, &status).map_err(failed)?;
        directory.statuses.insert(status.id, status);
    }
    for mut user in data.users {
        user.login = user.login.map(|login| Login { password: None, password_set: now, ..login });
        transaction.put_user(org, &user).map_err(failed)?;
        directory.users.insert(user.id, user);
    }
    let organization = &mut directory.organization;
    (organization.name, organization.zone) = (data.name, data.zone);
    organization.follows = data.follows;
    organization.last_user_named = data.last_user_named.max(organization.last_user_named);
    Ok(())
}

impl Service {
    /// What an organization has in addition to its activities, to be exported. What is added while an export is written
    /// may be in its activities and not here.
    #[must_use]
    pub fn organization_data(&self, org: &Tenant) -> OrganizationData {
        let directory = org.directory();
        let mut accounts = org.all_accounts();
        accounts.sort_unstable_by_key(|account| account.id);
        let user = |user: &SystemUser| SystemUser {
            login: user.login.clone().map(|login| Login { password: None, ..login }),
            ..user.clone()
        };
        let status = |status: &Status| Status { spreading: false, ..status.clone() };
        OrganizationData {
            name: directory.organization.name.clone(),
            zone: directory.organization.zone.clone(),
            last_user_named: directory.organization.last_user_named,
            follows: directory.organization.follows.clone(),
            users: directory.users.values().map(user).collect(),
            statuses: directory.statuses.values().map(status).collect(),
            accounts,
        }
    }

    /// Imports a whole organization: activities with their times, and everything else. All of it is
    /// there afterwards or, accounts that were written already apart, nothing of it. `progress` hears how many
    /// activities are done; a dry run only looks whether it could be.
    ///
    /// # Errors
    /// When the organization is not empty, something here is otherwise than in the file, or the store cannot
    /// write.
    pub fn import_organization(
        &self,
        org: &Arc<Tenant>,
        mut plan: ImportPlan,
        data: OrganizationData,
        dry_run: bool,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<ImportReport, ImportError> {
        org.directory().is_writable().map_err(AdminError::from)?;
        refuse_used(org)?;
        fits(&data, &org.directory(), &org.accounts())?;
        if dry_run {
            let created = plan.records().count() as u64;
            let removed = plan.len() - created;
            return Ok(ImportReport {
                kept_stamps: true,
                created,
                removed,
                ..ImportReport::default()
            });
        }
        self.put_accounts(org, &data.accounts, &mut |_| ())?;
        let first = self.import_first_with(org, &mut plan, Some(data), progress);
        match wait(first)? {
            // They are those of the file, all of them.
            Some(report) => Ok(ImportReport { statuses: Vec::new(), ..report }),
            None => {
                refuse_used(org)?;
                Err(Refusal::under_import().into())
            }
        }
    }
}

fn refuse_used(org: &Tenant) -> Result<(), NotTaken> {
    let stage = org.directory().organization.stage;
    match stage {
        Stage::Importing => Err(NotTaken::UnderWay),
        _ if !org.log.timeline.read().is_empty() => Err(NotTaken::HasActivities),
        Stage::Open => Err(NotTaken::LoggedIn),
        Stage::Fresh => Ok(()),
    }
}
