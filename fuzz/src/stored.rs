//! Documents as the store has them.

use store::{Content, decode, encode};

/// The longest document that is tried.
const BYTES_MAX: usize = 4 << 10;

/// The scanner reads what a JSON parser reads, and nothing else; what can be read can be stored again.
pub fn stored(input: &[u8]) {
    let Ok(json) = std::str::from_utf8(input) else { return };
    if json.len() > BYTES_MAX {
        return;
    }
    let parsed = serde_json::from_str::<Content<'_>>(json);
    let (read, parsed) = match (Content::read(json), parsed) {
        (Ok(read), Ok(parsed)) => (read, parsed),
        (Err(_), Err(_)) => return,
        (read, parsed) => panic!("read as {read:?}, parsed as {parsed:?}"),
    };
    let text = |content: &Content<'_>| serde_json::to_string(content).expect("a content is JSON");
    assert_eq!(text(&read), text(&parsed));
    if let Ok(activity) = read.to_activity() {
        let written = encode(&activity).expect("an activity can be stored");
        assert_eq!(decode(&written).expect("what is stored can be read"), activity);
    }
}
