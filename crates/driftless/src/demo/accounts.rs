//! The accounts of the demo: people and organizations that do not exist.

use std::collections::HashSet;

use domain::{Account, ClientId, Name};

use super::Dice;
use crate::commands::Failure;

/// The number of the first account, and how many there are.
pub(super) const FIRST_ID: i64 = 3_400;
pub(super) const COUNT: i64 = 420;

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

/// Two thirds people, the rest organizations; no name twice.
pub(super) fn made_up() -> Result<Vec<Account>, Failure> {
    let mut dice = Dice(18_730_611);
    let (mut accounts, mut taken) = (Vec::new(), HashSet::new());
    while let Some(id) = (FIRST_ID..FIRST_ID + COUNT).nth(accounts.len()) {
        let last = dice.pick(&LAST_NAMES);
        let name = match dice.below(3) {
            0 => format!("{last} {}", dice.pick(&KINDS)),
            _ => format!("{} {last}", dice.pick(&FIRST_NAMES)),
        };
        if taken.insert(name.clone()) {
            accounts.push(Account { id: ClientId(id), name: Name::parse(&name)? });
        }
    }
    Ok(accounts)
}
