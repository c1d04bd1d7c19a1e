//! Writing one lead whether or not there is one: a new one in the statements of a plain insert, a present one as a batch does.

use super::{
    LeadService,
    batch::{LeadBatch, Spoilt, settle},
    created,
};
use crate::{
    errors::{AppError, Result},
    models::{LeadId, LeadSource, NewLead, OnDuplicate, RowOutcome, RowVerdict},
    repositories::{Inserted, OrgMember},
};

/// A lead to be made or changed.
#[derive(Debug)]
pub struct LeadUpsert {
    /// What is said of the person.
    pub row: NewLead,
    /// What to do if the person is a lead already.
    pub on_duplicate: OnDuplicate,
}

impl LeadService {
    /// Makes or changes the person's lead. The same again changes nothing, and two at the same time make one lead.
    pub async fn upsert(&self, member: &OrgMember, upsert: LeadUpsert) -> Result<RowVerdict> {
        let LeadUpsert { row, on_duplicate } = upsert;
        let batch =
            LeadBatch { lead_list_id: None, on_duplicate, source: LeadSource::Api, rows: vec![Ok(row.clone())] };
        let mut spoilt = Spoilt::default();
        loop {
            match self.try_upsert(member, &row, &batch).await {
                Ok(verdict) => return Ok(verdict),
                Err(error) => match spoilt.once_more(error) {
                    Ok(()) => {}
                    Err(error) => return Err(self.explained_lists(member, error, &row.lists).await),
                },
            }
        }
    }

    async fn try_upsert(&self, member: &OrgMember, row: &NewLead, batch: &LeadBatch) -> Result<RowVerdict> {
        let now = self.0.clock.now();
        let organization = member.organization_id();
        let keys = self.0.suppression_keys.of_lead(organization, row);
        let lead = row.clone().into_lead(LeadId::new(now), organization, LeadSource::Api, now);
        let mut tx = self.0.db.begin(member, now).await?;
        let line = tx.line(created(&lead));
        match tx.leads().insert_if_new(&lead, &keys, &line).await? {
            Inserted::Suppressed(kind) => Ok(RowVerdict::suppressed(kind)),
            Inserted::Made => {
                tx.commit().await?;
                Ok(RowVerdict::used(RowOutcome::Created, lead.id))
            }
            Inserted::Taken => {
                let verdicts = settle(tx, batch, &[None]).await?;
                verdicts.into_iter().next().ok_or_else(|| AppError::internal("a row without a verdict"))
            }
        }
    }
}
