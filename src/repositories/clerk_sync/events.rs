//! Which webhooks have been acted on.

use crate::{errors::Result, models::clerk_sync::EventOutcome, repositories::SyncTx};

impl SyncTx {
    /// Notes that this event is being acted on; false if it has been before. Another delivery of the same event waits here until this
    /// transaction ends.
    ///
    /// # Errors
    /// The database's.
    pub async fn note_event(&mut self, id: &str, kind: &str) -> Result<bool> {
        let now = self.now();
        let kind: String = kind.chars().filter(|c| !c.is_control()).take(255).collect();
        let done = sqlx::query!(
            r#"insert into inbound_events (source, external_id, type, outcome, received_at)
               values ('clerk', $1, $2, 'applied', $3) on conflict do nothing"#,
            id,
            kind,
            now,
        )
        .execute(self.conn())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Notes what became of it, if that is not `applied`.
    ///
    /// # Errors
    /// The database's.
    pub async fn note_outcome(&mut self, id: &str, outcome: EventOutcome) -> Result<()> {
        let outcome = match outcome {
            EventOutcome::Applied | EventOutcome::Duplicate => return Ok(()),
            EventOutcome::Stale => "stale",
            EventOutcome::Ignored => "ignored",
        };
        sqlx::query!("update inbound_events set outcome = $2 where source = 'clerk' and external_id = $1", id, outcome)
            .execute(self.conn())
            .await?;
        Ok(())
    }
}
