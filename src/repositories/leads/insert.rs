//! Writing one lead, as fast as can be.

use sqlx::types::Json;

use super::LeadRepository;
use crate::{
    errors::Result,
    models::{AuditEntry, Lead, Suppressed, SuppressionKey, SuppressionKind},
    repositories::base::{AuditLine, OrgStatement},
};

/// Writes a new lead, puts it on its lists and tells the audit log, unless one of the keys is suppressed: all in one statement. The first list
/// goes into the lead's own row, further ones beside it. `$conflict` says what to do about a lead in the way.
///
/// Without further lists nothing is said of them: inserting none would still fire the triggers, which take a tenth of the time.
macro_rules! insert_one {
    ($repository:expr, $lead:expr, $keys:expr, $line:expr, $conflict:literal) => {{
        let further: Vec<_> = $lead.lead_list_ids.iter().skip(1).map(|list| list.0).collect();
        if further.is_empty() {
            insert_one!(@statement $repository, $lead, $keys, $line, $conflict, "")
        } else {
            insert_one!(
                @statement $repository, $lead, $keys, $line, $conflict,
                ", listed as (
                     insert into lead_list_members (organization_id, lead_list_id, lead_id, lead_created_at, added_at)
                     select $2, list.id, made.id, $22, $22 from made, unnest($36::uuid[]) as list (id))",
                &further
            )
        }
    }};
    (@statement $repository:expr, $lead:expr, $keys:expr, $line:expr, $conflict:literal, $listed:literal $(, $further:expr)?) => {{
        let (lead, line, keys) = ($lead, $line, $keys);
        let (actor, entry) = (&line.actor, &line.entry);
        let hashes: Vec<_> = keys.iter().map(|key| key.hash.as_slice()).collect();
        let row = sqlx::query!(
            r#"with barred as materialized (select suppressed_hashes($2, $25) as hash),
               made as (
                 insert into leads (id, organization_id, first_name, last_name, full_name, email, phone, title, company, company_domain,
                                    industry, location, country, linkedin_url, timezone, external_id, status, source, tags,
                                    custom_fields, version, created_at, updated_at, lead_list_id)
                 select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24
                 where not exists (select from barred) "# + $conflict + r#" returning id),
               told as (
                 insert into audit_logs (id, organization_id, occurred_at, actor_type, actor_id, action, entity_type, entity_id, after,
                                         ip_address, user_agent, request_id, impersonator)
                 select $26, $2, $22, $27, $28, $29, $30, made.id, $31, $32, $33, $34, $35 from made)"# + $listed + r#"
               select exists (select from made) as "made!", array(select hash from barred) as "barred!: Vec<Vec<u8>>""#,
            lead.id.0,
            $repository.scope.id(),
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
            lead.status.as_str(),
            lead.source.as_str(),
            &lead.tags,
            Json(&lead.custom_fields.0) as _,
            lead.version,
            lead.created_at,
            lead.updated_at,
            lead.lead_list_ids.first().map(|list| list.0),
            &hashes as &[&[u8]],
            line.id,
            actor.r#type.as_str(),
            actor.id,
            entry.action,
            entry.entity_type,
            entry.after.as_ref().map(Json) as _,
            actor.request.ip_address,
            actor.request.user_agent,
            actor.request.request_id,
            actor.request.impersonator,
            $($further)?
        )
        .fetch_one(&mut *$repository.conn)
        .await?;
        let barred: Suppressed = row.barred.into_iter().collect();
        match barred.kind(keys) {
            Some(kind) => Inserted::Suppressed(kind),
            None if row.made => Inserted::Made,
            None => Inserted::Taken,
        }
    }};
}

/// What became of a lead to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// It is there.
    Made,
    /// Another lead has one of its identities. Nothing was written.
    Taken,
    /// Nobody may write to this person. Nothing was written.
    Suppressed(SuppressionKind),
}

impl OrgStatement {
    /// Writes a new lead and puts it on its lists. `entry` tells the audit log of it.
    ///
    /// # Errors
    /// `lead_exists` if the organization has a lead with the same address, profile or external id; `lead_list_not_found`; the
    /// database's.
    pub async fn create_lead(self, lead: &Lead, keys: &[SuppressionKey], entry: AuditEntry) -> Result<Inserted> {
        let mut tx = self.0;
        let line = tx.line(entry);
        let leads = tx.leads();
        let inserted = insert_one!(leads, lead, keys, &line, "");
        if inserted == Inserted::Made {
            tx.commit().await?;
        }
        Ok(inserted)
    }
}

impl LeadRepository<'_> {
    /// Writes a new lead and puts it on its lists, with the `line` that tells the audit log of it, unless another lead is in the way: that is
    /// no error, and the transaction can go on with it.
    ///
    /// # Errors
    /// `lead_list_not_found`; the database's.
    pub async fn insert_if_new(&mut self, lead: &Lead, keys: &[SuppressionKey], line: &AuditLine) -> Result<Inserted> {
        Ok(insert_one!(self, lead, keys, line, "on conflict do nothing"))
    }
}
