//! A page of `syncActivities`: the question, and what is taken from the answer.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::ControlFlow;

use api_v1::{answer, member, parameter};
use domain::{ActivityId, Imported, Member, Stamp};
use files::{AnswerPage, WholeRecords};

use super::{Trouble, refused};
use crate::http::Answer;
use crate::{Row, Unreadable};

/// Records that are asked for on a page: the vendor's largest.
pub const PAGE_SIZE: u64 = 200;

/// A question for a page of what has changed, the oldest change first.
#[derive(Clone, Debug)]
pub(crate) struct Question<'q> {
    /// None: only what `ids` says.
    from: Option<Stamp>,
    /// None: up to now.
    to: Option<Stamp>,
    /// Of these activities only; of all, if there are none.
    ids: &'q [ActivityId],
    /// From 1.
    pub(super) page: u64,
}

impl<'q> Question<'q> {
    /// For all that has changed in a window.
    pub(crate) fn window(from: Stamp, to: Option<Stamp>, page: u64) -> Question<'static> {
        Question { from: Some(from), to, ids: &[], page }
    }

    /// For as many activities as [`Source::ids_max`](crate::Source::ids_max) says, or for those of them that have
    /// changed since.
    pub(crate) fn of_ids(ids: &'q [ActivityId], since: Option<Stamp>) -> Question<'q> {
        Question { from: since, to: None, ids, page: 1 }
    }

    /// Its parameters.
    pub(super) fn form(&self, session: &str, page_size: u64) -> Vec<(&'static str, String)> {
        let mut form = vec![
            (parameter::SESSION, session.to_owned()),
            (parameter::PAGE, self.page.to_string()),
            (parameter::PAGE_SIZE, page_size.to_string()),
            (parameter::SORT_COLUMN, member::MODIFIED.to_owned()),
            (parameter::SORT_DIRECTION, "ASC".to_owned()),
        ];
        let time = |stamp: Stamp| stamp.at_offset(0).to_string();
        form.extend(self.from.map(|from| (parameter::FROM, time(from))));
        form.extend(self.to.map(|to| (parameter::TO, time(to))));
        form.extend(self.ids.iter().map(|id| (parameter::IDS, id.to_string())));
        form
    }
}

/// A page.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) responded: Stamp,
    pub(crate) told: AnswerPage,
    pub(crate) rows: Vec<Row>,
    /// Records that cannot be activities.
    pub(crate) unreadable: Vec<Unreadable>,
    pub(crate) removed: Vec<ActivityId>,
    /// The stamps of all records, in their order.
    pub(crate) stamps: Vec<Option<Stamp>>,
}

impl Page {
    /// Takes an answer for the page that was asked for, if it can be that, and is all of it.
    pub(super) fn read(answer: &Answer, question: &Question<'_>) -> Result<Page, Trouble> {
        let url = &answer.url;
        match answer.body.trim_ascii_start().first() {
            Some(b'{') => {}
            Some(_) => return Err(Trouble::Final(answer.not_api())),
            None => return Err(cut_off(url)),
        }
        let records = RefCell::new(Records::default());
        let mut take = |imported| {
            records.borrow_mut().take(imported);
            ControlFlow::Continue(())
        };
        let mut set_aside = |found| records.borrow_mut().set_aside(found);
        // A change is taken as it is told, also where the server's clock is ahead.
        let mut whole = WholeRecords::default();
        let reading = whole.reading(Stamp::MAX);
        let head = files::read_answer(url, &answer.body, reading, &mut take, &mut set_aside);
        let head = head.map_err(|error| {
            let parsed = serde_json::from_slice::<serde::de::IgnoredAny>(&answer.body);
            let is_cut_off = parsed.is_err_and(|error| error.is_eof());
            if is_cut_off { cut_off(url) } else { Trouble::Final(error.into()) }
        })?;
        if !head.errors.is_empty() {
            return Err(refused(url, question.page, &head.errors));
        }
        let lacks = |name: &str| odd(url, &format!("there is no {name} in it"));
        let told = head.page.ok_or_else(|| lacks(answer::PAGE))?;
        let responded = head.responded.ok_or_else(|| lacks(answer::RESPONDED))?;
        let records = records.into_inner();
        records.expect_all(told, question.page).map_err(|problem| odd(url, &problem))?;
        let Records { rows, unreadable, mut removed, stamps, .. } = records;
        let rows = newest(rows);
        removed.sort_unstable();
        removed.dedup();
        Ok(Page { responded, told, rows, unreadable, removed, stamps })
    }
}

/// Of records with the same id the newest, and of equally new ones the last.
fn newest(rows: Vec<Row>) -> Vec<Row> {
    let mut places: HashMap<ActivityId, usize> = HashMap::with_capacity(rows.len());
    let mut newest: Vec<Row> = Vec::with_capacity(rows.len());
    for row in rows {
        match places.get(&row.id) {
            Some(at) if row.modified >= newest[*at].modified => newest[*at] = row,
            Some(_) => {}
            None => {
                places.insert(row.id, newest.len());
                newest.push(row);
            }
        }
    }
    newest
}

/// What has been read of an answer.
#[derive(Default)]
struct Records {
    rows: Vec<Row>,
    unreadable: Vec<Unreadable>,
    removed: Vec<ActivityId>,
    stamps: Vec<Option<Stamp>>,
    /// Records without an id.
    nameless: u64,
}

impl Records {
    fn take(&mut self, imported: Imported) {
        match imported {
            Imported::Record { id: Some(id), stamp: modified, named, activity, .. } => {
                let is_dated = modified.is_some() || named.has(Member::Created);
                let created = is_dated.then_some(activity.created);
                self.stamps.push(modified);
                self.rows.push(Row { id, modified, created, activity });
            }
            Imported::Record { id: None, .. } => self.nameless += 1,
            Imported::Removed { id, .. } => self.removed.push(id),
        }
    }

    fn set_aside(&mut self, found: files::Unreadable) {
        let files::Unreadable { id, stamp: modified, record, problem } = found;
        self.stamps.push(modified);
        match id {
            Some(id) => self.unreadable.push(Unreadable { id, modified, record, problem }),
            None => self.nameless += 1,
        }
    }

    /// Refuses what cannot be the page of that number, or all of it.
    fn expect_all(&self, told: AnswerPage, page: u64) -> Result<(), String> {
        if self.nameless > 0 {
            return Err(format!("{} records have no {}", self.nameless, member::ID));
        }
        let AnswerPage { current, size, pages, results } = told;
        let before = current.saturating_sub(1).saturating_mul(size);
        let expected = results.saturating_sub(before).min(size);
        let needed = results.div_ceil(size.max(1));
        // Of an empty answer, some say that it is one page, and some that it is none.
        let can_be = size > 0 && (pages == needed || pages == needed.max(1));
        let has = self.stamps.len() as u64;
        if current != page || !can_be || has != expected {
            return Err(format!(
                "page {current} of {pages}, with {results} results, {size} a page, has {has} records"
            ));
        }
        Ok(())
    }
}

/// As when a proxy was cut off that does not say how long an answer is.
fn cut_off(url: &str) -> Trouble {
    Trouble::Wait(format!("{url}: the answer ends before its end"))
}

/// It may be right the next time.
pub(super) fn odd(url: &str, problem: &str) -> Trouble {
    Trouble::Wait(format!("{url} gave an impossible answer: {problem}"))
}
