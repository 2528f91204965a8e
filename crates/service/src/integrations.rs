//! The organization's keys as an admin sees them: who uses each, and whether its mirror keeps up.

use domain::{ApiKey, Stamp};
use store::PollRecord;
use timeline::Timeline;

use crate::Service;
use crate::tenant::Tenant;

/// A key is silent when it has not been asked with for so many times its usual pause…
const SILENT_PAUSES: i64 = 4;

/// …but never earlier than this.
const SILENT_MS_MIN: i64 = 3_600_000;

/// How long a key may be there before it is asked with.
const NEW_MS: i64 = 24 * 3_600_000;

/// How long a key that has been asked with only once may be silent: most jobs run at least daily.
const SILENT_MS_UNKNOWN: i64 = 25 * 3_600_000;

/// A key, and what is asked with it.
#[derive(Clone, Debug)]
pub struct Integration {
    /// The key.
    pub key: ApiKey,
    /// What was asked last, none if nothing has been.
    pub poll: Option<PollRecord>,
    /// Milliseconds since then.
    pub ago_ms: Option<i64>,
    /// Changes that the last answer does not cover.
    pub behind: u64,
    /// The time of the oldest of them.
    pub behind_since: Option<Stamp>,
    /// What to make of it.
    pub state: IntegrationState,
}

/// How an integration is doing, at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntegrationState {
    /// Nothing has changed since its last answer.
    UpToDate,
    /// Something has.
    Behind,
    /// It has not asked yet, and its key is no older than a day.
    New,
    /// It has not asked for unusually long, or never.
    Silent,
    /// Its key has been revoked.
    Revoked,
}

impl Service {
    /// The organization's keys, and what is asked with each.
    #[must_use]
    pub fn integrations(&self, org: &Tenant) -> Vec<Integration> {
        let directory = org.directory();
        let now = self.shared.steady_now();
        // First: the timeline reaches at least as far.
        let view = org.exposure.view();
        let timeline = org.timeline.read();
        let keys = directory.keys.values().cloned();
        let integrations = keys.map(|key| {
            let poll = org.polls.last_of(key.id);
            let (behind, behind_since) =
                poll.map_or((0, None), |poll| missing(&timeline, &view, poll.horizon));
            let ago_ms = poll.map(|poll| (now.millis() - poll.at.millis()).max(0));
            let state = match poll.zip(ago_ms) {
                _ if key.revoked => IntegrationState::Revoked,
                Some((poll, ago)) if ago <= patience_ms(&poll) && behind == 0 => {
                    IntegrationState::UpToDate
                }
                Some((poll, ago)) if ago <= patience_ms(&poll) => IntegrationState::Behind,
                None if now.millis() - key.created.millis() <= NEW_MS => IntegrationState::New,
                _ => IntegrationState::Silent,
            };
            Integration { key, poll, ago_ms, behind, behind_since, state }
        });
        integrations.collect()
    }
}

/// How many visible changes come after an instant, and the time of the first of them.
fn missing(timeline: &Timeline, view: &timeline::View, after: Stamp) -> (u64, Option<Stamp>) {
    let told = timeline.between(None, Some(after)).through;
    let missing = view.seq().0.saturating_sub(told.0);
    let first = (missing > 0).then(|| timeline.stamp(told.next())).flatten();
    (missing, first)
}

fn patience_ms(poll: &PollRecord) -> i64 {
    let pauses = |usual: i64| usual.saturating_mul(SILENT_PAUSES).max(SILENT_MS_MIN);
    poll.rhythm_ms.map_or(SILENT_MS_UNKNOWN, pauses)
}
