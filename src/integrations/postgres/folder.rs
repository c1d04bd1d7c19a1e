//! The folder a cluster lives in: what is where, who may read it, and the password beside the data.

use std::{
    ffi::OsStr,
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret, SecretString};

use super::{
    account::Account,
    error::{EmbeddedError, io_error},
};

/// The log is set aside at a start once it is longer than this, in bytes.
const LOG_LIMIT: u64 = 16 * 1024 * 1024;
/// How much of the log's end an error quotes, in lines.
const TAIL_LINES: usize = 20;

/// The paths under one cluster's base folder.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Creates `root` if needed, closed to everyone else; refuses a folder that holds something else.
    pub(super) fn open(root: &Path) -> Result<Self, EmbeddedError> {
        let root = std::path::absolute(root).map_err(io_error("resolve", root))?;
        if let Some(parent) = root.parent() {
            fs::create_dir_all(parent).map_err(io_error("create", parent))?;
        }
        match DirBuilder::new().mode(0o700).create(&root) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(io_error("create", &root)(error)),
            _ => {}
        }
        let folder = Self { root };
        if !folder.gate().exists() && fs::read_dir(&folder.root).map_err(io_error("read", &folder.root))?.next().is_some()
            // Another process may have laid the gate between the two looks.
            && !folder.gate().exists()
        {
            return Err(EmbeddedError::ForeignFolder { path: folder.root });
        }
        Ok(folder)
    }

    /// Hands the folder and its locks to `account` and closes it to everyone else.
    pub(super) fn give_to(&self, account: &Account) -> Result<(), EmbeddedError> {
        for path in [self.root.clone(), self.gate(), self.users()] {
            account.own(&path)?;
        }
        fs::set_permissions(&self.root, Permissions::from_mode(0o700)).map_err(io_error("close", &self.root))?;
        account.must_reach(&self.root)
    }

    /// The base folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The cluster.
    pub(super) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// The cluster while it is being made; a leftover of this name is an initdb that was interrupted.
    pub(super) fn unfinished_data(&self) -> PathBuf {
        self.root.join("data.tmp")
    }

    /// The superuser's password.
    pub(super) fn password_file(&self) -> PathBuf {
        self.root.join("password")
    }

    /// PostgreSQL's own log.
    pub(super) fn log(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    /// The lock held while a server is being started or stopped.
    pub(super) fn gate(&self) -> PathBuf {
        self.root.join("start.lock")
    }

    /// The lock shared by everyone who uses the server.
    pub(super) fn users(&self) -> PathBuf {
        self.root.join("users.lock")
    }

    /// Where programs are unpacked that this machine did not have.
    pub(super) fn programs(&self) -> PathBuf {
        self.root.join("programs")
    }

    /// The major version that made the data; nothing if there is no data.
    pub(super) fn data_version(&self) -> Option<u32> {
        fs::read_to_string(self.data().join("PG_VERSION")).ok()?.trim().parse().ok()
    }

    /// The password of a cluster that exists.
    pub(super) fn read_password(&self) -> Result<SecretString, EmbeddedError> {
        let path = self.password_file();
        match fs::read_to_string(&path) {
            Ok(text) if !text.trim().is_empty() => Ok(SecretString::from(text.trim().to_owned())),
            Ok(_) => Err(EmbeddedError::Password { path }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(EmbeddedError::Password { path }),
            Err(error) => Err(io_error("read", &path)(error)),
        }
    }

    /// Writes a random password that only `account` may read, unless there is one: data that was moved away may come back.
    pub(super) fn ensure_password(&self, account: &Account) -> Result<(), EmbeddedError> {
        let path = self.password_file();
        if self.read_password().is_ok() {
            return account.own(&path);
        }
        let password = SecretString::from(hex::encode(rand::random::<[u8; 24]>()));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .map_err(io_error("create", &path))?;
        file.write_all(password.expose_secret().as_bytes()).map_err(io_error("write", &path))?;
        file.sync_all().map_err(io_error("write", &path))?;
        account.own(&path)
    }

    /// Sets an overlong log aside, so that the two together stay bounded, and returns the log's length in bytes.
    pub(super) fn rotate_log(&self) -> Result<u64, EmbeddedError> {
        let length = self.log_length();
        if length <= LOG_LIMIT {
            return Ok(length);
        }
        let old = self.log().with_extension("log.1");
        fs::rename(self.log(), &old).map_err(io_error("rename the log to", &old))?;
        Ok(0)
    }

    /// The log's length in bytes.
    pub(super) fn log_length(&self) -> u64 {
        fs::metadata(self.log()).map_or(0, |metadata| metadata.len())
    }

    /// The last lines of the log after its first `from` bytes.
    pub(super) fn log_tail(&self, from: u64) -> String {
        let mut bytes = Vec::new();
        let read = File::open(self.log()).and_then(|mut file| {
            file.seek(SeekFrom::Start(from))?;
            file.read_to_end(&mut bytes)
        });
        match read {
            Ok(_) => last_lines(&String::from_utf8_lossy(&bytes)),
            Err(error) => format!("(the log cannot be read: {error})"),
        }
    }
}

/// The last [`TAIL_LINES`] lines of `text`, indented.
pub(super) fn last_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let tail = lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default();
    tail.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

/// Where an embedded database lives unless told otherwise: `/var/lib/clento` for root, since the account it hands the
/// server to cannot enter root's home; else `clento` in the XDG data folder. The arguments are the values of `XDG_DATA_HOME` and
/// `HOME`; as the XDG specification has it, a relative path counts as unset.
pub fn default_root(xdg_data_home: Option<&OsStr>, home: Option<&OsStr>) -> Result<PathBuf, EmbeddedError> {
    if super::account::is_root() {
        return Ok(PathBuf::from("/var/lib/clento"));
    }
    let absolute = |value: Option<&OsStr>| value.map(PathBuf::from).filter(|path| path.is_absolute());
    absolute(xdg_data_home)
        .or_else(|| absolute(home).map(|home| home.join(".local/share")))
        .map(|data| data.join("clento"))
        .ok_or(EmbeddedError::NoHome)
}
