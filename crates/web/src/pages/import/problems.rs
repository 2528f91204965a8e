//! Why a file cannot be imported, and what to do about it on this page.

use files::{ReadError, WayOut, members};
use maud::{Markup, html};
use service::ImportError;

use super::stage::Trouble;
use super::uploads::ROWS_MAX;
use crate::SignedIn;
use crate::layout::{counted, notice, number};
use crate::problem::shown;

/// What is wrong, each thing with its line.
pub(super) fn list(trouble: &Trouble, who: &SignedIn) -> Markup {
    let org = &who.person.tenant.id;
    match trouble {
        Trouble::File(error) => of_file(error),
        Trouble::Empty => notice("bad", "There are no activities in this file."),
        Trouble::TooMany => html! {
            (notice("bad", &format!("This file has more than {} activities. Nothing has been written.", number(ROWS_MAX))))
            p { "Split it, or import it on the server: " code { "driftless import " (org) " FILE" } "." }
        },
        Trouble::Gone => notice("bad", "This file is not here any more. Upload it again."),
        Trouble::Unavailable(problem) => {
            notice("bad", &format!("This does not work now. {}", shown(problem)))
        }
        Trouble::Unfit(ImportError::Rows(rows, more)) => html! {
            (nothing_written())
            ul { @for row in rows { li { (sentence(row)) } } }
            @if *more > 0 { p { "And " (counted(*more, "more problem", "more problems")) "." } }
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

fn of_file(error: &ReadError) -> Markup {
    let ReadError::Problems { problems, more, .. } = error else {
        return notice("bad", &format!("The file cannot be read. {}", sentence(error)));
    };
    html! {
        (nothing_written())
        div.scroll {
            table.grid {
                thead { tr { th.line { "Line or row" } th { "What is wrong" } } }
                tbody {
                    @for problem in problems {
                        tr {
                            td.line data-label="Line or row" { (problem.lines()) }
                            td.whole data-label="What is wrong" {
                                (sentence(&problem.fault)) " " (problem.fault.way_out().map_or("", said))
                            }
                        }
                    }
                }
            }
        }
        @if *more > 0 { p { "And " (counted(*more, "more problem", "more problems")) "." } }
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
