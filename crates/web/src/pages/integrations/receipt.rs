//! Whether a key has received an activity.

use domain::{ActivityId, KeyId, Stamp, Zone};
use maud::{Markup, html};
use service::{Delivery, Poll, Progress, Receipt};

use super::key::{window, window_address};
use crate::times::exact;

pub(super) fn form(key: KeyId, activity: &str) -> Markup {
    html! {
        form.filters action={ "/integrations/" (key) } method="get" {
            div.field {
                label for="activity" { "Did it receive this activity?" }
                input #activity name="activity" inputmode="numeric" value=(activity) placeholder="Activity ID" maxlength="20";
            }
            button type="submit" { "Check" }
        }
    }
}

/// The answer, with the poll that delivered it, or the reason why it was not delivered.
pub(super) fn answer(id: ActivityId, receipt: Option<&Receipt>, zone: &Zone) -> Markup {
    let Some(receipt) = receipt else {
        return said("warn", &html! { "No: activity " (id) " has never existed." });
    };
    let got = matches!(receipt.delivery, Delivery::Delivered(..) | Delivery::DeliveredEarlier);
    let waits = matches!(receipt.delivery, Delivery::Behind | Delivery::NeverAsked);
    let kind = if got {
        "ok"
    } else if waits {
        "warn"
    } else {
        "bad"
    };
    let did = if receipt.is_removed { "removed" } else { "last changed" };
    let text = html! {
        b { @if got { "Yes: " } @else { "No: " } }
        "activity " a href={ "/activities/" (id) "/history" } { (id) } ", " (did) " " (exact(receipt.stamp, zone)) ", "
        (delivery(receipt, zone))
    };
    said(kind, &text)
}

fn said(kind: &str, text: &Markup) -> Markup {
    html! { div class={ "notice " (kind) } role="status" { p { (text) } } }
}

fn delivery(receipt: &Receipt, zone: &Zone) -> Markup {
    html! {
        @match &receipt.delivery {
            Delivery::Delivered(poll, page) => {
                @if receipt.is_removed { "was among the removed IDs in " } @else { "was in " }
                (an_answer(poll, zone))
                @if let Some(page) = page { ", on page " (page) }
                "."
            }
            Delivery::DeliveredEarlier => "was in an answer older than the polls listed below.",
            Delivery::NeverAsked => "has not been delivered, because this key has never polled for changes. Requests by ID alone are not recorded.",
            Delivery::BeforeFirst => "is older than the first window this key asked for.",
            Delivery::Behind => "is newer than everything this key has asked for. Its next poll will get it.",
            Delivery::Unread(Some(poll), page) => {
                "was in " (an_answer(poll, zone))
                @if let Some(page) = page { ", on page " (page) }
                ", but only " (Progress::of(poll)) " was read."
            }
            Delivery::Unread(None, _) => "was on a page that was not read.",
            Delivery::Skipped(from, to) => {
                "falls in a time range that this key never asked for: " (stretch(*from, *to, zone)) "."
            }
            Delivery::NoDeletions => "was not reported, because this key did not ask for deletions at the time.",
        }
    }
}

fn an_answer(poll: &Poll, zone: &Zone) -> Markup {
    html! { "the answer at " (exact(poll.last_at, zone)) " (window: " (window(poll, zone)) ")" }
}

fn stretch(from: Stamp, to: Stamp, zone: &Zone) -> Markup {
    html! {
        a href=(window_address(from, to)) { (exact(from, zone)) " to " (exact(to, zone)) }
    }
}
