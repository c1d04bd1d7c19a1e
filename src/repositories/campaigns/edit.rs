//! Changing campaigns under way: another revision of the workflow, and what waits planned anew.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;

use super::CampaignRepository;
use crate::{
    errors::Result,
    models::{
        CampaignId, LeadId,
        workflow::{NodeType, Workflow},
    },
};

/// What follows from a change of a campaign under way.
#[derive(Debug, Clone, Copy)]
pub struct CampaignEdit {
    /// The workflow that its leads walk from now on, if another.
    pub revision: Option<i32>,
    /// Whether what waits is planned anew, before anything more is claimed.
    pub replan: bool,
    /// Whether its schedule was changed.
    pub hours: bool,
    /// Whether its lists are enrolled from the beginning.
    pub enrol: bool,
    /// When leads are begun next.
    pub next_begin_at: Option<DateTime<Utc>>,
}

impl CampaignRepository<'_> {
    /// Writes what follows from a change.
    ///
    /// # Errors
    /// The database's.
    pub async fn revise(&mut self, campaign: CampaignId, edit: &CampaignEdit) -> Result<()> {
        sqlx::query!(
            r#"update campaigns
               set revision = coalesce($3, revision), replanning = case when $4 then $5 else replanning end,
                   replan_hours = replan_hours or $6, next_begin_at = $7, begin_after = null,
                   enrolled_until = case when $8 then null else enrolled_until end,
                   enrol_began = case when $8 then null else enrol_began end, enrol_after = case when $8 then null else enrol_after end
               where organization_id = $1 and id = $2"#,
            self.scope.id(),
            campaign.0,
            edit.revision,
            edit.replan,
            Uuid::nil(),
            edit.hours,
            edit.next_begin_at,
            edit.enrol,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// How far the planning anew has come; none is to its end.
    ///
    /// # Errors
    /// The database's.
    pub async fn replanned(&mut self, campaign: CampaignId, to: Option<LeadId>) -> Result<()> {
        sqlx::query!(
            "update campaigns set replanning = $3, replan_hours = replan_hours and $3::uuid is not null where organization_id = $1 and id = $2",
            self.scope.id(),
            campaign.0,
            to.map(|id| id.0),
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// What each node of any revision of a campaign is.
    ///
    /// # Errors
    /// The database's.
    pub async fn node_types(&mut self, campaign: CampaignId) -> Result<BTreeMap<String, NodeType>> {
        let rows = sqlx::query!(
            r#"select distinct node ->> 'id' as "id!", node ->> 'type' as "node_type!: NodeType"
               from campaign_revisions r cross join lateral jsonb_array_elements(r.workflow -> 'nodes') as node
               where r.organization_id = $1 and r.campaign_id = $2"#,
            self.scope.id(),
            campaign.0,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        Ok(rows.into_iter().map(|row| (row.id, row.node_type)).collect())
    }

    /// The last workflow of a campaign that has this node.
    ///
    /// # Errors
    /// The database's.
    pub async fn last_workflow_with(&mut self, campaign: CampaignId, node: &str) -> Result<Option<Json<Workflow>>> {
        Ok(sqlx::query_scalar!(
            r#"select workflow as "workflow: Json<Workflow>" from campaign_revisions
               where organization_id = $1 and campaign_id = $2
                 and workflow -> 'nodes' @> jsonb_build_array(jsonb_build_object('id', $3::text))
               order by number desc limit 1"#,
            self.scope.id(),
            campaign.0,
            node,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }

    /// Those of `leads` that are on a list of the campaign.
    ///
    /// # Errors
    /// The database's.
    pub async fn on_lists(&mut self, campaign: CampaignId, leads: &[LeadId]) -> Result<HashSet<LeadId>> {
        let leads: Vec<_> = leads.iter().map(|id| id.0).collect();
        let on_lists = sqlx::query_scalar!(
            r#"select distinct e.lead_id as "id!: LeadId" from lead_list_entries e
               join campaign_lead_lists l on l.organization_id = e.organization_id and l.lead_list_id = e.lead_list_id
               where e.organization_id = $1 and l.campaign_id = $2 and e.lead_id = any($3)"#,
            self.scope.id(),
            campaign.0,
            &leads,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        Ok(on_lists.into_iter().collect())
    }
}
