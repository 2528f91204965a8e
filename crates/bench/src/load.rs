//! The load: wrk, whose own work takes little of the machine. What became of the requests, the
//! server's metrics say.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::Outcome;
use crate::client::Client;

/// Gives one of the activities, drawn at random, a subject that it has never had.
const UPDATES: &str = r#"
local path, activities, session = "/neonws/services/api/account/updateActivity", %ACTIVITIES%, "%SESSION%"
local n = 0
request = function()
  n = n + 1
  return wrk.format("GET", path .. "?userSessionId=" .. session ..
    "&activity.activityId=" .. math.random(activities) ..
    "&activity.subject=Call%20" .. n .. "%20" .. math.random(1000000))
end
"#;

/// Updates a second of so many clients at once, each on a connection that is kept. Activities 1 to
/// `activities` are there.
pub(crate) fn updates_per_second(
    client: &Client,
    folder: &Path,
    activities: u32,
    clients: u32,
    during: Duration,
) -> Outcome<f64> {
    let script = folder.join("updates.lua");
    let text = UPDATES
        .replace("%ACTIVITIES%", &activities.to_string())
        .replace("%SESSION%", client.session());
    std::fs::write(&script, text)?;
    let before = client.updates_that_succeeded()?;
    let mut wrk = Command::new("wrk");
    wrk.arg("-t1").arg(format!("-c{clients}")).arg(format!("-d{}s", during.as_secs()));
    wrk.arg("-s").arg(&script).arg(client.base());
    let output = wrk.output().map_err(|e| format!("wrk: {e}; Debian has it as package wrk"))?;
    let told = String::from_utf8_lossy(&output.stdout);
    let requests = told.lines().find_map(requests_and_seconds);
    let (requests, seconds) = requests.ok_or_else(|| format!("wrk said {told}"))?;
    let succeeded = client.updates_that_succeeded()? - before;
    // wrk leaves without the answers to its last requests.
    if succeeded < requests {
        return Err(format!("of {requests} updates, only {succeeded} succeeded").into());
    }
    Ok(requests as f64 / seconds)
}

/// Reads `  52354 requests in 4.01s, 12.82MB read`.
fn requests_and_seconds(line: &str) -> Option<(u64, f64)> {
    let (requests, rest) = line.trim().split_once(" requests in ")?;
    let seconds = rest.split_once("s,")?.0;
    Some((requests.parse().ok()?, seconds.parse().ok()?))
}
