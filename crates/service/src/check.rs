//! Whether a store holds what it should: the log without gaps and in order, the current state equal
//! to it, every content readable.

use std::collections::HashMap;
use std::ops::ControlFlow;

use domain::{ActivityId, Seq, Stamp};
use store::{LogEntry, Store, StoreError, TenantRecord};

use crate::Service;

/// Problems that are named before the check gives up on an organization.
const PROBLEMS_MAX: usize = 20;

/// Checks everything. `progress` hears how many versions have been looked at. Returns the problems
/// found, in words; none is the good answer.
///
/// # Errors
/// When the store cannot be read to its end.
pub fn check(store: &dyn Store, progress: &mut dyn FnMut(u64)) -> Result<Vec<String>, StoreError> {
    let mut problems = store.damage()?;
    let mut looked_at = 0;
    for tenant in store.tenants()? {
        let id = tenant.organization.id.clone();
        let found = check_log(store, &tenant, &mut || {
            looked_at += 1;
            if u64::is_multiple_of(looked_at, 10_000) {
                progress(looked_at);
            }
        })?;
        problems.extend(found.into_iter().map(|problem| format!("organization {id}: {problem}")));
    }
    progress(looked_at);
    Ok(problems)
}

fn check_log(
    store: &dyn Store,
    tenant: &TenantRecord,
    tick: &mut dyn FnMut(),
) -> Result<Vec<String>, StoreError> {
    let org = tenant.organization.key;
    let mut problems = Vec::new();
    let mut latest: HashMap<ActivityId, Seq> = HashMap::new();
    let (mut last_seq, mut last_stamp) = (Seq::ZERO, Stamp::MIN);
    let mut seqs = Vec::new();
    store.log(org, Seq::ZERO, &mut |entry: LogEntry| {
        tick();
        if entry.seq != last_seq.next() {
            problems.push(format!("after position {last_seq} comes {}", entry.seq));
        }
        if entry.stamp < last_stamp {
            problems
                .push(format!("the stamp at position {} is before the one before it", entry.seq));
        }
        (last_seq, last_stamp) = (entry.seq, entry.stamp);
        latest.insert(entry.id, entry.seq);
        seqs.push(entry.seq);
        if problems.len() < PROBLEMS_MAX {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })?;
    for (id, seq) in latest {
        let current = store.latest(org, id)?;
        // What was committed since the log was read is not a problem.
        let newer = current.is_some_and(|current| current > last_seq);
        if current != Some(seq) && !newer && problems.len() < PROBLEMS_MAX {
            problems.push(format!("activity {id} is at {current:?}, its log ends at {seq}"));
        }
    }
    Service::visit_versions(store, org, &seqs, &mut |version| {
        let readable = version.previous.is_none_or(|previous| previous < version.seq);
        if !readable {
            problems.push(format!("position {} supersedes a later one", version.seq));
        }
        Ok::<(), StoreError>(())
    })?;
    Ok(problems)
}
