//! The order in which people look for names and subjects.

use std::sync::LazyLock;

use icu_collator::options::{CollatorOptions, Strength};
use icu_collator::preferences::CollationNumericOrdering;
use icu_collator::{Collator, CollatorBorrowed, CollatorPreferences};

/// That of no language in particular. Case does not count, and `Call 2` comes before `Call 10`.
static ALPHABET: LazyLock<Option<CollatorBorrowed<'static>>> = LazyLock::new(|| {
    let mut preferences = CollatorPreferences::default();
    preferences.numeric_ordering = Some(CollationNumericOrdering::True);
    let mut options = CollatorOptions::default();
    options.strength = Some(Strength::Secondary);
    Collator::try_new(preferences, options).ok()
});

/// What a text is sorted by where people read the list: bytes that are in the order of the texts, by the
/// root collation of Unicode. Those of two texts are the same if they differ in case alone.
///
/// ```
/// let mut names = ["zoo", "Østrup", "Call 10", "Äpfel", "call 2", "Olsen", "Apple"];
/// names.sort_by_cached_key(|name| service::place(name));
/// assert_eq!(names, ["Äpfel", "Apple", "call 2", "Call 10", "Olsen", "Østrup", "zoo"]);
/// ```
#[must_use]
pub fn place(text: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(text.len() + 8);
    match &*ALPHABET {
        Some(alphabet) => {
            let Ok(()) = alphabet.write_sort_key_to(text, &mut key);
        }
        // Its data is compiled in, so that it is always there.
        None => key.extend_from_slice(text.to_lowercase().as_bytes()),
    }
    key
}
