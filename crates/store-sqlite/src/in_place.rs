//! Whether a file that is open still has its name. One that was removed, or that another has taken the place
//! of, can still be written to, and nobody will ever read it.

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
                "{path} is not the file that was opened: put that one back, or start the server anew"
            ))),
            Err(e) => Err(StoreError::Unavailable(format!(
                "{path} is not there any more ({e}): put it back, or start the server anew"
            ))),
        }
    }
}
