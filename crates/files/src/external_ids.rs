//! Ids that activities have in other systems.
//!
//! A system writes an id in several forms, and the ids of two systems may be alike. So one is kept in one form,
//! with the system in front: `salesforce:00T5e00001ABCdeEAH`, `civicrm:512`.

use domain::{ExternalId, ID_MAX};

use super::numbers;

/// A system whose ids are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum System {
    Salesforce,
    Dynamics,
    CiviCrm,
    HubSpot,
}

impl System {
    /// What people call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            System::Salesforce => "Salesforce",
            System::Dynamics => "Dynamics 365",
            System::CiviCrm => "CiviCRM",
            System::HubSpot => "HubSpot",
        }
    }

    /// What an id of it looks like, in words.
    pub(super) fn expected(self) -> &'static str {
        match self {
            System::Salesforce => "an id of Salesforce, of 15 or 18 letters and digits",
            System::Dynamics => "an id like 3f2504e0-4f89-11d3-9a0c-0305e82c3301",
            System::CiviCrm | System::HubSpot => "a whole number",
        }
    }

    /// The id that is written like this, in the form in which it is kept.
    pub(super) fn read(self, text: &str) -> Option<ExternalId> {
        let text = text.trim().trim_start_matches('\'');
        let (system, id) = match self {
            System::Salesforce => ("salesforce", salesforce(text)?),
            System::Dynamics => ("dynamics", guid(text)?),
            System::CiviCrm => ("civicrm", number(text)?),
            System::HubSpot => ("hubspot", number(text)?),
        };
        ExternalId::parse(&format!("{system}:{id}")).ok()
    }
}

/// An id of 15 characters, and the same with three more that say which of its letters are capitals, so that
/// it can be told apart where case does not count. Reports have the short one, exports the long one.
fn salesforce(text: &str) -> Option<String> {
    const SHORT: usize = 15;
    const LONG: usize = 18;
    if !matches!(text.len(), SHORT | LONG) || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let (short, suffix) = text.split_at(SHORT);
    let expected = capitals(short.as_bytes())?;
    (suffix.is_empty() || suffix.eq_ignore_ascii_case(&expected))
        .then(|| format!("{short}{expected}"))
}

/// Five letters make one character, the first of them its lowest bit.
fn capitals(short: &[u8]) -> Option<String> {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
    let suffix = short.chunks(5).map(|letters| {
        let bits = letters
            .iter()
            .rev()
            .fold(0, |bits, letter| (bits << 1) | usize::from(letter.is_ascii_uppercase()));
        ALPHABET.get(bits).copied().map(char::from)
    });
    suffix.collect()
}

/// Any case, with or without braces.
fn guid(text: &str) -> Option<String> {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
    let groups: Vec<&str> = inner.split('-').collect();
    let is_hex = |group: &&str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    let fits = groups.iter().map(|group| group.len()).eq(GROUPS) && groups.iter().all(is_hex);
    fits.then(|| inner.to_ascii_lowercase())
}

/// A number that no program has rounded.
fn number(text: &str) -> Option<String> {
    let number = numbers::whole(text).ok()?;
    (1..=ID_MAX).contains(&number).then(|| number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(system: System, text: &str, expected: Option<&str>) {
        let read = system.read(text);
        assert_eq!(read.as_ref().map(ExternalId::as_str), expected, "{text:?}");
    }

    #[test]
    fn every_form_of_an_id_is_kept_as_one() {
        let salesforce = Some("salesforce:00T3k00000AbCdEEAV");
        for text in ["00T3k00000AbCdE", "00T3k00000AbCdEEAV", " 00T3k00000AbCdEeav "] {
            check(System::Salesforce, text, salesforce);
        }
        let dynamics = Some("dynamics:3f2504e0-4f89-11d3-9a0c-0305e82c3301");
        for text in [
            "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
            "3F2504E0-4F89-11D3-9A0C-0305E82C3301",
            "{3F2504E0-4F89-11d3-9A0C-0305E82C3301}",
        ] {
            check(System::Dynamics, text, dynamics);
        }
        for text in ["14771947458", "14771947458.0", "'14771947458", "1.4771947458E+10"] {
            check(System::HubSpot, text, Some("hubspot:14771947458"));
        }
        check(System::CiviCrm, "512", Some("civicrm:512"));
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in
            ["", "00T3k00000AbCd", "00T3k00000AbCdEAAA", "00T3k00000AbCd-", "é0T3k00000AbCd"]
        {
            check(System::Salesforce, text, None);
        }
        for text in
            ["{3f2504e0-4f89-11d3-9a0c-0305e82c3301", "3f2504e04f8911d39a0c0305e82c3301", "-"]
        {
            check(System::Dynamics, text, None);
        }
        for text in ["0", "-5", "1.47719E+11", "99999999999999999999", "five"] {
            check(System::HubSpot, text, None);
        }
    }
}
