//! What messages by hand are charged as in the ledgers of their accounts.

use super::messages::MessageRepository;
use crate::{
    errors::Result,
    models::{AccountId, MessageId, Usage, workflow::NodeType},
};

impl MessageRepository<'_> {
    /// Notes what a message is charged as in its account's ledger.
    ///
    /// # Errors
    /// The database's.
    pub async fn charged(&mut self, id: MessageId, line: &Usage) -> Result<()> {
        sqlx::query!(
            "update messages set charged_day = $3, charged_hour = $4 where organization_id = $1 and id = $2",
            self.scope.id(),
            id.0,
            line.day,
            line.hour,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Notes that what a message is charged as is given back, or that it is not any more; answers with it if that is news.
    ///
    /// # Errors
    /// The database's.
    pub async fn give_back(&mut self, id: MessageId, back: bool) -> Result<Option<Usage>> {
        Ok(sqlx::query_as!(
            Usage,
            r#"update messages set given_back = $3
               where organization_id = $1 and id = $2 and given_back <> $3 and account_id is not null and charged_day is not null
               returning account_id as "account_id!: AccountId",
                         case channel when 'email' then 'send_email' else 'send_followup' end as "action!: NodeType",
                         charged_day as "day!", charged_hour as "hour!", 1 as "used!""#,
            self.scope.id(),
            id.0,
            back,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }
}
