//! A group commit being prepared: writes of several organizations that become durable together.

mod part;

use std::sync::Arc;

use domain::Stamp;
use store::{Durability, Store, StoreError, Transaction};
use tokio::sync::oneshot;

use crate::base::refusal::{DAMAGED, Refusal, in_doubt};
use crate::commit::notes::Note;
use crate::commit::{Job, Round};
use crate::folder::shared::Shared;
use crate::folder::tenant::Tenant;

use part::{Part, answer};

/// See the module.
#[derive(Default)]
pub(crate) struct Batch {
    /// What has not been looked at yet: a job that was taken already, and what else the round has.
    first: Option<Job>,
    round: Option<Round>,
    parts: Vec<Part>,
    notes: Vec<Noted>,
    /// Notes to save one by one after this batch: one of them was damaged.
    apart: Vec<Noted>,
}

/// A note to be kept.
struct Noted {
    tenant: Arc<Tenant>,
    note: Note,
    /// The channel of the caller that waits for it.
    reply: Option<oneshot::Sender<()>>,
}

impl Batch {
    /// What shares a transaction: the first job of a round, and the rest of the round.
    pub(crate) fn of(first: Job, round: Round) -> Batch {
        Batch { first: Some(first), round: Some(round), ..Batch::default() }
    }

    fn next_job(&mut self) -> Option<Job> {
        self.first.take().or_else(|| self.round.as_mut()?.next())
    }

    /// What its writes need, or its notes alone.
    pub(crate) fn durability(&self) -> Durability {
        // Notes have rounds of their own.
        let writes = !self.parts.is_empty() || matches!(self.first, Some(Job::Write { .. }));
        if writes { Durability::Power } else { Durability::Process }
    }

    /// Judges all jobs in their order, appends what they make to the log and keeps the notes. False where
    /// something turned out to be damaged: it has been left out, and those who wait for it have been
    /// refused. The rest is to be done in another transaction, since this one may not be committed any
    /// more.
    ///
    /// # Errors
    /// When the store fails; then nothing of the batch may be committed.
    pub(crate) fn fill(
        &mut self,
        shared: &Shared,
        transaction: &mut dyn Transaction,
    ) -> Result<bool, StoreError> {
        Ok(self.judge(shared, transaction)?
            && self.append(shared, transaction)?
            && self.keep_notes(transaction)?)
    }

    fn judge(
        &mut self,
        shared: &Shared,
        transaction: &mut dyn Transaction,
    ) -> Result<bool, StoreError> {
        let mut is_sound = true;
        while let Some(job) = self.next_job() {
            match job {
                Job::Write { tenant, reply, .. } if tenant.people.is_importing() => {
                    let _ = reply.send(Err(Refusal::under_import()));
                }
                Job::Write { tenant, author, write, reply } => {
                    let part = self.part_of(shared, &tenant);
                    let bytes = match part.judge(shared, transaction, author, &write, reply) {
                        Err(StoreError::Damaged(_)) => {
                            is_sound = false;
                            0
                        }
                        judged => judged?,
                    };
                    if let Some(round) = &mut self.round {
                        round.took(bytes);
                    }
                }
                Job::Note { tenant, note, reply } => {
                    self.notes.push(Noted { tenant, note, reply });
                }
                // They have a round for themselves.
                Job::Call(..) | Job::Stop => {}
            }
        }
        Ok(is_sound)
    }

    fn append(
        &mut self,
        shared: &Shared,
        transaction: &mut dyn Transaction,
    ) -> Result<bool, StoreError> {
        for at in 0..self.parts.len() {
            match self.parts[at].append(shared, transaction) {
                Err(StoreError::Damaged(problem)) => {
                    let part = self.parts.remove(at);
                    tracing::error!(org = %part.tenant.id, problem, "cannot append to the organization's log");
                    part.abandon(&log_damaged());
                    return Ok(false);
                }
                appended => appended?,
            }
        }
        Ok(true)
    }

    /// If one cannot be kept, its caller sees the channel close.
    fn keep_notes(&mut self, transaction: &mut dyn Transaction) -> Result<bool, StoreError> {
        for at in 0..self.notes.len() {
            let Noted { tenant, note, .. } = &self.notes[at];
            match note.keep(transaction, tenant.key) {
                Err(StoreError::Damaged(problem)) => {
                    tracing::error!(org = %tenant.id, problem, "a session or a run is damaged; `driftless check` shows where");
                    self.notes.remove(at);
                    // The next one may be damaged too, and each time all would have to be done again.
                    self.apart.append(&mut self.notes);
                    return Ok(false);
                }
                kept => kept?,
            }
        }
        Ok(true)
    }

    /// The notes to save after this batch, each in a batch of its own.
    pub(crate) fn take_apart(&mut self) -> Vec<Batch> {
        let alone = |noted| Batch { notes: vec![noted], ..Batch::default() };
        self.apart.drain(..).map(alone).collect()
    }

    /// The organization's part of this batch. Its stamp is drawn when the first write joins, with
    /// the transaction open.
    fn part_of(&mut self, shared: &Shared, tenant: &Arc<Tenant>) -> &mut Part {
        let at = self.parts.iter().position(|part| part.tenant.key == tenant.key);
        let at = at.unwrap_or_else(|| {
            self.parts.push(Part::begin(shared, tenant.clone()));
            self.parts.len() - 1
        });
        &mut self.parts[at]
    }

    /// The latest stamp of the batch, if it made any version.
    pub(crate) fn last_stamp(&self) -> Option<Stamp> {
        let changed = self.parts.iter().filter(|part| !part.versions.is_empty());
        changed.map(|part| part.stamp).max()
    }

    /// Whether a batch of unknown outcome is in the store. Its parts share a transaction: one
    /// stands for all.
    pub(crate) fn is_there(&self, store: &dyn Store) -> Result<bool, StoreError> {
        let last = self
            .parts
            .iter()
            .find_map(|part| part.versions.last().map(|version| (part.tenant.key, version.seq)));
        match last {
            Some((org, seq)) => Ok(store.head(org)? >= seq),
            None => Ok(false),
        }
    }

    /// Makes every part visible and answers all callers. To be called once the transaction is durable.
    pub(crate) fn publish(self, shared: &Shared) {
        for part in self.parts {
            part.publish(shared);
        }
        let mut waiting = Vec::new();
        for Noted { tenant, note, reply } in self.notes {
            note.kept(&tenant);
            waiting.extend(reply);
        }
        for reply in waiting {
            let _ = reply.send(());
        }
    }

    /// Tells the waiting callers that the outcome is unknown.
    pub(crate) fn give_up_waiting(&mut self) {
        let why = in_doubt();
        self.parts.iter_mut().for_each(|part| part.give_up_waiting(&why));
        self.notes.iter_mut().for_each(|noted| noted.reply = None);
    }

    /// Withdraws every part and tells all callers why. Those that wait for a note see their channel
    /// close.
    pub(crate) fn abandon(mut self, why: &Refusal) {
        while let Some(job) = self.next_job() {
            if let Job::Write { reply, .. } = job {
                answer(Some(reply), Err(why.clone()));
            }
        }
        self.parts.into_iter().for_each(|part| part.abandon(why));
    }
}

/// Nothing can be added to an organization's log. The server's log says why, the answer does not.
fn log_damaged() -> Refusal {
    Refusal::Unavailable(DAMAGED.to_owned())
}
