//! Sort orders other than the modification time: the positions of a run's records, sorted once.

use std::cmp::Ordering;
use std::sync::Arc;

use domain::{CustomField, OrgKey, Seq, Stamp, Value};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use store::{Store, StoreError};
use tokio::sync::Semaphore;

use crate::limits::SORTS_MAX;
use crate::log::query::{Direction, Order, QueryId};
use crate::log::versions::visit_versions;

/// What the keys of one sort may take, as a multiple of the budget for caches. Whole texts are
/// compared, and a note is long.
const KEYS_BYTES_FACTOR: u64 = 4;

/// What an order belongs to: one run's view and question.
pub(crate) type OrderKey = (OrgKey, Seq, QueryId, Stamp);

#[derive(Clone)]
struct ByBytes;

impl Weighter<OrderKey, Arc<[Seq]>> for ByBytes {
    fn weight(&self, _: &OrderKey, seqs: &Arc<[Seq]>) -> u64 {
        (64 + size_of_val(&**seqs)) as u64
    }
}

/// Sorted orders in memory, bounded in bytes. One that is gone is sorted again as of its view.
pub(crate) struct Orders {
    sorted: Cache<OrderKey, Arc<[Seq]>, ByBytes>,
    /// To be held while sorting, or making digests.
    pub(crate) turns: Arc<Semaphore>,
    /// What the keys of one sort may take.
    keys_bytes_max: u64,
}

impl Orders {
    pub(crate) fn new(bytes_max: u64, cache_bytes_max: u64) -> Orders {
        let sorted = Cache::with_weighter(1_000, bytes_max, ByBytes);
        let keys_bytes_max = cache_bytes_max.saturating_mul(KEYS_BYTES_FACTOR);
        Orders { sorted, turns: Arc::new(Semaphore::new(SORTS_MAX)), keys_bytes_max }
    }

    pub(crate) fn get(&self, key: &OrderKey) -> Option<Arc<[Seq]>> {
        self.sorted.get(key)
    }

    pub(crate) fn get_or_sort(
        &self,
        key: OrderKey,
        sort: impl FnOnce(u64) -> Result<Vec<Seq>, StoreError>,
    ) -> Result<Arc<[Seq]>, StoreError> {
        self.sorted.get_or_insert_with(&key, || sort(self.keys_bytes_max).map(Arc::from))
    }
}

/// What a record is sorted by: texts by code point, absent values last whichever the direction.
#[derive(Debug, PartialEq, Eq)]
enum Key {
    Number(i64),
    Text(Box<str>),
    Absent,
}

impl Key {
    fn of(value: Value<'_>) -> Key {
        match value {
            Value::Absent | Value::CustomFields([]) => Key::Absent,
            Value::Text(text) => Key::Text(text.into()),
            Value::Number(number) => Key::Number(number),
            Value::Stamp(stamp) => Key::Number(stamp.millis()),
            Value::Moment(moment) => Key::Number(moment.stamp.millis()),
            Value::Priority(priority) => Key::Text(priority.capitals().into()),
            Value::CustomFields(fields) => Key::of_custom_fields(fields),
        }
    }

    /// What it takes in memory in addition to its place in the list.
    fn bytes(&self) -> u64 {
        match self {
            Key::Text(text) => text.len() as u64,
            Key::Number(_) | Key::Absent => 0,
        }
    }

    /// Field by field, as in the record.
    fn of_custom_fields(fields: &[CustomField]) -> Key {
        let mut text = String::new();
        for field in fields {
            let parts = [Some(&field.field_id), field.value.as_ref(), field.option_id.as_ref()];
            for part in parts.into_iter().flatten() {
                text.push_str(part);
                text.push('\u{1f}');
            }
        }
        Key::Text(text.into())
    }

    fn compare(&self, other: &Key, direction: Direction) -> Ordering {
        let towards = |ordering: Ordering| match direction {
            Direction::Ascending => ordering,
            Direction::Descending => ordering.reverse(),
        };
        match (self, other) {
            (Key::Number(a), Key::Number(b)) => towards(a.cmp(b)),
            (Key::Text(a), Key::Text(b)) => towards(a.cmp(b)),
            (Key::Absent, Key::Absent) => Ordering::Equal,
            (Key::Absent, _) => Ordering::Greater,
            (_, Key::Absent) => Ordering::Less,
            // One member has values of one kind.
            (Key::Number(_), Key::Text(_)) => Ordering::Less,
            (Key::Text(_), Key::Number(_)) => Ordering::Greater,
        }
    }
}

/// Sorts the records at these positions; the last key is the id, in the same direction.
pub(crate) fn sort(
    store: &dyn Store,
    org: OrgKey,
    seqs: &[Seq],
    order: Order,
    keys_bytes_max: u64,
) -> Result<Vec<Seq>, StoreError> {
    let mut keyed = Vec::with_capacity(seqs.len());
    let mut bytes = 0;
    visit_versions(store, org, seqs, &mut |version| {
        if version.record().is_some() {
            let key = Key::of(version.value(order.by));
            bytes += key.bytes();
            if bytes > keys_bytes_max {
                let problem = "the column's texts are too long to sort in the server's memory: ask for a smaller range, or sort by another column";
                return Err(StoreError::Unavailable(problem.to_owned()));
            }
            keyed.push((key, version.id, version.seq));
        }
        Ok::<(), StoreError>(())
    })?;
    keyed.sort_unstable_by(|(a, a_id, _), (b, b_id, _)| {
        let by_id = match order.direction {
            Direction::Ascending => a_id.cmp(b_id),
            Direction::Descending => b_id.cmp(a_id),
        };
        a.compare(b, order.direction).then(by_id)
    });
    Ok(keyed.into_iter().map(|(_, _, seq)| seq).collect())
}
