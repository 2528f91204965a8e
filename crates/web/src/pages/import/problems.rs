//! Why a file cannot be imported, and what to do about it on this page.

use files::{ReadError, WayOut, members};
use maud::{Markup, html};
use service::{ImportError, RowProblem, RowProblems};

use super::stage::Trouble;
use super::uploads::ROWS_MAX;
use crate::SignedIn;
use crate::layout::{counted, notice, number};
use crate::problem::shown;

/// What is wrong, each thing with its line.
pub(super) fn list(trouble: &Trouble, who: &SignedIn) -> Markup {
    let org = &who.person.tenant.id;
    match trouble {
        Trouble::File(error, further) => of_file(error, further.as_ref()),
        Trouble::Empty => notice("bad", "There are no activities in this file."),
        Trouble::TooMany => html! {
            (notice("bad", &format!("This file has more than {} activities. Nothing has been written.", number(ROWS_MAX))))
            p { "Split it, or import it on the server: " code { "driftless import " (org) " FILE" } "." }
        },
        Trouble::Gone => notice("bad", "This file is not here any more. Upload it again."),
        Trouble::Unavailable(problem) => {
            notice("bad", &format!("This does not work now. {}", shown(problem)))
        }
        Trouble::Unfit(ImportError::Rows(problems)) => html! {
            (nothing_written())
            (table(&of_rows(problems), problems.more))
        },
        Trouble::Unfit(ImportError::Shifted(moved, of)) => html! {
            (nothing_written())
            p {
                (number(*moved)) " of " (number(*of)) " start times differ from the activities here by the same time zone difference. "
                "A program has probably moved them. If the times in the file belong to another time zone, choose it below. "
                "If you moved them yourself, tick the box below to take them as they are."
            }
        },
        Trouble::Unfit(error) => html! { (nothing_written()) p { (sentence(error)) } },
        Trouble::Whole => html! {
            (notice("bad", "This file is a whole organization, with its people, statuses and settings."))
            p {
                "Import it on the server, into an organization that no one has signed in to: "
                code { "driftless org add NEW" } ", then " code { "driftless import NEW FILE" } ". "
                "To import only its activities here, export them without " code { "--all" } ": "
                code { "driftless export " (org) } "."
            }
        },
    }
}

fn nothing_written() -> Markup {
    notice("bad", "The file cannot be imported as it is. Nothing has been written.")
}

/// A line of a file, and what is wrong with it.
type Wrong = (String, String);

fn of_file(error: &ReadError, further: Option<&RowProblems>) -> Markup {
    let ReadError::Problems { problems, more, .. } = error else {
        return notice("bad", &format!("The file cannot be read. {}", sentence(error)));
    };
    let wrong = |problem: &files::Problem| {
        let way_out = problem.fault.way_out().map_or("", said);
        (problem.lines(), format!("{} {way_out}", sentence(&problem.fault)))
    };
    let mut all: Vec<Wrong> = problems.iter().map(wrong).collect();
    all.extend(further.into_iter().flat_map(of_rows));
    let more = more + further.map_or(0, |further| further.more);
    html! { (nothing_written()) (table(&all, more)) }
}

/// What is wrong with rows that could be read.
fn of_rows(problems: &RowProblems) -> Vec<Wrong> {
    let row = |problem: &RowProblem| problem.row.map(|row| row.to_string()).unwrap_or_default();
    problems.first.iter().map(|problem| (row(problem), sentence(&problem.problem))).collect()
}

fn table(wrong: &[Wrong], more: u64) -> Markup {
    html! {
        div.scroll {
            table.grid {
                thead { tr { th.line { "Line or row" } th { "What is wrong" } } }
                tbody {
                    @for (line, what) in wrong {
                        tr {
                            td.line data-label="Line or row" { (line) }
                            td.whole data-label="What is wrong" { (what) }
                        }
                    }
                }
            }
        }
        @if more > 0 { p { "And " (counted(more, "more problem", "more problems")) "." } }
    }
}

/// As a sentence. Some are questions, and members keep their names.
fn sentence(problem: &impl ToString) -> String {
    let text = problem.to_string();
    let first = text.split([' ', ':']).next().unwrap_or_default();
    let sentence = if members().contains(&first) { format!("{text}.") } else { shown(&text) };
    sentence.replace("?.", "?")
}

/// What helps, in the words of this page.
fn said(way_out: WayOut) -> &'static str {
    match way_out {
        WayOut::Dates => "Choose below how this file writes dates.",
        WayOut::Columns => "Choose below what its columns are.",
        WayOut::AddMissing => "Let the import add what is missing.",
    }
}
