//! Whether the server can do its work.

use std::{sync::Arc, time::Duration};

use tokio::sync::Mutex;

use super::Context;
use crate::errors::{AppError, Result};

/// How long an answer is given again: anybody may ask, and asking must not cost the database anything.
const REMEMBERED_FOR: Duration = Duration::from_secs(1);

/// Readiness.
#[derive(Clone)]
pub struct ReadinessService {
    context: Context,
    last: Arc<Mutex<Option<Seen>>>,
}

/// What was found, and when it was asked.
#[derive(Clone, Copy)]
struct Seen {
    at: Duration,
    found: Found,
}

#[derive(Clone, Copy)]
enum Found {
    Ready { migrations: usize },
    MigrationsMissing,
    DatabaseAway,
}

impl ReadinessService {
    /// A service that has not asked yet.
    #[must_use]
    pub fn new(context: Context) -> Self {
        Self { context, last: Arc::default() }
    }

    /// How many migrations are applied: all.
    ///
    /// # Errors
    /// 503 `database_unavailable` or `migrations_missing`.
    pub async fn check(&self) -> Result<usize> {
        // Who comes while somebody asks waits for that answer.
        let mut last = self.last.lock().await;
        let now = self.context.clock.monotonic();
        let fresh = last.filter(|seen| now.saturating_sub(seen.at) < REMEMBERED_FOR);
        if let Some(seen) = fresh {
            return seen.found.told();
        }
        let migrations = self.context.db.migrations().await;
        let found = match &migrations {
            Ok(migrations) if migrations.applied < migrations.known => Found::MigrationsMissing,
            Ok(migrations) => Found::Ready { migrations: migrations.applied },
            Err(_) => Found::DatabaseAway,
        };
        *last = Some(Seen { at: self.context.clock.monotonic(), found });
        drop(last);
        found.told().map_err(|error| match migrations {
            Ok(_) => error,
            Err(cause) => error.with_source(cause),
        })
    }
}

impl Found {
    fn told(self) -> Result<usize> {
        match self {
            Self::Ready { migrations } => Ok(migrations),
            Self::MigrationsMissing => {
                let detail = "The database lacks migrations: run `clento migrate`.";
                Err(AppError::unavailable("migrations_missing", detail))
            }
            Self::DatabaseAway => {
                let detail = "The database cannot be reached right now. Try again shortly.";
                Err(AppError::unavailable("database_unavailable", detail))
            }
        }
    }
}
