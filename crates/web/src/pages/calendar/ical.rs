//! The part of iCalendar (RFC 5545) that a feed needs.
//!
//! The output depends only on the input, so that a reader gets the same bytes while nothing has changed. It uses only
//! what calendar apps agree on; `docs/calendar.md` lists the rules.

use domain::{Priority, Stamp};

/// A line has at most this many bytes, its end not counted (RFC 5545, 3.1).
const LINE_BYTES_MAX: usize = 75;

const LINE_END: &str = "\r\n";

/// How often apps should check for changes. Some use an interval of their own.
const REFRESH: &str = "PT1H";

/// An entry. It is always an event, because many apps do not show to-dos.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// The entry's id, which never changes.
    pub(super) uid: String,
    /// Increases with every change.
    pub(super) sequence: u64,
    pub(super) created: Stamp,
    pub(super) changed: Stamp,
    pub(super) start: Stamp,
    /// Used only if it is later than the start, in whole seconds.
    pub(super) end: Option<Stamp>,
    pub(super) title: String,
    pub(super) category: String,
    pub(super) description: String,
    pub(super) priority: Priority,
    /// Whether the time is free for something else.
    pub(super) is_free: bool,
    /// The activity's page.
    pub(super) url: Option<String>,
}

impl Event {
    /// The entry's lines.
    pub(super) fn lines(&self) -> String {
        let mut out = String::new();
        put(&mut out, "BEGIN", "VEVENT");
        put(&mut out, "UID", &self.uid);
        put(&mut out, "DTSTAMP", &utc(self.changed));
        put(&mut out, "CREATED", &utc(self.created));
        put(&mut out, "LAST-MODIFIED", &utc(self.changed));
        put(&mut out, "SEQUENCE", &self.sequence.min(i32::MAX as u64).to_string());
        put(&mut out, "DTSTART", &utc(self.start));
        // Some apps reject a whole feed for one end that is not later than its start.
        match self.end.filter(|end| seconds(*end) > seconds(self.start)) {
            Some(end) => put(&mut out, "DTEND", &utc(end)),
            None => put(&mut out, "DURATION", "PT0S"),
        }
        put(&mut out, "SUMMARY", &text(self.title.trim()));
        put(&mut out, "CATEGORIES", &text(self.category.trim()));
        put(&mut out, "DESCRIPTION", &text(&self.description));
        put(&mut out, "PRIORITY", priority(self.priority));
        if self.is_free {
            put(&mut out, "TRANSP", "TRANSPARENT");
        }
        if let Some(url) = &self.url {
            put(&mut out, "URL", url);
        }
        put(&mut out, "END", "VEVENT");
        out
    }
}

/// A calendar with a name and entries; each entry comes from [`Event::lines`].
pub(super) fn calendar<'a>(name: &str, events: impl IntoIterator<Item = &'a str>) -> String {
    let mut out = String::new();
    put(&mut out, "BEGIN", "VCALENDAR");
    put(&mut out, "VERSION", "2.0");
    put(&mut out, "PRODID", "-//Driftless//Calendar feed//EN");
    put(&mut out, "X-WR-CALNAME", &text(name));
    put(&mut out, "REFRESH-INTERVAL;VALUE=DURATION", REFRESH);
    put(&mut out, "X-PUBLISHED-TTL", REFRESH);
    out.extend(events);
    put(&mut out, "END", "VCALENDAR");
    out
}

/// Writes a line, folded between characters: each continuation starts with a space that does not count.
fn put(out: &mut String, name: &str, value: &str) {
    let line = format!("{name}:{value}");
    let mut rest = line.as_str();
    let mut bytes_max = LINE_BYTES_MAX;
    while rest.len() > bytes_max {
        let (part, after) = rest.split_at(rest.floor_char_boundary(bytes_max));
        out.push_str(part);
        out.push_str(LINE_END);
        out.push(' ');
        rest = after;
        bytes_max = LINE_BYTES_MAX - 1;
    }
    out.push_str(rest);
    out.push_str(LINE_END);
}

/// A text as a value. Characters that any app takes for a line end are written as one. Other control characters are
/// not allowed in a calendar and are left out.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' | ';' | ',' => out.extend(['\\', letter]),
            '\r' if letters.peek() == Some(&'\n') => {}
            '\n'
            | '\r'
            | '\u{b}'
            | '\u{c}'
            | '\u{1c}'..='\u{1e}'
            | '\u{85}'
            | '\u{2028}'
            | '\u{2029}' => out.push_str("\\n"),
            '\t' => out.push('\t'),
            _ if letter.is_control() => {}
            _ => out.push(letter),
        }
    }
    out
}

/// Times have whole seconds.
fn seconds(stamp: Stamp) -> i64 {
    stamp.millis().div_euclid(1_000)
}

/// `20260304T160000Z`
fn utc(stamp: Stamp) -> String {
    let whole = Stamp::from_millis(seconds(stamp) * 1_000).at_offset(0).to_string();
    let digits = whole.get(..19).unwrap_or_default().replace(['-', ':'], "");
    format!("{digits}Z")
}

/// The most urgent is 1, the least urgent 9.
fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::High => "1",
        Priority::Normal => "5",
        Priority::Low => "9",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Unfolds and unescapes a value, as RFC 5545 says.
    fn read(line: &str) -> String {
        let unfolded = line.replace("\r\n ", "");
        let value = unfolded.strip_prefix("SUMMARY:").unwrap().strip_suffix(LINE_END).unwrap();
        let mut letters = value.chars();
        let mut out = String::new();
        while let Some(letter) = letters.next() {
            out.push(match letter {
                '\\' => match letters.next().unwrap() {
                    'n' => '\n',
                    escaped => escaped,
                },
                other => other,
            });
        }
        out
    }

    fn written(value: &str) -> String {
        let mut out = String::new();
        put(&mut out, "SUMMARY", &text(value));
        out
    }

    proptest! {
        #[test]
        fn any_text_is_folded_and_read_back(value in "(\\PC|[\n\t;,\\\\]){0,400}") {
            // Characters that end a line for some app are read as a line end.
            let value = value.replace(['\u{85}', '\u{2028}', '\u{2029}'], "\n");
            let line = written(&value);
            let lines: Vec<&str> = line.split(LINE_END).collect();
            prop_assert_eq!(lines.last(), Some(&""));
            for part in &lines {
                prop_assert!(part.len() <= LINE_BYTES_MAX, "{} bytes", part.len());
                prop_assert!(!part.contains(['\r', '\n']));
            }
            for (before, after) in lines.iter().zip(&lines[1..lines.len() - 1]) {
                prop_assert!(after.starts_with(' '));
                // As full as the next character allows.
                let next = after[1..].chars().next().unwrap();
                prop_assert!(before.len() + next.len_utf8() > LINE_BYTES_MAX);
            }
            prop_assert_eq!(read(&line), value);
        }

        #[test]
        fn no_text_brings_a_line_or_a_control_character_of_its_own(value in any::<String>()) {
            let line = written(&value);
            let unfolded = line.replace("\r\n ", "");
            let one = unfolded.strip_suffix(LINE_END).unwrap();
            prop_assert!(!one.chars().any(|c| c.is_control() && c != '\t'), "{:?}", one);
            let ends_a_line = |c| matches!(c, '\u{2028}' | '\u{2029}');
            prop_assert!(!one.chars().any(ends_a_line), "{:?}", one);
        }

        #[test]
        fn times_are_whole_seconds_of_utc(ms in Stamp::MIN.millis()..=Stamp::MAX.millis()) {
            let at = Stamp::from_millis(ms);
            let written = utc(at);
            prop_assert_eq!(written.len(), 16);
            let read = |range: std::ops::Range<usize>| &written[range];
            let moment = format!(
                "{}-{}-{}T{}:{}:{}Z", read(0..4), read(4..6), read(6..8), read(9..11), read(11..13), read(13..15)
            );
            let back = domain::Moment::parse(&moment).map(|moment| moment.stamp.millis());
            prop_assert_eq!(back, Ok(ms.div_euclid(1_000) * 1_000));
        }
    }

    #[test]
    fn every_end_of_a_line_is_written_as_one() {
        let ends = "a\r\nb\rc\nd\u{b}e\u{c}f\u{85}g\u{2028}h\u{2029}i\u{1d}j\0k\u{7f}l\u{9b}m";
        assert_eq!(text(ends), "a\\nb\\nc\\nd\\ne\\nf\\ng\\nh\\ni\\njklm");
        assert_eq!(text("1, 2; \\n"), "1\\, 2\\; \\\\n");
    }
}
