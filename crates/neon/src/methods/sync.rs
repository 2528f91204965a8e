//! `account/syncActivities`: the manual's one page.

use std::collections::BTreeSet;
use std::sync::Arc;

use api_v1::{answer, parameter};
use domain::{ActivityId, Member};
use service::{Caller, Direction, Order, SyncPage, SyncQuery, Tenant};

use super::Outcome;
use crate::answer::{RecordsPage, Success, Value};
use crate::errors::ApiError;
use crate::params::Params;
use crate::{Neon, PAGE_SIZE_DEFAULT, sort_columns, values};

/// The question, and what of it is repeated in the answer.
struct Question {
    query: SyncQuery,
    /// As the request wrote it.
    sort_column: Option<String>,
    sort_direction: Option<Direction>,
}

pub(super) async fn answer(neon: &Neon, caller: &Caller, params: &Params<'_>) -> Outcome {
    let question = question(params)?;
    let page_size_max = neon.settings.page_size_max;
    let page = neon.service.sync_page(caller, &question.query, page_size_max).await;
    Ok(shown(question, page.map_err(ApiError::from)?, &caller.tenant))
}

fn question(params: &Params<'_>) -> Result<Question, ApiError> {
    let ids = ids(params)?;
    let from = values::from(params, parameter::FROM)?;
    let to = values::to(params, parameter::TO)?;
    let ignore_removed = values::switch(params, parameter::IGNORE_DELETED)?;
    let page = values::optional_whole(params, parameter::PAGE)?.unwrap_or(1).max(1);
    let page_size = values::optional_whole(params, parameter::PAGE_SIZE)?.filter(|size| *size > 0);
    let sort_column = params.value(parameter::SORT_COLUMN);
    let sort_direction = direction(params)?;
    if from.is_none() && ids.is_none() {
        return Err(ApiError::RANGE_OR_ID_REQUIRED);
    }
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        return Err(ApiError::FROM_AFTER_TO);
    }
    let page_size =
        page_size.map_or(PAGE_SIZE_DEFAULT, |size| u32::try_from(size).unwrap_or(u32::MAX));
    let query = SyncQuery {
        ids,
        from,
        to,
        ignore_removed,
        order: order(sort_column, sort_direction)?,
        page_size,
        page: page.unsigned_abs(),
    };
    Ok(Question { query, sort_column: sort_column.map(str::to_owned), sort_direction })
}

/// The ids are named `activityIds.activityId`, or `activityIds` by frameworks that write `activityIds[]`.
/// Empty ones are what forms with unused rows send. What else looks like ids is refused: passing it over
/// would answer more than what was asked for.
fn ids(params: &Params<'_>) -> Result<Option<Vec<ActivityId>>, ApiError> {
    let mut ids = BTreeSet::new();
    for (name, text) in params.filled().filter(|(name, _)| looks_like_ids(name)) {
        if !ID_NAMES.into_iter().any(|known| name.eq_ignore_ascii_case(known)) {
            let expected = format!("ids under the name {}", ID_NAMES[0]);
            return Err(ApiError::malformed(name, text, &expected));
        }
        ids.insert(ActivityId(values::whole(ID_NAMES[0], text)?));
    }
    Ok((!ids.is_empty()).then(|| ids.into_iter().collect()))
}

const ID_NAMES: [&str; 2] = [parameter::IDS, "activityIds"];

/// Whether a name begins with the letters of `activityId`, whatever stands between them.
fn looks_like_ids(name: &str) -> bool {
    let letters =
        name.bytes().filter(u8::is_ascii_alphabetic).map(|byte| byte.to_ascii_lowercase());
    letters.take(10).eq(*b"activityid")
}

fn direction(params: &Params<'_>) -> Result<Option<Direction>, ApiError> {
    let Some(text) = params.value(parameter::SORT_DIRECTION) else { return Ok(None) };
    match text.to_ascii_uppercase().as_str() {
        "ASC" => Ok(Some(Direction::Ascending)),
        "DESC" => Ok(Some(Direction::Descending)),
        _ => Err(ApiError::malformed(parameter::SORT_DIRECTION, text, "ASC or DESC")),
    }
}

/// Without a column, the direction turns the default order; without a direction, a column ascends.
fn order(column: Option<&str>, direction: Option<Direction>) -> Result<Order, ApiError> {
    let default = Order::default();
    let Some(column) = column else {
        return Ok(Order {
            by: Member::Modified,
            direction: direction.unwrap_or(default.direction),
        });
    };
    let by = sort_columns::find(column).ok_or(ApiError::SORT_COLUMN_INVALID)?;
    Ok(Order { by, direction: direction.unwrap_or(Direction::Ascending) })
}

/// The members in the manual's order: the records, the page, the deleted ids.
fn shown(question: Question, page: SyncPage, org: &Arc<Tenant>) -> Success {
    let mut place = vec![
        (answer::PAGE_NUMBER, question.query.page.into()),
        (answer::PAGE_SIZE, u64::from(page.page_size).into()),
        (answer::PAGES, page.pages.into()),
        (answer::RESULTS, page.total.into()),
    ];
    if let Some(column) = question.sort_column {
        place.push(("sortColumn", column.into()));
    }
    if let Some(direction) = question.sort_direction {
        let direction = match direction {
            Direction::Ascending => "ASC",
            Direction::Descending => "DESC",
        };
        place.push(("sortDirection", direction.to_owned().into()));
    }
    let records = RecordsPage { org: org.clone(), seqs: page.seqs, next: page.next };
    let success = Success { served: page.served, ..Success::up_to(page.horizon) }
        .member(answer::ACTIVITIES, Value::Records(records))
        .member(answer::PAGE, Value::Object(place));
    match page.removed {
        Some(removed) => success.member(answer::REMOVED, Value::RemovedIds(removed)),
        None => success,
    }
}
