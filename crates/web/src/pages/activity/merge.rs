//! Two edits made from one version, brought together.

use domain::{Note, Subject};

use super::content::{Content, Part};
use crate::text;

/// What comes of two edits of the same version.
pub(super) struct Merged {
    /// Both, where they do not collide; where they do, theirs.
    pub(super) content: Content,
    /// The parts in which they collide: a person has to say what is to stay.
    pub(super) colliding: Vec<Part>,
    /// What such a text has in it of both.
    both: Vec<(Part, String)>,
}

impl Merged {
    /// Brings together what `mine` and `theirs` have made of `base`.
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
        // Each by itself made sense.
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

    /// Both have changed the part, each in another way. Only texts can have both in them.
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

    /// Whether the text can be that part.
    fn put(&mut self, part: Part, text: &str) -> bool {
        match part {
            Part::Subject => Subject::parse(text).map(|text| self.content.subject = text).is_ok(),
            _ => Note::parse(text).map(|text| self.content.note = text).is_ok(),
        }
    }

    /// What is to be edited of a part in which the texts of both collide.
    pub(super) fn both(&self, part: Part) -> Option<&str> {
        self.both.iter().find(|(of, _)| *of == part).map(|(_, text)| text.as_str())
    }
}
