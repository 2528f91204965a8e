//! Organizations: added, and given another name or zone.

use std::sync::Arc;

use domain::{
    AuditKind, By, Guide, Meaning, Name, OrgId, OrgKey, Organization, Role, Stage, Stamp, Status,
    StatusId, StatusName, UserId, Zone,
};
use store::{Durability, TenantRecord, Transaction};

use crate::base::refusal::unavailable;
use crate::commit::Committer;
use crate::directory::Directory;
use crate::directory::admin_error::AdminError;
use crate::engine::Service;
use crate::folder::authority::Authority;
use crate::folder::tenant::Tenant;

/// The statuses of a new organization: their ids count from 1.
pub const FIRST_STATUSES: [&str; 5] =
    ["In Progress", "Not Started", "Waiting", "Completed", "Deferred"];

impl Service {
    /// The organization of that id.
    ///
    /// # Errors
    /// When there is none.
    pub fn known_org(&self, id: &OrgId) -> Result<Arc<Tenant>, AdminError> {
        self.org(id).ok_or_else(|| AdminError::UnknownOrg(id.clone()))
    }

    /// Adds an organization with the first statuses, on the command line.
    ///
    /// # Errors
    /// When the id is taken or the store cannot write.
    pub async fn add_org(
        &self,
        id: OrgId,
        name: Name,
        zone: Zone,
    ) -> Result<Arc<Tenant>, AdminError> {
        self.call(None, move |committer| {
            Ok(committer.add_org(By::COMMAND_LINE, id, name, zone, |_, _| Ok(()))?.0)
        })
        .await
    }

    /// Gives an organization another name, or shows its times in another zone.
    ///
    /// # Errors
    /// When they may not, or the store cannot write.
    pub async fn change_org(
        &self,
        by: impl Into<Authority>,
        name: Option<Name>,
        zone: Option<Zone>,
    ) -> Result<(), AdminError> {
        self.change_directory(by, Role::Admin, move |directory, transaction| {
            let organization = &mut directory.organization;
            organization.name = name.unwrap_or_else(|| organization.name.clone());
            organization.zone = zone.unwrap_or_else(|| organization.zone.clone());
            Ok(transaction.put_organization(organization).map_err(|e| unavailable(&e))?)
        })
        .await
    }
}

impl Committer {
    /// Adds an organization with the first statuses, and with what `more` puts into it in the same transaction.
    pub(crate) fn add_org<T>(
        &mut self,
        by: By,
        id: OrgId,
        name: Name,
        zone: Zone,
        more: impl FnOnce(&mut Directory, &mut dyn Transaction) -> Result<T, AdminError>,
    ) -> Result<(Arc<Tenant>, T), AdminError> {
        let shared = self.shared.clone();
        if shared.tenants.read().contains_key(&id) {
            return Err(AdminError::OrgExists(id));
        }
        let last = shared.tenants.read().values().map(|tenant| tenant.key.0).max().unwrap_or(0);
        let organization = Organization {
            key: OrgKey(last + 1),
            id: id.clone(),
            name,
            zone,
            stage: Stage::Fresh,
            last_user_named: UserId(0),
            guide: Guide::default(),
            import_columns: String::new(),
            follows: None,
        };
        let (users, keys) = (Vec::new(), Vec::new());
        let stored = TenantRecord { organization, users, keys, statuses: first_statuses()? };
        let (store, rooms) = (shared.store.as_ref(), &shared.rooms);
        // Before it is there: afterwards nothing may keep memory from having it.
        let tenant = Tenant::load(store, stored.clone(), Stamp::MIN, rooms);
        let tenant = tenant.map_err(|e| unavailable(&e))?;
        let mut directory = Directory::clone(&tenant.directory());
        let now = shared.clock.now();
        let made = self.transact(Durability::Power, |t| {
            put_tenant(t, &stored).map_err(|e| AdminError::from(unavailable(&e)))?;
            let made = more(&mut directory, t)?;
            let what = format!("created the organization {}", tenant.id);
            let entry = tenant.people.audit.entry(now, by, AuditKind::Setup, &what);
            t.put_audit(tenant.key, &entry).map_err(|e| AdminError::from(unavailable(&e)))?;
            tenant.people.audit.put_difference(
                tenant.key,
                &tenant.directory(),
                &directory,
                by,
                now,
                t,
            )?;
            Ok::<_, AdminError>(made)
        })?;
        tenant.people.set_directory(directory);
        Ok((shared.take_up(tenant), made))
    }
}

fn first_statuses() -> Result<Vec<Status>, AdminError> {
    let status = |(id, name): (i64, &str)| {
        let name = StatusName::parse(name)?;
        let begins = Meaning::of(&name) == Some(Meaning::NotBegun);
        Ok(Status { begins, ..Status::new(StatusId(id), name) })
    };
    (1..).zip(FIRST_STATUSES).map(status).collect()
}

fn put_tenant(to: &mut dyn Transaction, tenant: &TenantRecord) -> Result<(), store::StoreError> {
    to.put_organization(&tenant.organization)?;
    tenant.statuses.iter().try_for_each(|status| to.put_status(tenant.organization.key, status))
}
