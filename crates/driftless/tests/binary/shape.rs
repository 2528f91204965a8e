//! Takes out of a text what differs from run to run. Only what has exactly the shape that it should
//! have is taken out; anything else stays, so that the snapshot fails.

/// The text with secrets and times named by their shape.
pub(crate) fn out(text: &str) -> String {
    let mut shaped = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let len = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(len);
        shaped.push_str(name(word));
        let len = tail.find(is_part).unwrap_or(tail.len());
        shaped.push_str(&tail[..len]);
        rest = &tail[len..];
    }
    shaped
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-:.+".contains(c)
}

fn name(word: &str) -> &str {
    if is_secret(word) {
        "[secret]"
    } else if is_recent(word) {
        "[now]"
    } else if is_address(word) {
        "[address]"
    } else {
        word
    }
}

/// 32 lower-case hexadecimal digits: an API key, or a session.
pub(crate) fn is_secret(word: &str) -> bool {
    word.len() == 32 && word.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// A time as it is shown, to the millisecond and with its offset, and later than any that the files
/// of these tests name.
pub(crate) fn is_recent(word: &str) -> bool {
    const SHAPE: &str = "2ddd-dd-ddTdd:dd:dd.ddd+dd:dd";
    let word = word.strip_suffix('Z').map_or(word.to_owned(), |time| format!("{time}+00:00"));
    let fits = |(b, shape)| match shape {
        b'd' => u8::is_ascii_digit(&b),
        b'+' => matches!(b, b'+' | b'-'),
        other => b == other,
    };
    word.len() == SHAPE.len() && word.bytes().zip(SHAPE.bytes()).all(fits) && &word[..4] > "2025"
}

/// An address of this machine with a port that the system chose.
pub(crate) fn is_address(word: &str) -> bool {
    word.parse::<std::net::SocketAddr>().is_ok_and(|a| a.ip().is_loopback() && a.port() > 1023)
}
