//! The files of the data folder are for its owner alone. Driftless creates them so; this mends what others can
//! read because it was copied or unpacked with another mode.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// What everyone but the owner is allowed.
const OTHERS: u32 = 0o077;

/// Opens a file for writing at its end; creates one for its owner alone, whatever the umask.
pub(crate) fn file(path: &Path) -> io::Result<File> {
    File::options().create(true).append(true).mode(FILE_MODE).open(path)
}

/// Takes other users' permissions away from the files of a data folder, and from the folder if nothing else is in
/// it. Returns sentences that say what was open to others.
pub(crate) fn mend(folder: &Path) -> io::Result<Vec<String>> {
    let (mut restricted, mut left) = (Vec::new(), Vec::new());
    let mut is_shared = false;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Of the entry itself: a link is not followed to files elsewhere.
        let metadata = entry.metadata()?;
        if !is_ours(&entry.file_name()) {
            is_shared = true;
        } else if metadata.is_file() && is_open(&metadata) {
            match fs::set_permissions(entry.path(), Permissions::from_mode(FILE_MODE)) {
                Ok(()) => restricted.push(entry.path()),
                Err(_) => left.push((entry.path(), FILE_MODE)),
            }
        }
    }
    restricted.sort();
    if is_open(&fs::metadata(folder)?) {
        // What else is in it may be for others.
        let restrict = || fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE));
        if !is_shared && restrict().is_ok() {
            restricted.push(folder.to_owned());
        } else {
            left.push((folder.to_owned(), FOLDER_MODE));
        }
    }
    let mut told = Vec::new();
    if !restricted.is_empty() {
        let paths: Vec<_> = restricted.iter().map(|path| path.display().to_string()).collect();
        told.push(format!(
            "other users of this computer no longer have access to {}",
            paths.join(", ")
        ));
    }
    told.extend(left.iter().map(|(path, mode)| {
        let path = path.display();
        format!("other users of this computer have access to {path}: run `chmod {mode:o} {path}`")
    }));
    Ok(told)
}

fn is_ours(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    let begins = |with: &[u8]| name.starts_with(with);
    // A file system of its own has `lost+found` from the beginning.
    begins(b"driftless") || begins(b"mirror-") || name == b"lost+found"
}

fn is_open(metadata: &Metadata) -> bool {
    metadata.permissions().mode() & OTHERS != 0
}
