//! A PostgreSQL of one test's own, which can be crashed and stopped under whoever uses it.

use std::{env, fs, path::PathBuf, process::Command, time::Duration};

use clento::{
    integrations::postgres::{EmbeddedOptions, EmbeddedPostgres},
    repositories::Database,
};
use secrecy::SecretString;
use uuid::Uuid;

use super::postgres::TestDatabase;

/// The one database in it.
const DATABASE: &str = "clento";

/// The server. It keeps what it says it has committed, through crashes too.
#[derive(Debug)]
pub(crate) struct OwnPostgres {
    root: PathBuf,
    server: EmbeddedPostgres,
}

impl OwnPostgres {
    /// A server with a migrated database.
    pub(crate) async fn start() -> Self {
        let root = env::temp_dir().join(format!("clento-own-postgres-{}", Uuid::new_v4().simple()));
        let server = serve(&root).await;
        server.ensure_database(DATABASE).await.expect("a database");
        let db = Database::new(&TestDatabase::settings(server.url(DATABASE))).expect("a usable URL");
        db.migrate().await.expect("the migrations");
        db.close().await;
        Self { root, server }
    }

    /// Where its database is reached. After another start it is elsewhere.
    pub(crate) fn url(&self) -> SecretString {
        self.server.url(DATABASE)
    }

    /// What `pg_ctl stop -m immediate` does: every process of it ends at once, and nothing is written out.
    pub(crate) fn crash(&self) {
        self.signal("-QUIT");
    }

    /// What `pg_ctl stop -m fast` does.
    pub(crate) fn stop(&self) {
        self.signal("-INT");
    }

    /// Starts it again: after a crash it first recovers what was committed.
    pub(crate) async fn start_again(&mut self) {
        while self.pid().is_some_and(|pid| PathBuf::from("/proc").join(pid).exists()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.server = serve(&self.root).await;
    }

    fn signal(&self, signal: &str) {
        if let Some(pid) = self.pid() {
            let _ = Command::new("kill").args([signal, &pid]).status();
        }
    }

    fn pid(&self) -> Option<String> {
        let text = fs::read_to_string(self.root.join("data/postmaster.pid")).ok()?;
        text.lines().next().map(str::to_owned)
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        self.crash();
        for _ in 0..100 {
            if fs::remove_dir_all(&self.root).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "tests have no settings but these two")]
async fn serve(root: &std::path::Path) -> EmbeddedPostgres {
    let mut options = EmbeddedOptions::new(root.to_owned());
    options.settings = vec![("max_connections".to_owned(), "300".to_owned())];
    options.bin_dir = env::var_os("PG_BIN_DIR").map(PathBuf::from);
    options.search_path = env::var_os("PATH");
    EmbeddedPostgres::start(options).await.expect("a PostgreSQL of the test's own")
}
