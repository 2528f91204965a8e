//! The table of activities, in which status and priority can be changed.

use domain::{Activity, Moment, Priority, Status, Version};
use maud::{Markup, html};
use service::{Column, Direction, Directory, Listing, Sought};

use super::hits::{elsewhere, marked};
use super::query::{COLUMNS, ListRequest, direction_name};
use crate::SignedIn;
use crate::form::options;
use crate::layout::csrf;
use crate::pages::{account, names};
use crate::times::{self, Clock, Shape};

struct Table<'a> {
    who: &'a SignedIn,
    asked: &'a ListRequest,
    directory: &'a Directory,
    sought: Sought,
}

pub(super) fn table(who: &SignedIn, asked: &ListRequest, listing: &Listing) -> Markup {
    let directory = who.person.tenant.directory();
    let sought = Sought::parse(&asked.filter.words);
    let table = Table { who, asked, directory: &directory, sought };
    let records = listing.records.iter().filter_map(|version| Some((version, version.record()?)));
    html! {
        div.scroll {
            table.grid {
                thead { (table.head()) }
                tbody { @for (version, activity) in records { (table.row(version, activity)) } }
            }
        }
    }
}

impl Table<'_> {
    fn head(&self) -> Markup {
        html! {
            tr {
                @if self.who.edits() {
                    th.pick scope="col" {
                        span.unseen { "Select" }
                        label {
                            input type="checkbox" data-all form="bulk" aria-label="Select all on this page";
                        }
                    }
                }
                @for (by, name, title, usual) in COLUMNS {
                    @let current = (self.asked.by == by).then_some(self.asked.direction);
                    @let next = match current {
                        None => usual,
                        Some(Direction::Ascending) => Direction::Descending,
                        Some(Direction::Descending) => Direction::Ascending,
                    };
                    @let is_extra = matches!(by, Column::End | Column::Modified) && current.is_none();
                    th.extra[is_extra] scope="col" aria-sort=[current.map(aria)] {
                        a.sort href=(self.sorted(name, next)) { (title) }
                    }
                }
            }
        }
    }

    fn sorted(&self, name: &str, direction: Direction) -> String {
        let fields = self.asked.fields.with("sort", name);
        let fields = fields.with("direction", direction_name(direction));
        fields.without("page").address("/activities")
    }

    fn row(&self, version: &Version, activity: &Activity) -> Markup {
        let (id, clock) = (version.id, &self.who.clock);
        html! {
            tr id={ "a" (id) } {
                @if self.who.edits() {
                    td.pick {
                        label {
                            input type="checkbox" name="id" value=(id) form="bulk"
                                aria-label={ "Select " (activity.subject) };
                        }
                    }
                }
                td.title data-label="Subject" {
                    a href={ "/activities/" (id) } { (marked(&self.sought, activity.subject.as_str())) }
                    (elsewhere(&self.sought, id, activity))
                }
                td data-label="Account" { (self.account(activity)) }
                td data-label="Assigned to" {
                    @if let Some(user) = activity.system_user {
                        a href=(self.asked.address_with("user", &user.to_string())) {
                            (marked(&self.sought, &names::user(self.directory, user)))
                        }
                    }
                }
                (times(activity, clock, self.asked.by == Column::End))
                td data-label="Status" { (self.status(version, activity)) }
                td data-label="Priority" { (self.priority(version, activity)) }
                td.when.extra[self.asked.by != Column::Modified] data-label="Changed" { (times::time(version.stamp, clock, Shape::Both)) }
            }
        }
    }

    fn account(&self, activity: &Activity) -> Markup {
        html! {
            @if let Some(client) = activity.client {
                a href=(account::address_of(client)) {
                    (marked(&self.sought, &names::account(&self.who.person.tenant, client)))
                }
            }
        }
    }

    fn status(&self, version: &Version, activity: &Activity) -> Markup {
        if !self.who.edits() {
            return html! { span.badge.status { (activity.status_name) } };
        }
        let offered = |status: &&Status| !status.retired || status.id == activity.status;
        let statuses = self.directory.statuses_in_order().into_iter().filter(offered);
        let each = statuses.map(|status| (status.id.to_string(), status.name.as_str()));
        self.quick(
            version,
            "status",
            "Status",
            &options(each, &activity.status.to_string()),
            activity,
        )
    }

    fn priority(&self, version: &Version, activity: &Activity) -> Markup {
        if !self.who.edits() {
            return priority_badge(activity.priority);
        }
        let each = Priority::ALL.iter().rev().map(|p| (p.as_str().to_lowercase(), p.as_str()));
        let chosen = activity.priority.as_str().to_lowercase();
        self.quick(version, "priority", "Priority", &options(each, &chosen), activity)
    }

    /// A form for a single member: the rest of the row may be out of date, so it is not sent.
    fn quick(
        &self,
        version: &Version,
        name: &str,
        label: &str,
        options: &Markup,
        activity: &Activity,
    ) -> Markup {
        html! {
            form.quick action={ "/activities/" (version.id) "/quick" } method="post" {
                (csrf(self.who))
                input type="hidden" name="seen" value=(version.seq);
                input type="hidden" name="back" value={ (self.asked.address()) "#a" (version.id) };
                select name=(name) data-submit aria-label={ (label) " of " (activity.subject) } {
                    (options)
                }
                button.small type="submit" data-nojs { "Set" }
            }
        }
    }
}

/// An end on the same day is shown without its date, because the start is next to it.
fn times(activity: &Activity, clock: &Clock, sorted_by_end: bool) -> Markup {
    let day = |moment: Moment| clock.date(moment.stamp);
    let shape = |end| if day(end) == day(activity.start) { Shape::Time } else { Shape::Both };
    html! {
        td.when data-label="Start" { (times::moment(activity.start, clock, Shape::Both)) }
        td.when.extra[!sorted_by_end] data-label="End" {
            @if let Some(end) = activity.end { (times::moment(end, clock, shape(end))) }
        }
    }
}

fn priority_badge(priority: Priority) -> Markup {
    let kind = match priority {
        Priority::High => "high",
        Priority::Normal => "muted",
        Priority::Low => "low",
    };
    html! { span class={ "badge " (kind) } { (priority.as_str()) } }
}

fn aria(direction: Direction) -> &'static str {
    match direction {
        Direction::Ascending => "ascending",
        Direction::Descending => "descending",
    }
}
