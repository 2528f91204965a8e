//! The checklist for the first days. It ticks itself by what the organization already has.

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use domain::Role;
use maud::{Markup, html};
use service::{Directory, ExamplesError, FIRST_STATUSES};

use crate::fields::Fields;
use crate::layout::{self, Nav, copied, counted, csrf, notice};
use crate::problem::shown;
use crate::session::Posted;
use crate::{Problem, SignedIn, Web, api};

pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .route("/getting-started", post(show_or_hide))
        .route("/getting-started/examples", post(fill))
        .route("/getting-started/examples/remove", post(remove))
}

/// The steps, in the best order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    People,
    Statuses,
    Accounts,
    Activities,
    Key,
    Scripts,
}

impl Step {
    const ALL: [Step; 6] =
        [Step::People, Step::Statuses, Step::Accounts, Step::Activities, Step::Key, Step::Scripts];

    /// The step's name, and the page where it is done.
    fn link(self) -> (&'static str, &'static str) {
        match self {
            Step::People => ("Add people", "/settings#users"),
            Step::Statuses => ("Look over the statuses", "/settings#statuses"),
            Step::Accounts => ("Add accounts", "/accounts"),
            Step::Activities => ("Import activities", "/import"),
            Step::Key => ("Add an API key", "/integrations"),
            Step::Scripts => ("Point your scripts here", "/integrations"),
        }
    }

    /// Whether it seems to be done. Only looks at what is in memory.
    fn is_done(self, web: &Web, who: &SignedIn, directory: &Directory) -> bool {
        let tenant = &who.person.tenant;
        match self {
            Step::People => directory.users.values().filter(|user| !user.disabled).count() > 1,
            // Using the first ones as they are counts as having looked at them.
            Step::Statuses => has_own_statuses(directory) || web.service.has_own_activities(tenant),
            Step::Accounts => {
                let examples = directory.organization.guide.examples;
                let examples = examples.filter(|examples| !examples.removed);
                let made_up = examples.map_or(0, |examples| examples.accounts as usize);
                tenant.accounts().len() > made_up
            }
            Step::Activities => web.service.has_own_activities(tenant),
            Step::Key => directory.keys.values().any(|key| !key.revoked),
            Step::Scripts => directory.keys.values().any(|key| key.last_login.is_some()),
        }
    }
}

fn has_own_statuses(directory: &Directory) -> bool {
    let names = directory.statuses.values().map(|status| status.name.as_str());
    !names.eq(FIRST_STATUSES)
}

/// The checklist; nothing if all steps are done, it is hidden, or the person is not an admin.
pub(super) fn checklist(web: &Web, who: &SignedIn, headers: &HeaderMap) -> Markup {
    let directory = who.person.tenant.directory();
    if !who.person.may(Role::Admin) || directory.organization.guide.hidden {
        return html! {};
    }
    let steps = Step::ALL.map(|step| (step, step.is_done(web, who, &directory)));
    let done = steps.iter().filter(|(_, is_done)| *is_done).count();
    html! {
        @if done < steps.len() {
            section.card.guide aria-labelledby="getting-started" {
                div.head {
                    h2 #getting-started { "Getting started" }
                    span.muted { (done) " of " (steps.len()) " done" }
                    form action="/getting-started" method="post" {
                        (csrf(who))
                        input type="hidden" name="hidden" value="1";
                        button.small.quiet type="submit" title="You can show it again in Settings" { "Hide" }
                    }
                }
                ol.steps {
                    @for (step, is_done) in steps {
                        li.done[is_done] {
                            @let (text, address) = step.link();
                            a href=(address) { (text) }
                            @if is_done { span.unseen { " (done)" } }
                            @if !is_done { (what_to_do(web, who, headers, step)) }
                        }
                    }
                }
                (examples(web, who, &directory))
            }
        }
    }
}

/// What to do, in a line or two.
fn what_to_do(web: &Web, who: &SignedIn, headers: &HeaderMap, step: Step) -> Markup {
    let org = &who.person.tenant.id;
    html! {
        @match step {
            Step::People => p { "Give each of your colleagues a login name and a role." }
            Step::Statuses => p { "Rename, add or reorder them: Not Started, Completed and so on." }
            Step::Accounts => p {
                "Enter the people and organizations that your activities are about, or run "
                code { "driftless accounts import " (org) " accounts.csv" } " on the server."
            }
            Step::Activities => p {
                "Upload a workbook, CSV or saved API answers, and see what would change before you import it. Or type on the server: "
                code { "driftless import " (org) " FILE --dry-run" } "."
            }
            Step::Key => p { "Give each script its own key. Integrations then shows what each key has received, and what it has missed." }
            Step::Scripts => {
                @let base = api::base(web, headers);
                p { "In each script, replace " code { "https://api.neoncrm.com/neonws/services/api" } " with " code { (base) } ". To try a key:" }
                (copied("try-key", "Copy", &login(web, who, headers)))
            }
        }
    }
}

/// The first request to try: a login.
fn login(web: &Web, who: &SignedIn, headers: &HeaderMap) -> String {
    let org = who.person.tenant.id.to_string();
    let parameters = [("login.apiKey", "YOUR_KEY".to_owned()), ("login.orgid", org)];
    api::curl(&api::address(web, headers, "common/login", &parameters))
}

/// Offers to add examples if there is no other data, and to remove them.
fn examples(web: &Web, who: &SignedIn, directory: &Directory) -> Markup {
    let examples = directory.organization.guide.examples.filter(|examples| !examples.removed);
    html! {
        @if let Some(examples) = examples {
            form.examples action="/getting-started/examples/remove" method="post" {
                (csrf(who))
                p {
                    "There are " (counted(examples.activities.into(), "example activity", "example activities"))
                    @if examples.accounts > 0 { " and " (counted(examples.accounts.into(), "example account", "example accounts")) }
                    " here. Removing them moves the activities to the bin, and scripts see them as deleted. Anything that has been edited stays."
                }
                button type="submit" data-confirm=(REMOVE_QUESTION) { "Remove the examples" }
            }
        } @else if who.imports() && !web.service.has_activities(&who.person.tenant) {
            form.examples action="/getting-started/examples" method="post" {
                (csrf(who))
                p { "No data yet? See what the pages look like with a few dozen activities. You can remove them again." }
                button type="submit" { "Fill with examples" }
            }
        }
    }
}

/// The part of the settings about the checklist: showing or hiding it, and removing the examples.
pub(super) fn setting(web: &Web, who: &SignedIn) -> Markup {
    let directory = who.person.tenant.directory();
    let is_done = Step::ALL.iter().all(|step| step.is_done(web, who, &directory));
    let hidden = directory.organization.guide.hidden;
    html! {
        @if is_done {
            p { "Everything on the checklist is done." }
        } @else {
            form action="/getting-started" method="post" {
                (csrf(who))
                input type="hidden" name="hidden" value=(if hidden { "" } else { "1" });
                p { "The checklist for the first days is " @if hidden { "hidden." } @else { "on " a href="/" { "My day" } " for every admin until everything on it is done." } }
                button type="submit" { @if hidden { "Show the checklist" } @else { "Hide the checklist" } }
            }
        }
        (examples(web, who, &directory))
    }
}

/// The message about the examples that the address asks for.
pub(super) fn said(query: &Fields) -> Markup {
    let number = |name| query.get(name).parse::<u64>().unwrap_or(0);
    let (removed, kept, accounts) = (number("removed"), number("kept"), number("accounts"));
    html! {
        @match query.get("examples") {
            "filled" => (notice("ok", "Examples added. Look around, and change whatever you like.")),
            "removed" => {
                @let bin = counted(removed, "example activity was", "example activities were");
                (notice("ok", &format!("{bin} moved to the bin.")))
                @if kept + accounts > 0 {
                    (notice("warn", &format!(
                        "{} and {} were kept because they have been used or changed since.",
                        counted(kept, "activity", "activities"), counted(accounts, "account", "accounts"),
                    )))
                }
            }
            _ => {}
        }
    }
}

async fn show_or_hide(
    State(web): State<Web>,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    let hidden = fields.get("hidden") == "1";
    web.service.set_guide_hidden(&who.person, hidden).await?;
    let to = if hidden { "/settings?done=hidden#getting-started" } else { "/" };
    Ok(Redirect::to(to).into_response())
}

async fn fill(State(web): State<Web>, Posted { who, .. }: Posted) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    web.service.fill_with_examples(&who.person).await?;
    Ok(Redirect::to("/?examples=filled").into_response())
}

/// What is asked before the examples go.
const REMOVE_QUESTION: &str =
    "Remove all examples that have not been edited? The activities move to the bin.";

async fn remove(
    State(web): State<Web>,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    if fields.get("confirmed") != "1" {
        return Ok(ask_to_remove(&who));
    }
    let removed = web.service.remove_examples(&who.person).await?;
    let said = Fields::of([
        ("examples", "removed".to_owned()),
        ("removed", removed.activities.to_string()),
        ("kept", removed.kept_activities.to_string()),
        ("accounts", removed.kept_accounts.to_string()),
    ]);
    Ok(Redirect::to(&said.address("/")).into_response())
}

fn ask_to_remove(who: &SignedIn) -> Response {
    let title = "Remove the examples?";
    let content = html! {
        div.card.narrow {
            h1 { (title) }
            p { (REMOVE_QUESTION) }
            form action="/getting-started/examples/remove" method="post" {
                (csrf(who))
                input type="hidden" name="confirmed" value="1";
                div.buttons {
                    button.danger type="submit" { "Remove the examples" }
                    a.button.quiet href="/" { "Cancel" }
                }
            }
        }
    };
    layout::page(who, title, Nav::MyDay, &content)
}

impl From<ExamplesError> for Problem {
    fn from(error: ExamplesError) -> Problem {
        match error {
            ExamplesError::Admin(error) => error.into(),
            ExamplesError::List(error) => error.into(),
            ExamplesError::NotEmpty => Problem::Wrong(shown(&error)),
        }
    }
}
