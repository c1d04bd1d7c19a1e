//! What became of an invitation.

use super::ActivityRepository;
use crate::{
    errors::Result,
    models::{AcceptanceOutcome, ExecutionId},
};

impl ActivityRepository<'_> {
    /// Whether the lead of an execution has accepted, as was last found out; nothing if that is open, or nobody was invited.
    ///
    /// # Errors
    /// The database's.
    pub async fn acceptance(&mut self, execution: ExecutionId) -> Result<Option<AcceptanceOutcome>> {
        Ok(sqlx::query_as!(
            AcceptanceOutcome,
            r#"select type = 'connection_accepted' as "accepted!", data->>'reason' as reason, occurred_at as at from activities
               where organization_id = $1 and execution_id = $2 and type in ('connection_accepted', 'connection_not_accepted')
               order by occurred_at desc, id desc limit 1"#,
            self.scope.id(),
            execution.0,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }
}
