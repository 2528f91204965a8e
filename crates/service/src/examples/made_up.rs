//! What examples and the demo are made of: people, accounts and activities that do not exist.

use std::collections::HashSet;

use domain::{Name, Priority, Stamp, TextError, Zone};

const SUBJECTS: [(&str, &[&str]); 6] = [
    (
        "Call",
        &[
            "to thank for the spring gift",
            "about the pledge balance",
            "to confirm the visit",
            "back about volunteering",
        ],
    ),
    (
        "Meet",
        &[
            "over coffee about a major gift",
            "with the board treasurer",
            "about the gala seating",
            "at the food bank",
        ],
    ),
    (
        "Send",
        &["the tax receipt again", "the annual report", "a birthday card", "the grant budget"],
    ),
    (
        "Follow up",
        &[
            "on the lapsed membership",
            "after the open house",
            "on the matching gift form",
            "on the bounced email",
        ],
    ),
    (
        "Prepare",
        &[
            "the grant report",
            "the donor wall proof",
            "talking points for the visit",
            "name badges",
        ],
    ),
    (
        "Check",
        &[
            "the new mailing address",
            "the employer match",
            "that the pledge payment has cleared",
            "the seating request",
        ],
    ),
];

const NOTES: [&str; 6] = [
    "",
    "",
    "Prefers mornings; do not call on Fridays.",
    "Left a message with the assistant.",
    "Asked to be taken off the phone list; mail is fine.",
    "Spoke for ten minutes.\nWants to hear more about the kitchen project before deciding.",
];

const PRIORITIES: [Priority; 5] =
    [Priority::Low, Priority::Normal, Priority::Normal, Priority::Normal, Priority::High];

const FIRST_NAMES: [&str; 28] = [
    "Amara", "Anton", "Beatriz", "Calvin", "Chidi", "Dolores", "Elif", "Esther", "Farid", "Grace",
    "Hana", "Ignacio", "Imani", "Joy", "Kwame", "Leah", "Mateo", "Naomi", "Olga", "Paulo", "Quinn",
    "Rosa", "Samuel", "Tamsin", "Viktor", "Wanda", "Yusuf", "Zora",
];

const LAST_NAMES: [&str; 28] = [
    "Abara",
    "Bergstrom",
    "Castellano",
    "Delacroix",
    "Eriksen",
    "Fairweather",
    "Garza",
    "Haddad",
    "Iwasaki",
    "Jankowski",
    "Kowalczyk",
    "Larkin",
    "Mbeki",
    "Novak",
    "Oyelaran",
    "Petrakis",
    "Quiroga",
    "Rasmussen",
    "Santangelo",
    "Thibodeaux",
    "Underhill",
    "Vasquez",
    "Whitlock",
    "Xiong",
    "Yamamoto",
    "Zielinski",
    "O'Hanlon",
    "Müller-Reyes",
];

/// What follows a last name in an organization's.
const KINDS: [&str; 12] = [
    "Foundation",
    "Family Trust",
    "Bakery",
    "& Daughters",
    "Print Shop",
    "Hardware",
    "Law Offices",
    "Books",
    "Community Fund",
    "Brewing Company",
    "Elementary School",
    "Dental Group",
];

/// The greatest number of different names that [`account_names`] is asked for.
pub const ACCOUNT_NAMES_MAX: usize = 420;

/// The names of accounts, always the same: two thirds people, the rest organizations; no name twice. At most
/// [`ACCOUNT_NAMES_MAX`].
///
/// # Errors
/// Never: each is a name.
pub fn account_names(count: usize) -> Result<Vec<Name>, TextError> {
    let mut dice = Dice::new(18_730_611);
    let (mut names, mut taken) = (Vec::new(), HashSet::new());
    while names.len() < count.min(ACCOUNT_NAMES_MAX) {
        let last = dice.pick(&LAST_NAMES);
        let name = match dice.below(3) {
            0 => format!("{last} {}", dice.pick(&KINDS)),
            _ => format!("{} {last}", dice.pick(&FIRST_NAMES)),
        };
        if taken.insert(name.clone()) {
            names.push(Name::parse(&name)?);
        }
    }
    Ok(names)
}

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// This many days from that of `now`, and this many minutes after midnight, in the time zone.
#[must_use]
pub fn on_day(zone: &Zone, now: Stamp, days: i64, minutes: i64) -> Stamp {
    let offset_ms = i64::from(zone.at(now).offset_seconds) * 1_000;
    let today = now.plus_millis(offset_ms).millis().div_euclid(DAY_MS);
    zone.instant_of(Stamp::from_millis((today + days) * DAY_MS + minutes * MINUTE_MS))
}

/// Numbers that look thrown and are the same every time (SplitMix64).
pub struct Dice(u64);

impl Dice {
    /// Dice that throw what others of this seed throw.
    #[must_use]
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `bound` − 1; 0 where there is none.
    pub fn below(&mut self, bound: i64) -> i64 {
        let bound = u64::try_from(bound).unwrap_or(0).max(1);
        i64::try_from(self.throw() % bound).unwrap_or(0)
    }

    /// One of several.
    ///
    /// # Panics
    /// When there is none.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let last = i64::try_from(from.len()).unwrap_or(i64::MAX);
        &from[usize::try_from(self.below(last)).unwrap_or(0)]
    }

    /// What an activity is about: `Call about the pledge balance`.
    pub fn subject(&mut self) -> String {
        let (verb, rests) = self.pick(&SUBJECTS);
        format!("{verb} {}", self.pick(rests))
    }

    /// A note, often none.
    pub fn note(&mut self) -> &'static str {
        let note: &&str = self.pick(&NOTES);
        note
    }

    /// How urgent an activity is: mostly normal.
    pub fn priority(&mut self) -> Priority {
        *self.pick(&PRIORITIES)
    }
}
