//! Pages on their way: when they count as delivered.

use std::sync::Arc;

use parking_lot::Mutex;

use super::Served;

/// Pages whose last piece a connection has taken and not yet written: an answer that is cut off before counts
/// as not delivered.
///
/// Without a connection, as by default, whoever takes the last piece has it.
#[derive(Clone, Debug, Default)]
pub struct Outbox(Option<Arc<Mutex<Vec<Served>>>>);

impl Outbox {
    /// That of a connection, which says when it has written all that it has taken.
    #[must_use]
    pub fn of_connection() -> Outbox {
        Outbox(Some(Arc::default()))
    }

    /// All that was taken has been written.
    pub fn is_written(&self) {
        let Some(taken) = &self.0 else { return };
        let taken = std::mem::take(&mut *taken.lock());
        taken.into_iter().for_each(Served::is_sent);
    }

    /// The last piece of a page has been taken.
    pub fn take(&self, served: Served) {
        match &self.0 {
            Some(taken) => taken.lock().push(served),
            None => served.is_sent(),
        }
    }
}
