//! Reads an organization's view with its horizon, and waits where an answer has to.

use std::sync::Arc;
use std::time::Duration;

use domain::{Seq, Stamp};
use timeline::View;

use crate::base::sabotage::Guard;
use crate::engine::Service;
use crate::folder::tenant::Tenant;
use crate::log::exposure::Reading;
use crate::runs::ask_error::AskError;

/// An upper bound this little ahead of now is waited for; one further ahead is answered as of the
/// horizon.
const TO_AHEAD_MS_MAX: i64 = 2_000;

/// The longest wait for a commit under way, or for the horizon to pass an upper bound.
const WAIT_MAX: Duration = Duration::from_secs(10);

impl Service {
    /// The view that an answer shows from now on, and the horizon that it is complete up to, in one step.
    ///
    /// A question with a To is complete up to that and no further than it was asked for: a script whose To is a clock
    /// that is behind goes on from there without a hole.
    ///
    /// # Errors
    /// When the disk does not respond.
    pub(crate) async fn reading(&self, org: &Tenant) -> Result<Reading, AskError> {
        loop {
            if let Some(reading) = self.read(org) {
                return Ok(reading);
            }
            self.wait_for_horizon(org, None).await?;
        }
    }

    /// The same where it is known at once; otherwise [`Service::wait_for_horizon`] comes first.
    pub(crate) fn read(&self, org: &Tenant) -> Option<Reading> {
        org.log.exposure.read(self.now(), self.shared.lease.bound())
    }

    /// Whether the horizon has passed an upper bound, exposed or not.
    pub(crate) fn has_passed(&self, org: &Tenant, to: Stamp) -> bool {
        org.log.exposure.horizon(self.now(), self.shared.lease.bound()) >= to
    }

    /// Waits until the view can be read, and the horizon has passed an upper bound that is only a little ahead.
    pub(crate) async fn wait_for_horizon(
        &self,
        org: &Tenant,
        to: Option<Stamp>,
    ) -> Result<(), AskError> {
        let mut too_long = self.shared.runtime.sleep(WAIT_MAX);
        loop {
            let (moved, renewed) = (org.log.moved.notified(), self.shared.lease_moved.notified());
            let now = self.now();
            let is_ahead = |to: &Stamp| {
                !self.has_passed(org, *to)
                    && *to <= now.plus_millis(TO_AHEAD_MS_MAX)
                    && !Guard::WaitForTo.is_off()
            };
            let ahead = to.filter(is_ahead);
            if ahead.is_none() && org.log.exposure.is_readable() {
                return Ok(());
            }
            let missing_ms = ahead.map_or(TO_AHEAD_MS_MAX, |to| to.millis() - now.millis());
            let missing_ms = missing_ms.clamp(1, TO_AHEAD_MS_MAX).unsigned_abs();
            let passed = self.shared.runtime.sleep(Duration::from_millis(missing_ms));
            tokio::select! {
                biased;
                () = moved => {}
                () = renewed => {}
                () = passed => {}
                () = &mut too_long => {
                    return Err(AskError::Unavailable("a write is taking too long; try again".to_owned()));
                }
            }
        }
    }

    /// The organization's view as of that position: one that takes long to make is made when it is the organization's
    /// turn.
    pub(crate) async fn view_at(&self, org: &Arc<Tenant>, seq: Seq) -> Result<View, AskError> {
        match self.shared.views.at_once(&org.log, seq) {
            Some(view) => Ok(view),
            None => self.in_turn(org, move |shared, org| shared.views.get(&org.log, seq)).await,
        }
    }
}
