//! People to be written to: reading and deleting one. Writing is in `write`, lists are in `list` and `export`, in `find` is what locks leads
//! or looks for a person, and in `suppress` what follows for leads when somebody is suppressed.

use super::base::base_repository;
use crate::models::{LeadListId, RunningCampaigns};

mod export;
mod find;
mod list;
mod select;
mod suppress;
mod write;

pub use find::Identities;
pub use suppress::BarredLead;
pub use write::Inserted;

base_repository!(
    /// The leads of one organization.
    LeadRepository,
    Lead,
    LeadId,
    "lead",
    "leads",
    r#"id, organization_id, first_name, last_name, full_name, email, phone, title, company, company_domain, industry, location, country,
       linkedin_url, timezone, external_id, status, source, tags, custom_fields, version, created_at, updated_at,
       array(select m.lead_list_id from lead_list_members m
             where m.organization_id = leads.organization_id and m.lead_id = leads.id order by m.lead_list_id)
         as "lead_list_ids!: Vec<LeadListId>",
       (select coalesce(jsonb_agg(jsonb_build_object('execution_id', e.id, 'campaign_id', c.id, 'name', c.name, 'status', e.status)
                                  order by e.id), '[]')
        from campaign_executions e join campaigns c on c.organization_id = e.organization_id and c.id = e.campaign_id
        where e.organization_id = leads.organization_id and e.lead_id = leads.id and e.status in ('pending', 'waiting', 'running'))
         as "running_campaigns!: RunningCampaigns""#
);
