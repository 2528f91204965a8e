//! Which process owns the data folder: one at a time, which holds a lock that ends with the process. A
//! server that owns it takes commands through a socket in it.

use std::fs::{File, TryLockError};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::private;

const LOCK_FILE: &str = "driftless.lock";
const SOCKET_FILE: &str = "driftless.sock";

/// How long a command waits for another one, or for a server that is just starting.
const WAIT_MAX: Duration = Duration::from_secs(10);
const WAIT_STEP: Duration = Duration::from_millis(50);

/// Longer paths do not fit into the address of a socket.
const SOCKET_PATH_BYTES_MAX: usize = 100;

/// Why the folder cannot be used.
#[derive(Debug, Error)]
pub(crate) enum FolderError {
    #[error(
        "the data folder {} does not exist; create it with `driftless serve --init` or `driftless org add`, or choose another with --data",
        .0.display()
    )]
    Missing(PathBuf),
    #[error(
        "the folder {} contains no data; set it up with `driftless serve --init` or `driftless org add`, or choose another with --data",
        .0.display()
    )]
    Empty(PathBuf),
    #[error("another process is using the data folder {} (it holds {LOCK_FILE}) and does not answer; nothing was changed", .0.display())]
    Busy(PathBuf),
    #[error("cannot use the data folder {}: {problem}", path.display())]
    Failed { path: PathBuf, problem: io::Error },
}

/// A folder that is ours until this is dropped.
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    _lock: File,
}

/// How to get work done in a folder.
pub(crate) enum Access {
    /// It is ours: do it here.
    Owned(Folder),
    /// A server owns it: ask there.
    Served(UnixStream),
}

/// Refuses a folder that has no data.
pub(crate) fn expect_data(path: &Path) -> Result<(), FolderError> {
    let failed = |problem: io::Error| FolderError::Failed { path: path.to_owned(), problem };
    if store_sqlite::is_begun(path).map_err(failed)? {
        return Ok(());
    }
    let missing = if path.is_dir() { FolderError::Empty } else { FolderError::Missing };
    Err(missing(path.to_owned()))
}

/// Finds out which process owns the folder, and takes it if none does. `create` says whether to create it.
pub(crate) fn access(path: &Path, create: bool) -> Result<Access, FolderError> {
    let failed = |problem: io::Error| FolderError::Failed { path: path.to_owned(), problem };
    if create {
        // What is in it is nobody else's business.
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
    } else {
        expect_data(path)?;
    }
    let until = Instant::now() + WAIT_MAX;
    loop {
        if let Ok(stream) = connect(path) {
            return Ok(Access::Served(stream));
        }
        let lock = private::file(&path.join(LOCK_FILE)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => return Ok(Access::Owned(Folder { path: path.to_owned(), _lock: lock })),
            Err(TryLockError::Error(problem)) => return Err(failed(problem)),
            Err(TryLockError::WouldBlock) if Instant::now() > until => {
                return Err(FolderError::Busy(path.to_owned()));
            }
            Err(TryLockError::WouldBlock) => pause(),
        }
    }
}

/// Another process gives no sign when it lets go, so that looking again is all there is.
#[expect(clippy::disallowed_methods, reason = "bounded by WAIT_MAX")]
fn pause() {
    std::thread::sleep(WAIT_STEP);
}

impl Folder {
    /// Opens the socket through which commands reach the owner.
    pub(crate) fn listen(&self) -> io::Result<UnixListener> {
        // The lock is ours, so that a socket left behind belongs to nobody.
        match std::fs::remove_file(self.path.join(SOCKET_FILE)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        with_short_path(&self.path, |path| {
            let listener = UnixListener::bind(path)?;
            let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(path, owner_only)?;
            Ok(listener)
        })
    }

    /// Takes the socket away again.
    pub(crate) fn stop_listening(&self) {
        let _ = std::fs::remove_file(self.path.join(SOCKET_FILE));
    }
}

fn connect(folder: &Path) -> io::Result<UnixStream> {
    with_short_path(folder, |path| UnixStream::connect(path))
}

/// Hands over a path of the socket that is short enough for its address: where the folder's own is
/// too long, one by way of the open folder.
fn with_short_path<T>(folder: &Path, act: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let path = folder.join(SOCKET_FILE);
    if path.as_os_str().len() <= SOCKET_PATH_BYTES_MAX {
        return act(&path);
    }
    let open = File::open(folder)?;
    act(&PathBuf::from(format!("/proc/self/fd/{}", open.as_raw_fd())).join(SOCKET_FILE))
}
