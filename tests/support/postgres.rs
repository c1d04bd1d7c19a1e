//! One PostgreSQL for all tests, started by the first and shared; one database for each test, copied from a migrated template.

use std::{
    env,
    hash::{DefaultHasher, Hash, Hasher},
    num::NonZeroU32,
    path::{Path, PathBuf},
    str::FromStr,
    sync::mpsc,
    time::Duration,
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    hmac, pbkdf2,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use clento::{
    integrations::postgres::{EmbeddedOptions, EmbeddedPostgres},
    repositories::{Database, DatabaseSettings},
};
use nix::sys::statvfs::statvfs;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    AssertSqlSafe, Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::sync::OnceCell;
use url::Url;
use uuid::Uuid;

static SERVER: OnceCell<EmbeddedPostgres> = OnceCell::const_new();

/// Where Linux keeps files in memory. Of what a test of a few requests costs PostgreSQL, half is making the 300 files of its database where
/// other tests' have just been deleted.
const MEMORY: &str = "/dev/shm";
/// How much room the databases of all tests at once may need there, with the log of what was written: ten times what they were seen to take.
const ROOM: u64 = 2 << 30;

/// The test server's folder: in memory if there is room. Other users must be able to pass through it, since root may not run PostgreSQL.
fn root() -> PathBuf {
    let mut checkout = DefaultHasher::new();
    env!("CARGO_MANIFEST_DIR").hash(&mut checkout);
    let name = format!("clento-test-postgres-{:016x}", checkout.finish());
    let in_memory = Path::new(MEMORY).join(&name);
    // All tests must come to the same answer, however much room the first have left.
    if in_memory.exists() || room_in(Path::new(MEMORY)) >= ROOM { in_memory } else { env::temp_dir().join(name) }
}

fn room_in(folder: &Path) -> u64 {
    statvfs(folder).map_or(0, |it| it.blocks_available() * it.fragment_size())
}

#[expect(clippy::disallowed_methods, reason = "tests have no settings but these two")]
async fn server() -> &'static EmbeddedPostgres {
    SERVER
        .get_or_init(|| async {
            let mut options = EmbeddedOptions::new(root());
            options.durable = false;
            let settings = [("max_connections", "500"), ("max_wal_size", "256MB")];
            options.settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
            options.bin_dir = env::var_os("PG_BIN_DIR").map(PathBuf::from);
            options.search_path = env::var_os("PATH");
            EmbeddedPostgres::start(options).await.expect("a PostgreSQL for the tests")
        })
        .await
}

/// A test's own database; dropped with it.
#[derive(Debug)]
pub(crate) struct TestDatabase {
    pub(crate) name: String,
    pub(crate) url: SecretString,
    pub(crate) pool: PgPool,
    /// Where to drop it; nowhere if that is for another to do.
    admin_url: Option<SecretString>,
}

impl TestDatabase {
    /// A fresh migrated database.
    pub(crate) async fn create() -> Self {
        let server = server().await;
        let admin_url = server.url("postgres");
        let mut admin = PgConnection::connect(admin_url.expose_secret()).await.expect("the test server");
        let template = template(server, &mut admin).await;
        let name = format!("test_{}", Uuid::new_v4().simple());
        sqlx::query(AssertSqlSafe(format!("create database {name} template {template}")))
            .execute(&mut admin)
            .await
            .expect("a database");
        let url = server.url(&name);
        let options = PgConnectOptions::from_str(url.expose_secret()).expect("a URL");
        let pool = PgPoolOptions::new().max_connections(3).connect_lazy_with(options);
        Self { name, url, pool, admin_url: Some(admin_url) }
    }

    /// A fresh database without anything in it.
    pub(crate) async fn bare() -> Self {
        let server = server().await;
        let admin_url = server.url("postgres");
        let mut admin = PgConnection::connect(admin_url.expose_secret()).await.expect("the test server");
        let name = format!("test_{}", Uuid::new_v4().simple());
        sqlx::query(AssertSqlSafe(format!("create database {name}"))).execute(&mut admin).await.expect("a database");
        let url = server.url(&name);
        let options = PgConnectOptions::from_str(url.expose_secret()).expect("a URL");
        let pool = PgPoolOptions::new().max_connections(3).connect_lazy_with(options);
        Self { name, url, pool, admin_url: Some(admin_url) }
    }

    /// A migrated database that is somebody else's to drop.
    pub(crate) fn at(url: SecretString) -> Self {
        let options = PgConnectOptions::from_str(url.expose_secret()).expect("a URL");
        let pool = PgPoolOptions::new().max_connections(3).connect_lazy_with(options);
        Self { name: "clento".to_owned(), url, pool, admin_url: None }
    }

    /// The same database, not dropped with this.
    pub(crate) fn share(&self) -> Self {
        Self { name: self.name.clone(), url: self.url.clone(), pool: self.pool.clone(), admin_url: None }
    }

    /// The database as the service opens it.
    pub(crate) fn open(&self) -> Database {
        Database::new(&Self::settings(self.url.clone())).expect("a usable URL")
    }

    /// Settings for the database behind another URL, as through a proxy.
    pub(crate) fn settings(url: SecretString) -> DatabaseSettings {
        DatabaseSettings {
            url,
            max_connections: 12,
            acquire_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(15),
        }
    }
}

impl Drop for TestDatabase {
    /// Asks for the database to be dropped, and waits a little. Not until it is done: a drop waits for every connection that is being made
    /// anywhere, and one that this test's own tasks are making stands still for as long as this does.
    fn drop(&mut self) {
        let (name, Some(url)) = (self.name.clone(), self.admin_url.take()) else { return };
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                if let Ok(mut admin) = PgConnection::connect(url.expose_secret()).await {
                    let _ = sqlx::query(AssertSqlSafe(format!("drop database if exists {name} with (force)")))
                        .execute(&mut admin)
                        .await;
                }
            });
            let _ = tell.send(());
        });
        let _ = told.recv_timeout(Duration::from_millis(500));
    }
}

/// The name of a migrated database to copy, made once for each state of the migrations.
async fn template(server: &EmbeddedPostgres, admin: &mut PgConnection) -> String {
    let mut state = DefaultHasher::new();
    for migration in sqlx::migrate!().iter() {
        migration.checksum.hash(&mut state);
    }
    let name = format!("template_{:016x}", state.finish());
    sqlx::query("select pg_advisory_lock(4221)").execute(&mut *admin).await.expect("the lock");
    let exists: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(&name)
        .fetch_one(&mut *admin)
        .await
        .expect("the list of databases");
    if !exists {
        let eased = format!("alter role clento password '{}'", verifier(&server.url("postgres")));
        sqlx::query(AssertSqlSafe(eased)).execute(&mut *admin).await.expect("the password");
        let raw = format!("raw_{}", Uuid::new_v4().simple());
        sqlx::query(AssertSqlSafe(format!("create database {raw}"))).execute(&mut *admin).await.expect("a database");
        let settings = DatabaseSettings {
            url: server.url(&raw),
            max_connections: 2,
            acquire_timeout: Duration::from_secs(30),
            statement_timeout: Duration::from_mins(1),
        };
        let db = Database::new(&settings).expect("a usable URL");
        db.migrate().await.expect("the migrations");
        db.close().await;
        sqlx::query(AssertSqlSafe(format!("alter database {raw} rename to {name}")))
            .execute(&mut *admin)
            .await
            .expect("the template");
    }
    sqlx::query("select pg_advisory_unlock(4221)").execute(admin).await.expect("the lock");
    name
}

/// What the server keeps of the password in `url`, in PostgreSQL's own form of RFC 5803, with one round in place of its 4,096. Those make a
/// password that a person thought of dear to guess; this one is random, and every test signs in several times.
fn verifier(url: &SecretString) -> String {
    let url = Url::parse(url.expose_secret()).expect("a URL");
    let (salt, mut salted) = (rand::random::<[u8; 16]>(), [0; 32]);
    let password = url.password().expect("a password").as_bytes();
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, NonZeroU32::MIN, &salt, password, &mut salted);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &salted);
    let stored = digest(&SHA256, hmac::sign(&key, b"Client Key").as_ref());
    let [salt, stored, server] =
        [&salt[..], stored.as_ref(), hmac::sign(&key, b"Server Key").as_ref()].map(|part| STANDARD.encode(part));
    format!("SCRAM-SHA-256$1:{salt}${stored}:{server}")
}
