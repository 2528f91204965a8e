//! `account/listActivityStatus`.

use service::Caller;

use crate::answer::{Success, Value};

/// Those that can be chosen: retired ones are left out.
pub(super) fn answer(caller: &Caller) -> Success {
    let live = caller.directory.statuses.values().filter(|status| !status.retired);
    let entry = |status: &domain::Status| {
        // The id as text, as everywhere where a status is named.
        let id = ("id", Value::Text(status.id.to_string()));
        vec![id, ("name", Value::Text(status.name.to_string()))]
    };
    let list = Value::List(api_v1::member::STATUS, live.map(entry).collect());
    Success::default().member("activityStatusList", list)
}
