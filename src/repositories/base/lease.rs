//! Connections on loan. sqlx's pool asks a connection for a sign of life each time it comes back, which for a read of one row is a second
//! round trip. A connection whose borrower says that it is at rest is kept warm instead and lent again as it is; one that is just
//! dropped, for instance because a request was given up in mid-query, goes through sqlx's pool and its checks.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sqlx::{
    PgConnection, PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use sqlx_core::transaction::TransactionManager;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use crate::errors::{AppError, Result};

type Manager = <Postgres as sqlx::Database>::TransactionManager;

/// After how long a connection is asked for a sign of life before it is used again.
const IDLE_BEFORE_PING: Duration = Duration::from_millis(500);
/// After how long a warm connection goes through sqlx's pool again, which retires old ones.
const WARM_FOR: Duration = Duration::from_mins(1);

/// A pool whose connections can be kept warm.
#[derive(Debug, Clone)]
pub(super) struct Lender(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pool: PgPool,
    /// As many as the pool may have connections: who holds one never waits for a connection that lies warm.
    permits: Arc<Semaphore>,
    patience: Duration,
    warm: Mutex<Vec<Warm>>,
}

#[derive(Debug)]
struct Warm {
    conn: PoolConnection<Postgres>,
    checked_at: Instant,
    idle_since: Instant,
}

/// A connection on loan.
#[derive(Debug)]
pub(super) struct Lease {
    warm: Warm,
    lender: Lender,
    permit: OwnedSemaphorePermit,
}

/// A transaction on a connection on loan, rolled back when it is dropped.
#[derive(Debug)]
pub(in crate::repositories) struct LentTx(Lease);

impl Lender {
    /// A pool of up to `connections` that connects when it is first used, so that the server can start before its database. A borrower
    /// waits for `patience` at the most.
    pub(super) fn new(connections: u32, patience: Duration, options: PgConnectOptions) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(patience)
            // Asking before each use would double the round trips; a connection that lay idle may have died with its server.
            .test_before_acquire(false)
            .before_acquire(|conn, meta| {
                Box::pin(async move {
                    if meta.idle_for > IDLE_BEFORE_PING {
                        sqlx::Connection::ping(conn).await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(options);
        let permits = Arc::new(Semaphore::new(usize::try_from(connections).unwrap_or(usize::MAX)));
        Self(Arc::new(Inner { pool, permits, patience, warm: Mutex::default() }))
    }

    /// Lends a connection.
    ///
    /// # Errors
    /// None is free in time, or the database is away.
    pub(super) async fn lend(&self) -> Result<Lease> {
        let permit = timeout(self.0.patience, Arc::clone(&self.0.permits).acquire_owned())
            .await
            .map_err(|_| AppError::from(sqlx::Error::PoolTimedOut))?
            .map_err(|_| AppError::from(sqlx::Error::PoolClosed))?;
        let warm = if let Some(warm) = self.take_warm() {
            warm
        } else {
            let conn = self.0.pool.acquire().await?;
            let now = Instant::now();
            Warm { conn, checked_at: now, idle_since: now }
        };
        Ok(Lease { warm, lender: self.clone(), permit })
    }

    /// Lends a connection in a transaction.
    ///
    /// # Errors
    /// As [`Self::lend`].
    pub(super) async fn begin(&self) -> Result<LentTx> {
        let mut lease = self.lend().await?;
        Manager::begin(&mut lease, None).await?;
        Ok(LentTx(lease))
    }

    /// Lends a connection for one statement, which is a transaction by itself: there is nothing to begin, and nothing to commit.
    ///
    /// # Errors
    /// As [`Self::lend`].
    pub(super) async fn lend_for_statement(&self) -> Result<LentTx> {
        self.lend().await.map(LentTx)
    }

    /// The connection that was used last, if that is not long ago. The others are older: if it is too old, so are they.
    fn take_warm(&self) -> Option<Warm> {
        let mut warm = self.0.warm.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = warm.pop()?;
        if newest.idle_since.elapsed() < IDLE_BEFORE_PING {
            return Some(newest);
        }
        warm.clear();
        None
    }

    /// Connections open, and how many of them are idle.
    pub(super) fn count(&self) -> (u32, usize) {
        let warm = self.0.warm.lock().unwrap_or_else(PoisonError::into_inner).len();
        (self.0.pool.size(), self.0.pool.num_idle() + warm)
    }

    /// How it connects.
    pub(super) fn options(&self) -> PgConnectOptions {
        self.0.pool.connect_options().as_ref().clone()
    }

    /// Closes all connections, waiting for those in use.
    pub(super) async fn close(&self) {
        self.0.permits.close();
        self.0.warm.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.0.pool.close().await;
    }
}

impl Lease {
    /// Has the connection closed when it is dropped, whatever it is doing then.
    pub(super) fn close_on_drop(&mut self) {
        self.warm.conn.close_on_drop();
    }

    /// Gives the connection back at rest: every statement has been answered and no transaction is open.
    pub(super) fn give_back(self) {
        let Self { mut warm, lender, permit } = self;
        if lender.0.permits.is_closed() || warm.checked_at.elapsed() > WARM_FOR {
            return;
        }
        warm.idle_since = Instant::now();
        lender.0.warm.lock().unwrap_or_else(PoisonError::into_inner).push(warm);
        drop(permit); // only now, so that whoever waits for it finds the connection
    }
}

impl LentTx {
    /// As [`Lease::close_on_drop`].
    pub(super) fn close_on_drop(&mut self) {
        self.0.close_on_drop();
    }

    /// Commits, unless its one statement has done so, and gives the connection back.
    pub(in crate::repositories) async fn commit(mut self) -> Result<()> {
        Manager::commit(&mut self.0).await?;
        self.0.give_back();
        Ok(())
    }

    /// Rolls back now, and not whenever the connection is used again, and gives it back.
    pub(in crate::repositories) async fn rollback(mut self) -> Result<()> {
        Manager::rollback(&mut self.0).await?;
        self.0.give_back();
        Ok(())
    }
}

impl Deref for Lease {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.warm.conn
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.warm.conn
    }
}

impl Deref for LentTx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.0
    }
}

impl DerefMut for LentTx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}

impl Drop for Warm {
    /// Does nothing unless a transaction is open. sqlx's pool sends what this queues before it lends the connection again.
    fn drop(&mut self) {
        Manager::start_rollback(&mut self.conn);
    }
}
