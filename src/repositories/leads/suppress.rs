//! Leads who have become people that nobody may write to.

use chrono::{DateTime, Utc};

use super::LeadRepository;
use crate::{
    errors::Result,
    models::{LeadId, LeadStatus},
};

/// A lead that nobody may write to any more.
#[derive(Debug, Clone, Copy)]
pub struct BarredLead {
    /// Which one.
    pub id: LeadId,
    /// Where we stood with the person.
    pub status: LeadStatus,
}

impl LeadRepository<'_> {
    /// Marks the leads with one of these addresses or profiles as not to be contacted; answers those that were not yet.
    ///
    /// # Errors
    /// The database's.
    pub async fn bar(
        &mut self,
        emails: &[String],
        linkedin_urls: &[String],
        now: DateTime<Utc>,
    ) -> Result<Vec<BarredLead>> {
        Ok(sqlx::query_as!(
            BarredLead,
            r#"with found as (
                 select l.id, l.status from leads l
                 where l.organization_id = $1 and (l.email = any($2) or l.linkedin_url = any($3)) and l.status <> 'do_not_contact'
                 order by l.id for update),
               marked as (
                 update leads l set status = 'do_not_contact', version = l.version + 1, updated_at = $4
                 from found where l.organization_id = $1 and l.id = found.id)
               select id as "id!: LeadId", status as "status!: LeadStatus" from found"#,
            self.scope.id(),
            emails,
            linkedin_urls,
            now,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// The same for up to `limit` leads with an e-mail address at one of these domains or below it. They are looked for by the search index,
    /// which knows no end of a domain, so each is looked at once more.
    ///
    /// # Errors
    /// The database's.
    pub async fn bar_at_domains(
        &mut self,
        domains: &[String],
        limit: i64,
        now: DateTime<Utc>,
    ) -> Result<Vec<BarredLead>> {
        Ok(sqlx::query_as!(
            BarredLead,
            r#"with candidates as (
                 select l.id from unnest($2::text[]) as domain (name)
                 cross join lateral (
                   select id from leads
                   where organization_id = $1 and search_text like '%' || domain.name || '%' and status <> 'do_not_contact'
                     and (email like '%@' || domain.name or email like '%.' || domain.name)
                   limit $3) l
                 limit $3),
               found as (
                 select l.id, l.status from leads l
                 where l.organization_id = $1 and l.id in (select id from candidates) and l.status <> 'do_not_contact'
                 order by l.id for update),
               marked as (
                 update leads l set status = 'do_not_contact', version = l.version + 1, updated_at = $4
                 from found where l.organization_id = $1 and l.id = found.id)
               select id as "id!: LeadId", status as "status!: LeadStatus" from found"#,
            self.scope.id(),
            domains,
            limit,
            now,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }
}
