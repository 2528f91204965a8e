//! Search: which slots match the words of a query.
//!
//! A word is in the activity's own text, or in the name of its account or its user, or it is a number of
//! theirs. Names are searched again for each query: they change without the activity. Of texts,
//! words are looked up one by one in the store's index, and the results are kept on the board and updated
//! with the index. Looking up a word takes as long as there are activities that have it, so very common
//! words are looked up ahead, and kept.

use domain::{ActivityId, Seq};
use store::{NameFinder, SearchIndex, StoreError, Word, fold};

use crate::board::bitmap::Bitmap;
use crate::board::board::Board;
use crate::board::columns::Columns;
use crate::board::words::Found;
use crate::engine::Service;
use crate::folder::tenant::Tenant;

/// A word is common if at least one activity in this many has it.
const COMMON_ONE_IN: u64 = 16;

/// The common words are looked up again when the log has grown by one part in this many.
const COMMON_GROWTH: u64 = 4;

impl Service {
    /// The slots that have all words of a text, the last one perhaps only begun; no condition where nothing
    /// is searched for. A text of signs that make no word is in no slot. The board must be held.
    pub(crate) fn find_words(
        &self,
        org: &Tenant,
        board: &Board,
        text: &str,
    ) -> Result<Option<Bitmap>, StoreError> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let Some(index) = self.shared.search.as_deref() else {
            return Err(StoreError::Unavailable(
                "search is not available on this server".to_owned(),
            ));
        };
        let words = Word::asked(text);
        let as_of = board.view.seq();
        let is_known = |word: &Word| board.kept.lock().slots(word, as_of).is_some();
        if !words.iter().all(is_known) {
            self.index_up_to(index, org, board)?;
        }
        let named = named(org, &board.columns, &words);
        let mut all: Option<Bitmap> = None;
        for (word, named) in words.into_iter().zip(named) {
            let mut slots = find_word(index, org, board, word)?;
            named.add_to(&mut slots, &board.columns);
            match &mut all {
                Some(all) => all.intersect(&slots),
                None => all = Some(slots),
            }
        }
        Ok(Some(all.unwrap_or_default()))
    }

    /// Looks common words up ahead, if it is time to. For a thread that may wait.
    pub(crate) fn keep_common_words(
        &self,
        index: &dyn SearchIndex,
        org: &Tenant,
    ) -> Result<(), StoreError> {
        let on_board =
            |ask: &dyn Fn(&Board) -> Option<u64>| org.board.place.read().as_ref().and_then(ask);
        let due = |board: &Board| {
            let (now, before) = (board.view.seq().0, board.kept.lock().common_as_of.0);
            (now - before > before / COMMON_GROWTH).then_some(board.columns.count)
        };
        let Some(count) = on_board(&due) else { return Ok(()) };
        let words = index.common(org.key, (count / COMMON_ONE_IN).max(1))?;
        for word in words {
            // Nothing is held while a word is looked up: lists go on. If the log has too, the next
            // time is soon enough.
            let missing =
                |board: &Board| board.kept.lock().lacks(&word).then_some(board.view.seq().0);
            let Some(as_of) = on_board(&missing).map(Seq) else { continue };
            let ids = index.find(org.key, as_of, &word)?;
            let place = org.board.place.read();
            let Some(board) = place.as_ref().filter(|board| board.view.seq() == as_of) else {
                return Ok(());
            };
            let found = Found { word, slots: board.columns.slots(&ids), common: true };
            board.kept.lock().put(found, as_of);
            if self.shared.is_closing() {
                return Ok(());
            }
        }
        let done = |board: &Board| {
            let mut kept = board.kept.lock();
            kept.common_as_of = board.view.seq();
            None
        };
        on_board(&done);
        Ok(())
    }
}

/// The slots that have a word; the index has come up to the board.
fn find_word(
    index: &dyn SearchIndex,
    org: &Tenant,
    board: &Board,
    word: Word,
) -> Result<Bitmap, StoreError> {
    let as_of = board.view.seq();
    if let Some(known) = board.kept.lock().slots(&word, as_of) {
        return Ok(known.clone());
    }
    let slots = board.columns.slots(&index.find(org.key, as_of, &word)?);
    board.kept.lock().put(Found { word, slots: slots.clone(), common: false }, as_of);
    Ok(slots)
}

/// What a word matches other than texts: codes of accounts and of users, and an activity's own slot.
struct Named {
    clients: Vec<u32>,
    users: Vec<u32>,
    slot: Option<u32>,
}

/// The same for each of the words, by the names that there are now.
fn named(org: &Tenant, columns: &Columns, words: &[Word]) -> Vec<Named> {
    let clients = org.people.accounts_of_words(words);
    let directory = org.directory();
    let users: Vec<(i64, String)> =
        directory.users.values().map(|user| (user.id.0, fold(user.name.as_str()))).collect();
    let each = words.iter().zip(clients).map(|(word, clients)| {
        let finder = NameFinder::of(word);
        let users = users.iter().filter(|(_, name)| finder.finds(name));
        let id = word.text.parse().ok().map(ActivityId);
        Named {
            clients: clients.iter().filter_map(|id| columns.clients.code(id.0)).collect(),
            users: users.filter_map(|(id, _)| columns.users.code(*id)).collect(),
            slot: id.and_then(|id| columns.slot(id)),
        }
    });
    each.collect()
}

impl Named {
    fn add_to(&self, slots: &mut Bitmap, columns: &Columns) {
        for (codes, named) in [(&columns.clients, &self.clients), (&columns.users, &self.users)] {
            match named[..] {
                [] => {}
                [one] => slots.extend(codes.all(), |code| code == one),
                _ => {
                    let table = codes.table(named);
                    slots.extend(codes.all(), |code| table[code as usize]);
                }
            }
        }
        self.slot.into_iter().for_each(|slot| slots.insert(slot));
    }
}
