//! The database that comes along: a PostgreSQL of its own for whoever runs Clento without a `DATABASE_URL`.
//!
//! It is an ordinary PostgreSQL, found on the machine or obtained by `provision`, with its data in one folder. Any number of
//! processes may share it: the first one starts it, the others attach, the last one out stops it. It knows nothing of tables,
//! and reads no environment: what it needs to know of that comes with [`EmbeddedOptions`].

mod account;
mod binaries;
mod cluster;
mod error;
mod folder;
mod lock;
mod provision;
mod session;

use std::{ffi::OsString, fs::File, path::PathBuf};

use secrecy::{ExposeSecret, SecretString};

use self::{account::Account, binaries::Binaries, cluster::Cluster, folder::Folder};
pub use self::{error::EmbeddedError, folder::default_root};

/// The one role of the cluster, which owns everything in it.
const SUPERUSER: &str = "clento";

/// How to run the embedded server.
#[derive(Debug, Clone)]
pub struct EmbeddedOptions {
    /// The folder for data, password, log and locks; see [`default_root`]. Created if missing, and closed to other users.
    pub root: PathBuf,
    /// Whether a commit survives a power cut. `false` only for tests, which are faster without.
    pub durable: bool,
    /// More server settings, such as `max_connections`. They take effect when the server is started, not when it is attached to.
    pub settings: Vec<(String, String)>,
    /// The folder of PostgreSQL's programs (`PG_BIN_DIR`), instead of looking for them.
    pub bin_dir: Option<PathBuf>,
    /// The value of `PATH`, to look for the programs in.
    pub search_path: Option<OsString>,
}

impl EmbeddedOptions {
    /// A durable server in `root` with PostgreSQL's own settings and the programs that are found.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root, durable: true, settings: Vec::new(), bin_dir: None, search_path: None }
    }
}

/// A running server and this process's share in it. Dropping it without [`stop`](Self::stop) leaves the server running, to be
/// attached to by the next start.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    folder: Folder,
    binaries: Binaries,
    account: Account,
    port: u16,
    password: SecretString,
    users: File,
}

impl EmbeddedPostgres {
    /// Starts the server, or attaches to the one that runs in this folder already, and returns once it answers. The first start obtains
    /// PostgreSQL if the machine has none (minutes) and creates the cluster (seconds).
    pub async fn start(options: EmbeddedOptions) -> Result<Self, EmbeddedError> {
        let folder = Folder::open(&options.root)?;
        let gate = lock::pass_gate(folder.gate()).await?;
        let users = lock::join_users(&folder.users())?;
        let binaries = match binaries::find(&options, &folder).await? {
            Ok(binaries) => binaries,
            Err(tried) => provision::obtain(&options, &folder, tried).await?,
        };
        let account = Account::choose(folder.root())?;
        folder.give_to(&account)?;
        account.must_reach(binaries.bin())?;
        let cluster = Cluster { folder: &folder, binaries: &binaries, account: &account, gate: &gate };
        cluster.initialise(&options).await?;
        let password = folder.read_password()?;
        let port = match cluster.bring_up(&options, &password).await {
            Ok(port) => port,
            Err(error) => {
                // What was started in vain must not stay behind; the first error is the one worth telling.
                if lock::leave_users(&users, &folder.users())? {
                    let _ = cluster.stop().await;
                }
                return Err(error);
            }
        };
        Ok(Self { folder, binaries, account, port, password, users })
    }

    /// Where `database` is reached, with the password in it. The name goes into the URL as it is.
    #[must_use]
    pub fn url(&self, database: &str) -> SecretString {
        let password = self.password.expose_secret();
        SecretString::from(format!("postgres://{SUPERUSER}:{password}@127.0.0.1:{}/{database}", self.port))
    }

    /// Creates database `name` if it is missing; safe to call from several processes at once.
    pub async fn ensure_database(&self, name: &str) -> Result<(), EmbeddedError> {
        session::ensure_database(self.port, &self.password, name).await
    }

    /// Gives up this process's share. The last one out stops the server, ending the sessions that are left.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        let gate = lock::pass_gate(self.folder.gate()).await?;
        if !lock::leave_users(&self.users, &self.folder.users())? {
            tracing::info!(port = self.port, "the embedded database stays up: another process uses it");
            return Ok(());
        }
        Cluster { folder: &self.folder, binaries: &self.binaries, account: &self.account, gate: &gate }.stop().await
    }
}
