//! Lists of leads, one of them filtered.

use super::{
    LeadRepository,
    select::{count_from, filtered, leads_from},
};
use crate::{
    errors::Result,
    models::{
        Lead, LeadFilter, LeadListId, RunningCampaigns,
        page::{Direction, Page, PageRequest, Position},
    },
};

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
            of_all: " and ($10::timestamptz is null or (l.created_at, l.id) < ($10, $11::uuid))
                      and ($12::timestamptz is null or (l.created_at, l.id) > ($12, $13::uuid))
                      order by case when $14 then l.created_at end desc, case when $14 then l.id end desc, l.created_at, l.id
                      limit $15",
            of_list: " and ($10::timestamptz is null or (p.lead_created_at, p.lead_id) < ($10, $11::uuid))
                       and ($12::timestamptz is null or (p.lead_created_at, p.lead_id) > ($12, $13::uuid))
                       order by case when $14 then p.lead_created_at end desc, case when $14 then p.lead_id end desc,
                                p.lead_created_at, p.lead_id
                       limit $15",
            before.map(|p| p.at),
            before.map(|p| p.id),
            after.map(|p| p.at),
            after.map(|p| p.id),
            descending,
            page.fetch()
            => |query| query.fetch_all(&mut *self.conn).await?
        );
        let total = if page.include_total { Some(self.count(filter).await?) } else { None };
        Ok(Page::cut(rows, page, total, position))
    }

    /// How many leads `filter` lets through.
    ///
    /// # Errors
    /// The database's.
    pub async fn count(&mut self, filter: &LeadFilter) -> Result<i64> {
        filtered!(count_from, self, filter, of_all: "", of_list: "" => |query| Ok(query.fetch_one(&mut *self.conn).await?))
    }
}

fn position(lead: &Lead) -> Position {
    Position { at: lead.created_at, id: lead.id.0 }
}
