//! The list of entries that the search index has yet to sort in (PostgreSQL's manual, GIN Fast Update Technique).

use super::LeadRepository;
use crate::{errors::Result, models::OrganizationId, repositories::Database};

impl LeadRepository<'_> {
    /// Lets the rest of the transaction make the list as long as it likes. Who asks for this must have it tidied.
    ///
    /// # Errors
    /// The database's.
    pub async fn leave_search_untidy(&mut self) -> Result<()> {
        sqlx::query!("select set_config('gin_pending_list_limit', '64MB', true)").fetch_one(&mut *self.conn).await?;
        Ok(())
    }
}

impl Database {
    /// Sorts the list into the index, whosever leads they are, on a connection of an organization whose job has made it long. Others write on
    /// meanwhile.
    ///
    /// # Errors
    /// The database's.
    pub async fn tidy_search(&self, organization: OrganizationId) -> Result<()> {
        let mut conn = self.conn_for_job(organization).await?;
        sqlx::query!("select gin_clean_pending_list('leads_search')").fetch_one(conn.leads().conn).await?;
        conn.give_back();
        Ok(())
    }
}
