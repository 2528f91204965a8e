//! What the page asks: from its address to a question, and to the request that a script would send.

use std::collections::BTreeSet;

use api_v1::parameter;
use domain::{ActivityId, Member, Moment, MomentError, Seq, Stamp, Zone};
use service::{AsOf, Direction, Order, SyncQuery};

use crate::Problem;
use crate::fields::Fields;
use crate::form::Wrong;
use crate::times::{self, DAY_MS};

/// Records on a page.
const PAGE_SIZE: u32 = 50;

const HOUR_MS: i64 = 3_600_000;

/// The ranges that end now: what the address calls them, and what they are called.
pub(super) const SPANS: [(&str, &str); 5] = [
    ("hour", "Last hour"),
    ("today", "Today"),
    (DEFAULT_SPAN, "Last 24 hours"),
    ("7-days", "Last 7 days"),
    ("30-days", "Last 30 days"),
];

const DEFAULT_SPAN: &str = "24-hours";

/// An order that can be chosen.
pub(super) struct Choice {
    /// What the address calls it.
    name: &'static str,
    text: &'static str,
    by: Member,
    direction: Direction,
    /// The request's sort column.
    column: Option<&'static str>,
}

const ASCENDING: Direction = Direction::Ascending;

/// The first is the API's own where a request names none.
pub(super) const ORDERS: [Choice; 5] = [
    Choice {
        name: "newest",
        text: "Newest change first",
        by: Member::Modified,
        direction: Direction::Descending,
        column: None,
    },
    Choice {
        name: "oldest",
        text: "Oldest change first",
        by: Member::Modified,
        direction: ASCENDING,
        column: None,
    },
    Choice {
        name: "id",
        text: "By ID",
        by: Member::Id,
        direction: ASCENDING,
        column: Some("activityId"),
    },
    Choice {
        name: "subject",
        text: "By subject",
        by: Member::Subject,
        direction: ASCENDING,
        column: Some("subject"),
    },
    Choice {
        name: "start",
        text: "By start",
        by: Member::Start,
        direction: ASCENDING,
        column: Some("startDateTime"),
    },
];

impl Choice {
    pub(super) fn option(&self) -> (String, &'static str) {
        (self.name.to_owned(), self.text)
    }
}

/// The page's question.
pub(super) struct Question {
    pub(super) query: SyncQuery,
    /// The answer that a later page belongs to.
    pub(super) as_of: Option<AsOf>,
    order: &'static Choice,
}

/// The range that ends now which the address asks for; none where it says more precisely.
pub(super) fn span(fields: &Fields) -> Option<&str> {
    if ["from", "to", "ids"].iter().any(|name| !fields.get(name).is_empty()) {
        return None;
    }
    let last = fields.get("last");
    let known = SPANS.iter().find(|(name, _)| *name == last);
    Some(known.map_or(DEFAULT_SPAN, |(name, _)| *name))
}

impl Question {
    /// Parses an address. None if it has errors, which are noted. A position or horizon that makes no sense is a
    /// problem of its own, because no person types these.
    pub(super) fn parse(
        fields: &Fields,
        now: Stamp,
        zone: &Zone,
        wrong: &mut Wrong,
    ) -> Result<Option<Question>, Problem> {
        let ids = wrong.check("ids", ids(fields.get("ids"))).flatten();
        let from = match span(fields) {
            Some(span) => Some(beginning(span, now, zone)),
            None => wrong.check("from", bound(fields, FROM, Moment::lower_bound, zone)).flatten(),
        };
        let to = wrong.check("to", bound(fields, TO, Moment::upper_bound, zone)).flatten();
        if wrong.is_empty() && from.is_none() && ids.is_none() {
            wrong.add("from", "is required unless you list IDs");
        }
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            wrong.add("to", "must not be before the start of the range");
        }
        let as_of = as_of(fields)?;
        if !wrong.is_empty() {
            return Ok(None);
        }
        let chosen = ORDERS.iter().find(|order| order.name == fields.get("order"));
        let order = chosen.unwrap_or(&ORDERS[0]);
        let query = SyncQuery {
            ids,
            from,
            to,
            ignore_removed: false,
            order: Order { by: order.by, direction: order.direction },
            page_size: PAGE_SIZE,
            page: fields.get("page").parse().unwrap_or(1).max(1),
        };
        Ok(Some(Question { query, as_of, order }))
    }

    /// The address of page k of the answer.
    pub(super) fn page_address(&self, k: u64, as_of: AsOf) -> String {
        let exact = |bound: Option<Stamp>| bound.map(|at| at.at_offset(0).to_string());
        let fields = Fields::default()
            .with("from", &exact(self.query.from).unwrap_or_default())
            .with("to", &exact(self.query.to).unwrap_or_default())
            .with("ids", &self.ids_text())
            .with("order", if self.order.name == ORDERS[0].name { "" } else { self.order.name })
            .with("seq", &as_of.seq.0.to_string())
            .with("horizon", &as_of.horizon.millis().to_string())
            .with("page", &k.to_string());
        fields.address("/changes")
    }

    fn ids_text(&self) -> String {
        let ids = self.query.ids.iter().flatten().map(ToString::to_string);
        ids.collect::<Vec<_>>().join(",")
    }

    /// The parameters of the same request to the API, with a placeholder for the session.
    pub(super) fn parameters(&self, zone: &Zone) -> Vec<(&'static str, String)> {
        let SyncQuery { ids, from, to, page, page_size, .. } = &self.query;
        let mut parameters = vec![(parameter::SESSION, "…".to_owned())];
        let mut add = |name, value| parameters.push((name, value));
        if let Some(from) = from {
            add(parameter::FROM, zone.at(*from).to_string());
        }
        if let Some(to) = to {
            add(parameter::TO, zone.at(*to).to_string());
        }
        for id in ids.iter().flatten() {
            add(parameter::IDS, id.to_string());
        }
        add(parameter::PAGE, page.to_string());
        add(parameter::PAGE_SIZE, page_size.to_string());
        if let Some(column) = self.order.column {
            add(parameter::SORT_COLUMN, column.to_owned());
        }
        if self.order.direction == ASCENDING {
            add(parameter::SORT_DIRECTION, "ASC".to_owned());
        }
        parameters
    }
}

/// Whole seconds are easier to read.
fn beginning(span: &str, now: Stamp, zone: &Zone) -> Stamp {
    let now = now.plus_millis(-now.millis().rem_euclid(1_000));
    match span {
        "hour" => now.plus_millis(-HOUR_MS),
        "today" => times::day(now, zone, 0),
        "7-days" => now.plus_millis(-7 * DAY_MS),
        "30-days" => now.plus_millis(-30 * DAY_MS),
        _ => now.plus_millis(-DAY_MS),
    }
}

/// A bound of the range: its field, and the hidden field with the exact instant if the local time occurs twice. If
/// the form comes back as it was shown, that instant is meant.
pub(super) type Bound = (&'static str, &'static str);

pub(super) const FROM: Bound = ("from", "from_exactly");
pub(super) const TO: Bound = ("to", "to_exactly");

/// A time with its offset, as in our addresses, or a field's value; none if it is empty.
fn bound(
    fields: &Fields,
    (name, exactly): Bound,
    read: fn(&str) -> Result<Stamp, MomentError>,
    zone: &Zone,
) -> Result<Option<Stamp>, String> {
    let text = fields.get(name);
    if text.is_empty() {
        return Ok(None);
    }
    let is_as_shown = |shown: &Stamp| times::same_control(text, &times::control(*shown, zone));
    let shown = || read(fields.get(exactly)).ok().filter(is_as_shown);
    match read(text).ok().or_else(shown) {
        Some(stamp) => Ok(Some(stamp)),
        None => times::typed(text, zone).map(|moment| Some(moment.stamp)),
    }
}

/// Whole numbers separated by commas or spaces; none if there are none.
fn ids(text: &str) -> Result<Option<Vec<ActivityId>>, &'static str> {
    let is_between = |c: char| c == ',' || c == ';' || c.is_whitespace();
    let parts = text.split(is_between).filter(|part| !part.is_empty());
    let ids: Result<BTreeSet<ActivityId>, _> =
        parts.map(|part| part.parse().map(ActivityId)).collect();
    let ids = ids.map_err(|_| "IDs must be numbers like 17, 42")?;
    Ok((!ids.is_empty()).then(|| ids.into_iter().collect()))
}

fn as_of(fields: &Fields) -> Result<Option<AsOf>, Problem> {
    if !fields.has("seq") && !fields.has("horizon") {
        return Ok(None);
    }
    let seq = fields.get("seq").parse().map(Seq);
    let horizon = fields.get("horizon").parse().map(Stamp::from_millis);
    match (seq, horizon) {
        (Ok(seq), Ok(horizon)) => Ok(Some(AsOf { seq, horizon })),
        _ => Err(Problem::Wrong(
            "This address is incomplete. Start again from the Changes page.".to_owned(),
        )),
    }
}
