//! Changing and deleting leads, many in one statement. A new one is in `insert`, many new ones are in `copy`.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::LeadRepository;
use crate::{
    errors::Result,
    models::{Lead, LeadId, LeadListId, LeadStatus},
};

impl LeadRepository<'_> {
    /// Locks leads in the order of their ids.
    ///
    /// # Errors
    /// The database's.
    pub async fn hold(&mut self, ids: &[LeadId]) -> Result<()> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        sqlx::query!(
            "select from leads where organization_id = $1 and id = any($2) order by id for no key update",
            self.scope.id(),
            &ids,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// These leads have been written to; those that were new are `contacted` from now on.
    ///
    /// # Errors
    /// The database's.
    pub async fn contacted(&mut self, ids: &[LeadId], now: DateTime<Utc>) -> Result<()> {
        self.move_on(ids, &[LeadStatus::New], LeadStatus::Contacted, now).await
    }

    /// Leads that stand at one of `from` stand at `to` from now on.
    ///
    /// # Errors
    /// The database's.
    pub async fn move_on(
        &mut self,
        ids: &[LeadId],
        from: &[LeadStatus],
        to: LeadStatus,
        now: DateTime<Utc>,
    ) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        let from: Vec<_> = from.iter().map(|status| status.as_str().to_owned()).collect();
        sqlx::query!(
            r#"update leads set status = $4, version = version + 1, updated_at = $5
               where organization_id = $1 and id in (
                 select id from leads where organization_id = $1 and id = any($2) and status = any($3)
                 order by id for no key update)"#,
            self.scope.id(),
            &ids,
            &from,
            to.as_str(),
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Writes the fields of leads that may change, without their lists. Lock the leads first.
    ///
    /// # Errors
    /// `lead_exists`; the database's.
    pub async fn update_many(&mut self, leads: &[Lead]) -> Result<()> {
        sqlx::query!(
            r#"update leads l
               set first_name = row.first_name, last_name = row.last_name, full_name = row.full_name, email = row.email,
                   phone = row.phone, title = row.title, company = row.company, company_domain = row.company_domain,
                   industry = row.industry, location = row.location, country = row.country, linkedin_url = row.linkedin_url,
                   timezone = row.timezone, external_id = row.external_id, status = row.status, tags = row.tags,
                   custom_fields = row.custom_fields, version = row.version, updated_at = row.updated_at
               from jsonb_to_recordset($2::jsonb) as row (
                      id uuid, first_name text, last_name text, full_name text, email text, phone text, title text, company text,
                      company_domain text, industry text, location text, country text, linkedin_url text, timezone text,
                      external_id text, status text, tags text[], custom_fields jsonb, version bigint, updated_at timestamptz)
               where l.organization_id = $1 and l.id = row.id"#,
            self.scope.id(),
            records(leads),
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Puts leads that are written already on their lists; one that is on a list stays there.
    ///
    /// # Errors
    /// `lead_list_not_found`; the database's.
    pub async fn join_lists(&mut self, leads: &[Lead], now: DateTime<Utc>) -> Result<()> {
        let mut pairs: Vec<_> =
            leads.iter().flat_map(|lead| lead.lead_list_ids.iter().map(move |list| (*list, lead))).collect();
        if pairs.is_empty() {
            return Ok(());
        }
        pairs.sort_unstable_by_key(|(list, lead)| (*list, lead.id));
        let lists: Vec<_> = pairs.iter().map(|(list, _)| list.0).collect();
        let ids: Vec<_> = pairs.iter().map(|(_, lead)| lead.id.0).collect();
        let created: Vec<_> = pairs.iter().map(|(_, lead)| lead.created_at).collect();
        sqlx::query!(
            r#"insert into lead_list_members (organization_id, lead_list_id, lead_id, lead_created_at, added_at)
               select $1, row.list, row.lead, row.created_at, $2
               from unnest($3::uuid[], $4::uuid[], $5::timestamptz[]) as row (list, lead, created_at)
               where not exists (select from leads l where l.organization_id = $1 and l.id = row.lead and l.lead_list_id = row.list)
               on conflict do nothing"#,
            self.scope.id(),
            now,
            &lists,
            &ids,
            &created,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Takes a lead off every list but `kept`.
    ///
    /// # Errors
    /// The database's.
    pub async fn leave_lists(&mut self, id: LeadId, kept: &[LeadListId]) -> Result<()> {
        let kept: Vec<_> = kept.iter().map(|list| list.0).collect();
        sqlx::query!(
            "with left_own as (
               update leads set lead_list_id = null where organization_id = $1 and id = $2 and lead_list_id <> all($3))
             delete from lead_list_members where organization_id = $1 and lead_id = $2 and lead_list_id <> all($3)",
            self.scope.id(),
            id.0,
            &kept,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Deletes leads, with their memberships of lists and their ways through campaigns.
    ///
    /// # Errors
    /// The database's.
    pub async fn delete_many(&mut self, ids: &[LeadId]) -> Result<()> {
        self.keep_counts(ids).await?;
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        sqlx::query!("delete from leads where organization_id = $1 and id = any($2)", self.scope.id(), &ids)
            .execute(&mut *self.conn)
            .await?;
        Ok(())
    }
}

/// Leads as `jsonb_to_recordset` reads them.
fn records(leads: &[Lead]) -> Value {
    leads.iter().map(record).collect()
}

fn record(lead: &Lead) -> Value {
    json!({
        "id": lead.id,
        "first_name": lead.first_name,
        "last_name": lead.last_name,
        "full_name": lead.full_name,
        "email": lead.email,
        "phone": lead.phone,
        "title": lead.title,
        "company": lead.company,
        "company_domain": lead.company_domain,
        "industry": lead.industry,
        "location": lead.location,
        "country": lead.country,
        "linkedin_url": lead.linkedin_url,
        "timezone": lead.timezone,
        "external_id": lead.external_id,
        "status": lead.status,
        "tags": lead.tags,
        "custom_fields": lead.custom_fields.0,
        "version": lead.version,
        "updated_at": lead.updated_at,
    })
}
