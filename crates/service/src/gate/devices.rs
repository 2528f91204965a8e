//! Device cookies: what tells a browser in which someone has signed in before from strangers, so that strangers
//! who guess a password lock out no one but themselves.
//!
//! After OWASP's “Slow Down Online Guessing Attacks with Device Cookies”. A cookie opens nothing. It holds a random
//! number for each login name that has been used in the browser, signed with a key that only the server has. The
//! names are not in it.

use domain::{LoginName, OrgId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use store::DeviceKey;

use crate::base::secret;

/// Names that a browser is known for; the one used longest ago makes room.
const NAMES_MAX: usize = 8;

/// Bytes of a signature; it is written as twice as many hex digits, after as many of the random number.
const SIGNATURE_BYTES: usize = 16;

/// The hex digits of a random number.
const NUMBER_DIGITS: usize = 2 * secret::SECRET_BYTES;

const ENTRY_DIGITS: usize = NUMBER_DIGITS + 2 * SIGNATURE_BYTES;

/// Separates entries.
const SEPARATOR: char = '.';

/// An organization and a login name as someone types them, in the one form in which attempts are counted. There
/// need not be such a person.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct TypedName(String);

impl TypedName {
    pub(crate) fn of(org: &str, login: &str) -> TypedName {
        let org =
            OrgId::parse(org).map_or_else(|_| org.trim().to_lowercase(), |org| org.to_string());
        let login = LoginName::parse(login)
            .map_or_else(|_| login.trim().to_lowercase(), |login| login.to_string());
        // An organization's id has no slash.
        TypedName(format!("{org}/{login}"))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The random number by which the browser with this cookie is known for the name; none if it is not.
pub(crate) fn known(key: &DeviceKey, cookie: &str, name: &TypedName) -> Option<String> {
    entries(cookie)
        .find(|entry| is_of(key, entry, name))
        .map(|entry| entry[..NUMBER_DIGITS].to_owned())
}

/// The cookie with another random number for the name, which comes first.
pub(crate) fn renewed(key: &DeviceKey, cookie: &str, name: &TypedName, number: &str) -> String {
    let own = signature(key, number, name).into_bytes();
    let signed = own.iter().take(SIGNATURE_BYTES).map(|byte| format!("{byte:02x}"));
    let mut cookie_now = number.to_owned();
    cookie_now.extend(signed);
    let others = entries(cookie).filter(|entry| !is_of(key, entry, name));
    for entry in others.take(NAMES_MAX - 1) {
        cookie_now.push(SEPARATOR);
        cookie_now.push_str(entry);
    }
    cookie_now
}

/// Those that look like entries. A browser can send anything.
fn entries(cookie: &str) -> impl Iterator<Item = &str> {
    let is_entry = |entry: &&str| {
        entry.len() == ENTRY_DIGITS && entry.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    cookie.split(SEPARATOR).take(NAMES_MAX).filter(is_entry)
}

fn is_of(key: &DeviceKey, entry: &str, name: &TypedName) -> bool {
    let (number, signed) = entry.split_at(NUMBER_DIGITS);
    let byte = |at: usize| u8::from_str_radix(signed.get(at..at + 2)?, 16).ok();
    let signed: Option<Vec<u8>> = (0..SIGNATURE_BYTES).map(|at| byte(2 * at)).collect();
    // In constant time.
    signed.is_some_and(|signed| mac(key, number, name).verify_truncated_left(&signed).is_ok())
}

fn signature(
    key: &DeviceKey,
    number: &str,
    name: &TypedName,
) -> hmac::digest::CtOutput<Hmac<Sha256>> {
    mac(key, number, name).finalize()
}

fn mac(DeviceKey(key): &DeviceKey, number: &str, name: &TypedName) -> Hmac<Sha256> {
    // HMAC fills a key with zeros up to its block.
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    // The number has a fixed length.
    mac.update(b"device");
    mac.update(number.as_bytes());
    mac.update(name.as_str().as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: DeviceKey = DeviceKey([7; 32]);

    fn number(n: usize) -> String {
        format!("{n:032x}")
    }

    #[test]
    fn a_cookie_is_known_for_its_names_and_no_others() {
        let (ada, ed) = (TypedName::of("acme", "ada"), TypedName::of("acme", "ed"));
        let cookie = renewed(&KEY, "", &ada, &number(1));
        assert_eq!(known(&KEY, &cookie, &TypedName::of(" acme ", " ADA")), Some(number(1)));
        assert_eq!(known(&KEY, &cookie, &ed), None);
        assert_eq!(known(&KEY, &cookie, &TypedName::of("beta", "ada")), None);
        assert_eq!(known(&DeviceKey([8; 32]), &cookie, &ada), None, "signed with another key");
        let both = renewed(&KEY, &cookie, &ed, &number(2));
        assert_eq!(known(&KEY, &both, &ada), Some(number(1)));
        assert_eq!(known(&KEY, &both, &ed), Some(number(2)));
        let again = renewed(&KEY, &both, &ada, &number(3));
        assert_eq!((again.len(), known(&KEY, &again, &ada)), (both.len(), Some(number(3))));
    }

    #[test]
    fn whatever_a_browser_sends_is_taken_apart_and_stays_short() {
        let ada = TypedName::of("acme", "ada");
        let cookie = renewed(&KEY, "", &ada, &number(1));
        let forged = cookie.replacen('1', "2", 1);
        for wrong in ["", ".", "é", &cookie[1..], &forged, &"0".repeat(64), &".".repeat(9_000)] {
            assert_eq!(known(&KEY, wrong, &ada), None, "{wrong}");
        }
        let many = (0..100).fold(String::new(), |cookie, n| {
            renewed(&KEY, &cookie, &TypedName::of("acme", &format!("u{n}")), &number(n))
        });
        assert_eq!(entries(&many).count(), NAMES_MAX);
        assert_eq!(known(&KEY, &many, &TypedName::of("acme", "u99")), Some(number(99)));
        assert_eq!(known(&KEY, &many, &TypedName::of("acme", "u91")), None);
    }
}
