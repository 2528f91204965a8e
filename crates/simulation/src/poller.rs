//! Pollers: the scripts that are out there, each with its own careless habits. All they know is what
//! the answers say.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use domain::{ActivityId, KeyId, OrgId, Stamp, Version};

use crate::client::{self, Failed, Page, Question, Record, Shown};
use crate::machine::{Doors, Lost, Machine};
use crate::world::{self, below, one_in, pick, yield_now};

const YEAR_MS: i64 = 365 * 24 * 3_600_000;

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
    /// The highest stamp seen, though a run may have been left in the middle: the oldest change comes first.
    HighestOfOldestFirst,
    /// The previous To, which was a time that the server had told.
    ServerWindow,
    /// The previous To, which was the reader's own, correct clock.
    OwnWindow,
    /// The response time, though To was the reader's clock, read anew for every page, and that steps.
    RecomputedTo,
    /// None: everything is read every time.
    Beginning,
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
    /// One after the other, whatever the totals say, until one is empty.
    UntilEmpty,
}

/// What a poller does by which it loses changes. Its copy may differ from the truth, but then its owner
/// must not be told that all is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It reads the first page alone.
    FirstPage,
    /// It takes a page that is shorter than what it asked for to be the last.
    ShortPage,
    /// It leaves a few milliseconds out between two windows.
    Gap,
    /// It asks from a time to come.
    Future,
    /// It asks for deletions the first time, and never again.
    NoDeletions,
}

/// What a poller is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    /// What becomes the next From.
    pub(crate) cursor: Cursor,
    /// How the pages of a run are fetched.
    pub(crate) paging: Paging,
    /// In which order.
    pub(crate) sort_column: Option<&'static str>,
    pub(crate) sort_direction: Option<&'static str>,
    /// Records on a page. Some ask for more than the server gives.
    pub(crate) page_size: u32,
    /// Whether it asks for the ids it knows of, beside the range.
    pub(crate) names_ids: bool,
    /// Whether it takes To as the next From without a look at the response time. That is safe where
    /// its clock is the server's and does not step back.
    pub(crate) trusts_its_clock: bool,
    /// Whether it logs in again now and then in the middle of a run.
    pub(crate) logs_in_again: bool,
    /// What it does wrong, if anything.
    pub(crate) fault: Option<Fault>,
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
            Cursor::HighestOfOldestFirst,
            Cursor::ServerWindow,
            Cursor::OwnWindow,
            Cursor::RecomputedTo,
            Cursor::RecomputedTo,
            Cursor::Beginning,
        ];
        let columns =
            [None, None, None, Some("lastModifiedDateTime"), Some("subject"), Some("activityId")];
        let directions = [None, Some("ASC"), Some("DESC")];
        let paging = [
            Paging::InTurn,
            Paging::InTurn,
            Paging::SecondFirst,
            Paging::Parallel,
            Paging::UntilEmpty,
        ];
        let paging = pick(&paging);
        let cursor = match pick(&cursors) {
            // Everything from the beginning, asked again, is the same question.
            Cursor::Beginning if paging == Paging::SecondFirst => Cursor::OwnWindow,
            cursor => cursor,
        };
        let (sort_column, sort_direction, paging) = match cursor {
            Cursor::HighestOfOldestFirst => (None, Some("ASC"), Paging::InTurn),
            _ => (pick(&columns), pick(&directions), paging),
        };
        Habits {
            cursor,
            paging,
            sort_column,
            sort_direction,
            page_size: pick(&[1, 2, 3, 4, 4, 100]),
            names_ids: one_in(8),
            trusts_its_clock: !clock_steps,
            // Whoever has pages under way at once has one session for them.
            logs_in_again: matches!(paging, Paging::InTurn | Paging::UntilEmpty) && one_in(3),
            fault: None,
        }
    }

    /// Those of a careless poller.
    #[must_use]
    pub(crate) fn careless() -> Habits {
        let fault = pick(&[
            Fault::FirstPage,
            Fault::ShortPage,
            Fault::Gap,
            Fault::Future,
            Fault::NoDeletions,
        ]);
        Habits {
            cursor: Cursor::LastPage,
            paging: Paging::InTurn,
            page_size: if fault == Fault::ShortPage { 100 } else { 2 },
            names_ids: false,
            logs_in_again: false,
            fault: Some(fault),
            ..Habits::any(false)
        }
    }
}

/// What a poller has made of the answers: each activity's time of change, and what it looks like.
pub(crate) type Mirror = BTreeMap<ActivityId, (Stamp, Shown)>;

/// What a version shows; none where it is a removal.
pub(crate) fn shown(version: &Version) -> Option<(Stamp, Shown)> {
    let activity = version.record()?;
    let (subject, note) = (activity.subject.to_string(), activity.note.to_string());
    Some((version.stamp, (subject, note, activity.status_name.to_string())))
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
    /// Its number.
    pub(crate) key_id: KeyId,
    /// What it is like.
    pub(crate) habits: Habits,
    /// Its copy.
    pub(crate) mirror: Rc<RefCell<Mirror>>,
    /// What it found wrong with the answers themselves.
    pub(crate) complaint: Rc<RefCell<Option<String>>>,
    /// What its clock has shown.
    pub(crate) clock_shown: Rc<RefCell<BTreeSet<Stamp>>>,
    /// The upper bound of the last run that it has read to its end.
    pub(crate) finished_to: Rc<Cell<Option<Stamp>>>,
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

impl From<Failed> for GivenUp {
    fn from(failed: Failed) -> GivenUp {
        match failed {
            Failed::SESSION => GivenUp::Session,
            Failed::UNAVAILABLE => GivenUp::Again,
            Failed(code) => panic!("a well-formed question was refused with code {code}"),
        }
    }
}

impl From<Lost> for GivenUp {
    fn from(_: Lost) -> GivenUp {
        GivenUp::Again
    }
}

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

    /// What a page asks for, of a question with this range.
    fn question(&self, from: Stamp, to: Option<Stamp>, ids: &[ActivityId]) -> Question {
        let Habits { sort_column, sort_direction, page_size, fault, .. } = self.habits;
        Question {
            from: Some(from),
            to,
            ids: ids.to_vec(),
            sort_column,
            sort_direction,
            page_size,
            ignores_deleted: fault == Some(Fault::NoDeletions) && self.runs.get() > 0,
        }
    }

    async fn login(&self) -> String {
        let (org, key) = (self.org.clone(), self.key.clone());
        let asked = self.machine.request(move |doors| client::log_in(doors.api, org, key));
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
            Cursor::RecomputedTo => Some(self.own_clock(Some(from))),
            _ => None,
        };
        if to.is_some_and(|to| to < from) {
            return Ok(from); // the clock stepped back; another time
        }
        let everything = self.fetch(session, self.question(from, to, &[])).await?;
        self.finished_to.set(to);
        self.take(&everything, known);
        if self.habits.names_ids && !known.is_empty() {
            let named = self.fetch(session, self.question(from, to, known)).await?;
            self.take(&named, known);
        }
        Ok(self.next_from(from, to, &everything))
    }

    async fn told_time(&self, session: &str) -> Result<Stamp, GivenUp> {
        let nobody = Question { from: None, ..self.question(Stamp::MIN, None, &[ActivityId(0)]) };
        Ok(self.page(session, &nobody, 1).await?.horizon)
    }

    /// All pages of one run.
    async fn fetch(&self, session: &mut String, question: Question) -> Result<Vec<Page>, GivenUp> {
        let mut pages: Vec<Page> = Vec::new();
        let crashes = self.machine.crashes();
        if self.habits.paging == Paging::SecondFirst {
            pages.push(self.page(session, &question, 2).await?);
        }
        pages.push(self.page(session, &question, 1).await?);
        if pages.len() > 1 && self.machine.crashes() != crashes {
            return Err(GivenUp::Again);
        }
        let count = match self.habits.fault {
            Some(Fault::FirstPage) => 1,
            Some(Fault::ShortPage) if pages[0].records.len() < 100 => 1,
            _ => pages[0].pages,
        };
        let rest: Vec<u64> =
            (1..=count).filter(|n| pages.iter().all(|have| have.number != *n)).collect();
        match self.habits.paging {
            Paging::Parallel => pages.extend(self.at_once(session, &question, &rest).await?),
            Paging::UntilEmpty => {
                while pages.last().is_some_and(|page| !page.records.is_empty()) {
                    let next = pages.len() as u64 + 1;
                    pages.push(self.next_page(session, &question, next).await?);
                }
            }
            Paging::InTurn | Paging::SecondFirst => {
                for n in rest {
                    // In the end it reads on.
                    let leaves = self.left.get().is_none() && one_in(3);
                    if leaves && self.habits.cursor == Cursor::HighestOfOldestFirst {
                        return Ok(pages);
                    }
                    pages.push(self.next_page(session, &question, n).await?);
                }
            }
        }
        self.inspect(&pages);
        Ok(pages)
    }

    async fn next_page(
        &self,
        session: &mut String,
        question: &Question,
        n: u64,
    ) -> Result<Page, GivenUp> {
        if self.habits.logs_in_again && one_in(4) {
            *session = self.login().await;
            if session.is_empty() {
                return Err(GivenUp::Session);
            }
        }
        self.page(session, question, n).await
    }

    /// Asks for several pages before any of them is answered.
    async fn at_once(
        &self,
        session: &str,
        question: &Question,
        pages: &[u64],
    ) -> Result<Vec<Page>, GivenUp> {
        let answers: Rc<RefCell<Vec<Result<Page, GivenUp>>>> = Rc::default();
        for n in pages {
            let (poller, session, n) = (self.clone(), session.to_owned(), *n);
            let (question, answers) = (question.clone(), answers.clone());
            world::spawn(world::Owner::Client, async move {
                let answer = poller.page(&session, &question, n).await;
                answers.borrow_mut().push(answer);
            });
        }
        while answers.borrow().len() < pages.len() {
            yield_now().await;
        }
        answers.take().into_iter().collect()
    }

    async fn page(&self, session: &str, question: &Question, n: u64) -> Result<Page, GivenUp> {
        let mut question = question.clone();
        if self.habits.cursor == Cursor::RecomputedTo && question.from.is_some() && n > 1 {
            // Now and then it shows what it showed when a run began that has been read to its end. A page
            // behind the last is that run's, then, and as empty.
            let repeats = self.habits.paging != Paging::UntilEmpty && one_in(6);
            let shown = |to: &Stamp| repeats && Some(*to) >= question.from;
            let before = self.finished_to.get().filter(shown);
            question.to = before.or_else(|| Some(self.own_clock(question.from)));
        }
        let session = session.to_owned();
        let ask = move |doors: Doors| client::page(doors.api, session, question, n);
        let answer = match self.habits.fault {
            // What was sent counts as delivered, be it lost on its way.
            Some(_) => self.machine.request_to_hear(ask).await,
            None => self.machine.request(ask).await,
        };
        Ok(answer??)
    }

    /// What must hold of the pages of one run, whatever the reader does with them.
    fn inspect(&self, pages: &[Page]) {
        if self.habits.fault.is_some() {
            return;
        }
        let first = &pages[0];
        let told: Vec<_> =
            pages.iter().map(|page| (page.number, page.horizon, page.total)).collect();
        let same = pages.iter().all(|page| {
            (page.horizon, page.total, page.pages) == (first.horizon, first.total, first.pages)
                && page.removed == first.removed
        });
        let mut ids: Vec<_> = records(pages).map(|record| record.id).collect();
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
        for Record { id, stamp, shown } in records(pages) {
            match mirror.get(id) {
                Some((have, _)) if have > stamp => {}
                _ => {
                    mirror.insert(*id, (*stamp, shown.clone()));
                }
            }
            if !known.contains(id) {
                known.push(*id);
            }
        }
        for id in pages.iter().flat_map(|page| &page.removed) {
            mirror.remove(id);
        }
    }

    /// A clock that steps to and fro by a second or two. It never shows the same for two first pages: two runs
    /// of one session with the very same bounds could not be told apart.
    fn own_clock(&self, from: Option<Stamp>) -> Stamp {
        let step = pick(&[0, 0, 0, -1, -15, -1_000, 700]);
        // A window that has turned over would be refused.
        let mut shown = world::steady_now().plus_millis(step).max(from.unwrap_or(Stamp::MIN));
        while !self.clock_shown.borrow_mut().insert(shown) {
            shown = shown.plus_millis(1);
        }
        shown
    }

    fn next_from(&self, from: Stamp, to: Option<Stamp>, pages: &[Page]) -> Stamp {
        let told = |page: Option<&Page>| page.map_or(from, |page| page.horizon);
        let last = told(pages.last());
        let highest = || {
            // Deletions have no stamp on the wire: after some, the response time it is.
            let deletions = pages.iter().any(|page| !page.removed.is_empty());
            let highest = records(pages).map(|record| record.stamp).max();
            if deletions { Some(last) } else { highest }
        };
        match self.habits.fault {
            Some(Fault::Gap) => return last.plus_millis(3),
            // The first run is as it should be.
            Some(Fault::Future) if self.runs.get() > 0 => return last.plus_millis(YEAR_MS),
            _ => {}
        }
        match self.habits.cursor {
            Cursor::FirstPage => told(pages.iter().find(|page| page.number == 1)),
            Cursor::LastPage | Cursor::RecomputedTo => last,
            Cursor::Seconds => Stamp::from_millis(last.millis().div_euclid(1_000) * 1_000),
            Cursor::HighestStamp => highest().unwrap_or(from),
            Cursor::HighestOfOldestFirst => {
                records(pages).map(|record| record.stamp).max().unwrap_or(from)
            }
            Cursor::HighestStampPlusOne => highest().map_or(from, |stamp| stamp.plus_millis(1)),
            Cursor::OwnWindow if !self.habits.trusts_its_clock => to.unwrap_or(from).min(last),
            Cursor::ServerWindow | Cursor::OwnWindow => to.unwrap_or(from),
            Cursor::Beginning => from,
        }
    }
}

fn records(pages: &[Page]) -> impl Iterator<Item = &Record> {
    pages.iter().flat_map(|page| &page.records)
}
