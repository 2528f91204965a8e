//! Digests: equal exactly if the sets are equal, and parts add up to the whole.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;

use domain::{ActivityId, Fingerprint, Mirrored, MirroredField, Priority, SetDigest, Stamp};
use proptest::prelude::*;

/// An activity with memory of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    texts: [String; 3],
    names: [Option<String>; 2],
    times: [i64; 2],
    optional_times: [Option<i64>; 2],
    numbers: [Option<i64>; 2],
    status: i64,
    priority: Priority,
    fields: Vec<(String, Option<String>, Option<String>)>,
}

impl Kept {
    fn mirrored(&self, id: i64) -> Mirrored<'_> {
        let time = Stamp::from_millis;
        Mirrored {
            id: ActivityId(id),
            subject: &self.texts[0],
            note: &self.texts[1],
            start: time(self.times[0]),
            end: self.optional_times[0].map(time),
            client: self.numbers[0],
            system_user: self.numbers[1],
            status: self.status,
            status_name: &self.texts[2],
            priority: self.priority,
            created: Some(time(self.times[1])),
            created_by: self.names[0].as_deref(),
            modified: self.optional_times[1].map(time),
            modified_by: self.names[1].as_deref(),
            custom_fields: self
                .fields
                .iter()
                .map(|(field_id, value, option_id)| MirroredField {
                    field_id,
                    value: value.as_deref(),
                    option_id: option_id.as_deref(),
                })
                .collect(),
        }
    }
}

type Set = BTreeMap<i64, Kept>;

fn digest<'a>(set: impl IntoIterator<Item = (&'a i64, &'a Kept)>) -> SetDigest {
    let mut digest = SetDigest::default();
    set.into_iter().for_each(|(id, kept)| digest += kept.mirrored(*id).fingerprint());
    digest
}

/// Few values, so that two of them are often equal, or differ in one place.
fn kept() -> impl Strategy<Value = Kept> {
    let text =
        || prop::sample::select(vec!["", "a", "ab", "b", "\u{1}", "ä"]).prop_map(str::to_owned);
    let number = || prop::sample::select(vec![0, 1, 256, -1]);
    let field = (text(), prop::option::of(text()), prop::option::of(text()));
    (
        [text(), text(), text()],
        [prop::option::of(text()), prop::option::of(text())],
        [number(), number()],
        [prop::option::of(number()), prop::option::of(number())],
        [prop::option::of(number()), prop::option::of(number())],
        number(),
        prop::sample::select(Priority::ALL.to_vec()),
        prop::collection::vec(field, 0..3),
    )
        .prop_map(
            |(texts, names, times, optional_times, numbers, status, priority, fields)| Kept {
                texts,
                names,
                times,
                optional_times,
                numbers,
                status,
                priority,
                fields,
            },
        )
}

fn set() -> impl Strategy<Value = Set> {
    prop::collection::btree_map(1..6_i64, kept(), 0..4)
}

/// A set, and another one that often differs in little or nothing.
fn two_sets() -> impl Strategy<Value = (Set, Set)> {
    (set(), set(), any::<u8>()).prop_map(|(one, mut other, choice)| {
        for (id, kept) in &one {
            if choice & (1 << id) != 0 {
                other.insert(*id, kept.clone());
            }
        }
        if choice & 1 != 0 {
            other.retain(|id, _| one.contains_key(id));
        }
        (one, other)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn digests_are_equal_exactly_if_the_sets_are((one, other) in two_sets()) {
        prop_assert_eq!(digest(&one) == digest(&other), one == other);
        prop_assert_eq!(digest(&one), digest(one.iter().rev()), "the order does not matter");
    }

    #[test]
    fn two_activities_that_differ_have_different_fingerprints(one in kept(), other in kept()) {
        let fingerprints = [&one, &other].map(|kept| kept.mirrored(1).fingerprint());
        prop_assert_eq!(fingerprints[0] == fingerprints[1], one == other);
    }

    #[test]
    fn parts_add_up_to_the_whole(whole in set(), cut in 0..7_i64) {
        let mut sum = digest(whole.range(..cut));
        sum += digest(whole.range(cut..));
        prop_assert_eq!(sum, digest(&whole));
    }

    #[test]
    fn what_is_written_is_read(set in set()) {
        let digest = digest(&set);
        prop_assert_eq!(SetDigest::parse(digest.count, &digest.hash()), Some(digest));
    }
}

#[test]
fn sums_carry_over_and_wrap() {
    let parse = |hash: &str| SetDigest::parse(1, hash).unwrap();
    let mut sum = parse(&"f".repeat(64));
    sum += parse(&format!("{:064x}", 2));
    assert_eq!((sum.count, sum.hash()), (2, format!("{:064x}", 1)));
    let mut sum = parse(&format!("{}{}", "0".repeat(32), "f".repeat(32)));
    sum += parse(&format!("{:064x}", 1));
    assert_eq!(sum.hash(), format!("{}1{}", "0".repeat(31), "0".repeat(32)));
}

#[test]
fn what_is_no_hash_is_not_read() {
    for text in ["", "1", &"g".repeat(64), &"ä".repeat(32), &"+".repeat(64)] {
        assert_eq!(SetDigest::parse(1, text), None, "{text}");
    }
}

#[test]
fn what_is_there_twice_is_not_cancelled() {
    let mut twice = SetDigest::default();
    twice += Fingerprint::of_removal(ActivityId(1));
    twice += Fingerprint::of_removal(ActivityId(1));
    assert_ne!(twice.hash(), SetDigest::default().hash());
}

/// The form that the documents describe, so that others can compute it.
#[test]
fn a_fingerprint_is_the_sha_256_of_the_members() {
    let kept = Kept {
        texts: ["Call", "", "Done"].map(str::to_owned),
        names: [Some("Ada".to_owned()), None],
        times: [1_000, 2_000],
        optional_times: [None, Some(3_000)],
        numbers: [Some(7), None],
        status: 4,
        priority: Priority::High,
        fields: vec![("81".to_owned(), Some("Blue".to_owned()), None)],
    };
    let mut digest = SetDigest::default();
    digest += kept.mirrored(12).fingerprint();
    // By another program.
    assert_eq!(digest.hash(), "433d5f8b76f5fb416e68b38b5085076a9f7ebc786a638edef185cb337b186b4d");
}
