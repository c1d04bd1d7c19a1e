//! What production refuses beyond its settings: a database that a demo has lived in, since anybody may have had its tokens, and one with
//! suppressions that these keys do not find, since people who have objected would be written to.

use std::time::Duration;

use anyhow::bail;
use tokio_util::sync::CancellationToken;

use super::demo;
use crate::{errors::Result, repositories::Database};

/// How long to wait before a database that is away is looked at again.
const PAUSE: Duration = Duration::from_secs(5);

const DEMO: &str = "the database holds the demo organization: production needs a database of its own";
const LOST_KEY: &str =
    "suppressions are stored under a key that ENCRYPTION_KEY does not hold: put it back, after the new one";

/// Refuses to serve on such a database. While the database is away nobody can be served by it either, so the question is asked again
/// beside the server, and the server stopped by the answer.
pub(super) async fn refuse_unfit(db: &Database, keys: Vec<String>, stop: &CancellationToken) -> anyhow::Result<()> {
    match fault(db, &keys).await {
        Ok(None) => {}
        Ok(Some(fault)) => bail!(fault),
        Err(error) => {
            tracing::warn!(%error, "the database cannot be asked yet whether it may be served");
            tokio::spawn(keep_asking(db.clone(), keys, stop.clone()));
        }
    }
    Ok(())
}

/// Waits until it is known that such a database may be worked on: who does nothing but work has nothing better to do, and must not write to
/// anybody before.
pub(super) async fn wait_until_fit(db: &Database, keys: Vec<String>, stop: &CancellationToken) -> anyhow::Result<()> {
    loop {
        match fault(db, &keys).await {
            Ok(None) => return Ok(()),
            Ok(Some(fault)) => bail!(fault),
            Err(error) => tracing::warn!(%error, "the database cannot be asked yet whether it may be worked on"),
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = stop.cancelled() => return Ok(()),
        }
    }
}

/// What is wrong with the database, if anything is.
async fn fault(db: &Database, keys: &[String]) -> Result<Option<&'static str>> {
    if demo::is_in(db).await? {
        return Ok(Some(DEMO));
    }
    Ok(db.has_lost_suppressions(keys).await?.then_some(LOST_KEY))
}

async fn keep_asking(db: Database, keys: Vec<String>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = stop.cancelled() => return,
        }
        match fault(&db, &keys).await {
            Ok(None) => return,
            Ok(Some(fault)) => {
                tracing::error!("{fault}");
                return stop.cancel();
            }
            Err(_) => {}
        }
    }
}
