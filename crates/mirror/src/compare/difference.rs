//! What differs between two answers to one question.

use std::collections::{HashMap, HashSet};

use api_v1::{answer, header, member as name_of, parameter};
use domain::Moment;
use serde::Serialize;

use super::json::Json;
use super::side::{Body, Reply};

/// Their values differ at any two servers, and with each request.
pub const SET_ASIDE: [&str; 2] = [parameter::SESSION, answer::RESPONDED];

/// The members that can be set aside too: all that answers are known to have.
pub const MEMBERS: [&str; 27] = [
    name_of::CREATED,
    name_of::CREATED_BY,
    name_of::MODIFIED,
    name_of::MODIFIED_BY,
    name_of::ID,
    name_of::SUBJECT,
    name_of::NOTE,
    name_of::START,
    name_of::END,
    name_of::CLIENT,
    name_of::SYSTEM_USER,
    name_of::STATUS,
    name_of::PRIORITY,
    name_of::CUSTOM_FIELDS,
    "id",
    "name",
    "fieldId",
    "fieldValue",
    "fieldOptionId",
    answer::RESULT,
    answer::MESSAGE,
    answer::ERROR_CODE,
    answer::ERROR_MESSAGE,
    answer::PAGE_NUMBER,
    answer::PAGE_SIZE,
    answer::PAGES,
    answer::RESULTS,
];

/// Headers about the connection and the program that answers, not about what it says.
const HEADERS_SET_ASIDE: [&str; 14] = [
    "connection",
    "content-length",
    "content-encoding",
    "date",
    header::LOG,
    header::VERSION,
    "expires",
    "keep-alive",
    "server",
    "set-cookie",
    "strict-transport-security",
    "transfer-encoding",
    "vary",
    "via",
];

/// Longer values are cut where they are shown.
const SHOWN_CHARS_MAX: usize = 80;

/// How two answers differ in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The HTTP status.
    Status,
    /// A header.
    Header,
    /// What is sent is not JSON.
    Body,
    /// Only the left server says it.
    OnlyLeft,
    /// Only the right server says it.
    OnlyRight,
    /// For example a number on one side and text on the other.
    Type,
    /// The same time, or one that differs at any two servers, but written in another form.
    Form,
    /// Another value.
    Value,
    /// The same members or records in another order.
    Order,
}

/// A difference, and how often it occurs in an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Where: the members on the way, with `[]` for any element of a list.
    pub path: String,
    /// How.
    pub kind: Kind,
    /// How often.
    pub count: u64,
    /// The activity that the example is from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity: Option<i64>,
    /// What the left server says, in the first case.
    pub left: String,
    /// What the right server says, in the first case.
    pub right: String,
}

/// All differences of two answers, except in members whose values are set aside.
pub(super) fn differences(left: &Reply, right: &Reply, set_aside: &[String]) -> Vec<Difference> {
    let mut found = Found { set_aside, ..Found::default() };
    if let (Body::Nothing(_), _) | (_, Body::Nothing(_)) = (&left.body, &right.body) {
        found.add("", Kind::Body, &shown_body(&left.body), &shown_body(&right.body));
        return found.differences;
    }
    if left.status != right.status {
        found.add("HTTP status", Kind::Status, &left.status.to_string(), &right.status.to_string());
    }
    headers(left, right, &mut found);
    match (&left.body, &right.body) {
        (Body::Json(left), Body::Json(right)) => found.value("", left, right),
        (Body::Other(left), Body::Other(right)) if left == right => {}
        (left, right) => found.add("body", Kind::Body, &shown_body(left), &shown_body(right)),
    }
    found.differences
}

fn headers(left: &Reply, right: &Reply, found: &mut Found<'_>) {
    let mut names: Vec<&String> = left.headers.keys().chain(right.headers.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let is_set_aside = HEADERS_SET_ASIDE.contains(&name.as_str());
        match (left.headers.get(name), right.headers.get(name)) {
            _ if is_set_aside => {}
            (Some(left), Some(right)) if left == right => {}
            (Some(left), Some(right)) => found.add(name, Kind::Header, left, right),
            (Some(left), None) => found.add(name, Kind::Header, left, "absent"),
            (None, right) => found.add(name, Kind::Header, "absent", right.map_or("", |v| v)),
        }
    }
}

fn shown_body(body: &Body) -> String {
    match body {
        Body::Json(_) => "JSON".to_owned(),
        Body::Other(text) => text.clone(),
        Body::Nothing(problem) => format!("no answer ({problem})"),
    }
}

#[derive(Default)]
struct Found<'a> {
    differences: Vec<Difference>,
    places: HashMap<(String, Kind), usize>,
    /// The activity that is being compared.
    activity: Option<i64>,
    set_aside: &'a [String],
}

impl Found<'_> {
    fn add(&mut self, path: &str, kind: Kind, left: &str, right: &str) {
        let next = self.differences.len();
        let place = *self.places.entry((path.to_owned(), kind)).or_insert(next);
        if let Some(known) = self.differences.get_mut(place) {
            known.count += 1;
            return;
        }
        let (left, right) = (shorter(left), shorter(right));
        let path = path.to_owned();
        self.differences.push(Difference {
            path,
            kind,
            count: 1,
            activity: self.activity,
            left,
            right,
        });
    }

    fn value(&mut self, path: &str, left: &Json, right: &Json) {
        match (left, right) {
            (Json::Object(left), Json::Object(right)) => self.object(path, left, right),
            (Json::List(left), Json::List(right)) => self.list(path, left, right),
            (Json::Text(left), Json::Text(right)) => self.text(path, left, right),
            (left, right) if left.kind() != right.kind() => {
                let shown = |value: &Json| format!("{}: {value}", value.kind());
                self.add(path, Kind::Type, &shown(left), &shown(right));
            }
            (left, right) if left == right || self.is_set_aside(path) => {}
            (left, right) => self.add(path, Kind::Value, &left.to_string(), &right.to_string()),
        }
    }

    fn text(&mut self, path: &str, left: &str, right: &str) {
        let time = |text: &str| Moment::lower_bound(text).ok();
        let kind = match (time(left), time(right)) {
            _ if left == right => return,
            (Some(_), Some(_)) if self.is_set_aside(path) => {
                match pattern(left) == pattern(right) {
                    true => return,
                    false => Kind::Form,
                }
            }
            _ if self.is_set_aside(path) && left.is_empty() == right.is_empty() => return,
            (Some(one), Some(other)) if one == other => Kind::Form,
            _ => Kind::Value,
        };
        self.add(path, kind, &format!("{left:?}"), &format!("{right:?}"));
    }

    fn is_set_aside(&self, path: &str) -> bool {
        let name = path.rsplit('.').next().unwrap_or(path);
        let mut within = path.split('.').map(|name| name.trim_end_matches("[]"));
        SET_ASIDE.contains(&name) || within.any(|name| self.set_aside.iter().any(|it| it == name))
    }

    fn object(&mut self, path: &str, left: &[(String, Json)], right: &[(String, Json)]) {
        let find = |members: &[(String, Json)], name: &str| {
            members.iter().position(|(other, _)| other == name)
        };
        for (name, value) in left {
            let path = member(path, name);
            match find(right, name) {
                Some(at) => self.value(&path, value, &right[at].1),
                None => self.add(&path, Kind::OnlyLeft, &value.to_string(), "absent"),
            }
        }
        for (name, value) in right {
            if find(left, name).is_none() {
                self.add(&member(path, name), Kind::OnlyRight, "absent", &value.to_string());
            }
        }
        let names = |these: &[(String, Json)], those: &[(String, Json)]| -> Vec<String> {
            let common = these.iter().filter(|(name, _)| find(those, name).is_some());
            common.map(|(name, _)| name.clone()).collect()
        };
        self.order(path, &names(left, right), &names(right, left));
    }

    fn list(&mut self, path: &str, left: &[Json], right: &[Json]) {
        let elements = format!("{path}[]");
        let (lefts, rights) = (keys(left), keys(right));
        let places: HashMap<&String, usize> =
            rights.iter().enumerate().map(|(at, key)| (key, at)).collect();
        for (value, key) in left.iter().zip(&lefts) {
            let Some(at) = places.get(key) else {
                self.add(&elements, Kind::OnlyLeft, &shown_element(value), "absent");
                continue;
            };
            let outer = self.activity;
            self.activity = value.get(name_of::ID).and_then(Json::number).or(outer);
            self.value(&elements, value, &right[*at]);
            self.activity = outer;
        }
        let known: HashSet<&String> = lefts.iter().collect();
        for (value, _) in right.iter().zip(&rights).filter(|(_, key)| !known.contains(key)) {
            self.add(&elements, Kind::OnlyRight, "absent", &shown_element(value));
        }
        let common: HashSet<&String> = rights.iter().filter(|key| known.contains(key)).collect();
        let in_order = |keys: &[String]| -> Vec<String> {
            keys.iter().filter(|key| common.contains(key)).cloned().collect()
        };
        self.order(path, &in_order(&lefts), &in_order(&rights));
    }

    fn order(&mut self, path: &str, left: &[String], right: &[String]) {
        if let Some(first) = left.iter().zip(right).position(|(left, right)| left != right) {
            let shown = |names: &[String]| names[first..].join(", ");
            self.add(path, Kind::Order, &shown(left), &shown(right));
        }
    }
}

/// What an element of a list is recognised by in the other list: an activity by its id, a number or a text
/// by itself, anything else by its place.
fn keys(values: &[Json]) -> Vec<String> {
    let mut seen: HashMap<String, u64> = HashMap::new();
    let keys = values.iter().enumerate().map(|(at, value)| match value {
        Json::Object(_) => match value.get(name_of::ID).and_then(Json::number) {
            Some(id) => id.to_string(),
            None => format!("at {}", at + 1),
        },
        Json::List(_) => format!("at {}", at + 1),
        scalar => scalar.to_string(),
    });
    let nth = |key: String| {
        let count = seen.entry(key.clone()).and_modify(|count| *count += 1).or_insert(1);
        match *count {
            1 => key,
            again => format!("{key} ({again})"),
        }
    };
    keys.map(nth).collect()
}

fn shown_element(value: &Json) -> String {
    match value.get(name_of::ID).and_then(Json::number) {
        Some(id) => format!("activity {id}"),
        None => value.to_string(),
    }
}

fn member(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The form of a time: where it has digits and signs.
fn pattern(time: &str) -> String {
    let pattern = time.chars().map(|c| match c {
        '0'..='9' => '0',
        '-' => '+',
        c => c,
    });
    pattern.collect()
}

fn shorter(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
