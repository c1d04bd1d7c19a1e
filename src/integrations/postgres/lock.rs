//! Advisory locks (`flock`) that processes agree by. The kernel releases them when a process dies, however it dies.

use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::error::{EmbeddedError, io_error};

/// Waits until nobody else starts or stops the server. The lock lasts as long as the file or a duplicate of it is open.
pub(super) async fn pass_gate(path: PathBuf) -> Result<File, EmbeddedError> {
    let file = open(&path)?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::Error(error)) => return Err(io_error("lock", &path)(error)),
        Err(TryLockError::WouldBlock) => {
            tracing::info!(lock = %path.display(), "another process is starting or stopping the embedded database; waiting for it");
        }
    }
    let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
    locked.map_err(std::io::Error::other).flatten().map_err(io_error("lock", &path))
}

/// Joins those who use the server. Only to be called behind the gate.
pub(super) fn join_users(path: &Path) -> Result<File, EmbeddedError> {
    let file = open(path)?;
    file.lock_shared().map_err(io_error("lock", path))?;
    Ok(file)
}

/// Leaves those who use the server; true if nobody is left. Only to be called behind the gate, which keeps others from joining
/// between the two steps.
pub(super) fn leave_users(users: &File, path: &Path) -> Result<bool, EmbeddedError> {
    users.unlock().map_err(io_error("unlock", path))?;
    match users.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(io_error("lock", path)(error)),
    }
}

fn open(path: &Path) -> Result<File, EmbeddedError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map_err(io_error("open", path))
}
