//! Marks the search words where an activity has them.

use std::ops::Range;

use domain::{Activity, ActivityId};
use maud::{Markup, html};
use service::Sought;

/// A text with the search words marked.
pub(super) fn marked(sought: &Sought, text: &str) -> Markup {
    with_marks(text, &sought.marks(text))
}

fn with_marks(text: &str, marks: &[Range<usize>]) -> Markup {
    let behind = marks.iter().map(|mark| mark.end);
    let gaps = std::iter::once(0).chain(behind).zip(marks.iter().map(|mark| mark.start));
    let each = gaps.zip(marks).map(|((from, to), mark)| (&text[from..to], &text[mark.clone()]));
    let rest = &text[marks.last().map_or(0, |mark| mark.end)..];
    html! { @for (before, hit) in each { (before) mark { (hit) } } (rest) }
}

/// Hits that the row does not show otherwise: in the note, and ids.
pub(super) fn elsewhere(sought: &Sought, id: ActivityId, activity: &Activity) -> Markup {
    let snippet = sought.snippet(activity.note.as_str());
    let own = sought.has_number(id.0).then_some(("ID ", id.0));
    let client = activity.client.filter(|client| sought.has_number(client.0));
    let numbers = own.into_iter().chain(client.map(|client| ("Account ID ", client.0)));
    html! {
        @for (what, number) in numbers { p.hit { (what) mark { (number) } } }
        @if let Some(snippet) = snippet {
            p.hit {
                @if snippet.is_begun_before { "… " }
                (with_marks(snippet.text, &snippet.marks))
                @if snippet.goes_on { " …" }
            }
        }
    }
}
