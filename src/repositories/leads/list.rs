//! Lists of leads, one of them filtered.

use super::LeadRepository;
use crate::{
    errors::Result,
    models::{
        Lead, LeadFilter, LeadId, LeadListId, RunningCampaigns,
        page::{Direction, Page, PageRequest, Position},
    },
};

/// Every list of leads reads the same columns; only what it reads them from differs.
macro_rules! leads_from {
    ([$($from:literal),+], $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            Lead,
            r#"select l.id, l.organization_id, l.first_name, l.last_name, l.full_name, l.email, l.phone, l.title, l.company, l.company_domain, l.industry,
       l.location, l.country, l.linkedin_url, l.timezone, l.external_id, l.status, l.source, l.tags, l.custom_fields, l.version,
       l.created_at, l.updated_at,
       array(select m.lead_list_id from lead_list_members m
             where m.organization_id = l.organization_id and m.lead_id = l.id order by m.lead_list_id)
         as "lead_list_ids!: Vec<LeadListId>",
       (select coalesce(jsonb_agg(jsonb_build_object('execution_id', e.id, 'campaign_id', c.id, 'name', c.name, 'status', e.status)
                                  order by e.id), '[]')
        from campaign_executions e join campaigns c on c.organization_id = e.organization_id and c.id = e.campaign_id
        where e.organization_id = l.organization_id and e.lead_id = l.id and e.status in ('pending', 'waiting', 'running'))
         as "running_campaigns!: RunningCampaigns" "# $(+ $from)+,
            $($argument),+
        )
    };
}

/// The number of leads instead of the leads.
macro_rules! count_from {
    ([$($from:literal),+], $($argument:expr),+ $(,)?) => {
        sqlx::query_scalar!(r#"select count(*) as "count!" "# $(+ $from)+, $($argument),+)
    };
}

/// The leads' ids only.
macro_rules! ids_from {
    ([$($from:literal),+], $($argument:expr),+ $(,)?) => {
        sqlx::query_scalar!(r#"select l.id as "id!: LeadId" "# $(+ $from)+, $($argument),+)
    };
}

/// What a filter lets through, said once for all who ask. To be run on a connection that plans with values: absent conditions then
/// fold away.
macro_rules! filtered {
    ($read:ident, $repository:expr, $filter:expr, $tail:literal $(, $argument:expr)* $(,)?) => {
        $read!(
            [" from leads l
               where l.organization_id = $1
                 and ($2::uuid is null or exists (select from lead_list_members m
                                                  where m.organization_id = $1 and m.lead_list_id = $2 and m.lead_id = l.id
                                                    and m.lead_created_at = l.created_at))
                 and ($3::text is null or l.status = $3)
                 and ($4::text is null or l.search_text like $4)
                 and ($5::text is null or l.tags @> array[$5])
                 and ($6::text is null or (lower(l.company) = lower($6) and l.search_text like $7))
                 and ($8::timestamptz is null or l.created_at >= $8)
                 and ($9::timestamptz is null or l.created_at < $9)", $tail],
            $repository.scope.id(),
            $filter.lead_list_id.map(|id| id.0),
            $filter.status.map(|status| status.as_str()),
            $filter.search.as_deref().map(like_pattern),
            $filter.tag,
            $filter.company,
            $filter.company.as_deref().map(like_pattern),
            $filter.created_after,
            $filter.created_before,
            $($argument),*
        )
    };
}

impl LeadRepository<'_> {
    /// A page of one list's leads, read in order from the list's own index.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_of(&mut self, list: LeadListId, page: &PageRequest) -> Result<Page<Lead>> {
        let from = page.start();
        let rows = match page.direction {
            Direction::Descending => {
                leads_from!(
                    ["from (select organization_id, lead_id, lead_created_at from lead_list_members
                           where organization_id = $1 and lead_list_id = $2 and (lead_created_at, lead_id) < ($3, $4)
                           order by lead_created_at desc, lead_id desc limit $5) p
                     join leads l on l.organization_id = p.organization_id and l.id = p.lead_id
                     order by p.lead_created_at desc, p.lead_id desc"],
                    self.scope.id(),
                    list.0,
                    from.at,
                    from.id,
                    page.fetch(),
                )
                .fetch_all(&mut *self.conn)
                .await?
            }
            Direction::Ascending => {
                leads_from!(
                    ["from (select organization_id, lead_id, lead_created_at from lead_list_members
                           where organization_id = $1 and lead_list_id = $2 and (lead_created_at, lead_id) > ($3, $4)
                           order by lead_created_at, lead_id limit $5) p
                     join leads l on l.organization_id = p.organization_id and l.id = p.lead_id
                     order by p.lead_created_at, p.lead_id"],
                    self.scope.id(),
                    list.0,
                    from.at,
                    from.id,
                    page.fetch(),
                )
                .fetch_all(&mut *self.conn)
                .await?
            }
        };
        let total = if page.include_total { Some(self.count_of(list).await?) } else { None };
        Ok(Page::cut(rows, page, total, position))
    }

    async fn count_of(&mut self, list: LeadListId) -> Result<i64> {
        Ok(sqlx::query_scalar!(
            r#"select count(*) as "count!" from lead_list_members where organization_id = $1 and lead_list_id = $2"#,
            self.scope.id(),
            list.0,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// A page of the leads that `filter` lets through. Ask it of a connection that plans with values: the absent conditions then fold
    /// away, and the search uses its index just when the term is rare enough.
    ///
    /// # Errors
    /// The database's.
    pub async fn search(&mut self, filter: &LeadFilter, page: &PageRequest) -> Result<Page<Lead>> {
        let from = page.start();
        let descending = page.direction == Direction::Descending;
        let (after, before) = if descending { (None, Some(from)) } else { (Some(from), None) };
        let rows = filtered!(
            leads_from,
            self,
            filter,
            " and ($10::timestamptz is null or (l.created_at, l.id) < ($10, $11::uuid))
              and ($12::timestamptz is null or (l.created_at, l.id) > ($12, $13::uuid))
              order by case when $14 then l.created_at end desc, case when $14 then l.id end desc, l.created_at, l.id
              limit $15",
            before.map(|p| p.at),
            before.map(|p| p.id),
            after.map(|p| p.at),
            after.map(|p| p.id),
            descending,
            page.fetch(),
        )
        .fetch_all(&mut *self.conn)
        .await?;
        let total = if page.include_total { Some(self.count(filter).await?) } else { None };
        Ok(Page::cut(rows, page, total, position))
    }

    /// How many leads `filter` lets through.
    ///
    /// # Errors
    /// The database's.
    pub async fn count(&mut self, filter: &LeadFilter) -> Result<i64> {
        Ok(filtered!(count_from, self, filter, "").fetch_one(&mut *self.conn).await?)
    }

    /// The ids of up to `limit` leads that `filter` lets through, locked until the transaction ends.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_matching(&mut self, filter: &LeadFilter, limit: i64) -> Result<Vec<LeadId>> {
        let ids = filtered!(ids_from, self, filter, " order by l.id limit $10 for update of l", limit);
        Ok(ids.fetch_all(&mut *self.conn).await?)
    }
}

fn position(lead: &Lead) -> Position {
    Position { at: lead.created_at, id: lead.id.0 }
}

/// A LIKE pattern that finds `term` anywhere, its own `%`, `_` and `\\` taken as letters.
fn like_pattern(term: &str) -> String {
    let escaped = term.to_lowercase().replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    format!("%{escaped}%")
}
