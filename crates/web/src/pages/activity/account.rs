//! Adds an account together with an activity, by typing its name where an account is chosen.

use domain::{Member, Name};
use maud::{Markup, html};

use super::Names;
use super::content::{self, Typed, field};
use crate::fields::Fields;
use crate::form::Wrong;
use crate::pages::names::accounts_named;
use crate::{Problem, SignedIn, Web};

/// The field with the name of the account to add.
const ADD: &str = "add_account";

/// Adds the account that the form asks for, if the form has no other errors; the form then names it.
pub(super) async fn add_if_asked(
    web: &Web,
    who: &SignedIn,
    names: &Names,
    fields: &Fields,
    typed: &mut Typed,
    is_right: impl FnOnce(&Typed) -> bool,
) -> Result<(), Problem> {
    let name = typed.get(Member::Client).trim().to_owned();
    let is_asked = !name.is_empty() && fields.all(ADD).any(|asked| asked.trim() == name);
    let (true, Ok(name)) = (is_asked, Name::parse(&name)) else { return Ok(()) };
    let mut any = typed.clone();
    any.set(Member::Client, "(1)");
    if !is_right(&any) {
        return Ok(());
    }
    // If it was clicked twice, or someone else was faster, the account already exists.
    let id = web.service.account_named(&who.person, name).await?;
    typed.set(Member::Client, names.account(id));
    Ok(())
}

/// Offers to add an account whose name was not found.
pub(super) fn offer(typed: &Typed, wrong: &Wrong) -> Markup {
    let name = typed.get(Member::Client).trim();
    let is_name = Name::parse(name).is_ok() && !name.bytes().all(|b| b.is_ascii_digit());
    html! {
        @if wrong.has(field(Member::Client)) && is_name {
            label.check {
                input type="checkbox" name=(ADD) value=(name);
                "Add “" (name) "” as a new account"
            }
        }
    }
}

/// Whether the form has no errors, where the account is named exactly.
pub(super) fn is_right(typed: &Typed, base: Option<&domain::Activity>, names: &Names) -> bool {
    let meant = accounts_named(&names.tenant, typed.get(Member::Client).trim());
    content::parse(typed, base, names, &meant, &mut Wrong::default()).is_some()
}
