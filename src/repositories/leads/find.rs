//! Finding leads by who they are, and holding them still.

use super::{
    LeadRepository, LeadRow,
    select::{filtered, leads_from},
};
use crate::{
    errors::Result,
    models::{CustomFields, Lead, LeadFilter, LeadId, LeadListId, LeadSource, LeadStatus},
};

/// What tells people apart, of one person or of many.
#[derive(Debug, Default)]
pub struct Identities {
    /// E-mail addresses.
    pub emails: Vec<String>,
    /// LinkedIn profiles.
    pub linkedin_urls: Vec<String>,
    /// Ids of the caller's.
    pub external_ids: Vec<String>,
}

impl LeadRepository<'_> {
    /// Those of `ids` that there are, locked in the one order that everybody uses.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_many(&mut self, ids: &[LeadId]) -> Result<Vec<Lead>> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        let leads = leads_from!(
            ["from leads l where l.organization_id = $1 and l.id = any($2) order by l.id for update of l"],
            self.scope.id(),
            &ids
        );
        let rows = leads.fetch_all(&mut *self.conn).await?;
        self.complete(rows).await
    }

    /// Those of `ids` that there are, as far as their own rows tell: without the campaigns that they are in and their further lists.
    ///
    /// # Errors
    /// The database's.
    pub async fn plain(&mut self, ids: &[LeadId]) -> Result<Vec<Lead>> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        let leads =
            leads_from!(["from leads l where l.organization_id = $1 and l.id = any($2)"], self.scope.id(), &ids);
        let rows = leads.fetch_all(&mut *self.conn).await?;
        Ok(self.as_they_say(rows))
    }

    /// The same, kept from changing until the transaction ends; without those that somebody else holds, for whom nobody waits.
    ///
    /// # Errors
    /// The database's.
    pub async fn plain_and_still(&mut self, ids: &[LeadId]) -> Result<Vec<Lead>> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        let leads = leads_from!(
            ["from leads l where l.organization_id = $1 and l.id = any($2) order by l.id for share of l skip locked"],
            self.scope.id(),
            &ids
        );
        let rows = leads.fetch_all(&mut *self.conn).await?;
        Ok(self.as_they_say(rows))
    }

    /// Every lead that has one of these identities, locked in the one order that everybody uses.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_identified(&mut self, identities: &Identities) -> Result<Vec<Lead>> {
        let leads = leads_from!(
            ["from leads l
              where l.organization_id = $1
                and (l.email = any($2) or l.linkedin_url = any($3) or l.external_id = any($4))
              order by l.id for update of l"],
            self.scope.id(),
            &identities.emails,
            &identities.linkedin_urls,
            &identities.external_ids,
        );
        let rows = leads.fetch_all(&mut *self.conn).await?;
        self.complete(rows).await
    }

    /// Up to `limit` leads that `filter` lets through, as their own rows tell. Ask it of a transaction that plans with values.
    ///
    /// # Errors
    /// The database's.
    pub async fn matching(&mut self, filter: &LeadFilter, limit: i64) -> Result<Vec<LeadId>> {
        let rows = filtered!(leads_from.fetch_all, self, filter, tail: " order by l.id limit $10", limit);
        Ok(self.as_they_say(rows).into_iter().map(|lead| lead.id).collect())
    }

    /// Those of `ids` that `filter` lets through, locked in the one order that everybody uses.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_matching(&mut self, filter: &LeadFilter, ids: &[LeadId]) -> Result<Vec<Lead>> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        let rows = filtered!(leads_from.fetch_all, self, filter, tail: " and l.id = any($10) order by l.id for update of l", &ids);
        self.complete(rows).await
    }

    /// The lead that stands in the way of `lead`: which of its identities is checked first is the index's order, and so it is here.
    ///
    /// # Errors
    /// The database's.
    pub async fn find_twin(&mut self, lead: &Lead) -> Result<Option<LeadId>> {
        Ok(sqlx::query_scalar!(
            r#"select id from leads
               where organization_id = $1 and id <> $2 and (email = $3 or linkedin_url = $4 or external_id = $5)
               order by email is not distinct from $3 desc, linkedin_url is not distinct from $4 desc, id limit 1"#,
            self.scope.id(),
            lead.id.0,
            lead.email,
            lead.linkedin_url,
            lead.external_id,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }
}
