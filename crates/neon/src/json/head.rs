//! What every answer begins with.

use api_v1::answer;
use domain::{Stamp, Zone};

use super::output::HEAD_BYTES_MAX;
use super::write_json;

/// What every answer begins with, and the zone in which times of the server are shown.
#[derive(Clone, Copy)]
pub(crate) struct Head<'a> {
    /// The root member's name.
    pub(crate) root: &'a str,
    /// The horizon, as far as one is known.
    pub(crate) horizon: Stamp,
    pub(crate) zone: &'a Zone,
}

impl Head<'_> {
    /// The head as JSON, up to the method's own members.
    pub(super) fn print(self, result: &str, message: Option<&str>) -> Vec<u8> {
        let mut head = Vec::with_capacity(HEAD_BYTES_MAX);
        head.push(b'{');
        write_json(&self.root, &mut head);
        head.extend_from_slice(b":{");
        write_member(answer::RESULT, result, &mut head);
        if let Some(message) = message {
            head.push(b',');
            write_member(answer::MESSAGE, message, &mut head);
        }
        head.push(b',');
        write_member(answer::RESPONDED, self.zone.at(self.horizon).text().as_str(), &mut head);
        head
    }
}

fn write_member(name: &str, value: &str, out: &mut Vec<u8>) {
    super::write_name(name, out);
    write_json(&value, out);
}
