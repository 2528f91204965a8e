//! `account/syncActivities`: the manual's one page.

use std::collections::BTreeSet;

use api_v1::{answer, parameter};
use axum::body::Bytes;
use domain::{ActivityId, Member};
use serde::Serialize;
use service::{Caller, Direction, ManyIds, Order, Place, RemovedIds, SyncPage, SyncQuery};

use crate::envelope::{SHARED_BYTES_MIN, Success, write_json};
use crate::errors::ApiError;
use crate::params::Params;
use crate::printed::Printed;
use crate::request::Answer;
use crate::{Neon, PAGE_SIZE_DEFAULT, sort_columns, values};

/// About what an answer has beside its records.
const MEMBERS_BYTES: usize = 256;

/// The question, and what of it is repeated in the answer.
struct Question {
    query: SyncQuery,
    /// As the request wrote it.
    sort_column: Option<String>,
    sort_direction: Option<Direction>,
}

pub(super) async fn answer(
    neon: &Neon,
    caller: Caller,
    params: &Params<'_>,
    mut place: Place,
) -> Answer {
    let question = match question(params) {
        Ok(question) => question,
        Err(error) => return refused(caller, error),
    };
    let page_size_max = neon.settings.page_size_max;
    let mut page = match neon.service.sync_page(&caller, &question.query, page_size_max).await {
        Ok(page) => page,
        Err(error) => return refused(caller, error.into()),
    };
    let (org, zone) = (&caller.tenant, &caller.directory.organization.zone);
    match neon.records.at(&neon.service, org, zone, &page.seqs, place.share()).await {
        Ok(records) => {
            print_long(neon, page.removed.as_ref()).await;
            neon.records.print_ahead(&neon.service, org, zone, &records, &page.next);
            let response_date_time = Some(zone.at(page.horizon));
            let served = page.served.take();
            let content = Ok(render(&question, &page, records));
            let (org, place) = (Some(caller.tenant), Some(place));
            Answer { org, response_date_time, content, served, place }
        }
        Err(error) => refused(caller, error.into()),
    }
}

fn refused(caller: Caller, error: ApiError) -> Answer {
    Answer { org: Some(caller.tenant), ..Answer::refused(error) }
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    current_page: u64,
    page_size: u32,
    total_page: u64,
    total_results: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sort_column: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sort_direction: Option<&'static str>,
}

fn write_removed(removed: &RemovedIds, success: &mut Success) {
    let out = success.begin_member(answer::REMOVED);
    match removed {
        RemovedIds::Few(ids) => write_ids(ids, out),
        RemovedIds::Many(many) => {
            let printed = printed(removed, many);
            success.append(printed, 0..printed.len());
        }
    }
}

/// Has a long list printed on a thread that may take its time; if that fails, it is printed with the answer.
async fn print_long(neon: &Neon, removed: Option<&RemovedIds>) {
    if let Some(removed @ RemovedIds::Many(many)) = removed
        && many.is_long()
    {
        let (removed, many) = (removed.clone(), many.clone());
        let print = move || {
            printed(&removed, &many);
        };
        let _ = neon.service.heavy(print).await;
    }
}

fn printed<'m>(removed: &RemovedIds, many: &'m ManyIds) -> &'m Bytes {
    many.printed(|ids| {
        let mut printed = Vec::with_capacity(removed.text_bytes_max() + MEMBERS_BYTES);
        write_ids(ids, &mut printed);
        printed
    })
}

fn write_ids(ids: &[ActivityId], out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"activityId\":[");
    for (index, id) in ids.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_json(&id.0, out);
    }
    out.extend_from_slice(b"]}");
}

/// The members in the manual's order: the records, the page, the deleted ids.
fn render(question: &Question, answer: &SyncPage, records: Printed<'_>) -> Success {
    let removed = answer.removed.as_ref().map_or(0, RemovedIds::text_bytes_max);
    let copied = records.copied_bytes() + removed.min(SHARED_BYTES_MIN);
    let mut success = Success::with_room_for(copied + MEMBERS_BYTES);
    success.begin_member(answer::ACTIVITIES).extend_from_slice(b"{\"activity\":[");
    records.write(&mut success);
    success.written().extend_from_slice(b"]}");
    let page = Page {
        current_page: question.query.page,
        page_size: answer.page_size,
        total_page: answer.pages,
        total_results: answer.total,
        sort_column: question.sort_column.as_deref(),
        sort_direction: question.sort_direction.map(|direction| match direction {
            Direction::Ascending => "ASC",
            Direction::Descending => "DESC",
        }),
    };
    write_json(&page, success.begin_member(answer::PAGE));
    if let Some(removed) = &answer.removed {
        write_removed(removed, &mut success);
    }
    success
}
