//! `driftless:ORG` as a target of a mirror: an organization of a data folder, in the process that has it.
//!
//! What an organization cannot keep is in a database next to it, `mirror-ORG.db`: records that are not valid
//! activities, and which of the removals here the source does not know. It is written first: if the organization is
//! not written after that, the same batch comes again.

mod lines;

use std::collections::HashSet;
use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use domain::{ActivityId, OrgId};
use mirror::State;
use mirror::columns::Values;
use mirror::target::{Applied, Batch, Rows, SqliteTarget, Target, TargetError};
use service::AcceptClock;

use crate::cli::{Follow, Ids, Tuning, What, Work};
use crate::commands::{self, Context, Failure, LocalFiles};
use crate::console::Console;
use crate::folder::{self, Access, Folder, FolderError};
use crate::{private, remote, serve};

/// How the name of what an organization cannot keep begins and ends.
const ASIDE_PREFIX: &str = "mirror-";
const ASIDE_SUFFIX: &str = ".db";

/// Ids in one question: its line is limited.
const IDS_AT_ONCE: usize = 10_000;

/// Ids that `mirror finish` names.
const IDS_TOLD_MAX: u32 = 100;

/// An organization, in this process or in the server that has the folder.
pub(crate) struct Following {
    name: String,
    folder: PathBuf,
    org: OrgId,
    at: Option<At>,
    /// Held from the first question on, so that no other mirror writes to the organization.
    lock: Option<File>,
    /// Of a comparison: all ids that are there and are still to come.
    ids: Vec<ActivityId>,
    /// The same of all removals.
    removed: Option<Vec<ActivityId>>,
    /// What the organization cannot keep, once it was needed.
    aside: Option<SqliteTarget>,
}

/// Who works on the folder during a run.
enum At {
    Here(Box<(Folder, Context)>),
    Served,
}

impl Following {
    pub(crate) fn new(folder: &Path, org: &OrgId) -> Following {
        Following {
            name: format!("driftless:{org}"),
            folder: folder.to_owned(),
            org: org.clone(),
            at: None,
            lock: None,
            ids: Vec::new(),
            removed: None,
            aside: None,
        }
    }

    /// What it follows.
    pub(crate) fn followed(&mut self) -> Result<State, Failure> {
        let answer = self.ask(What::State { must_follow: true }, None, false)?;
        let answer = answer.ok_or_else(|| FolderError::Missing(self.folder.clone()))?;
        Ok(serde_json::from_str(&answer)?)
    }

    /// Opens the organization to people; what is left to do is told.
    pub(crate) fn open_to_people(&mut self, ahead_ms: Option<i64>) -> Result<String, Failure> {
        let told = self.ask(What::Finish { ahead_ms }, None, false);
        self.let_go();
        Ok(told?.unwrap_or_default() + &self.told_aside()?)
    }

    /// What `mirror finish` says about records that the organization does not have.
    fn told_aside(&mut self) -> Result<String, TargetError> {
        let file = self.file_aside();
        let Some(aside) = self.aside(false)? else { return Ok(String::new()) };
        let count = aside.unreadable()?;
        if count == 0 {
            return Ok(String::new());
        }
        let ids = aside.unreadable_after(ActivityId(i64::MIN), IDS_TOLD_MAX)?;
        let ids: Vec<String> = ids.iter().map(|(id, _)| id.0.to_string()).collect();
        let more = if count > u64::from(IDS_TOLD_MAX) { " and more" } else { "" };
        Ok(format!(
            "\n{count} records of the other server are not valid activities and are not here, or only in an earlier version: {}{more}.\n{} has them as they came (table activity_unreadable).\n",
            ids.join(", "),
            file.display()
        ))
    }

    fn file_aside(&self) -> PathBuf {
        self.folder.join(format!("{ASIDE_PREFIX}{}{ASIDE_SUFFIX}", self.org))
    }

    /// What the organization cannot keep; none if there is no such thing and it is not to be made.
    fn aside(&mut self, create: bool) -> Result<Option<&mut SqliteTarget>, TargetError> {
        let file = self.file_aside();
        if self.aside.is_none() && (create || file.exists()) {
            private::file(&file)
                .map_err(|error| self.failed(&format!("{}: {error}", file.display())))?;
            self.aside = Some(SqliteTarget::open(&file)?);
        }
        Ok(self.aside.as_mut())
    }

    /// Keeps what the organization cannot.
    fn set_aside(&mut self, batch: &Batch<'_>) -> Result<(), TargetError> {
        let is_needed = !batch.unreadable.is_empty() || !batch.unknown.is_empty();
        if is_needed {
            // Before there is a data folder, there is no place for it.
            self.ask(What::State { must_follow: false }, None, true)?;
        }
        let Some(aside) = self.aside(is_needed)? else { return Ok(()) };
        let known = batch.rows.iter().map(|row| &row.id).chain(batch.removed);
        let (known, removed) = (&known.copied().collect::<Vec<_>>(), batch.unknown);
        let unreadable = batch.unreadable;
        let state = Batch::of_state(batch.state);
        aside.apply(&Batch { unreadable, removed, unknown: known, ..state })?;
        aside.finish()
    }

    /// The answer; none if there is no data folder and none is to be created.
    fn ask(
        &mut self,
        what: What,
        typed: Option<String>,
        create: bool,
    ) -> Result<Option<String>, TargetError> {
        let asked = self.try_ask(what, typed, create);
        asked.map_err(|error| {
            // The run ends with it, and the next one looks again which process has the folder.
            self.let_go();
            match error.downcast::<TargetError>() {
                Ok(error) => *error,
                Err(error) => self.failed(&error),
            }
        })
    }

    fn try_ask(
        &mut self,
        what: What,
        typed: Option<String>,
        create: bool,
    ) -> Result<Option<String>, Failure> {
        let work = Work::Follow(Follow { org: self.org.clone(), what });
        let mut answer = Answer(String::new());
        if self.at.is_none() {
            match folder::access(&self.folder, create) {
                Err(FolderError::Missing(_) | FolderError::Empty(_)) => return Ok(None),
                access => {
                    let access = access?;
                    self.lock()?;
                    self.at = Some(match access {
                        Access::Served(_) => At::Served,
                        Access::Owned(folder) => {
                            let (tuning, clock) = (Tuning::default(), AcceptClock::Near);
                            let context = serve::open(&folder, &tuning, clock, false)?;
                            At::Here(Box::new((folder, context)))
                        }
                    });
                }
            }
        }
        match &self.at {
            Some(At::Here(here)) => {
                let mut files = LocalFiles { typed };
                commands::run(&work, &here.1, &mut files, &mut answer)?;
            }
            _ => match folder::access(&self.folder, false)? {
                Access::Served(stream) => {
                    remote::ask(&stream, work, typed, &mut answer)?;
                }
                // It may be about to start again, and needs the folder then.
                Access::Owned(_) => {
                    return Err("the server has stopped; the next run goes on".into());
                }
            },
        }
        Ok(Some(answer.0))
    }

    fn lock(&mut self) -> Result<(), TargetError> {
        if self.lock.is_some() {
            return Ok(());
        }
        let path = self.folder.join(format!("mirror-{}.lock", self.org));
        let file = private::file(&path);
        let file = file.map_err(|error| self.failed(&format!("{}: {error}", path.display())))?;
        match file.try_lock() {
            Ok(()) => self.lock = Some(file),
            Err(TryLockError::WouldBlock) => {
                return Err(TargetError::InUse { target: self.name.clone() });
            }
            Err(TryLockError::Error(error)) => {
                return Err(self.failed(&format!("{}: {error}", path.display())));
            }
        }
        Ok(())
    }

    /// Leaves the folder to others until the next question.
    fn let_go(&mut self) {
        if let Some(At::Here(here)) = self.at.take() {
            here.1.service.close();
        }
    }

    fn failed(&self, problem: &impl ToString) -> TargetError {
        TargetError::Failed { target: self.name.clone(), problem: problem.to_string() }
    }

    fn number<T: std::str::FromStr + Default>(
        &self,
        answer: Option<String>,
    ) -> Result<T, TargetError> {
        let Some(answer) = answer else { return Ok(T::default()) };
        answer.trim().parse().map_err(|_| self.failed(&format!("unexpected answer {answer:?}")))
    }

    fn ask_ids(&mut self, what: What) -> Result<Vec<ActivityId>, TargetError> {
        let answer = self.ask(what, None, false)?.unwrap_or_default();
        let ids: Result<Vec<i64>, _> = answer.lines().map(str::parse).collect();
        Ok(ids.map_err(|error| self.failed(&error))?.into_iter().map(ActivityId).collect())
    }

    /// All removals here that the source knows: what it does not know at all was removed here, too.
    fn known_removals(&mut self) -> Result<Vec<ActivityId>, TargetError> {
        let mut removed = self.ask_ids(What::Removed)?;
        let Some(aside) = self.aside(false)? else { return Ok(removed) };
        let unknown = aside.removed_after(ActivityId(i64::MIN), u32::MAX)?.unwrap_or_default();
        let unknown: HashSet<ActivityId> = unknown.into_iter().collect();
        removed.retain(|id| !unknown.contains(id));
        Ok(removed)
    }

    fn read_rows(&self, answer: &str) -> Result<Vec<Values>, TargetError> {
        if answer.is_empty() {
            return Ok(Vec::new());
        }
        serde_json::from_str(answer).map_err(|error| self.failed(&error))
    }
}

impl Target for Following {
    fn state(&mut self) -> Result<Option<State>, TargetError> {
        let Some(answer) = self.ask(What::State { must_follow: false }, None, false)? else {
            return Ok(None);
        };
        serde_json::from_str(&answer).map_err(|error| self.failed(&error))
    }

    fn rows(&mut self) -> Option<&mut dyn Rows> {
        Some(self)
    }

    fn apply(&mut self, batch: &Batch<'_>) -> Result<Applied, TargetError> {
        self.set_aside(batch)?;
        let lines = lines::of(batch).map_err(|error| self.failed(&error))?;
        let what = What::Apply { state: batch.state.clone(), is_repair: batch.is_repair };
        let answer = self.ask(what, Some(lines), true)?.unwrap_or_default();
        let (written, removed) = answer.split_once(' ').unwrap_or_default();
        Ok(Applied {
            written: self.number(Some(written.to_owned()))?,
            removed: self.number(Some(removed.to_owned()))?,
        })
    }

    fn finish(&mut self) -> Result<(), TargetError> {
        self.let_go();
        self.ids.clear();
        self.removed = None;
        Ok(())
    }
}

impl Rows for Following {
    fn count(&mut self) -> Result<u64, TargetError> {
        let answer = self.ask(What::Count, None, false)?;
        self.number(answer)
    }

    fn count_of(&mut self, ids: &[ActivityId]) -> Result<u64, TargetError> {
        let mut sum = 0;
        for ids in ids.chunks(IDS_AT_ONCE) {
            let answer = self.ask(What::CountOf(Ids::of(ids)), None, false)?;
            sum += self.number::<u64>(answer)?;
        }
        Ok(sum)
    }

    fn rows_of(&mut self, ids: &[ActivityId]) -> Result<Vec<Values>, TargetError> {
        let mut rows = Vec::new();
        for ids in ids.chunks(IDS_AT_ONCE) {
            let answer = self.ask(What::Rows(Ids::of(ids)), None, false)?;
            rows.extend(self.read_rows(&answer.unwrap_or_default())?);
        }
        Ok(rows)
    }

    fn rows_after(&mut self, after: ActivityId, max: u32) -> Result<Vec<Values>, TargetError> {
        if after.0 <= 0 || self.ids.is_empty() {
            self.ids = self.ask_ids(What::Ids)?;
        }
        let first = self.ids.partition_point(|id| *id <= after);
        let next: Vec<ActivityId> = self.ids[first..].iter().take(max as usize).copied().collect();
        let mut rows = self.rows_of(&next)?;
        rows.sort_unstable_by_key(|row| match row[0] {
            mirror::columns::Value::Number(id) => id,
            _ => 0,
        });
        Ok(rows)
    }

    fn removed_after(
        &mut self,
        after: ActivityId,
        max: u32,
    ) -> Result<Option<Vec<ActivityId>>, TargetError> {
        let removed = match self.removed.take() {
            Some(removed) if after.0 > 0 => removed,
            _ => self.known_removals()?,
        };
        let first = removed.partition_point(|id| *id <= after);
        let next = removed[first..].iter().take(max as usize).copied().collect();
        self.removed = Some(removed);
        Ok(Some(next))
    }

    fn unreadable(&mut self) -> Result<u64, TargetError> {
        self.aside(false)?.map_or(Ok(0), Rows::unreadable)
    }

    fn unreadable_after(
        &mut self,
        after: ActivityId,
        max: u32,
    ) -> Result<Vec<(ActivityId, String)>, TargetError> {
        self.aside(false)?.map_or(Ok(Vec::new()), |aside| aside.unreadable_after(after, max))
    }
}

/// Copies what the organizations of a data folder cannot keep into a backup that has the organizations already: if it is a
/// little newer than they are, the next run makes both equal. Gives the names of the files.
pub(crate) fn copy_aside(folder: &Path, to: &Path) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with(ASIDE_PREFIX) && name.ends_with(ASIDE_SUFFIX) {
            SqliteTarget::copy(&folder.join(&name), &to.join(&name))?;
            names.push(name);
        }
    }
    Ok(names)
}

impl Drop for Following {
    fn drop(&mut self) {
        self.let_go();
    }
}

/// Keeps what is printed; notes go to standard error.
struct Answer(String);

impl Console for Answer {
    fn print(&mut self, text: &str) -> io::Result<()> {
        self.0.push_str(text);
        Ok(())
    }

    fn note(&mut self, line: &str) -> io::Result<()> {
        let _ = writeln!(io::stderr(), "{line}");
        Ok(())
    }

    fn progress(&mut self, _: &str, _: u64, _: Option<u64>) -> io::Result<()> {
        Ok(())
    }
}
