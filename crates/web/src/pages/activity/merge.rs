//! Merges two edits of the same version.

use domain::{Activity, Member, MemberKind};

use super::content::{ends_early, same};
use super::controls::PARTS;
use crate::text;

/// The result of merging two edits of the same version.
pub(super) struct Merged {
    /// Both edits; where they collide, theirs.
    pub(super) content: Activity,
    /// The parts in which they collide, so that the person has to choose.
    pub(super) colliding: Vec<Member>,
    /// For such texts, the combination of both.
    both: Vec<(Member, String)>,
}

impl Merged {
    /// Merges what `mine` and `theirs` have changed in `base`.
    pub(super) fn of(base: &Activity, mine: &Activity, theirs: &Activity) -> Merged {
        let mut merged = Merged { content: theirs.clone(), colliding: vec![], both: vec![] };
        for part in PARTS {
            if same(mine, base, part) || same(mine, theirs, part) {
                continue;
            }
            if same(theirs, base, part) {
                merged.content.copy(part, mine);
            } else {
                merged.merge(part, base, mine, theirs);
            }
        }
        // Each was valid by itself, but together they are not.
        if ends_early(&merged.content) {
            for part in [Member::Start, Member::End] {
                let differ = !same(mine, theirs, part) && !merged.colliding.contains(&part);
                merged.content.copy(part, theirs);
                merged.colliding.extend(differ.then_some(part));
            }
        }
        merged
    }

    /// Merges a part that both have changed in different ways. Only texts can be combined.
    fn merge(&mut self, part: Member, base: &Activity, mine: &Activity, theirs: &Activity) {
        if !part.is_text() {
            self.colliding.push(part);
            return;
        }
        let between = if part.kind() == MemberKind::Line { " / " } else { "\n" };
        let text = |content: &Activity| content.value(part).text().to_owned();
        let merged = text::merge(&text(base), &text(mine), &text(theirs), between);
        let fits = !merged.collides && self.content.set_text(part, &merged.text).is_ok();
        if !fits {
            self.colliding.push(part);
            self.both.push((part, merged.text));
        }
    }

    /// The combined text of a part that collides, to be edited.
    pub(super) fn both(&self, part: Member) -> Option<&str> {
        self.both.iter().find(|(of, _)| *of == part).map(|(_, text)| text.as_str())
    }
}
