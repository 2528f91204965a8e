//! Parses the address of the list. Mistakes in it are never ignored: each gets a message.

use domain::{ClientId, Priority, Stamp, Status, StatusId, UserId, Zone};
use service::{Column, Direction, Filter, ListQuery, Person, Sought};

use crate::fields::Fields;
use crate::pages::due::Due;
use crate::pages::names::accounts_meant;
use crate::times::{self, Clock};
use crate::{Problem, SignedIn, Web};

/// Activities per page by default, and at most.
const SIZE: u32 = 50;
const SIZE_MAX: u32 = 200;

/// The most characters of a search.
pub(crate) const WORDS_CHARS_MAX: usize = 200;

/// The values for all statuses that count as done, and for all others.
pub(super) const DONE: &str = "done";
pub(crate) const OPEN: &str = "open";

/// The value of *Assigned to* for activities that are assigned to no one.
pub(crate) const UNASSIGNED: &str = "none";

/// How many statuses an address may name.
const STATUSES_MAX: usize = 100;

/// The fields that filter the list.
pub(super) const CONDITIONS: [&str; 10] = [
    "q",
    "status",
    "priority",
    "user",
    "client",
    "due",
    "start_from",
    "start_to",
    "changed_from",
    "changed_to",
];

/// The fields that say how it is shown.
pub(super) const LOOKS: [&str; 4] = ["sort", "direction", "size", "page"];

/// A column: what it sorts by, its name in the address, its title, and the direction that a first click sorts in.
pub(super) const COLUMNS: [(Column, &str, &str, Direction); 8] = [
    (Column::Subject, "subject", "Subject", Direction::Ascending),
    (Column::Client, "account", "Account", Direction::Ascending),
    (Column::SystemUser, "responsible", "Assigned to", Direction::Ascending),
    (Column::Start, "start", "Start", Direction::Descending),
    (Column::End, "end", "End", Direction::Descending),
    (Column::Status, "status", "Status", Direction::Ascending),
    (Column::Priority, "priority", "Priority", Direction::Descending),
    (Column::Modified, "changed", "Changed", Direction::Descending),
];

/// A request for the list.
pub(crate) struct ListRequest {
    pub(crate) filter: Filter,
    pub(crate) by: Column,
    pub(crate) direction: Direction,
    pub(crate) page: u64,
    pub(crate) size: u32,
    /// Errors in filters. Without a filter the list would show more than was asked for, and bulk changes would affect
    /// it, so no list is shown.
    pub(crate) wrong: Vec<String>,
    /// Other errors; the default applies instead.
    pub(crate) mistaken: Vec<String>,
    /// The fields of the list, as they came.
    pub(crate) fields: Fields,
    /// The statuses as the value of their control: `4,2`.
    pub(super) statuses: String,
}

impl ListRequest {
    pub(crate) async fn parse(
        web: &Web,
        fields: &Fields,
        who: &SignedIn,
    ) -> Result<ListRequest, Problem> {
        let asked = match fields.get("account") {
            // The name of its column works too.
            account if !account.is_empty() && !fields.has("client") => {
                fields.with("client", account)
            }
            _ => fields.clone(),
        };
        let asked = asked.only(&[&CONDITIONS[..], &LOOKS[..]].concat());
        let fields = asked.split("status", ',').bounded(STATUSES_MAX + 1);
        let statuses = fields.all("status").collect::<Vec<_>>().join(",");
        let meant = accounts_meant(web, &who.person.tenant, fields.get("client")).await?;
        let mut reader = Reader { clock: &who.clock, fields: &fields, meant, problems: Vec::new() };
        let filter = reader.filter(&who.person);
        let wrong = std::mem::take(&mut reader.problems);
        let (by, direction) = reader.order();
        let page = reader.number("page", "The page", u64::MAX).unwrap_or(1);
        let size = reader.number("size", "The number of activities per page", SIZE_MAX.into());
        let size = size.and_then(|size| u32::try_from(size).ok()).unwrap_or(SIZE);
        let mistaken = reader.problems;
        Ok(ListRequest { filter, by, direction, page, size, wrong, mistaken, fields, statuses })
    }

    /// The query for the page.
    pub(crate) fn query(&self) -> ListQuery {
        ListQuery {
            filter: self.filter.clone(),
            by: self.by,
            direction: self.direction,
            page: self.page,
            page_size: self.size,
        }
    }

    /// Whether the list is filtered.
    pub(crate) fn has_conditions(&self) -> bool {
        CONDITIONS.iter().any(|name| self.fields.has(name))
    }

    /// The address of this page of the list.
    pub(crate) fn address(&self) -> String {
        self.fields.address("/activities")
    }

    /// The address of another page.
    pub(crate) fn page_address(&self, page: u64) -> String {
        let page = if page > 1 { page.to_string() } else { String::new() };
        self.fields.with("page", &page).address("/activities")
    }

    /// The address of the first page, with one field changed.
    pub(crate) fn address_with(&self, name: &str, value: &str) -> String {
        self.fields.with(name, value).without("page").address("/activities")
    }

    /// The address without any filter.
    pub(crate) fn address_of_all(&self) -> String {
        self.fields.only(&LOOKS).without("page").address("/activities")
    }
}

struct Reader<'a> {
    clock: &'a Clock,
    fields: &'a Fields,
    /// The accounts that are meant by what was typed.
    meant: Vec<ClientId>,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn filter(&mut self, person: &Person) -> Filter {
        self.none_too_many();
        let zone = &self.clock.zone;
        let (start_from, start_to) = self.days("start_from", "start_to", "Start", zone);
        let (changed_from, changed_to) = self.days("changed_from", "changed_to", "Changed", zone);
        let mut filter = Filter {
            words: self.words(),
            statuses: self.statuses(person),
            priority: self.priority(),
            unassigned: self.fields.get("user") == UNASSIGNED,
            system_user: self.user(person),
            clients: self.clients(),
            start_from,
            start_to,
            changed_from,
            changed_to,
            ..Filter::default()
        };
        self.due(person, &mut filter);
        filter
    }

    /// When activities are due, in the reader's time zone.
    fn due(&mut self, person: &Person, filter: &mut Filter) {
        let text = self.fields.get("due");
        if text.is_empty() {
            return;
        }
        let Some(due) = Due::parse(text) else {
            let names = Due::ALL.map(Due::name).join(", ");
            self.problems.push(format!("Due cannot be {}: choose one of {names}.", quoted(text)));
            return;
        };
        if !due.narrow(filter, self.clock, &person.tenant.directory()) {
            self.problems.push("Done activities are never due: choose another status.".to_owned());
        }
    }

    /// Repeated fields are errors: using only the first would show another list than was meant.
    fn none_too_many(&mut self) {
        for name in CONDITIONS {
            let count = self.fields.all(name).count();
            if name == "status" && count > STATUSES_MAX {
                self.problems.push(format!(
                    "Choose at most {STATUSES_MAX} statuses, or use {OPEN} or {DONE} for all of that kind."
                ));
            } else if name != "status" && count > 1 {
                let problem = format!("The address can have only one “{name}”: remove the others.");
                self.problems.push(problem);
            }
        }
    }

    fn words(&mut self) -> String {
        let words = self.fields.get("q");
        if words.chars().count() > WORDS_CHARS_MAX {
            let max = WORDS_CHARS_MAX;
            self.problems.push(format!("Search for at most {max} characters."));
            return String::new();
        }
        if !words.trim().is_empty() && Sought::parse(words).is_empty() {
            self.problems
                .push(format!("“{}” has no letters or digits to search for.", words.trim()));
        }
        words.to_owned()
    }

    fn statuses(&mut self, person: &Person) -> Vec<StatusId> {
        let statuses = &person.tenant.directory().statuses;
        let mut found = Vec::new();
        for text in self.fields.all("status") {
            let is_meant = |status: &&Status| match text {
                DONE => status.done,
                OPEN => !status.done,
                id => status.id.to_string() == id,
            };
            let before = found.len();
            found.extend(statuses.values().filter(is_meant).map(|status| status.id));
            if found.len() == before {
                self.problems.push(format!("There is no status {}.", quoted(text)));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn priority(&mut self) -> Option<Priority> {
        let text = self.fields.get("priority");
        let found = Priority::parse(text);
        if found.is_none() && !text.is_empty() {
            let problem =
                format!("There is no priority {}: choose high, normal or low.", quoted(text));
            self.problems.push(problem);
        }
        found
    }

    /// Any number is valid, because activities may name users that the directory does not have.
    fn user(&mut self, person: &Person) -> Option<UserId> {
        let text = self.fields.get("user");
        if text.is_empty() || text == UNASSIGNED {
            return None;
        }
        if text == "me" {
            return Some(person.user);
        }
        let found = text.parse().ok().map(UserId);
        if found.is_none() {
            let problem = format!("There is no user {}: choose one from the list.", quoted(text));
            self.problems.push(problem);
        }
        found
    }

    /// All accounts that match what was typed.
    fn clients(&mut self) -> Option<Vec<ClientId>> {
        let text = self.fields.get("client");
        if text.is_empty() {
            return None;
        }
        let found = std::mem::take(&mut self.meant);
        if found.is_empty() {
            self.problems.push(format!("No account matches {}.", quoted(text)));
        }
        Some(found)
    }

    /// A range of days, including both.
    fn days(
        &mut self,
        from: &str,
        to: &str,
        what: &str,
        zone: &Zone,
    ) -> (Option<Stamp>, Option<Stamp>) {
        let first = self.day(from, what, zone);
        let last = self.day(to, what, zone).map(|day| times::day(day, zone, 1).plus_millis(-1));
        if first.zip(last).is_some_and(|(first, last)| first > last) {
            self.problems.push(format!("{what}: the first day must not be after the last day."));
        }
        (first, last)
    }

    fn day(&mut self, name: &str, what: &str, zone: &Zone) -> Option<Stamp> {
        let text = self.fields.get(name);
        let found = times::day_from_control(text, zone);
        if found.is_none() && !text.is_empty() {
            let quoted = quoted(text);
            self.problems
                .push(format!("{what}: {quoted} is not a date. Write it like 2026-03-04."));
        }
        found
    }

    fn order(&mut self) -> (Column, Direction) {
        let text = self.fields.get("sort");
        let column = COLUMNS.iter().find(|(_, name, ..)| *name == text);
        if column.is_none() && !text.is_empty() {
            let names: Vec<&str> = COLUMNS.iter().map(|(_, name, ..)| *name).collect();
            let names = names.join(", ");
            self.problems.push(format!(
                "The list cannot be sorted by {}: choose one of {names}.",
                quoted(text)
            ));
        }
        let (by, usual) = column
            .map_or((Column::Start, Direction::Descending), |(by, _, _, usual)| (*by, *usual));
        let direction = match self.fields.get("direction") {
            "asc" => Direction::Ascending,
            "desc" => Direction::Descending,
            "" => usual,
            other => {
                self.problems
                    .push(format!("There is no direction {}: choose asc or desc.", quoted(other)));
                usual
            }
        };
        (by, direction)
    }

    fn number(&mut self, name: &str, what: &str, max: u64) -> Option<u64> {
        let text = self.fields.get(name);
        if text.is_empty() {
            return None;
        }
        let found = text.parse().ok().filter(|n| (1..=max).contains(n));
        if found.is_none() {
            let bound =
                if max == u64::MAX { "1 or more".to_owned() } else { format!("1 to {max}") };
            self.problems.push(format!("{what} must be {bound}, not {}.", quoted(text)));
        }
        found
    }
}

/// A direction's name in the address.
pub(crate) fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Ascending => "asc",
        Direction::Descending => "desc",
    }
}

/// What was typed, quoted and shortened for a sentence.
fn quoted(text: &str) -> String {
    let start: String = text.chars().take(40).collect();
    let more = if start.len() < text.len() { "…" } else { "" };
    format!("“{start}{more}”")
}
