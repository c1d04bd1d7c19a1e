//! People to be written to: reading and deleting one. Writing a new one is in `insert`, many new ones in `copy`, changing and deleting many in `write`;
//! lists are in `list` and `export`, in `find` is what locks leads or looks for a person, in `links` what most leads do not have and is asked for
//! only then, in `suppress` what follows for leads when somebody is suppressed, and in `search_index` what keeps the search fast.

use super::base::{BaseRepository, OrgScope};
use crate::{
    errors::Result,
    models::{
        CustomFields, Lead, LeadFilter, LeadId, LeadListId, LeadSource, LeadStatus,
        page::{Direction, Page, PageRequest},
    },
};

mod copy;
mod counts;
mod export;
mod find;
mod insert;
mod links;
mod list;
mod row;
mod search_index;
mod select;
mod suppress;
mod write;

pub use find::Identities;
pub use insert::Inserted;
use row::LeadRow;
use select::leads_from;
pub(in crate::repositories) use select::like_pattern;
pub use suppress::BarredLead;

/// The leads of one organization.
#[derive(Debug)]
pub struct LeadRepository<'c> {
    pub(in crate::repositories) conn: &'c mut sqlx::PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}

impl BaseRepository for LeadRepository<'_> {
    type Model = Lead;
    type Id = LeadId;
    const NOUN: &'static str = "lead";

    async fn find(&mut self, id: LeadId) -> Result<Option<Lead>> {
        let lead = leads_from!(["from leads l where l.organization_id = $1 and l.id = $2"], self.scope.id(), id.0);
        let row = lead.fetch_optional(&mut *self.conn).await?;
        Ok(self.complete(row.into_iter().collect()).await?.pop())
    }

    async fn find_many(&mut self, ids: &[LeadId]) -> Result<Vec<Lead>> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        let leads =
            leads_from!(["from leads l where l.organization_id = $1 and l.id = any($2)"], self.scope.id(), &ids);
        let rows = leads.fetch_all(&mut *self.conn).await?;
        self.complete(rows).await
    }

    async fn list(&mut self, page: &PageRequest) -> Result<Page<Lead>> {
        let from = page.start();
        let rows = match page.direction {
            Direction::Descending => {
                leads_from!(
                    ["from leads l where l.organization_id = $1 and (l.created_at, l.id) < ($2, $3)
                      order by l.created_at desc, l.id desc limit $4"],
                    self.scope.id(),
                    from.at,
                    from.id,
                    page.fetch(),
                )
                .fetch_all(&mut *self.conn)
                .await?
            }
            Direction::Ascending => {
                leads_from!(
                    ["from leads l where l.organization_id = $1 and (l.created_at, l.id) > ($2, $3)
                      order by l.created_at, l.id limit $4"],
                    self.scope.id(),
                    from.at,
                    from.id,
                    page.fetch(),
                )
                .fetch_all(&mut *self.conn)
                .await?
            }
        };
        let rows = self.complete(rows).await?;
        let total = if page.include_total { Some(self.count(&LeadFilter::default()).await?) } else { None };
        Ok(Page::cut(rows, page, total, list::position))
    }

    async fn exists(&mut self, id: LeadId) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from leads where organization_id = $1 and id = $2) as "exists!""#,
            self.scope.id(),
            id.0,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    async fn lock(&mut self, id: LeadId) -> Result<Option<Lead>> {
        let lead = leads_from!(
            ["from leads l where l.organization_id = $1 and l.id = $2 for update of l"],
            self.scope.id(),
            id.0
        );
        let row = lead.fetch_optional(&mut *self.conn).await?;
        Ok(self.complete(row.into_iter().collect()).await?.pop())
    }

    async fn delete(&mut self, id: LeadId) -> Result<bool> {
        self.keep_counts(&[id]).await?;
        let done = sqlx::query!("delete from leads where organization_id = $1 and id = $2", self.scope.id(), id.0);
        Ok(done.execute(&mut *self.conn).await?.rows_affected() == 1)
    }
}
