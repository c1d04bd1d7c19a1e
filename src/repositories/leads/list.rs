//! Lists of leads, one of them filtered.

use super::{
    LeadRepository, LeadRow,
    select::{count_from, filtered, leads_from},
};
use crate::{
    errors::Result,
    models::{
        CustomFields, Lead, LeadFilter, LeadId, LeadListId, LeadSource, LeadStatus,
        page::{Direction, Page, PageRequest, Position},
    },
};

/// The leads of one list beyond a cursor, in one direction, if nobody joined it later.
macro_rules! came_in_by {
    ($repository:expr, $list:expr, $page:expr, $beyond:literal, $direction:literal) => {{
        let from = $page.start();
        leads_from!(
            home_list: "null::uuid",
            [
                "from leads l where l.organization_id = $1 and l.lead_list_id = $2 and (l.created_at, l.id) ",
                $beyond,
                " ($3, $4) and not exists (select from lead_list_members p where p.organization_id = $1 and p.lead_list_id = $2)
                 order by l.created_at",
                $direction,
                ", l.id",
                $direction,
                " limit $5"
            ],
            $repository.scope.id(),
            $list.0,
            from.at,
            from.id,
            $page.fetch(),
        )
        .fetch_all(&mut *$repository.conn)
        .await?
    }};
}

/// The leads of one list beyond a cursor, in one direction: those who came in by it and those who joined it later, each read in order from an
/// index, merged.
macro_rules! of_list {
    ($repository:expr, $list:expr, $page:expr, $beyond:literal, $direction:literal) => {{
        let from = $page.start();
        leads_from!(
            [
                "from ((select l.* from leads l
                        where l.organization_id = $1 and l.lead_list_id = $2 and (l.created_at, l.id) ",
                $beyond,
                " ($3, $4)
                        order by l.created_at",
                $direction,
                ", l.id",
                $direction,
                " limit $5)
                       union all
                       (select l.* from lead_list_members p
                        join leads l on l.organization_id = p.organization_id and l.id = p.lead_id
                        where p.organization_id = $1 and p.lead_list_id = $2 and (p.lead_created_at, p.lead_id) ",
                $beyond,
                " ($3, $4)
                        order by p.lead_created_at",
                $direction,
                ", p.lead_id",
                $direction,
                " limit $5)) l
                 order by l.created_at",
                $direction,
                ", l.id",
                $direction,
                " limit $5"
            ],
            $repository.scope.id(),
            $list.0,
            from.at,
            from.id,
            $page.fetch(),
        )
        .fetch_all(&mut *$repository.conn)
        .await?
    }};
}

impl LeadRepository<'_> {
    /// A page of one list's leads. Most lists have only leads who came in by them: to merge nobody with them costs a page a fifth of its time.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_of(&mut self, list: LeadListId, page: &PageRequest) -> Result<Page<Lead>> {
        let mut rows = match page.direction {
            Direction::Descending => came_in_by!(self, list, page, "<", " desc"),
            Direction::Ascending => came_in_by!(self, list, page, ">", ""),
        };
        for row in &mut rows {
            row.lead_list_id = Some(list);
        }
        if rows.is_empty() {
            rows = match page.direction {
                Direction::Descending => of_list!(self, list, page, "<", " desc"),
                Direction::Ascending => of_list!(self, list, page, ">", ""),
            };
        }
        let rows = self.complete(rows).await?;
        let total = if page.include_total { Some(self.count_of(list).await?) } else { None };
        Ok(Page::cut(rows, page, total, position))
    }

    async fn count_of(&mut self, list: LeadListId) -> Result<i64> {
        Ok(sqlx::query_scalar!(
            r#"select count(*) as "count!" from lead_list_entries where organization_id = $1 and lead_list_id = $2"#,
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
            leads_from.fetch_all,
            self,
            filter,
            page:
                " and ($10::timestamptz is null or (l.created_at, l.id) < ($10, $11::uuid))
                  and ($12::timestamptz is null or (l.created_at, l.id) > ($12, $13::uuid))
                  order by case when $14 then l.created_at end desc, case when $14 then l.id end desc, l.created_at, l.id
                  limit $15",
                " and ($10::timestamptz is null or (p.lead_created_at, p.lead_id) < ($10, $11::uuid))
                  and ($12::timestamptz is null or (p.lead_created_at, p.lead_id) > ($12, $13::uuid))
                  order by case when $14 then p.lead_created_at end desc, case when $14 then p.lead_id end desc,
                           p.lead_created_at, p.lead_id
                  limit $15",
                " order by case when $14 then l.at end desc, case when $14 then l.place end desc, l.at, l.place limit $15",
            before.map(|p| p.at),
            before.map(|p| p.id),
            after.map(|p| p.at),
            after.map(|p| p.id),
            descending,
            page.fetch(),
        );
        let rows = self.complete(rows).await?;
        let total = if page.include_total { Some(self.count(filter).await?) } else { None };
        Ok(Page::cut(rows, page, total, position))
    }

    /// How many leads `filter` lets through.
    ///
    /// # Errors
    /// The database's.
    pub async fn count(&mut self, filter: &LeadFilter) -> Result<i64> {
        Ok(filtered!(count_from.fetch_one, self, filter, tail: ""))
    }
}

pub(super) fn position(lead: &Lead) -> Position {
    Position { at: lead.created_at, id: lead.id.0 }
}
