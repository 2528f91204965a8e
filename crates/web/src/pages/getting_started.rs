//! The checklist of the first days: what an admin has still to do, ticked by what is there.

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use domain::Role;
use maud::{Markup, html};
use service::{Directory, ExamplesError, FIRST_STATUSES};

use crate::fields::Fields;
use crate::layout::{copied, counted, csrf, notice};
use crate::problem::shown;
use crate::session::Posted;
use crate::{Problem, SignedIn, Web, api};

pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .route("/getting-started", post(show_or_hide))
        .route("/getting-started/examples", post(fill))
        .route("/getting-started/examples/remove", post(remove))
}

/// What there is to do, in the order in which it is best done.
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

    /// What the step is called and where it is done.
    fn link(self) -> (&'static str, &'static str) {
        match self {
            Step::People => ("Add people", "/settings#users"),
            Step::Statuses => ("Look over the statuses", "/settings#statuses"),
            Step::Accounts => ("Add accounts", "/accounts"),
            Step::Activities => ("Import activities", "/import"),
            Step::Key => ("Create an API key", "/integrations"),
            Step::Scripts => ("Point your scripts here", "/integrations"),
        }
    }

    /// Whether it is done, as far as what is there tells. It asks for nothing that is not in memory.
    fn is_done(self, web: &Web, who: &SignedIn, directory: &Directory) -> bool {
        let tenant = &who.person.tenant;
        match self {
            Step::People => directory.users.values().filter(|user| !user.disabled).count() > 1,
            // Whoever uses the first ones as they are has seen them.
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

/// The checklist; nothing where everything is done, somebody has hidden it, or it is not for this person.
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
                        button.small.quiet type="submit" title="Settings shows it again" { "Hide" }
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

/// What is to be done, in a line or two.
fn what_to_do(web: &Web, who: &SignedIn, headers: &HeaderMap, step: Step) -> Markup {
    let org = &who.person.tenant.id;
    html! {
        @match step {
            Step::People => p { "Give each of your colleagues a login name and a role." }
            Step::Statuses => p { "Rename, add or reorder what an activity can be: not started, completed and so on." }
            Step::Accounts => p {
                "Enter the people and organizations that your activities are about, or type "
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

/// The request to try first: it logs in.
fn login(web: &Web, who: &SignedIn, headers: &HeaderMap) -> String {
    let org = who.person.tenant.id.to_string();
    let parameters = [("login.apiKey", "YOUR_KEY".to_owned()), ("login.orgid", org)];
    api::curl(&api::address(web, headers, "common/login", &parameters))
}

/// The way to examples, where there is nothing else, and out of them.
fn examples(web: &Web, who: &SignedIn, directory: &Directory) -> Markup {
    let examples = directory.organization.guide.examples.filter(|examples| !examples.removed);
    html! {
        @if let Some(examples) = examples {
            form.examples action="/getting-started/examples/remove" method="post" {
                (csrf(who))
                p {
                    "There are " (counted(examples.activities.into(), "example activity", "example activities"))
                    @if examples.accounts > 0 { " and " (counted(examples.accounts.into(), "example account", "example accounts")) }
                    " here. Removing them puts the activities into the bin, and scripts are told that they were deleted. Anything edited since stays."
                }
                button type="submit" { "Remove the examples" }
            }
        } @else if !web.service.has_activities(&who.person.tenant) {
            form.examples action="/getting-started/examples" method="post" {
                (csrf(who))
                p { "No data yet? See what the pages look like with a few dozen activities. You can remove them again." }
                button type="submit" { "Fill with examples" }
            }
        }
    }
}

/// What the settings have of it: the way back, and the way out of the examples where the checklist is gone.
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
                p { "The checklist for the first days is " @if hidden { "hidden." } @else { "on " a href="/" { "My day" } " of each admin until everything on it is done." } }
                button type="submit" { @if hidden { "Show the checklist" } @else { "Hide the checklist" } }
            }
        }
        (examples(web, who, &directory))
    }
}

/// What has become of the examples, as the address says it.
pub(super) fn said(query: &Fields) -> Markup {
    let number = |name| query.get(name).parse::<u64>().unwrap_or(0);
    let (removed, kept, accounts) = (number("removed"), number("kept"), number("accounts"));
    html! {
        @match query.get("examples") {
            "filled" => (notice("ok", "The examples are here. Look around, and change what you like.")),
            "removed" => {
                @let bin = counted(removed, "example activity is", "example activities are");
                (notice("ok", &format!("{bin} in the bin now.")))
                @if kept + accounts > 0 {
                    (notice("warn", &format!(
                        "{} and {} stay because they have been used or changed since.",
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

async fn remove(State(web): State<Web>, Posted { who, .. }: Posted) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    let removed = web.service.remove_examples(&who.person).await?;
    let said = Fields::of([
        ("examples", "removed".to_owned()),
        ("removed", removed.activities.to_string()),
        ("kept", removed.kept_activities.to_string()),
        ("accounts", removed.kept_accounts.to_string()),
    ]);
    Ok(Redirect::to(&said.address("/")).into_response())
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
