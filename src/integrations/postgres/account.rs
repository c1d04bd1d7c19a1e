//! Which account runs PostgreSQL: it refuses root, so root hands it to an account without rights.

use std::{
    fs,
    os::unix::fs::{MetadataExt, chown},
    path::Path,
};

use nix::unistd::{Uid, User, getegid, geteuid};
use tokio::process::Command;

use super::error::{EmbeddedError, io_error};

/// The accounts root may hand the server to, best first.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// The account that owns the cluster's files and runs its programs.
#[derive(Debug, Clone)]
pub(super) struct Account {
    uid: u32,
    gid: u32,
    name: String,
    /// Whether this process is root and must hand over.
    hand_over: bool,
}

/// Whether this process runs as root.
pub(super) fn is_root() -> bool {
    geteuid().is_root()
}

impl Account {
    /// The account for the cluster under `root`: this process's own, or, for root, whoever owns that folder already, so
    /// that an account created later does not lock the cluster's owner out; else the first of [`UNPRIVILEGED`].
    pub(super) fn choose(root: &Path) -> Result<Self, EmbeddedError> {
        if !is_root() {
            return Ok(Self::from_ids(geteuid().as_raw(), getegid().as_raw(), false));
        }
        let owner = fs::metadata(root).map_err(io_error("inspect", root))?;
        if owner.uid() != 0 {
            return Ok(Self::from_ids(owner.uid(), owner.gid(), true));
        }
        UNPRIVILEGED
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Self::from_ids(user.uid.as_raw(), user.gid.as_raw(), true))
            .ok_or(EmbeddedError::NoAccount)
    }

    fn from_ids(uid: u32, gid: u32, hand_over: bool) -> Self {
        let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
        Self { uid, gid, name: user.map_or_else(|| uid.to_string(), |user| user.name), hand_over }
    }

    /// Makes `command` run as this account; the standard library drops root's supplementary groups with it.
    pub(super) fn run_as(&self, command: &mut Command) {
        if self.hand_over {
            command.uid(self.uid).gid(self.gid);
        }
    }

    /// Gives `path` to this account.
    pub(super) fn own(&self, path: &Path) -> Result<(), EmbeddedError> {
        if self.hand_over {
            chown(path, Some(self.uid), Some(self.gid)).map_err(io_error("change the owner of", path))?;
        }
        Ok(())
    }

    /// Fails, naming the folder in the way, unless this account may enter `folder` and every folder above it.
    pub(super) fn must_reach(&self, folder: &Path) -> Result<(), EmbeddedError> {
        for step in folder.ancestors() {
            let metadata = fs::metadata(step).map_err(io_error("inspect", step))?;
            let may_enter = match (metadata.uid() == self.uid, metadata.gid() == self.gid) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            if metadata.mode() & may_enter == 0 {
                return Err(EmbeddedError::Unreachable { account: self.name.clone(), path: step.to_owned() });
            }
        }
        Ok(())
    }
}
