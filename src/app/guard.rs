//! What production refuses beyond its settings: a database that a demo has lived in. Anybody may have had its tokens.

use std::time::Duration;

use anyhow::bail;
use tokio_util::sync::CancellationToken;

use super::demo;
use crate::repositories::Database;

/// How long to wait before a database that is away is looked at again.
const PAUSE: Duration = Duration::from_secs(5);

/// Refuses to serve on a demo's database. While the database is away nobody can be served by it either, so the question is asked again
/// beside the server, and the server stopped by the answer.
pub(super) async fn refuse_demo(db: &Database, stop: &CancellationToken) -> anyhow::Result<()> {
    match demo::is_in(db).await {
        Ok(false) => {}
        Ok(true) => bail!("the database holds the demo organization: production needs a database of its own"),
        Err(error) => {
            tracing::warn!(%error, "the database cannot be asked yet whether a demo lives in it");
            tokio::spawn(keep_asking(db.clone(), stop.clone()));
        }
    }
    Ok(())
}

async fn keep_asking(db: Database, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = stop.cancelled() => return,
        }
        match demo::is_in(&db).await {
            Ok(false) => return,
            Ok(true) => {
                tracing::error!("the database holds the demo organization: production needs a database of its own");
                return stop.cancel();
            }
            Err(_) => {}
        }
    }
}
