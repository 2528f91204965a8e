//! A mirror kept by plain polling, one page at a time, in one of the ways that scripts have.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{ActivityId, Clock, Member, Stamp, Version};
use service::{Order, SyncQuery};

use crate::harness::{SyncAnswer, World, ascending, everything};

/// What a reader takes for its next lower bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cursor {
    /// The answer's own time.
    Horizon,
    /// The latest time of change that it has seen.
    HighestStamp,
    /// The upper bound before, which was a time that the server told.
    ToldTo,
    /// The upper bound before, which was the reader's own clock.
    OwnClock,
}

/// Subjects by id.
pub(crate) type Mirror = BTreeMap<ActivityId, String>;

pub(crate) struct Reader {
    cursor: Cursor,
    order: Order,
    ids: Option<Vec<ActivityId>>,
    page_size: u32,
    session: String,
    from: Stamp,
    run: Option<Run>,
    pub(crate) mirror: Mirror,
}

/// A run under way.
struct Run {
    to: Option<Stamp>,
    first: SyncAnswer,
    records: Vec<Arc<Version>>,
    next_page: u64,
}

impl Reader {
    /// One of each kind.
    pub(crate) fn all<C: Clock + 'static>(world: &World<C>) -> Vec<Reader> {
        let reader = |cursor, order, page_size, ids| Reader {
            cursor,
            order,
            ids,
            page_size,
            session: world.log_in(),
            from: Stamp::MIN,
            run: None,
            mirror: Mirror::new(),
        };
        let named = (1..=60).map(ActivityId).collect();
        vec![
            reader(Cursor::Horizon, Order::default(), 3, None),
            reader(Cursor::Horizon, ascending(Member::Subject), 2, None),
            reader(Cursor::Horizon, ascending(Member::Id), 2, Some(named)),
            reader(Cursor::HighestStamp, ascending(Member::Modified), 2, None),
            reader(Cursor::HighestStamp, Order::default(), 3, None),
            reader(Cursor::ToldTo, Order::default(), 2, None),
            reader(Cursor::OwnClock, ascending(Member::Modified), 3, None),
        ]
    }

    /// Asks for one page. Returns the horizon of a run without upper bound that began with it.
    pub(crate) fn step<C: Clock + 'static>(&mut self, world: &World<C>) -> Option<Stamp> {
        let caller = world.caller(&self.session).unwrap_or_else(|| {
            // A script that logs in again begins again.
            self.session = world.log_in();
            self.run = None;
            world.caller(&self.session).unwrap()
        });
        let mut query = SyncQuery {
            ids: self.ids.clone(),
            from: Some(self.from),
            order: self.order,
            page_size: self.page_size,
            ..everything()
        };
        let mut begun = None;
        let run = match self.run.take() {
            Some(mut run) => {
                (query.to, query.page) = (run.to, run.next_page);
                let answer = world.sync(&caller, &query);
                run.take(answer);
                run
            }
            None => {
                let probe =
                    SyncQuery { ids: Some(vec![ActivityId(0)]), from: None, ..everything() };
                query.to = match self.cursor {
                    Cursor::ToldTo => Some(world.sync(&caller, &probe).horizon),
                    Cursor::OwnClock => Some(world.clock.now()),
                    Cursor::Horizon | Cursor::HighestStamp => None,
                };
                if query.to.is_some_and(|to| to < self.from) {
                    return None; // Its clock has stepped back: such a script waits.
                }
                let first = world.sync(&caller, &query);
                begun = query.to.is_none().then_some(first.horizon);
                assert!(
                    query.to.is_none_or(|to| first.horizon >= to),
                    "{:?} is not over",
                    query.to
                );
                let records = first.records.clone();
                Run { to: query.to, first, records, next_page: 2 }
            }
        };
        run.check(self.from);
        if run.next_page > run.first.pages {
            self.finish(&run);
        } else {
            self.run = Some(run);
        }
        begun
    }

    pub(crate) fn is_in_mid_run(&self) -> bool {
        self.run.is_some()
    }

    fn finish(&mut self, run: &Run) {
        assert_eq!(run.records.len() as u64, run.first.total);
        for version in &run.records {
            let subject = version.record().unwrap().subject.to_string();
            self.mirror.insert(version.id, subject);
        }
        for id in run.first.removed.iter().flatten() {
            self.mirror.remove(id);
        }
        let highest = run.records.iter().map(|version| version.stamp).max();
        self.from = match self.cursor {
            Cursor::Horizon => run.first.horizon,
            Cursor::HighestStamp => highest.unwrap_or(self.from).max(self.from),
            Cursor::ToldTo | Cursor::OwnClock => run.to.unwrap(),
        };
    }
}

impl Run {
    /// Takes the next page, which must be of the same run (invariant 4).
    fn take(&mut self, answer: SyncAnswer) {
        assert_eq!(answer.horizon, self.first.horizon);
        assert_eq!((answer.total, answer.pages), (self.first.total, self.first.pages));
        assert_eq!(answer.removed, self.first.removed);
        self.records.extend(answer.records);
        self.next_page += 1;
    }

    /// Nothing is outside the window, ahead of the horizon, or there twice.
    fn check(&self, from: Stamp) {
        let until = self.to.unwrap_or(Stamp::MAX).min(self.first.horizon);
        let mut seen = std::collections::BTreeSet::new();
        for version in &self.records {
            assert!(
                (from..=until).contains(&version.stamp),
                "{version:?} is not in {from:?} to {until:?}"
            );
            assert!(seen.insert(version.id), "{} comes twice", version.id);
        }
        for id in self.first.removed.iter().flatten() {
            assert!(!seen.contains(id), "{id} is in both lists");
        }
    }
}
