//! `account/listActivityStatus`.

use serde::Serialize;
use service::Caller;

use crate::envelope::Success;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusList {
    activity_status: Vec<StatusEntry>,
}

#[derive(Serialize)]
struct StatusEntry {
    /// Text, as everywhere where a status is named.
    id: String,
    name: String,
}

/// Those that can be chosen: retired ones are left out.
pub(super) fn answer(caller: &Caller) -> Success {
    let live = caller.directory.statuses.values().filter(|status| !status.retired);
    let entry = |status: &domain::Status| StatusEntry {
        id: status.id.to_string(),
        name: status.name.to_string(),
    };
    let list = StatusList { activity_status: live.map(entry).collect() };
    Success::default().member("activityStatusList", list)
}
