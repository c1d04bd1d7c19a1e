//! Bringing the schema up to date, by one process at a time, however many are told to.

use std::time::Duration;

use sqlx::{
    Connection as _, PgConnection,
    migrate::{Migrate as _, Migration, Migrator},
};

use super::Database;
use crate::errors::{AppError, Result};

static MIGRATOR: Migrator = sqlx::migrate!();

/// How long building an index concurrently waits for the transactions that were there before it, be they anybody's: nobody waits behind it.
const PATIENT: &str = "set lock_timeout = '1h'";
/// The lock of whoever migrates; sqlx's own comes under it. Who waits for that holds a snapshot, and an index that is built concurrently waits for
/// all snapshots: both would wait for each other. So this one is asked for again and again instead.
const LOCK: &str = "select pg_try_advisory_lock(hashtextextended('clento.migrate', 0))";
/// How often.
const ASKED_EVERY: Duration = Duration::from_millis(200);

/// How far a database's schema is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migrations {
    /// Migrations that this program knows.
    pub known: usize,
    /// Those of them that are applied.
    pub applied: usize,
}

impl Database {
    /// Applies the migrations that are missing, once nobody else does.
    ///
    /// # Errors
    /// The database is away, or a migration fails or was changed after it was applied.
    pub async fn migrate(&self) -> Result<()> {
        // A connection without the statement limit: building an index may take long, and cannot lift the limit itself.
        let options = self.pool.options().options([("statement_timeout", "0")]);
        let mut conn = PgConnection::connect_with(&options).await?;
        while !sqlx::query_scalar::<_, bool>(LOCK).fetch_one(&mut conn).await? {
            tokio::time::sleep(ASKED_EVERY).await;
        }
        for alone in MIGRATOR.iter().filter(|migration| migration.no_tx) {
            MIGRATOR.run_to(alone.version - 1, &mut conn).await.map_err(AppError::internal)?;
            clear_away(&mut conn, alone).await?;
            sqlx::raw_sql(PATIENT).execute(&mut conn).await?;
            MIGRATOR.run_to(alone.version, &mut conn).await.map_err(AppError::internal)?;
            sqlx::raw_sql("reset lock_timeout").execute(&mut conn).await?;
        }
        MIGRATOR.run(&mut conn).await.map_err(AppError::internal)?;
        self.migrate_queue().await?;
        Ok(conn.close().await?)
    }

    /// How many of the known migrations are applied.
    ///
    /// # Errors
    /// The database is away.
    pub async fn migrations(&self) -> Result<Migrations> {
        let mut conn = self.pool.lend().await?;
        let applied = conn.list_applied_migrations("_sqlx_migrations").await.map_err(AppError::internal)?;
        let known: Vec<_> = MIGRATOR.iter().filter(|m| !m.migration_type.is_down_migration()).collect();
        let applied = known.iter().filter(|m| applied.iter().any(|a| a.version == m.version)).count();
        Ok(Migrations { known: known.len(), applied })
    }
}

/// Drops what a migration outside a transaction has left behind that was broken off: an index that is not valid, or one that is and of which nobody
/// has written down that it is there. It would be in its own way for ever. A migration that drops an index which is gone already gets another.
async fn clear_away(conn: &mut PgConnection, migration: &Migration) -> Result<()> {
    let applied = conn.list_applied_migrations("_sqlx_migrations").await.map_err(AppError::internal)?;
    if applied.iter().any(|applied| applied.version == migration.version) {
        return Ok(());
    }
    let Some(name) = index_of(migration.sql.as_str()) else { return Ok(()) };
    let drops = migration.sql.as_str().contains("drop index");
    let left = "select exists (select from pg_class where relkind = 'i' and relname = $1 and relnamespace = 'public'::regnamespace)";
    let is_there = sqlx::query_scalar::<_, bool>(left).bind(name).fetch_one(&mut *conn).await?;
    if drops && !is_there {
        // It is gone already: the migration gets something to drop.
        let stand_in = sqlx::AssertSqlSafe(format!("create index \"{name}\" on _sqlx_migrations (version)"));
        sqlx::raw_sql(stand_in).execute(conn).await?;
    } else if is_there && !drops {
        tracing::warn!(index = name, "an index whose migration was broken off is built anew");
        let drop = sqlx::AssertSqlSafe(format!("drop index concurrently public.\"{name}\""));
        sqlx::raw_sql(drop).execute(conn).await?;
    }
    Ok(())
}

/// The index that a migration builds or drops concurrently.
fn index_of(sql: &str) -> Option<&str> {
    let mut words = sql.split_whitespace().skip_while(|word| *word != "concurrently").skip(1);
    words
        .next()
        .map(|name| name.trim_end_matches(';'))
        .filter(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_outside_a_transaction_is_about_one_index() {
        let alone: Vec<_> = MIGRATOR.iter().filter(|migration| migration.no_tx).collect();
        assert!(!alone.is_empty());
        for migration in alone {
            assert!(index_of(migration.sql.as_str()).is_some(), "{}", migration.description);
            assert_eq!(migration.sql.as_str().matches("concurrently").count(), 1, "{}", migration.description);
        }
    }
}
