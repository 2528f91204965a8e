//! Pollers: the scripts that are out there, each with its own careless habits. All they know is what
//! the answers say.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use domain::{ActivityId, Member, OrgId, Stamp, Version};
use service::{AskError, Direction, LoginError, Order, SyncAnswer, SyncQuery};

use crate::machine::{Lost, Machine};
use crate::world::{self, below, one_in, yield_now};

/// What becomes the next From.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cursor {
    /// The response time of the run's first page.
    FirstPage,
    /// The response time of the run's last page.
    LastPage,
    /// The same, cut to seconds.
    Seconds,
    /// The highest stamp seen.
    HighestStamp,
    /// The highest stamp seen, and a millisecond.
    HighestStampPlusOne,
    /// The previous To, which was a time that the server had told.
    ServerWindow,
    /// The previous To, which was the reader's own, correct clock.
    OwnWindow,
    /// The response time, though To was the reader's clock, read anew for every page.
    RecomputedTo,
}

/// How the pages of a run are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paging {
    /// One after the other.
    InTurn,
    /// Page 2 first, then the others in turn. No two runs of such a poller ask the same question:
    /// a second page that is asked for first could not be told from one asked for again. Told to
    /// begin again with page 1, it does; and it does so of itself where the machine has died in
    /// between, since nobody then knows that page 2 has been served.
    SecondFirst,
    /// Page 1, then all others at once.
    Parallel,
}

/// What a poller is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    /// What becomes the next From.
    pub(crate) cursor: Cursor,
    /// How the pages of a run are fetched.
    pub(crate) paging: Paging,
    /// In which order.
    pub(crate) order: Order,
    /// Records on a page.
    pub(crate) page_size: u32,
    /// Whether it asks for the ids it knows of, beside the range.
    pub(crate) names_ids: bool,
    /// Whether it takes To as the next From without a look at the response time. That is safe where
    /// its clock is the server's and does not step back.
    pub(crate) trusts_its_clock: bool,
    /// Whether it logs in again now and then in the middle of a run.
    pub(crate) logs_in_again: bool,
}

impl Habits {
    /// Some habits.
    #[must_use]
    pub(crate) fn any(clock_steps: bool) -> Habits {
        let cursors = [
            Cursor::FirstPage,
            Cursor::LastPage,
            Cursor::Seconds,
            Cursor::HighestStamp,
            Cursor::HighestStampPlusOne,
            Cursor::ServerWindow,
            Cursor::OwnWindow,
            Cursor::RecomputedTo,
        ];
        let members = [Member::Modified, Member::Modified, Member::Subject, Member::Id];
        let by = world::pick(&members);
        let direction = world::pick(&[Direction::Ascending, Direction::Descending]);
        let paging = [Paging::InTurn, Paging::InTurn, Paging::SecondFirst, Paging::Parallel];
        let paging = world::pick(&paging);
        let cursor = match world::pick(&cursors) {
            // A first page with an earlier bound than the second one's is another question.
            Cursor::RecomputedTo if paging == Paging::SecondFirst => Cursor::OwnWindow,
            cursor => cursor,
        };
        Habits {
            cursor,
            paging,
            order: Order { by, direction },
            page_size: 1 + u32::try_from(below(4)).unwrap_or(0),
            names_ids: one_in(8),
            trusts_its_clock: !clock_steps,
            // Whoever has pages under way at once has one session for them.
            logs_in_again: paging == Paging::InTurn && one_in(3),
        }
    }
}

/// What a poller has made of the answers.
pub(crate) type Mirror = BTreeMap<ActivityId, Shown>;

/// What an activity looks like: its time of change, subject, note and the name of its status.
pub(crate) type Shown = (Stamp, String, String, String);

/// What a version shows; none where it is a removal.
pub(crate) fn shown(version: &Version) -> Option<Shown> {
    let activity = version.record()?;
    let (subject, note) = (activity.subject.to_string(), activity.note.to_string());
    Some((version.stamp, subject, note, activity.status_name.to_string()))
}

/// One poller.
#[derive(Clone)]
pub(crate) struct Poller {
    /// The machine that it asks.
    pub(crate) machine: Machine,
    /// The organization.
    pub(crate) org: OrgId,
    /// The key, which others may have too.
    pub(crate) key: String,
    /// What it is like.
    pub(crate) habits: Habits,
    /// Its copy.
    pub(crate) mirror: Rc<RefCell<Mirror>>,
    /// What it found wrong with the answers themselves.
    pub(crate) complaint: Rc<RefCell<Option<String>>>,
    /// Complete runs so far.
    pub(crate) runs: Rc<Cell<u64>>,
    /// Told to stop after so many more runs.
    pub(crate) left: Rc<Cell<Option<u32>>>,
}

/// Why a run was given up.
enum GivenUp {
    /// Begin again with page 1.
    Again,
    /// The session is no good.
    Session,
}

type Page = (u64, SyncAnswer);

impl Poller {
    /// Polls until it is told to stop.
    pub(crate) async fn run(mut self) {
        let (mut cursor, mut known) = (Stamp::from_millis(0), Vec::new());
        let mut session = String::new();
        let mut asked = BTreeSet::new();
        let usual = self.habits.paging;
        while self.left.get() != Some(0) {
            world::sleep(i64::try_from(below(8)).unwrap_or(0)).await;
            if session.is_empty() {
                session = self.login().await;
                continue;
            }
            let mut from = cursor;
            while usual == Paging::SecondFirst && !asked.insert(from) {
                from = from.plus_millis(-1);
            }
            match self.poll(&mut session, from, &mut known).await {
                Ok(next) => {
                    self.habits.paging = usual;
                    cursor = next.max(cursor);
                    self.runs.set(self.runs.get() + 1);
                    self.left.set(self.left.get().map(|left| left.saturating_sub(1)));
                }
                Err(GivenUp::Again) => self.habits.paging = Paging::InTurn,
                Err(GivenUp::Session) => session.clear(),
            }
        }
    }

    async fn login(&self) -> String {
        let (org, key) = (self.org.clone(), self.key.clone());
        let asked = self.machine.request(move |service| async move {
            let logged_in: Result<_, LoginError> = service.login(&org, &key).await;
            logged_in.map(|(_, session)| session)
        });
        asked.await.ok().and_then(Result::ok).unwrap_or_default()
    }

    /// One run; returns the next From.
    async fn poll(
        &self,
        session: &mut String,
        from: Stamp,
        known: &mut Vec<ActivityId>,
    ) -> Result<Stamp, GivenUp> {
        let to = match self.habits.cursor {
            Cursor::ServerWindow => Some(self.told_time(session).await?),
            Cursor::OwnWindow => Some(world::now()),
            Cursor::RecomputedTo => Some(world::steady_now()),
            _ => None,
        };
        if to.is_some_and(|to| to < from) {
            return Ok(from); // the clock stepped back; another time
        }
        let everything = self.fetch(session, self.query(from, to, None)).await?;
        self.take(&everything, known);
        if self.habits.names_ids && !known.is_empty() {
            let named = self.fetch(session, self.query(from, to, Some(known.clone()))).await?;
            self.take(&named, known);
        }
        Ok(self.next_from(from, to, &everything))
    }

    fn query(&self, from: Stamp, to: Option<Stamp>, ids: Option<Vec<ActivityId>>) -> SyncQuery {
        SyncQuery {
            ids,
            from: Some(from),
            to,
            ignore_removed: false,
            order: self.habits.order,
            page_size: self.habits.page_size,
            page_size_asked: self.habits.page_size,
            page: 1,
        }
    }

    async fn told_time(&self, session: &str) -> Result<Stamp, GivenUp> {
        let nobody = SyncQuery {
            ids: Some(vec![ActivityId(0)]),
            from: None,
            ..self.query(Stamp::MIN, None, None)
        };
        Ok(self.page(session, &nobody, 1).await?.1.horizon)
    }

    /// All pages of one run.
    async fn fetch(&self, session: &mut String, query: SyncQuery) -> Result<Vec<Page>, GivenUp> {
        let mut pages: Vec<Page> = Vec::new();
        let crashes = self.machine.crashes();
        if self.habits.paging == Paging::SecondFirst {
            pages.push(self.page(session, &query, 2).await?);
        }
        pages.push(self.page(session, &query, 1).await?);
        if pages.len() > 1 && self.machine.crashes() != crashes {
            return Err(GivenUp::Again);
        }
        let count = pages[0].1.pages;
        let rest =
            (1..=count).filter(|n| pages.iter().all(|(have, _)| have != n)).collect::<Vec<_>>();
        if self.habits.paging == Paging::Parallel {
            pages.extend(self.at_once(session, &query, &rest).await?);
        } else {
            for n in rest {
                if self.habits.logs_in_again && one_in(4) {
                    *session = self.login().await;
                }
                pages.push(self.page(session, &query, n).await?);
            }
        }
        self.inspect(&pages);
        Ok(pages)
    }

    /// Asks for several pages before any of them is answered.
    async fn at_once(
        &self,
        session: &str,
        query: &SyncQuery,
        pages: &[u64],
    ) -> Result<Vec<Page>, GivenUp> {
        let answers: Rc<RefCell<Vec<Result<Page, GivenUp>>>> = Rc::default();
        for n in pages {
            let (poller, session, query, n) = (self.clone(), session.to_owned(), query.clone(), *n);
            let answers = answers.clone();
            world::spawn(world::Owner::Client, async move {
                let answer = poller.page(&session, &query, n).await;
                answers.borrow_mut().push(answer);
            });
        }
        while answers.borrow().len() < pages.len() {
            yield_now().await;
        }
        answers.take().into_iter().collect()
    }

    async fn page(&self, session: &str, query: &SyncQuery, page: u64) -> Result<Page, GivenUp> {
        let mut query = SyncQuery { page, ..query.clone() };
        if self.habits.cursor == Cursor::RecomputedTo && query.from.is_some() && page > 1 {
            query.to = query.to.map(|to| to.max(world::steady_now()));
        }
        let session = session.to_owned();
        let asked = self.machine.request(move |service| async move {
            let Some(caller) = service.caller(&session) else { return Err(GivenUp::Session) };
            service.sync(&caller, &query).await.map_err(|e| match e {
                AskError::BeginAgain(_)
                | AskError::Dropped(_)
                | AskError::TooManyRuns { .. }
                | AskError::Unavailable(_) => GivenUp::Again,
            })
        });
        match asked.await {
            Ok(answer) => answer.map(|answer| (page, answer)),
            Err(Lost) => Err(GivenUp::Again),
        }
    }

    /// What must hold of the pages of one run, whatever the reader does with them.
    fn inspect(&self, pages: &[Page]) {
        let first = &pages[0].1;
        let told: Vec<_> = pages.iter().map(|(n, page)| (*n, page.horizon, page.total)).collect();
        let same = pages.iter().all(|(_, page)| {
            (page.horizon, page.total, page.pages) == (first.horizon, first.total, first.pages)
                && page.removed == first.removed
        });
        let mut ids: Vec<_> = records(pages).map(|version| version.id).collect();
        let count = ids.len() as u64;
        ids.sort_unstable();
        ids.dedup();
        let complete = count == first.total && ids.len() as u64 == count;
        if !(same && complete) {
            let complaint = format!(
                "{:?}: the pages of one run do not fit together: {told:?}, {count} records",
                self.habits
            );
            self.complaint.borrow_mut().get_or_insert(complaint);
        }
    }

    /// Upserts what comes, drops what is listed as deleted.
    fn take(&self, pages: &[Page], known: &mut Vec<ActivityId>) {
        let mut mirror = self.mirror.borrow_mut();
        for version in records(pages) {
            let Some(value) = shown(version) else { continue };
            match mirror.get(&version.id) {
                Some((have, ..)) if *have > version.stamp => {}
                _ => {
                    mirror.insert(version.id, value);
                }
            }
            if !known.contains(&version.id) {
                known.push(version.id);
            }
        }
        for id in pages.iter().flat_map(|(_, page)| page.removed.iter().flatten()) {
            mirror.remove(id);
        }
    }

    fn next_from(&self, from: Stamp, to: Option<Stamp>, pages: &[Page]) -> Stamp {
        let told = |page: Option<&Page>| page.map_or(from, |(_, page)| page.horizon);
        let last = told(pages.last());
        let highest = || {
            // Deletions have no stamp on the wire: after some, the response time it is.
            let deletions =
                pages.iter().any(|(_, page)| page.removed.iter().flatten().next().is_some());
            let highest = records(pages).map(|version| version.stamp).max();
            if deletions { Some(last) } else { highest }
        };
        match self.habits.cursor {
            Cursor::FirstPage => told(pages.iter().find(|(n, _)| *n == 1)),
            Cursor::LastPage | Cursor::RecomputedTo => last,
            Cursor::Seconds => Stamp::from_millis(last.millis().div_euclid(1_000) * 1_000),
            Cursor::HighestStamp => highest().unwrap_or(from),
            Cursor::HighestStampPlusOne => highest().map_or(from, |stamp| stamp.plus_millis(1)),
            Cursor::OwnWindow if !self.habits.trusts_its_clock => to.unwrap_or(from).min(last),
            Cursor::ServerWindow | Cursor::OwnWindow => to.unwrap_or(from),
        }
    }
}

fn records(pages: &[Page]) -> impl Iterator<Item = &Version> {
    pages.iter().flat_map(|(_, page)| page.records.iter().map(AsRef::as_ref))
}
