//! The database: the one that `DATABASE_URL` names, or one of our own.

use std::{ffi::OsStr, fs::File, path::PathBuf, time::Duration};

use anyhow::{Context as _, bail};
use secrecy::SecretString;

use crate::{
    config::Config,
    integrations::postgres::{EmbeddedOptions, EmbeddedPostgres, default_root},
    repositories::{Database, DatabaseSettings},
};

/// The name of our database inside the embedded server.
const EMBEDDED_DATABASE: &str = "clento";
/// How long those who use a connection may take when the process stops, beyond the grace that requests have.
const CLOSING: Duration = Duration::from_secs(5);

/// The database, and the server under it if it is ours.
pub struct Databases {
    db: Database,
    embedded: Option<EmbeddedPostgres>,
}

impl Databases {
    /// Opens the database. A given one must have been migrated by `clento migrate`; our own is started and migrated.
    ///
    /// # Errors
    /// Our own cannot be had or started, or a migration fails.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        if let Some(warning) = config.warning() {
            tracing::warn!("{warning}");
        }
        if let Some(url) = &config.database.url {
            return Ok(Self { db: Database::new(&settings(config, url.clone()))?, embedded: None });
        }
        if config.environment.is_production() {
            bail!("DATABASE_URL is required in production");
        }
        let embedded = start(config).await?;
        embedded.ensure_database(EMBEDDED_DATABASE).await?;
        let db = Database::new(&settings(config, embedded.url(EMBEDDED_DATABASE)))?;
        let databases = Self { db, embedded: Some(embedded) };
        match databases.db.migrate().await.context("the embedded database cannot be migrated") {
            Ok(()) => Ok(databases),
            Err(error) => {
                // The first error is the one worth telling.
                drop(databases.close().await);
                Err(error)
            }
        }
    }

    /// Keeps other processes that share our own server from doing the same at the same time, for as long as the answer is held.
    ///
    /// # Errors
    /// The lock's file cannot be written.
    pub(super) async fn alone(&self, config: &Config) -> anyhow::Result<File> {
        let path = data_dir(config)?.join("demo.lock");
        let locked = tokio::task::spawn_blocking(move || {
            let file = File::options().create(true).truncate(false).write(true).open(path)?;
            file.lock()?;
            Ok::<_, std::io::Error>(file)
        });
        locked.await?.context("the demo cannot be made alone")
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.db
    }

    /// Whether the server under it is ours.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }

    /// Closes the connections, and stops our own server unless another process uses it.
    ///
    /// # Errors
    /// Our own server does not stop.
    pub async fn close(self) -> anyhow::Result<()> {
        // A reader of an export may hold a connection for as long as it likes.
        if tokio::time::timeout(CLOSING, self.db.close()).await.is_err() {
            tracing::warn!("connections were still in use when the time to stop was over");
        }
        if let Some(embedded) = self.embedded {
            embedded.stop().await?;
        }
        Ok(())
    }
}

fn settings(config: &Config, url: SecretString) -> DatabaseSettings {
    DatabaseSettings {
        url,
        max_connections: config.database.max_connections,
        acquire_timeout: Duration::from_secs(3),
        statement_timeout: Duration::from_secs(15),
    }
}

/// Where what the server keeps between runs lives: the embedded database and the demo identity.
///
/// # Errors
/// There is no home to put it in.
pub(super) fn data_dir(config: &Config) -> anyhow::Result<PathBuf> {
    if let Some(dir) = &config.server.data_dir {
        Ok(dir.clone())
    } else {
        let of = |path: &Option<PathBuf>| path.clone().map(PathBuf::into_os_string);
        let (xdg, home) = (of(&config.server.xdg_data_home), of(&config.server.home));
        Ok(default_root(xdg.as_deref().map(OsStr::new), home.as_deref().map(OsStr::new))?)
    }
}

async fn start(config: &Config) -> anyhow::Result<EmbeddedPostgres> {
    let mut options = EmbeddedOptions::new(data_dir(config)?.join("postgres"));
    options.bin_dir = config.database.pg_bin_dir.clone();
    options.search_path = config.database.path.clone().map(Into::into);
    EmbeddedPostgres::start(options).await.context("the embedded database cannot be started")
}
