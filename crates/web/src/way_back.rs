//! The way back from an activity to the list that it was opened from.

use axum::http::{HeaderMap, header};

use crate::Web;
use crate::fields::{Fields, local};

/// The pages that lead to an activity and back.
const LISTS: [&str; 6] = ["/", "/activities", "/accounts", "/bin", "/changes", "/integrations"];

/// The list that a person came from: what the address says (`back`), else what the browser says, else the list of
/// all activities.
pub(crate) fn way_back(web: &Web, headers: &HeaderMap, query: &Fields) -> String {
    if let Some(back) = local(query.get("back")) {
        return back.to_owned();
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let referer = text(header::REFERER).and_then(|referer| Some(referer.split_once("://")?.1));
    let came_from = referer.zip(text(header::HOST)).and_then(|(referer, host)| {
        let base_path = web.settings.base_path.to_string();
        local(referer.strip_prefix(host)?.strip_prefix(&base_path)?)
    });
    let is_list = |address: &&str| {
        let path = address.split(['?', '#']).next().unwrap_or_default();
        LISTS.contains(&path) || path.starts_with("/accounts/")
    };
    came_from.filter(is_list).unwrap_or("/activities").to_owned()
}
