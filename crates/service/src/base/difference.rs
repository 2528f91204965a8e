//! How two contents of an activity differ, as text for people.

use std::borrow::Cow;

use domain::{Activity, Member, Value};

/// A member that a change touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which one.
    pub member: Member,
    /// Its value before; none if it was absent.
    pub before: Option<String>,
    /// Its value after; none if it is absent.
    pub after: Option<String>,
}

/// The members in which two contents differ, in the order of a record. A removal differs in none: it says all by itself.
pub(crate) fn differences(before: Option<&Activity>, after: Option<&Activity>) -> Vec<Difference> {
    let Some(after) = after else { return Vec::new() };
    let shown = |value: Value<'_>| value.shown().map(Cow::into_owned);
    let differing = Member::content().filter_map(|member| {
        let before = before.map_or(Value::Absent, |before| before.value(member));
        let (before, after) = (shown(before), shown(after.value(member)));
        (before != after).then_some(Difference { member, before, after })
    });
    differing.collect()
}
