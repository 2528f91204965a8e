//! How to import.

use domain::{Actor, Author, By, Imported, Origin, UserId};

use crate::commit::write::Write;

/// Writes that are under way at once.
pub(crate) const CHUNK_ITEMS_MAX: usize = 500;

pub(crate) const AUTHOR: Author = Author { user: None, origin: Origin::Import };

/// How to import.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImportOptions {
    /// Only says what would happen.
    pub dry_run: bool,
    /// Whether the file's activities that have been removed here come back. Otherwise they stay removed,
    /// and the rest is imported.
    pub restore: bool,
    /// Imports the file's values even for what is newer here.
    pub overwrite: bool,
    /// Who imports, where that is known: their name is on what changes.
    pub by: Option<UserId>,
}

impl ImportOptions {
    pub(crate) fn by(self) -> By {
        let actor = self.by.map_or(Actor::CommandLine, Actor::Person);
        By { actor, from: None }
    }

    pub(crate) fn author(self) -> Author {
        Author { user: self.by, ..AUTHOR }
    }

    pub(crate) fn write(self, item: Imported) -> Write {
        Write::Import { item, restore: self.restore, overwrite: self.overwrite }
    }
}
