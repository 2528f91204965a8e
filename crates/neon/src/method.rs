//! The methods, told apart by the path.

use std::borrow::Cow;

use api_v1::{method, root};
use percent_encoding::percent_decode_str;

/// A method of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Login,
    Logout,
    Sync,
    Create,
    Update,
    Remove,
    Retrieve,
    ListStatus,
    Digest,
}

/// Path below [`BASE_PATH`](crate::BASE_PATH), and the root member of the answer. The vendor's page
/// for creating is called «Create Activity», its SOAP operation `addActivity`: both are served, and
/// each is answered under the name that was used.
const TABLE: [(&str, &str, Method); 10] = [
    (method::LOGIN, root::LOGIN, Method::Login),
    (method::LOGOUT, "logoutResponse", Method::Logout),
    (method::SYNC, root::SYNC, Method::Sync),
    (method::CREATE, "createActivityResponse", Method::Create),
    (method::ADD, "addActivityResponse", Method::Create),
    (method::UPDATE, "updateActivityResponse", Method::Update),
    (method::REMOVE, "removeActivityResponse", Method::Remove),
    (method::RETRIEVE, root::RETRIEVE, Method::Retrieve),
    (method::LIST_STATUS, "listActivityStatusResponse", Method::ListStatus),
    (method::DIGEST, root::DIGEST, Method::Digest),
];

/// What a path leads to: the method, if there is one, and the root member of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The method's path, for the log; none where the path is unknown: it may hold anything, a
    /// secret in the wrong place included.
    pub(crate) name: Option<&'static str>,
    pub(crate) method: Option<Method>,
    pub(crate) root: Cow<'static, str>,
}

impl Target {
    /// Looks up a path below the API's, percent-encoded or not; its case does not count, nor do
    /// extra slashes.
    pub(crate) fn of(path: &str) -> Target {
        if let Some(known) = path.strip_prefix('/').and_then(|path| find(|name| name == path)) {
            return known;
        }
        let path = percent_decode_str(path).decode_utf8_lossy();
        let path = path.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
        let unknown = || Target { name: None, method: None, root: unknown_root(&path).into() };
        find(|name| name.eq_ignore_ascii_case(&path)).unwrap_or_else(unknown)
    }
}

/// The method whose path passes.
fn find(passes: impl Fn(&str) -> bool) -> Option<Target> {
    let (name, root, method) = TABLE.iter().find(|(name, _, _)| passes(name))?;
    Some(Target { name: Some(name), method: Some(*method), root: Cow::Borrowed(root) })
}

/// A JavaScript client looks for the method's name with `Response` behind it, also when it fails.
fn unknown_root(path: &str) -> String {
    const NAME_CHARS_MAX: usize = 64;
    let name = path.rsplit('/').next().unwrap_or_default();
    let plain = !name.is_empty()
        && name.len() <= NAME_CHARS_MAX
        && name.bytes().all(|b| b.is_ascii_alphanumeric());
    if plain { format!("{name}Response") } else { "errorResponse".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_methods() {
        let check = |path: &str, method: Option<Method>, root: &str| {
            let target = Target::of(path);
            assert_eq!((target.method, target.root.as_ref()), (method, root), "{path}");
        };
        check("account/syncActivities", Some(Method::Sync), "syncActivitiesResponse");
        check("ACCOUNT/syncactivities/", Some(Method::Sync), "syncActivitiesResponse");
        check("//account///syncActivities", Some(Method::Sync), "syncActivitiesResponse");
        check("account%2Fsync%41ctivities", Some(Method::Sync), "syncActivitiesResponse");
        check("account%252FsyncActivities", None, "errorResponse");
        check("account%2FlistDonations", None, "listDonationsResponse");
        check("account/syncActivities%00%FF%", None, "errorResponse");
        check("account/addActivity", Some(Method::Create), "addActivityResponse");
        check("common/syncActivities", None, "syncActivitiesResponse");
        check("account/listDonations", None, "listDonationsResponse");
        check("", None, "errorResponse");
        check("account/<script>", None, "errorResponse");
    }
}
