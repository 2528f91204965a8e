//! The queries.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;
use std::thread;

use domain::{
    Account, ActivityId, AuditEntry, AuditKind, AuditQuery, OrgKey, Seq, Stamp, StatusId, Version,
};
use rusqlite::{Connection, OptionalExtension, Params, Row};
use store::{
    AuditEnds, CoverageRecord, CurrentRow, Durability, Examined, FolderState, LogEntry, RunRecord,
    SessionRecord, Store, StoreError, StoredVersion, TenantRecord, Transaction,
};

use crate::in_place::Opened;
use crate::marker::Content;
use crate::rows::{self, number};
use crate::{SqliteStore, examine, failed, open, write};

/// Columns as [`rows::version`] reads them.
const VERSION_BY_SEQ: &str = "
    SELECT seq, stamp, activity, kind, actor, origin, previous, document
    FROM change WHERE organization = ?1 AND seq = ?2";

/// The same of a stretch of the log.
const VERSIONS_BETWEEN: &str = "
    SELECT seq, stamp, activity, kind, actor, origin, previous, document
    FROM change WHERE organization = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq";

/// Likewise as [`rows::shown`] reads it: of long lists, each column counts.
const SHOWN_BETWEEN: &str = "
    SELECT seq, stamp, activity, coalesce(document, kind)
    FROM change WHERE organization = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq";

/// How long contents are: SQLite knows that without reading them.
const BYTES_BETWEEN: &str = "
    SELECT seq, octet_length(document)
    FROM change WHERE organization = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq";

/// The log without contents, as [`rows::log_entry`] reads it.
const LOG_AFTER: &str = "
    SELECT seq, stamp, activity, kind FROM change
    WHERE organization = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";

/// Entries of the log that are handed over together, and how many such batches may wait.
const LOG_BATCH: usize = 4_096;
const LOG_BATCHES_AHEAD: usize = 4;

/// Passing over so many versions costs less than looking one up by itself.
const PASSED_OVER_MAX: u64 = 8;

/// Copies the write-ahead log into the database and syncs that: what a failed sync left readable in
/// the log may not be on disk, and a second sync of the same pages may not say so.
fn make_durable(connection: &Connection) -> Result<(), StoreError> {
    let busy = connection.query_row("PRAGMA wal_checkpoint(FULL)", [], |row| row.get::<_, bool>(0));
    if busy.map_err(failed)? {
        return Err(StoreError::Unavailable("the log is being read".to_owned()));
    }
    Ok(())
}

/// Runs a query and turns each of its rows into a value.
fn list<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    value: fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(params).map_err(failed)?;
    let mut values = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        values.push(value(row)?);
    }
    Ok(values)
}

/// Hands over the log after a position, or its next few entries, in batches until one is not taken.
fn read_log<E>(
    connection: &Connection,
    org: OrgKey,
    after: Seq,
    limit: Option<usize>,
    mut take: impl FnMut(Vec<LogEntry>) -> Result<(), E>,
) -> Result<(), StoreError> {
    // SQLite takes a limit below 0 for none.
    let limit = limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let mut statement = connection.prepare_cached(LOG_AFTER).map_err(failed)?;
    let mut rows = statement.query((org.0, number(after), limit)).map_err(failed)?;
    let mut batch = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        batch.push(rows::log_entry(row)?);
        if batch.len() == LOG_BATCH && take(std::mem::take(&mut batch)).is_err() {
            return Ok(());
        }
    }
    if !batch.is_empty() {
        let _ = take(batch); // There is no more, be it taken or not.
    }
    Ok(())
}

/// The version at one position.
pub(crate) fn version(
    connection: &Connection,
    org: OrgKey,
    seq: Seq,
) -> Result<Option<Version>, StoreError> {
    let mut statement = connection.prepare_cached(VERSION_BY_SEQ).map_err(failed)?;
    let mut rows = statement.query((org.0, number(seq))).map_err(failed)?;
    let row = rows.next().map_err(failed)?;
    row.map(rows::version).transpose()
}

/// Visits the rows of the versions at these positions, which are ascending and close together, until told
/// to stop.
fn stretch(
    connection: &Connection,
    between: &str,
    org: OrgKey,
    seqs: &[Seq],
    visit: &mut impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, StoreError>,
) -> Result<ControlFlow<()>, StoreError> {
    let (Some(first), Some(last)) = (seqs.first(), seqs.last()) else {
        return Ok(ControlFlow::Continue(()));
    };
    let mut wanted = seqs.iter().copied().peekable();
    let mut statement = connection.prepare_cached(between).map_err(failed)?;
    let mut rows = statement.query((org.0, number(*first), number(*last))).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let seq = rows::seq(row.get(0).map_err(failed)?);
        if wanted.next_if_eq(&seq).is_some() && visit(row)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    match wanted.next() {
        Some(seq) => Err(rows::damaged("change", format!("no version at position {seq}"))),
        None => Ok(ControlFlow::Continue(())),
    }
}

/// The position of the last version in the organization's log.
pub(crate) fn head(connection: &Connection, org: OrgKey) -> Result<Seq, StoreError> {
    let sql = "SELECT coalesce(max(seq), 0) FROM change WHERE organization = ?1";
    connection.query_row(sql, (org.0,), |row| row.get(0)).map(rows::seq).map_err(failed)
}

/// The position of an activity's latest version.
pub(crate) fn latest(
    connection: &Connection,
    org: OrgKey,
    id: ActivityId,
) -> Result<Option<Seq>, StoreError> {
    connection
        .prepare_cached("SELECT seq FROM activity WHERE organization = ?1 AND id = ?2")
        .and_then(|mut s| s.query_row((org.0, id.0), |row| row.get(0)).optional())
        .map(|found| found.map(rows::seq))
        .map_err(failed)
}

impl SqliteStore {
    /// Visits the rows of the versions at these positions, in the order of the log and each once, until
    /// told to stop.
    fn visit_rows(
        &self,
        between: &str,
        org: OrgKey,
        seqs: &[Seq],
        mut visit: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let mut seqs = seqs.to_vec();
        seqs.sort_unstable();
        seqs.dedup();
        let stretches = || seqs.chunk_by(|a, b| b.0 - a.0 <= PASSED_OVER_MAX);
        self.read(|c| {
            // One snapshot, and the locks for it taken once; a single query has that by itself.
            let _snapshot = match stretches().nth(1) {
                Some(_) => Some(c.unchecked_transaction().map_err(failed)?),
                None => None,
            };
            for seqs in stretches() {
                if stretch(c, between, org, seqs, &mut visit)?.is_break() {
                    break;
                }
            }
            Ok(())
        })
    }
}

impl Store for SqliteStore {
    fn begin(&self, durability: Durability) -> Result<Box<dyn Transaction + '_>, StoreError> {
        Ok(Box::new(write::SqliteTransaction::begin(
            self.writer(),
            &self.database,
            &self.copier,
            durability,
        )?))
    }

    fn free_bytes(&self) -> Result<Option<u64>, StoreError> {
        let space = rustix::fs::statvfs(&self.path);
        let space = space.map_err(|e| StoreError::Unavailable(e.to_string()))?;
        // What is kept for the system's administrator is not counted.
        Ok(Some(space.f_bavail.saturating_mul(space.f_frsize)))
    }

    fn reopen(&self) -> Result<(), StoreError> {
        let mut writer = self.writer();
        // What is open is all that is left of a database that has gone, and may be put back.
        self.database.in_place()?;
        if let Some(connection) = &writer.connection {
            // A log beside the open one would be taken for its end. What is in that is saved, at least.
            writer.log.in_place().or_else(|e| make_durable(connection).and(Err(e)))?;
        }
        writer.connection = None;
        self.copier.close();
        self.readers.lock().clear();
        let opened =
            open::reopen(&self.path).map_err(|e| StoreError::Unavailable(e.to_string()))?;
        make_durable(&opened)?;
        writer.log = Opened::at(&open::log_of(&self.path))
            .map_err(|e| StoreError::Unavailable(e.to_string()))?;
        writer.connection = Some(opened);
        self.copier.reopen();
        Ok(())
    }

    fn folder(&self) -> Result<FolderState, StoreError> {
        let fresh = FolderState {
            lease: Stamp::MIN,
            clean: true,
            boot: String::new(),
            lost_before: Stamp::MIN,
            transactions: 0,
            device_key: None,
        };
        self.read(|c| {
            let sql =
                "SELECT lease, clean, boot, lost_before, transactions, device_key FROM folder";
            Ok(list(c, sql, [], rows::folder)?.pop().unwrap_or(fresh))
        })
    }

    fn tenants(&self) -> Result<Vec<TenantRecord>, StoreError> {
        self.read(|c| {
            // Several queries, one snapshot: a commit between them is seen by none.
            let _snapshot = c.unchecked_transaction().map_err(failed)?;
            let sql = format!("SELECT {} FROM organization ORDER BY id", rows::ORGANIZATION);
            let organizations = list(c, &sql, [], rows::organization)?;
            let tenant = |organization: domain::Organization| {
                let org = (organization.key.0,);
                Ok(TenantRecord {
                    users: list(
                        c,
                        "SELECT id, name, role, disabled, login, password, password_set, zone,
                                calendar, calendar_created
                         FROM system_user
                         WHERE organization = ?1 ORDER BY id",
                        org,
                        rows::user,
                    )?,
                    keys: list(
                        c,
                        "SELECT id, system_user, label, hash, created, revoked, last_login, expected_ms
                         FROM api_key WHERE organization = ?1 ORDER BY id",
                        org,
                        rows::key,
                    )?,
                    statuses: list(
                        c,
                        "SELECT id, name, position, done, begins, retired, spreading FROM activity_status
                         WHERE organization = ?1 ORDER BY id",
                        org,
                        rows::status,
                    )?,
                    organization,
                })
            };
            organizations.into_iter().map(tenant).collect()
        })
    }

    fn sessions(&self, org: OrgKey) -> Result<Vec<SessionRecord>, StoreError> {
        let sql = "SELECT hash, api_key, system_user, created, last_used, stays FROM session WHERE organization = ?1";
        self.read(|c| list(c, sql, (org.0,), rows::session))
    }

    fn runs(&self, org: OrgKey) -> Result<Vec<RunRecord>, StoreError> {
        let sql = "SELECT session, query, upper_bound, api_key, number, page_size, seq, horizon,
                          first_served, last_page, last_used
                   FROM run WHERE organization = ?1";
        self.read(|c| list(c, sql, (org.0,), rows::run))
    }

    fn coverages(&self, org: OrgKey) -> Result<Vec<CoverageRecord>, StoreError> {
        let sql = "SELECT api_key, document, checksum FROM coverage WHERE organization = ?1";
        self.read(|c| list(c, sql, (org.0,), rows::coverage_if_sound))
    }

    fn accounts(&self, org: OrgKey) -> Result<Vec<Account>, StoreError> {
        let sql = "SELECT id, name FROM account WHERE organization = ?1";
        self.read(|c| list(c, sql, (org.0,), rows::account))
    }

    fn log_bytes(&self, org: OrgKey, after: Seq, through: Seq) -> Result<u64, StoreError> {
        // The length of a document is in its row's header: long ones are not read for it. The other columns, in the
        // log and among the current activities, and their indexes take about as much as is added.
        let sql = "SELECT coalesce(sum(octet_length(document)), 0) + 250 * count(*) FROM change
                   WHERE organization = ?1 AND seq > ?2 AND seq <= ?3";
        let bytes: i64 = self.read(|c| {
            c.query_row(sql, (org.0, number(after), number(through)), |row| row.get(0))
                .map_err(failed)
        })?;
        Ok(bytes.unsigned_abs())
    }

    fn audit(&self, org: OrgKey, query: &AuditQuery) -> Result<Vec<AuditEntry>, StoreError> {
        let (actor, actor_id) = query.actor.map(rows::actor_numbers).unzip();
        let kind = query.kind.map(AuditKind::as_str);
        // A condition that is not wanted must not be there: the index would not be used.
        let of_kind = if kind.is_some() { "AND kind = ?3" } else { "AND ?3 IS NULL" };
        let of_actor = match actor_id.flatten() {
            Some(_) => "AND actor = ?4 AND actor_id = ?5",
            None if actor.is_some() => "AND actor = ?4 AND ?5 IS NULL",
            None => "AND ?4 IS NULL AND ?5 IS NULL",
        };
        let sql = format!(
            "SELECT number, at, last, count, kind, actor, actor_id, address, what FROM audit
             WHERE organization = ?1 AND number < ?2 {of_kind} {of_actor}
             ORDER BY number DESC LIMIT ?6"
        );
        let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
        let before = rows::count_number(query.before);
        let params = (org.0, before, kind, actor, actor_id.flatten(), limit);
        self.read(|c| list(c, &sql, params, rows::audit))
    }

    fn audit_ends(&self, org: OrgKey) -> Result<Option<AuditEnds>, StoreError> {
        let sql = "SELECT number, at, (SELECT max(number) FROM audit WHERE organization = ?1)
                   FROM audit WHERE organization = ?1 ORDER BY number LIMIT 1";
        self.read(|c| Ok(list(c, sql, (org.0,), rows::audit_ends)?.pop()))
    }

    fn head(&self, org: OrgKey) -> Result<Seq, StoreError> {
        self.read(|c| head(c, org))
    }

    fn log(
        &self,
        org: OrgKey,
        after: Seq,
        visit: &mut dyn FnMut(LogEntry) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut first = Vec::new();
        let keep = |batch| {
            first = batch;
            Ok::<_, ()>(())
        };
        self.read(|c| read_log(c, org, after, Some(LOG_BATCH), keep))?;
        let more_after = first.last().filter(|_| first.len() == LOG_BATCH).map(|entry| entry.seq);
        let told_to_stop = first.into_iter().any(|entry| visit(entry).is_break());
        let Some(after) = more_after.filter(|_| !told_to_stop) else { return Ok(()) };
        // The rest of a long log is read by a thread of its own while what has been read is worked on.
        thread::scope(|scope| {
            let (read, entries) = sync_channel(LOG_BATCHES_AHEAD);
            let work = move || self.read(|c| read_log(c, org, after, None, |b| read.send(b)));
            let reader = thread::Builder::new().spawn_scoped(scope, work);
            let reader = reader.map_err(|e| StoreError::Unavailable(e.to_string()))?;
            let told_to_stop = entries.iter().flatten().any(|entry| visit(entry).is_break());
            drop(entries);
            match reader.join() {
                Ok(Err(problem)) if !told_to_stop => Err(problem),
                Ok(_) => Ok(()),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    fn show_versions(
        &self,
        org: OrgKey,
        seqs: &[Seq],
        visit: &mut dyn FnMut(StoredVersion<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.visit_rows(SHOWN_BETWEEN, org, seqs, |row| Ok(visit(rows::shown(row)?)))
    }

    fn version_bytes(&self, org: OrgKey, seqs: &[Seq]) -> Result<Vec<usize>, StoreError> {
        let mut bytes = HashMap::with_capacity(seqs.len());
        self.visit_rows(BYTES_BETWEEN, org, seqs, |row| {
            let seq = rows::seq(row.get(0).map_err(failed)?);
            let of_seq: Option<i64> = row.get(1).map_err(failed)?;
            bytes.insert(seq, usize::try_from(of_seq.unwrap_or(0)).unwrap_or(usize::MAX));
            Ok(ControlFlow::Continue(()))
        })?;
        let all = seqs.iter().map(|seq| bytes.get(seq).copied()).collect::<Option<_>>();
        all.ok_or_else(|| rows::damaged("change", "versions that were read are missing"))
    }

    fn versions(&self, org: OrgKey, seqs: &[Seq]) -> Result<Vec<Version>, StoreError> {
        let mut places: Vec<(Seq, usize)> = seqs.iter().copied().zip(0..).collect();
        places.sort_unstable();
        let mut places = places.into_iter().peekable();
        let mut found: Vec<Option<Version>> = seqs.iter().map(|_| None).collect();
        self.visit_rows(VERSIONS_BETWEEN, org, seqs, |row| {
            let version = rows::version(row)?;
            while let Some((_, place)) = places.next_if(|(seq, _)| *seq == version.seq) {
                found[place] = Some(version.clone());
            }
            Ok(ControlFlow::Continue(()))
        })?;
        let all = found.into_iter().collect::<Option<_>>();
        all.ok_or_else(|| rows::damaged("change", "versions that were read are missing"))
    }

    fn latest(&self, org: OrgKey, id: ActivityId) -> Result<Option<Seq>, StoreError> {
        self.read(|c| latest(c, org, id))
    }

    fn current(
        &self,
        org: OrgKey,
        visit: &mut dyn FnMut(CurrentRow<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.read(|c| {
            let sql = "SELECT id, seq, stamp, subject, starts, ends, client, system_user, status, priority
                       FROM activity WHERE organization = ?1 AND NOT removed ORDER BY id";
            let mut statement = c.prepare_cached(sql).map_err(failed)?;
            let mut rows = statement.query((org.0,)).map_err(failed)?;
            while let Some(row) = rows.next().map_err(failed)? {
                if visit(rows::current_row(row)?).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    fn with_status(
        &self,
        org: OrgKey,
        status: StatusId,
        after: ActivityId,
        limit: usize,
    ) -> Result<Vec<ActivityId>, StoreError> {
        let sql = "SELECT id FROM activity
                   WHERE organization = ?1 AND id > ?2 AND status = ?3 AND NOT removed
                   ORDER BY id LIMIT ?4";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let id = |row: &Row<'_>| row.get(0).map(ActivityId).map_err(failed);
        self.read(|c| list(c, sql, (org.0, after.0, status.0, limit), id))
    }

    fn examine(&self, visit: &mut dyn FnMut(Examined)) -> Result<(), StoreError> {
        self.read(|c| {
            let _snapshot = c.unchecked_transaction().map_err(failed)?;
            // Of one moment: nobody adds to the log, cuts it back or writes the marker between the two.
            let writer = self.writer();
            let marked = Content::read(&self.folder);
            c.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(failed)?;
            drop(writer);
            examine::examine(c, marked, visit)
        })
    }
}
