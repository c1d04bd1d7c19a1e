//! What can go wrong with the embedded server, each with the one step that mends it.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why the embedded PostgreSQL could not be started, used or stopped. Every message ends with its remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// A file or folder of the cluster could not be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// No folder to keep the data in could be derived.
    #[error(
        "no folder for the embedded database: set HOME or XDG_DATA_HOME, or DATABASE_URL to use a database of yours"
    )]
    NoHome,
    /// The folder holds something else, so that taking it over could destroy it.
    #[error("{} holds files that are not an embedded database's: choose an empty folder", path.display())]
    ForeignFolder {
        /// The folder.
        path: PathBuf,
    },
    /// PostgreSQL refuses to run as root and no account to run it as exists.
    #[error(
        "PostgreSQL does not run as root and there is no account `postgres` or `nobody`: run `useradd --system postgres`"
    )]
    NoAccount,
    /// The account that runs PostgreSQL cannot enter a folder above the data or the programs.
    #[error("account `{account}`, which runs PostgreSQL, cannot enter {}: run `chmod o+x {}` or choose another folder", path.display(), path.display())]
    Unreachable {
        /// Who runs PostgreSQL.
        account: String,
        /// The folder that shuts it out.
        path: PathBuf,
    },
    /// The folder named by `PG_BIN_DIR` cannot be used.
    #[error("PG_BIN_DIR={} is not usable: {reason}; point it at the folder that holds initdb, pg_ctl and postgres, or unset it", path.display())]
    BinDir {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no PostgreSQL and none could be obtained.
    #[error(
        "no PostgreSQL {minimum} or newer was found and none could be obtained:{}\ninstall it (Debian, Ubuntu: `apt-get install postgresql`), or set PG_BIN_DIR, or DATABASE_URL to use a database of yours",
        bullets(tried)
    )]
    NoBinaries {
        /// The oldest major version that serves.
        minimum: u32,
        /// Every way that was tried and how it ended.
        tried: Vec<String>,
    },
    /// The data was made by a major version that is not installed.
    #[error("the data in {} was made by PostgreSQL {wanted}, which is not installed (found: {found}): run `apt-get install postgresql-{wanted}`, or move that folder away to start afresh", path.display())]
    WrongVersion {
        /// The data folder.
        path: PathBuf,
        /// The major version that made it.
        wanted: u32,
        /// The major versions at hand.
        found: String,
    },
    /// The data exists without its password, or the password does not fit.
    #[error("the password in {} is missing or not this database's: restore that file, or move the data folder beside it away to start afresh", path.display())]
    Password {
        /// The password file.
        path: PathBuf,
    },
    /// One of PostgreSQL's programs failed.
    #[error("{program} failed:\n{output}\nsee {}", log.display())]
    Program {
        /// Which program.
        program: &'static str,
        /// What it and the server's log said last.
        output: String,
        /// The server's log.
        log: PathBuf,
    },
    /// The server runs but does not answer in time.
    #[error("the embedded PostgreSQL does not answer on port {port}; its log says:\n{output}\nsee {}", log.display())]
    Silent {
        /// Its port on 127.0.0.1.
        port: u16,
        /// The end of its log.
        output: String,
        /// The server's log.
        log: PathBuf,
    },
    /// A statement on the running server failed.
    #[error("the embedded PostgreSQL refused to {action}")]
    Sql {
        /// What was tried, as a verb.
        action: &'static str,
        /// What the driver answered.
        source: sqlx::Error,
    },
}

/// One line per way.
fn bullets(ways: &[String]) -> String {
    ways.iter().fold(String::new(), |text, way| text + "\n  - " + way)
}

/// Turns an I/O error into an [`EmbeddedError::Io`] that names the act and the path.
pub(super) fn io_error<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> EmbeddedError + 'a {
    move |source| EmbeddedError::Io { action, path: path.to_owned(), source }
}
