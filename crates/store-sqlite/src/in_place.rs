//! Whether an open file is still at its path. A file that was removed or replaced can still be written to,
//! but will never be read again.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use store::StoreError;

/// A file as it was when it was opened.
pub(crate) struct Opened {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Opened {
    /// To be called right after the file has been opened.
    pub(crate) fn at(path: &Path) -> io::Result<Opened> {
        let found = fs::metadata(path)?;
        Ok(Opened { path: path.to_owned(), device: found.dev(), inode: found.ino() })
    }

    /// Refuses, naming the file, unless it is what its name leads to.
    pub(crate) fn in_place(&self) -> Result<(), StoreError> {
        let path = self.path.display();
        match fs::metadata(&self.path) {
            Ok(found) if (found.dev(), found.ino()) == (self.device, self.inode) => Ok(()),
            Ok(_) => Err(StoreError::Unavailable(format!(
                "{path} is no longer the file that was opened: put that file back, or restart the server"
            ))),
            Err(e) => Err(StoreError::Unavailable(format!(
                "{path} is gone ({e}): put it back, or restart the server"
            ))),
        }
    }
}
