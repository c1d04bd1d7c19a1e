//! Connections for exports: one statement, a snapshot of its instant, whose rows are read as fast as somebody takes them.

use std::ops::{Deref, DerefMut};

use tokio::sync::OwnedSemaphorePermit;

use super::tx::OrgConn;
use crate::errors::Result;

/// A connection for one long read of one organization. It is closed at the end, read through or not: that ends the statement of a reader
/// who has gone away, and leaves its settings to nobody.
#[derive(Debug)]
pub struct ExportConn {
    conn: OrgConn,
    _slot: OwnedSemaphorePermit,
}

impl ExportConn {
    pub(super) async fn open(mut conn: OrgConn, slot: OwnedSemaphorePermit) -> Result<Self> {
        conn.conn.close_on_drop();
        // The statement lasts as long as its reader takes. That an index gives the order anyway is worth a few reads out of turn: the first
        // rows come at once, and nothing is sorted on disk.
        sqlx::raw_sql("set statement_timeout = '1h'; set random_page_cost = 1.1").execute(&mut *conn.conn).await?;
        Ok(Self { conn, _slot: slot })
    }
}

impl Deref for ExportConn {
    type Target = OrgConn;

    fn deref(&self) -> &OrgConn {
        &self.conn
    }
}

impl DerefMut for ExportConn {
    fn deref_mut(&mut self) -> &mut OrgConn {
        &mut self.conn
    }
}
