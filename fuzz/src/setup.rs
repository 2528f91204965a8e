//! What there is before the first input comes.

use std::sync::Arc;

use domain::{LoginName, Name, OrgId, Role, UserId, Zone};
use service::{Authority, NewUser, Password, Service, Tenant, wait};

/// The password of the admin.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// The organization `demo`, and its admin.
pub(crate) fn organization(service: &Service) -> (Arc<Tenant>, UserId) {
    let name = |name| Name::parse(name).expect("a name");
    let id = OrgId::parse("demo").expect("an id");
    let zone = Zone::parse("America/Chicago").expect("a zone");
    let org = wait(service.add_org(id, name("Acme Relief"), zone)).expect("an organization");
    let user = NewUser { id: Some(UserId(1)), name: name("Ada Byron"), role: Role::Admin };
    let user = wait(service.add_user(Authority::command_line(&org), user, None)).expect("a user");
    (org, user)
}

/// Lets the admin sign in as `ada`.
pub(crate) fn sign_in(service: &Service, org: &Arc<Tenant>, user: UserId) {
    let login = LoginName::parse("ada").expect("a login");
    let password = Password::parse(PASSWORD).expect("a password");
    wait(service.set_login(Authority::command_line(org), user, login, password))
        .expect("they can sign in");
}
