//! The one write transaction.

use domain::{
    Account, ActivityId, ApiKey, AuditEntry, ClientId, Interval, KeyId, Opener, OrgKey,
    Organization, Seq, Stamp, Status, SystemUser, Version, Zone,
};
use parking_lot::MutexGuard;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Params, params, params_from_iter};
use store::{
    CommitError, CoverageRecord, Durability, FolderState, RunRecord, SessionRecord, StoreError,
    Transaction,
};

use crate::copying::{Copier, LARGE_BYTES_MIN};
use crate::in_place::Opened;
use crate::marker::Told;
use crate::rows::{self, number, stage_number};
use crate::{Writer, checksum, failed, read};

pub(crate) struct SqliteTransaction<'a> {
    writer: MutexGuard<'a, Writer>,
    database: &'a Opened,
    copier: &'a Copier,
    open: bool,
    durability: Durability,
    /// What the marker is to say of it.
    told: Told,
    /// Bytes of its large documents.
    large_bytes: usize,
}

impl<'a> SqliteTransaction<'a> {
    pub(crate) fn begin(
        writer: MutexGuard<'a, Writer>,
        database: &'a Opened,
        copier: &'a Copier,
        durability: Durability,
    ) -> Result<SqliteTransaction<'a>, StoreError> {
        let told = Told::default();
        let mut transaction = SqliteTransaction {
            writer,
            database,
            copier,
            open: false,
            durability,
            told,
            large_bytes: 0,
        };
        transaction.in_place()?;
        // In WAL mode a commit is synced under FULL and not under NORMAL. SQLite refuses to change
        // the setting within a transaction.
        let begin = match durability {
            Durability::Process => "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE",
            Durability::Power => "PRAGMA synchronous = FULL; BEGIN IMMEDIATE",
        };
        transaction.connection()?.execute_batch(begin).map_err(failed)?;
        transaction.open = true;
        Ok(transaction)
    }

    /// Whether what is written will be found in the folder.
    fn in_place(&self) -> Result<(), StoreError> {
        self.database.in_place()?;
        match self.writer.connection {
            Some(_) => self.writer.log.in_place(),
            None => Ok(()),
        }
    }

    fn connection(&self) -> Result<&Connection, StoreError> {
        let connection = self.writer.connection.as_ref().ok_or_else(closed)?;
        // When the disk is full, among others, SQLite itself rolls back: whatever followed would
        // be committed on its own.
        if self.open && connection.is_autocommit() {
            let why = "the transaction has been rolled back";
            return Err(StoreError::Unavailable(why.to_owned()));
        }
        Ok(connection)
    }

    fn execute(&self, sql: &str, params: impl Params) -> Result<(), StoreError> {
        let mut statement = self.connection()?.prepare_cached(sql).map_err(failed)?;
        statement.execute(params).map(|_| ()).map_err(failed)
    }

    fn append_change(
        &self,
        org: OrgKey,
        version: &Version,
        document: Option<&str>,
    ) -> Result<(), StoreError> {
        let row = rows::change(org, version, document);
        let checksum = ValueRef::Integer(checksum::of(&row));
        self.execute(
            "INSERT INTO change (organization, seq, stamp, activity, kind, actor, origin, previous, document,
                 checksum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params_from_iter(row.into_iter().chain([checksum]).map(ToSqlOutput::Borrowed)),
        )
    }

    fn put_activity(&self, org: OrgKey, version: &Version) -> Result<(), StoreError> {
        let key = [org.0, version.id.0].map(ValueRef::Integer);
        let row = key.into_iter().chain(rows::current(version)).map(ToSqlOutput::Borrowed);
        self.execute(
            "INSERT OR REPLACE INTO activity (organization, id, seq, stamp, removed, subject, starts,
                 ends, client, system_user, status, priority)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            params_from_iter(row),
        )
    }
}

impl Transaction for SqliteTransaction<'_> {
    fn current(&mut self, org: OrgKey, id: ActivityId) -> Result<Option<Version>, StoreError> {
        let connection = self.connection()?;
        match read::latest(connection, org, id)? {
            Some(seq) => read::version(connection, org, seq),
            None => Ok(None),
        }
    }

    fn append(&mut self, org: OrgKey, version: &Version) -> Result<(), StoreError> {
        let document = version.record().map(store::encode).transpose()?;
        self.append_change(org, version, document.as_deref())?;
        self.put_activity(org, version)?;
        let bytes = document.map_or(0, |document| document.len());
        self.large_bytes += if bytes >= LARGE_BYTES_MIN { bytes } else { 0 };
        self.told.heads.insert(org, version.seq);
        Ok(())
    }

    fn cut_back(&mut self, org: OrgKey, versions_max: u32) -> Result<bool, StoreError> {
        let last = read::head(self.connection()?, org)?.0;
        let kept = number(Seq(last.saturating_sub(u64::from(versions_max))));
        self.execute(
            "DELETE FROM activity WHERE organization = ?1
             AND id IN (SELECT activity FROM change WHERE organization = ?1 AND seq > ?2)",
            (org.0, kept),
        )?;
        self.execute("DELETE FROM change WHERE organization = ?1 AND seq > ?2", (org.0, kept))?;
        self.told.heads.insert(org, rows::seq(kept));
        Ok(kept > 0)
    }

    fn put_organization(&mut self, organization: &Organization) -> Result<(), StoreError> {
        let examples = organization.guide.examples;
        let follows = organization.follows.as_ref();
        self.execute(
            // Not OR REPLACE, which would delete another organization that has the id.
            "INSERT INTO organization (organization, id, name, zone, stage, last_user_named,
                 guide_hidden, examples, examples_until, example_account, example_accounts,
                 examples_removed, import_columns, follows_source, follows_organization,
                 follows_from, follows_complete_to, follows_loaded, follows_log, follows_compared)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)
             ON CONFLICT (organization) DO UPDATE
             SET id = excluded.id, name = excluded.name, zone = excluded.zone, stage = excluded.stage,
                 last_user_named = excluded.last_user_named, guide_hidden = excluded.guide_hidden,
                 examples = excluded.examples, examples_until = excluded.examples_until,
                 example_account = excluded.example_account,
                 example_accounts = excluded.example_accounts,
                 examples_removed = excluded.examples_removed,
                 import_columns = excluded.import_columns,
                 follows_source = excluded.follows_source,
                 follows_organization = excluded.follows_organization,
                 follows_from = excluded.follows_from,
                 follows_complete_to = excluded.follows_complete_to,
                 follows_loaded = excluded.follows_loaded,
                 follows_log = excluded.follows_log,
                 follows_compared = excluded.follows_compared",
            params![
                organization.key.0,
                organization.id.as_str(),
                organization.name.as_str(),
                organization.zone.name(),
                stage_number(organization.stage),
                organization.last_user_named.0,
                organization.guide.hidden,
                examples.map(|examples| examples.activities),
                examples.map(|examples| number(examples.until)),
                examples.map(|examples| examples.first_account.0),
                examples.map(|examples| examples.accounts),
                examples.map(|examples| examples.removed),
                organization.import_columns.as_str(),
                follows.map(|follows| follows.source.as_str()),
                follows.map(|follows| follows.organization.as_str()),
                follows.and_then(|follows| follows.from).map(Stamp::millis),
                follows.and_then(|follows| follows.complete_to).map(Stamp::millis),
                follows.and_then(|follows| follows.loaded).map(Stamp::millis),
                follows.and_then(|follows| follows.log.as_deref()),
                follows.and_then(|follows| follows.compared).map(Stamp::millis),
            ],
        )
    }

    fn put_user(&mut self, org: OrgKey, user: &SystemUser) -> Result<(), StoreError> {
        self.execute(
            "INSERT OR REPLACE INTO system_user (organization, id, name, role, disabled, login,
                 password, password_set, zone, calendar, calendar_created)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            (
                org.0,
                user.id.0,
                user.name.as_str(),
                user.role.as_str(),
                user.disabled,
                user.login.as_ref().map(|login| login.name.as_str()),
                user.login.as_ref().and_then(|l| Some(l.password.as_ref()?.0.as_str())),
                user.login.as_ref().map(|login| login.password_set.millis()),
                user.zone.as_ref().map(Zone::name),
                user.calendar.as_ref().map(|feed| feed.hash.0),
                user.calendar.as_ref().map(|feed| feed.created.millis()),
            ),
        )
    }

    fn put_key(&mut self, org: OrgKey, key: &ApiKey) -> Result<(), StoreError> {
        self.execute(
            "INSERT OR REPLACE INTO api_key (organization, id, system_user, label, hash, created, revoked, last_login,
                 expected_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            (
                org.0,
                key.id.0,
                key.user.0,
                key.label.as_str(),
                key.hash.0,
                key.created.millis(),
                key.revoked,
                key.last_login.map(Stamp::millis),
                key.expected.map(Interval::millis),
            ),
        )
    }

    fn put_last_login(&mut self, org: OrgKey, key: KeyId, at: Stamp) -> Result<(), StoreError> {
        self.execute(
            "UPDATE api_key SET last_login = ?3 WHERE organization = ?1 AND id = ?2",
            (org.0, key.0, at.millis()),
        )
    }

    fn put_status(&mut self, org: OrgKey, status: &Status) -> Result<(), StoreError> {
        self.execute(
            "INSERT OR REPLACE INTO activity_status (organization, id, name, position, done, begins,
                 retired, spreading)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            (
                org.0,
                status.id.0,
                status.name.as_str(),
                status.position,
                status.done,
                status.begins,
                status.retired,
                status.spreading,
            ),
        )
    }

    fn put_session(&mut self, org: OrgKey, session: &SessionRecord) -> Result<(), StoreError> {
        let (key, user) = match session.opener {
            Opener::Key(key) => (Some(key.0), None),
            Opener::Login(user) => (None, Some(user.0)),
        };
        self.execute(
            "INSERT OR REPLACE INTO session (organization, hash, api_key, system_user, created,
                 last_used, stays)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            (
                org.0,
                session.hash.0,
                key,
                user,
                session.created.millis(),
                session.last_used.millis(),
                session.stays,
            ),
        )
    }

    fn touch_session(&mut self, org: OrgKey, session: &SessionRecord) -> Result<(), StoreError> {
        self.execute(
            "UPDATE session SET last_used = ?3 WHERE organization = ?1 AND hash = ?2",
            (org.0, session.hash.0, session.last_used.millis()),
        )
    }

    fn drop_session(&mut self, org: OrgKey, session: &SessionRecord) -> Result<(), StoreError> {
        let row = (org.0, session.hash.0);
        self.execute("DELETE FROM session WHERE organization = ?1 AND hash = ?2", row)
    }

    fn put_run(&mut self, org: OrgKey, run: &RunRecord) -> Result<(), StoreError> {
        self.execute(
            "INSERT OR REPLACE INTO run (organization, session, query, upper_bound, api_key, number,
                 page_size, seq, horizon, first_served, last_page, last_used)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            (
                org.0,
                run.session.0,
                run.query,
                run.to.millis(),
                run.key.0,
                i64::try_from(run.number).unwrap_or(i64::MAX),
                run.page_size,
                number(run.seq),
                run.horizon.millis(),
                run.first_page_served,
                i64::try_from(run.last_page).unwrap_or(i64::MAX),
                run.last_used.millis(),
            ),
        )
    }

    fn drop_run(&mut self, org: OrgKey, run: &RunRecord) -> Result<(), StoreError> {
        self.execute(
            "DELETE FROM run WHERE organization = ?1 AND session = ?2 AND query = ?3 AND upper_bound = ?4",
            (org.0, run.session.0, run.query, run.to.millis()),
        )
    }

    fn put_coverage(&mut self, org: OrgKey, coverage: &CoverageRecord) -> Result<(), StoreError> {
        self.execute(
            "INSERT OR REPLACE INTO coverage (organization, api_key, document, checksum)
             VALUES (?1, ?2, ?3, ?4)",
            (
                org.0,
                coverage.key.0,
                coverage.document.as_str(),
                checksum::of_document(&coverage.document),
            ),
        )
    }

    fn put_account(&mut self, org: OrgKey, account: &Account) -> Result<(), StoreError> {
        self.execute(
            "INSERT OR REPLACE INTO account (organization, id, name) VALUES (?1, ?2, ?3)",
            (org.0, account.id.0, account.name.as_str()),
        )
    }

    fn drop_account(&mut self, org: OrgKey, id: ClientId) -> Result<(), StoreError> {
        self.execute("DELETE FROM account WHERE organization = ?1 AND id = ?2", (org.0, id.0))
    }

    fn put_audit(&mut self, org: OrgKey, entry: &AuditEntry) -> Result<(), StoreError> {
        let (actor, actor_id) = rows::actor_numbers(entry.by.actor);
        self.execute(
            "INSERT OR REPLACE INTO audit (organization, number, at, last, count, kind, actor, actor_id,
                 address, what)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            (
                org.0,
                rows::count_number(entry.number),
                entry.at.millis(),
                entry.last.millis(),
                rows::count_number(entry.count),
                entry.kind.as_str(),
                actor,
                actor_id,
                entry.by.from.map(|address| address.to_string()),
                entry.what.as_str(),
            ),
        )
    }

    fn expire_audit(
        &mut self,
        org: OrgKey,
        before: Stamp,
        through: u64,
        entries_max: u32,
    ) -> Result<(), StoreError> {
        self.execute(
            "DELETE FROM audit WHERE organization = ?1 AND number IN (
                 SELECT number FROM (
                     SELECT number, at FROM audit WHERE organization = ?1 ORDER BY number LIMIT ?4)
                 WHERE at < ?2 OR number <= ?3)",
            (org.0, before.millis(), rows::count_number(through), entries_max),
        )
    }

    fn put_folder(&mut self, state: &FolderState) -> Result<(), StoreError> {
        self.execute(
            "INSERT OR REPLACE INTO folder (one, lease, clean, boot, lost_before, transactions, device_key)
             VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)",
            (
                state.lease.millis(),
                state.clean,
                state.boot.as_str(),
                state.lost_before.millis(),
                i64::try_from(state.transactions).unwrap_or(i64::MAX),
                state.device_key.map(|key| key.0),
            ),
        )?;
        self.told.lease = Some(state.lease);
        Ok(())
    }

    fn commit(mut self: Box<Self>) -> Result<(), CommitError> {
        self.connection().map_err(CommitError::Refused)?;
        let SqliteTransaction { writer, durability, told, open, .. } = &mut *self;
        let Writer { connection: used, marker, .. } = &mut **writer;
        let Some(connection) = used.as_ref() else { return Err(CommitError::Refused(closed())) };
        marker.before_commit(connection, *durability, told).map_err(CommitError::Refused)?;
        let done = connection.execute_batch("COMMIT");
        *open = false;
        if let Err(e) = done {
            *used = None;
            return Err(CommitError::Unknown(e.to_string()));
        }
        marker.after_commit(*durability, std::mem::take(told));
        self.copier.committed(self.large_bytes);
        // Removed meanwhile, it would be acknowledged, and gone at the next start.
        self.in_place().map_err(|e| CommitError::Unknown(e.to_string()))
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the database has to be reopened".to_owned())
}

impl Drop for SqliteTransaction<'_> {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        let rolled_back = |c: &Connection| c.is_autocommit() || c.execute_batch("ROLLBACK").is_ok();
        // If even this fails, the connection is of no more use: the next one has to reopen it.
        if !self.writer.connection.as_ref().is_some_and(rolled_back) {
            self.writer.connection = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Seq;
    use store::contract::sample::{ORG, append, record, user};
    use store::{CommitError, Durability, Store, StoreError, Transaction};

    use crate::SqliteStore;

    /// Lets the database grow by no page, or without bound.
    fn set_full(store: &SqliteStore, full: bool) {
        let pages = if full { 1 } else { u32::MAX - 1 };
        store
            .writer()
            .connection
            .as_ref()
            .unwrap()
            .pragma_update(None, "max_page_count", pages)
            .unwrap();
    }

    /// Appends until the disk is full, which makes SQLite itself roll back.
    fn overflow(transaction: &mut dyn Transaction) -> StoreError {
        (1..10_000).find_map(|seq| transaction.append(ORG, &record(seq, 7)).err()).unwrap()
    }

    #[test]
    fn a_full_disk_fails_one_transaction_and_not_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path()).unwrap();
        set_full(&store, true);
        let mut transaction = store.begin(Durability::Power).unwrap();
        assert!(matches!(overflow(transaction.as_mut()), StoreError::Unavailable(_)));
        drop(transaction);
        set_full(&store, false);
        append(&store, ORG, &[record(1, 7)]);
        assert_eq!(store.head(ORG).unwrap(), Seq(1));
    }

    #[test]
    fn nothing_is_kept_of_what_follows_a_full_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path()).unwrap();
        set_full(&store, true);
        let mut transaction = store.begin(Durability::Power).unwrap();
        overflow(transaction.as_mut());
        assert!(transaction.put_user(ORG, &user(1)).is_err());
        assert!(transaction.append(ORG, &record(1, 7)).is_err());
        assert!(matches!(transaction.commit(), Err(CommitError::Refused(_))));
        assert_eq!(store.head(ORG).unwrap(), Seq::ZERO);
    }
}
