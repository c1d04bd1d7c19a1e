//! The pool, and the few doors through which a handle can be had.

use std::{str::FromStr, time::Duration};

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    Connection, PgConnection, PgPool,
    migrate::{Migrate, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{
    scope::{Actor, OrgMember, OrgScope, RequestContext, UserScope},
    sync::SyncTx,
    tx::{OrgConn, OrgTx},
    user::{UserConn, UserTx},
};
use crate::errors::{AppError, Result};

static MIGRATOR: Migrator = sqlx::migrate!();

/// After how long a connection is asked for a sign of life before it is used again.
const IDLE_BEFORE_PING: Duration = Duration::from_millis(500);

/// How to reach the database.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// A direct or session-mode URL: a transaction-mode pooler mixes up answers.
    pub url: SecretString,
    /// Connections at the most.
    pub max_connections: u32,
    /// How long a request waits for a connection before it is told that the database is away.
    pub acquire_timeout: Duration,
    /// After how long the database gives up a statement.
    pub statement_timeout: Duration,
}

/// The database. The pool inside is private: every query goes through a handle that carries what was proved.
#[derive(Debug, Clone)]
pub struct Database {
    pool: PgPool,
    /// Connections that plan each statement with its values: right where the best plan depends on them, as in a search.
    planning: PgPool,
}

/// How the migrations stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migrations {
    /// Migrations in this program.
    pub known: usize,
    /// Of these, applied.
    pub applied: usize,
}

impl Database {
    /// A pool that connects when it is first used, so that the server can start before its database.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn new(settings: &DatabaseSettings) -> Result<Self> {
        let options = PgConnectOptions::from_str(settings.url.expose_secret())
            .map_err(AppError::from)?
            .application_name("clento")
            .options([
                ("statement_timeout", settings.statement_timeout.as_millis().to_string()),
                ("idle_in_transaction_session_timeout", "30s".into()),
                ("lock_timeout", "10s".into()),
                ("timezone", "UTC".into()),
                // Both cost tens of milliseconds before the first row: for reports, not for pages of fifty.
                ("jit", "off".into()),
                ("max_parallel_workers_per_gather", "0".into()),
            ]);
        let planning = (settings.max_connections / 4).max(1);
        let pool = pool_of(settings, settings.max_connections.saturating_sub(planning).max(1), options.clone());
        let planning = pool_of(settings, planning, options.options([("plan_cache_mode", "force_custom_plan")]));
        Ok(Self { pool, planning })
    }

    /// Applies the migrations that are missing.
    ///
    /// # Errors
    /// The database is away, or a migration fails or was changed after it was applied.
    pub async fn migrate(&self) -> Result<()> {
        // A connection without the statement limit: building an index may take long, and cannot lift the limit itself.
        let options = self.pool.connect_options().as_ref().clone().options([("statement_timeout", "0")]);
        let mut conn = PgConnection::connect_with(&options).await?;
        MIGRATOR.run(&mut conn).await.map_err(AppError::internal)?;
        Ok(conn.close().await?)
    }

    /// How many of the known migrations are applied.
    ///
    /// # Errors
    /// The database is away.
    pub async fn migrations(&self) -> Result<Migrations> {
        let mut conn = self.pool.acquire().await?;
        let applied = conn.list_applied_migrations("_sqlx_migrations").await.map_err(AppError::internal)?;
        let known: Vec<_> = MIGRATOR.iter().filter(|m| !m.migration_type.is_down_migration()).collect();
        let applied = known.iter().filter(|m| applied.iter().any(|a| a.version == m.version)).count();
        Ok(Migrations { known: known.len(), applied })
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// It is away.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("select 1").execute(&self.pool).await?;
        Ok(())
    }

    /// A connection for single reads of the member's organization.
    ///
    /// # Errors
    /// None is free in time.
    pub async fn read(&self, member: &OrgMember) -> Result<OrgConn> {
        self.read_scope(member.scope()).await
    }

    pub(in crate::repositories) async fn read_scope(&self, scope: OrgScope) -> Result<OrgConn> {
        Ok(OrgConn { conn: self.pool.acquire().await?, scope })
    }

    /// As [`Self::read`], for statements whose best plan depends on their values.
    ///
    /// # Errors
    /// None is free in time.
    pub async fn search(&self, member: &OrgMember) -> Result<OrgConn> {
        Ok(OrgConn { conn: self.planning.acquire().await?, scope: member.scope() })
    }

    /// A transaction for one use case of a member.
    ///
    /// # Errors
    /// No connection is free in time.
    pub async fn begin(&self, member: &OrgMember, now: DateTime<Utc>) -> Result<OrgTx> {
        let tx = self.pool.begin().await?;
        Ok(OrgTx { tx, scope: member.scope(), actor: member.actor(), now, audit: Vec::new() })
    }

    /// As [`Self::begin`], for statements whose best plan depends on their values.
    ///
    /// # Errors
    /// No connection is free in time.
    pub async fn begin_search(&self, member: &OrgMember, now: DateTime<Utc>) -> Result<OrgTx> {
        let tx = self.planning.begin().await?;
        Ok(OrgTx { tx, scope: member.scope(), actor: member.actor(), now, audit: Vec::new() })
    }

    pub(in crate::repositories) async fn begin_as_system(&self, scope: OrgScope, now: DateTime<Utc>) -> Result<OrgTx> {
        let actor = Actor::system(RequestContext::default());
        Ok(OrgTx { tx: self.pool.begin().await?, scope, actor, now, audit: Vec::new() })
    }

    /// A transaction for what Clerk tells of users and organizations, in this request.
    ///
    /// # Errors
    /// No connection is free in time.
    pub async fn begin_sync(&self, request: RequestContext, now: DateTime<Utc>) -> Result<SyncTx> {
        Ok(SyncTx { tx: self.pool.begin().await?, actor: Actor::system(request), now, audit: Vec::new() })
    }

    /// A connection for single reads of what is the user's own.
    ///
    /// # Errors
    /// None is free in time.
    pub async fn read_user(&self, user: UserScope) -> Result<UserConn> {
        Ok(UserConn { conn: self.pool.acquire().await?, scope: user })
    }

    /// A transaction for one use case of a user.
    ///
    /// # Errors
    /// No connection is free in time.
    pub async fn begin_user(&self, user: UserScope, now: DateTime<Utc>) -> Result<UserTx> {
        Ok(UserTx { tx: self.pool.begin().await?, scope: user, now })
    }

    pub(in crate::repositories) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Connections in the pool, and how many of them are idle.
    #[must_use]
    pub fn connections(&self) -> (u32, usize) {
        (self.pool.size() + self.planning.size(), self.pool.num_idle() + self.planning.num_idle())
    }

    /// Closes all connections, waiting for those in use.
    pub async fn close(&self) {
        self.planning.close().await;
        self.pool.close().await;
    }
}

fn pool_of(settings: &DatabaseSettings, connections: u32, options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(settings.acquire_timeout)
        // Asking before each use would double the round trips; a connection that lay idle may have died with its server.
        .test_before_acquire(false)
        .before_acquire(|conn, meta| {
            Box::pin(async move {
                if meta.idle_for > IDLE_BEFORE_PING {
                    conn.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options)
}
