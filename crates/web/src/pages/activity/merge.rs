//! Merges two edits of the same version.

use domain::{Note, Subject};

use super::content::{Content, Part};
use crate::text;

/// The result of merging two edits of the same version.
pub(super) struct Merged {
    /// Both edits; where they collide, theirs.
    pub(super) content: Content,
    /// The parts in which they collide, so that the person has to choose.
    pub(super) colliding: Vec<Part>,
    /// For such texts, the combination of both.
    both: Vec<(Part, String)>,
}

impl Merged {
    /// Merges what `mine` and `theirs` have changed in `base`.
    pub(super) fn of(base: &Content, mine: &Content, theirs: &Content) -> Merged {
        let mut merged = Merged { content: theirs.clone(), colliding: vec![], both: vec![] };
        for part in Part::ALL {
            if mine.same(base, part) || mine.same(theirs, part) {
                continue;
            }
            if theirs.same(base, part) {
                merged.content.take(part, mine);
            } else {
                merged.merge(part, base, mine, theirs);
            }
        }
        // Each was valid by itself, but together they are not.
        let Content { start, end, .. } = &merged.content;
        if end.is_some_and(|end| end.stamp < start.stamp) {
            for part in [Part::Start, Part::End] {
                let differ = !mine.same(theirs, part) && !merged.colliding.contains(&part);
                merged.content.take(part, theirs);
                merged.colliding.extend(differ.then_some(part));
            }
        }
        merged
    }

    /// Merges a part that both have changed in different ways. Only texts can be combined.
    fn merge(&mut self, part: Part, base: &Content, mine: &Content, theirs: &Content) {
        let text = |content: &Content| match part {
            Part::Subject => Some(content.subject.as_str().to_owned()),
            Part::Note => Some(content.note.as_str().to_owned()),
            _ => None,
        };
        let (Some(base), Some(mine), Some(theirs)) = (text(base), text(mine), text(theirs)) else {
            self.colliding.push(part);
            return;
        };
        let between = if part == Part::Subject { " / " } else { "\n" };
        let merged = text::merge(&base, &mine, &theirs, between);
        let fits = !merged.collides && self.put(part, &merged.text);
        if !fits {
            self.colliding.push(part);
            self.both.push((part, merged.text));
        }
    }

    /// Sets a part, unless the text is not valid for it.
    fn put(&mut self, part: Part, text: &str) -> bool {
        match part {
            Part::Subject => Subject::parse(text).map(|text| self.content.subject = text).is_ok(),
            _ => Note::parse(text).map(|text| self.content.note = text).is_ok(),
        }
    }

    /// The combined text of a part that collides, to be edited.
    pub(super) fn both(&self, part: Part) -> Option<&str> {
        self.both.iter().find(|(of, _)| *of == part).map(|(_, text)| text.as_str())
    }
}
