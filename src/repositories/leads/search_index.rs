//! What is to be done after many leads were written: sorting in the list of entries that the search index has yet to take (PostgreSQL's manual, GIN
//! Fast Update Technique), and counting anew, as its manual advises after loading (14.4.7).

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

    /// Whether the table is half as large again as when it was last looked at. What was planned for a table of the size that it had then may
    /// read all leads of an organization for each that it wants, and PostgreSQL looks once a minute at the most, where an import needs seconds.
    async fn has_outgrown_its_statistics(&mut self) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select pg_relation_size(oid) / current_setting('block_size')::bigint > 50 + 1.5 * relpages as "outgrown!"
               from pg_class where oid = 'leads'::regclass"#
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }
}

impl Database {
    /// Sorts the list into the index, and has the planner told of what came, whosever leads they are, on a connection of an organization whose job has made it long. Others write on
    /// meanwhile.
    ///
    /// # Errors
    /// The database's.
    pub async fn tidy_search(&self, organization: OrganizationId) -> Result<()> {
        let mut conn = self.conn_for_job(organization).await?;
        sqlx::query!("select gin_clean_pending_list('leads_search')").fetch_one(conn.leads().conn).await?;
        if conn.leads().has_outgrown_its_statistics().await? {
            sqlx::query!("analyze leads").execute(conn.leads().conn).await?;
        }
        conn.give_back();
        Ok(())
    }
}
