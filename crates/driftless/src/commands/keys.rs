//! `key check`: what each key is missing, for cron and for monitoring.

use domain::{OrgId, Stamp, Zone};
use service::{Hint, Integration, IntegrationState, Service, Severity};

use super::{Ending, Failure};
use crate::console::{Console, table};

/// How many keys are named in the first line.
const NAMED_MAX: usize = 5;

/// Prints a line in the form of monitoring plugins, and one for each key.
pub(super) fn check(
    org: &OrgId,
    service: &Service,
    console: &mut dyn Console,
) -> Result<Ending, Failure> {
    let tenant = service.known_org(org)?;
    let zone = tenant.directory().organization.zone.clone();
    let all = service.integrations(&tenant);
    let worst = all.iter().map(Integration::severity).max().unwrap_or(Severity::Fine);
    console.print(&summary(org, &all, worst))?;
    let at = |at: Option<Stamp>| at.map_or_else(|| "-".to_owned(), |at| zone.at(at).to_string());
    let rows = all.iter().map(|one| {
        vec![
            one.key.id.to_string(),
            at(one.complete_until),
            one.missing.changes().to_string(),
            one.behind.to_string(),
            at(one.poll.as_ref().map(|poll| poll.last_at)),
            one.key.label.clone(),
            state(one, &zone),
        ]
    });
    let head =
        ["KEY", "COMPLETE UP TO", "NEVER DELIVERED", "BEHIND", "LAST POLL", "LABEL", "STATE"];
    console.print(&table(&head, &rows.collect::<Vec<_>>()))?;
    Ok(match worst {
        Severity::Fine => Ending::Done,
        Severity::Warning => Ending::Warning,
        Severity::Critical => Ending::Critical,
    })
}

/// What monitoring shows: the status, those that are not well, and figures behind the bar.
fn summary(org: &OrgId, all: &[Integration], worst: Severity) -> String {
    let status = match worst {
        Severity::Fine => "OK",
        Severity::Warning => "WARNING",
        Severity::Critical => "CRITICAL",
    };
    let mut unwell: Vec<&Integration> =
        all.iter().filter(|one| one.severity() > Severity::Fine).collect();
    unwell.sort_by_key(|one| std::cmp::Reverse(one.severity()));
    let named = unwell.iter().take(NAMED_MAX).map(|one| brief(one));
    let mut text = match unwell.len() {
        0 => format!("nothing is missing, {} checked", counted(all.len() as u64, "key")),
        _ => named.collect::<Vec<_>>().join("; "),
    };
    if unwell.len() > NAMED_MAX {
        text.push_str(&format!("; and {} more", unwell.len() - NAMED_MAX));
    }
    // The bar begins the figures.
    let text = text.replace('|', "/");
    let count = |of: Severity| all.iter().filter(|one| one.severity() == of).count();
    let sum = |of: fn(&Integration) -> u64| all.iter().map(of).sum::<u64>();
    format!(
        "KEYS {status} - {org}: {text} | keys={} warning={} critical={} undelivered={} behind={}\n",
        all.len(),
        count(Severity::Warning),
        count(Severity::Critical),
        sum(|one| one.missing.changes()),
        sum(|one| if one.poll.is_some() { one.behind } else { 0 }),
    )
}

/// A key that is not well, in a few words.
fn brief(one: &Integration) -> String {
    let label = match one.key.label.as_str() {
        "" => String::new(),
        label => format!(" ({label})"),
    };
    let lost = match (one.missing.changes(), one.state) {
        (0, _) => String::new(),
        (left, IntegrationState::Reading { .. }) => {
            format!(", {} still to come", counted(left, "change"))
        }
        (lost, _) => format!(", {} never delivered", counted(lost, "change")),
    };
    let detail = match one.state {
        IntegrationState::Incomplete { read: Some(read) } | IntegrationState::Reading { read } => {
            format!(", {read}")
        }
        IntegrationState::Behind if one.is_overdue => {
            format!(" with {} for longer than usual", counted(one.behind, "change"))
        }
        _ => String::new(),
    };
    let habits = match (one.hints.is_empty(), one.state) {
        (false, IntegrationState::UpToDate | IntegrationState::Behind) => {
            ", polls in a way that may lose changes"
        }
        _ => "",
    };
    format!("key {}{label} {}{detail}{lost}{habits}", one.key.id, one.state.name())
}

/// The state with what belongs to it.
fn state(one: &Integration, zone: &Zone) -> String {
    let detail = match one.state {
        IntegrationState::Incomplete { read: Some(read) } | IntegrationState::Reading { read } => {
            Some(read.to_string())
        }
        IntegrationState::AsksFromTheFuture { from } => Some(zone.at(from).to_string()),
        IntegrationState::Skipped { from, to, .. } => {
            Some(format!("from {} to {}", zone.at(from), zone.at(to)))
        }
        IntegrationState::Silent => {
            let expected = one.key.expected;
            expected.map(|expected| format!("expected every {expected}"))
        }
        _ => None,
    };
    let hints = one.hints.iter().map(|hint| match hint {
        Hint::Skips(from, to) => {
            format!("; skips {} to {}", zone.at(*from), zone.at(*to))
        }
        Hint::PageSize { asked, given } => format!("; asks for pages of {asked}, gets {given}"),
    });
    let detail = detail.map_or_else(String::new, |detail| format!(" ({detail})"));
    format!("{}{detail}{}", one.state.name(), hints.collect::<String>())
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
