//! Writing leads.

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::LeadRepository;
use crate::{
    errors::Result,
    models::{LeadId, LeadListId, LeadSource, LeadStatus, NewLead},
};

impl LeadRepository<'_> {
    /// Writes a new lead and puts it on `list`, in one statement.
    ///
    /// # Errors
    /// `lead_exists` if the organization has a lead with the same address, profile or external id; the database's.
    pub async fn insert(
        &mut self,
        id: LeadId,
        lead: &NewLead,
        source: LeadSource,
        list: Option<LeadListId>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        sqlx::query!(
            r#"with made as (
                 insert into leads (id, organization_id, first_name, last_name, full_name, email, phone, title, company, company_domain,
                                    industry, location, country, linkedin_url, timezone, external_id, status, source, tags,
                                    custom_fields, created_at, updated_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $21)
                 returning id, created_at)
               insert into lead_list_members (organization_id, lead_list_id, lead_id, lead_created_at, added_at)
               select $2, $22::uuid, id, created_at, $21 from made where $22::uuid is not null"#,
            id.0,
            self.scope.id(),
            lead.first_name,
            lead.last_name,
            lead.full_name,
            lead.email,
            lead.phone,
            lead.title,
            lead.company,
            lead.company_domain,
            lead.industry,
            lead.location,
            lead.country,
            lead.linkedin_url,
            lead.timezone,
            lead.external_id,
            lead.status.unwrap_or(LeadStatus::New).as_str(),
            source.as_str(),
            &lead.tags,
            Json(&lead.custom_fields) as _,
            now,
            list.map(|list| list.0),
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}
