//! Changes: what the API answers for a time range, and the request for it.

mod answer;
mod buckets;
mod chart;
mod live;
mod question;

use api_v1::method;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::{Stamp, Zone};
use maud::{Markup, html};
use service::{Preview, PreviewError, Tenant};

use self::chart::Bar;
use self::question::{FROM, ORDERS, Question, SPANS, TO};
use crate::fields::Fields;
use crate::form::{Label, Wrong, choice, line};
use crate::layout::{self, Nav, number};
use crate::session::Query;
use crate::{Problem, SignedIn, Web, api, times};

/// The chart of a longer range starts with the first change, so that it is not mostly empty.
const WHOLE_MS_MAX: i64 = 100 * times::DAY_MS;

pub(crate) fn routes() -> Router<Web> {
    Router::new().route("/changes", get(show)).route("/changes/live", get(live::follow))
}

async fn show(
    State(web): State<Web>,
    who: SignedIn,
    headers: HeaderMap,
    Query(fields): Query,
) -> Result<Response, Problem> {
    let org = &who.person.tenant;
    let zone = who.clock.zone.clone();
    let mut wrong = Wrong::default();
    let question = Question::parse(&fields, web.service.now(), &zone, &mut wrong)?;
    let Some(question) = question else {
        let exactly = [FROM, TO].map(|(_, exactly)| fields.get(exactly).to_owned());
        let shown =
            Shown { from: fields.get("from"), to: fields.get("to"), exactly, fields: &fields };
        let page = page(&who, &shown, &wrong, &zone, None, &html! {});
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    let preview = web.service.preview(org, &question.query, question.as_of).await?;
    let chart = chart(&web, org, &question, &preview, &zone);
    let removed = answer::removed(&web, org, &preview, &zone).await?;
    let address = api::address(&web, &headers, method::SYNC, &question.parameters(&zone));
    let content = html! {
        (answer::totals(&preview.answer, &zone))
        (chart)
        @if preview.records.is_empty() && preview.answer.total > 0 {
            (past_the_end(&question, &preview))
        } @else {
            (answer::records(&who, &question, &preview, &zone))
        }
        (removed)
        (answer::request(&address, &question, &preview, &zone))
    };
    // A range in the past does not change any more, nor do later pages of an answer.
    let is_live = question.query.to.is_none() && question.as_of.is_none();
    let control = |bound: Option<Stamp>| bound.map(|at| times::control(at, &zone));
    let (from, to) = (control(question.query.from), control(question.query.to));
    let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
    let exactly = [question.query.from, question.query.to].map(|bound| {
        let twice = bound.filter(|at| times::is_shown_twice(*at, &zone));
        twice.map_or_else(String::new, |at| at.at_offset(0).to_string())
    });
    let shown = Shown { from: &from, to: &to, exactly, fields: &fields };
    let live = is_live.then_some(preview.as_of.seq.0);
    Ok(page(&who, &shown, &wrong, &zone, live, &content))
}

fn past_the_end(question: &Question, preview: &Preview) -> Markup {
    let pages = preview.answer.pages;
    let last = question.page_address(pages, preview.as_of);
    let action = html! { a.button.primary href=(last) { "Go to the last page" } };
    let text = format!("The last page is page {}.", number(pages));
    layout::empty("Page not found", &text, &action)
}

/// The content of the form.
struct Shown<'a> {
    from: &'a str,
    to: &'a str,
    /// The exact instants of both, if their local times occur twice.
    exactly: [String; 2],
    fields: &'a Fields,
}

/// The page. If `live` has the position that it shows, it is updated live.
fn page(
    who: &SignedIn,
    shown: &Shown<'_>,
    wrong: &Wrong,
    zone: &Zone,
    live: Option<u64>,
    content: &Markup,
) -> Response {
    let state = html! {
        @if live.is_some() { p data-live-state="off" role="status" { "Reload to see new changes" } }
    };
    let content = html! {
        (layout::head("Changes", &state))
        p.lead { "What an integration gets from API v1 when it asks for a time range." }
        @if !wrong.is_empty() { (layout::notice("bad", "Please correct the time range.")) }
        (form(shown, wrong, zone))
        @if let Some(seq) = live {
            div data-live="/changes/live" data-live-seq=(seq) data-live-auto { (content) }
        } @else {
            (content)
        }
    };
    layout::page(who, "Changes", Nav::Changes, &content)
}

fn form(shown: &Shown<'_>, wrong: &Wrong, zone: &Zone) -> Markup {
    let label = |name, text| Label { name, text, is_condition: true, ..Label::default() };
    let span = question::span(shown.fields);
    html! {
        nav.pages aria-label="Ranges" {
            @for (name, text) in SPANS {
                a href={ "/changes?last=" (name) } aria-current=[(span == Some(name)).then_some("true")] { (text) }
            }
        }
        form.filters action="/changes" method="get" {
            (line(label("from", "From"), "datetime-local", shown.from, wrong))
            (line(label("to", "To"), "datetime-local", shown.to, wrong))
            (line(label("ids", "Only these IDs"), "text", shown.fields.get("ids"), wrong))
            (choice(label("order", "Order"), ORDERS.iter().map(question::Choice::option), shown.fields.get("order"), wrong))
            @for ((_, name), at) in [FROM, TO].iter().zip(&shown.exactly) {
                @if !at.is_empty() { input type="hidden" name=(name) value=(at); }
            }
            button.primary type="submit" { "Show" }
        }
        p.hint {
            "Times are in " (zone) ". Leave To empty for everything up to now. Separate IDs with commas, like 17, 42."
        }
    }
}

/// The chart of the range, if there are changes in it. It counts the changes of all activities, so there is none if
/// only some were asked for.
fn chart(web: &Web, org: &Tenant, question: &Question, preview: &Preview, zone: &Zone) -> Markup {
    let first = web.service.first_change(org).filter(|_| question.query.ids.is_none());
    let Some(first) = first else { return html! {} };
    let to = preview.answer.horizon;
    let from = match question.query.from {
        Some(from) if from > to.plus_millis(-WHOLE_MS_MAX) => from,
        from => from.map_or(first, |from| from.max(first)),
    };
    if from > to {
        return html! {};
    }
    let (unit, borders) = buckets::borders(from, to, zone);
    let tallies = web.service.tallies(org, preview.as_of, &borders);
    let bars = borders.iter().zip(tallies).map(|(begin, tally)| Bar { begin: *begin, tally });
    let bars: Vec<Bar> = bars.collect();
    html! { @if bars.iter().any(|bar| bar.total() > 0) { (chart::figure(&bars, unit, zone)) } }
}

impl From<PreviewError> for Problem {
    fn from(error: PreviewError) -> Problem {
        match error {
            PreviewError::NeverTold => Problem::Wrong(
                "This address does not belong to any answer given here. Start again from the first page."
                    .to_owned(),
            ),
            PreviewError::Ask(error) => error.into(),
        }
    }
}
