//! "Did it get activity 4001?"

use domain::{ActivityId, KeyId, Stamp, Zone};
use maud::{Markup, html};
use service::{Delivery, Poll, Progress, Receipt};

use super::key::{window, window_address};
use crate::times::exact;

pub(super) fn form(key: KeyId, activity: &str) -> Markup {
    html! {
        form.filters action={ "/integrations/" (key) } method="get" {
            div.field {
                label for="activity" { "Did it get activity …?" }
                input #activity name="activity" inputmode="numeric" value=(activity) placeholder="4001" maxlength="20";
            }
            button type="submit" { "Look" }
        }
    }
}

/// The answer, with the poll that had it, or why it did not come.
pub(super) fn answer(id: ActivityId, receipt: Option<&Receipt>, zone: &Zone) -> Markup {
    let Some(receipt) = receipt else {
        return said("warn", &html! { "No: there is no activity " (id) ", and never was." });
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
                @if receipt.is_removed { "was among the removed ids of " } @else { "was in " }
                (an_answer(poll, zone))
                @if let Some(page) = page { ", on page " (page) }
                "."
            }
            Delivery::DeliveredEarlier => "was in an answer that is older than the polls below.",
            Delivery::NeverAsked => "and nobody has asked with this key for what changed. What is asked for by ids alone is not noted.",
            Delivery::BeforeFirst => "lies before the first From that this key asked with.",
            Delivery::Behind => "came after all that this key has asked for: its next poll gets it.",
            Delivery::Unread(Some(poll), page) => {
                "was in " (an_answer(poll, zone))
                @if let Some(page) = page { ", on page " (page) }
                ", of which only " (Progress::of(poll)) " was read."
            }
            Delivery::Unread(None, _) => "was on a page that was not read.",
            Delivery::Skipped(from, to) => {
                "lies in a stretch that was never asked for: " (stretch(*from, *to, zone)) "."
            }
            Delivery::NoDeletions => "and this key did not ask for deletions then.",
        }
    }
}

fn an_answer(poll: &Poll, zone: &Zone) -> Markup {
    html! { "the answer of " (exact(poll.last_at, zone)) " (" (window(poll, zone)) ")" }
}

fn stretch(from: Stamp, to: Stamp, zone: &Zone) -> Markup {
    html! {
        a href=(window_address(from, to)) { (exact(from, zone)) " to " (exact(to, zone)) }
    }
}
