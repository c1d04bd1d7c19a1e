//! Writing many leads at once: a constant number of statements, whatever the number of rows.

mod plan;
mod seen;

use std::collections::HashSet;

use self::plan::of_lead;
pub(in crate::services) use self::{
    plan::{Before, Identity, Plan, of_row},
    seen::SeenLeads,
};
use super::{
    LeadService, created,
    facts::difference,
    update::{recall_outdated, status_changed},
};
use crate::{
    errors::{AppError, Fault, Result},
    models::{
        AuditEntry, Lead, LeadListId, LeadSource, ListReferences, NewLead, OnDuplicate, RowVerdict, SuppressionKey,
        SuppressionKind,
    },
    repositories::{BaseRepository, Identities, OrgMember, OrgTx, database_busy, lost_race},
};

/// How often a batch is tried that others at the same time keep from being written.
const MAX_TRIES: usize = 6;

/// Many leads to be written.
#[derive(Debug)]
pub struct LeadBatch {
    /// A list for all of them.
    pub lead_list_id: Option<LeadListId>,
    /// What to do with people who are leads already.
    pub on_duplicate: OnDuplicate,
    /// Where new leads come from, unless their rows say otherwise.
    pub source: LeadSource,
    /// The rows; of one that cannot be read, what is wrong with it.
    pub rows: Vec<Result<NewLead, Vec<Fault>>>,
}

impl LeadService {
    /// Writes many leads and says of each row what became of it. Two batches about the same people at the same time make one lead of
    /// each: the one that comes second is tried again, and then finds what the first has written.
    pub async fn batch(&self, member: &OrgMember, batch: &LeadBatch) -> Result<Vec<RowVerdict>> {
        let mut spoilt = Spoilt::default();
        loop {
            match self.try_batch(member, batch).await {
                Err(error) => spoilt.once_more(error)?,
                verdicts => return verdicts,
            }
        }
    }

    async fn try_batch(&self, member: &OrgMember, batch: &LeadBatch) -> Result<Vec<RowVerdict>> {
        let organization = member.organization_id();
        let keys_of = |row: &Result<NewLead, _>| match row {
            Ok(row) => self.0.suppression_keys.of_lead(organization, row),
            Err(_) => Vec::new(),
        };
        let keys: Vec<Vec<SuppressionKey>> = batch.rows.iter().map(keys_of).collect();
        let mut tx = self.0.db.begin(member, self.0.clock.now()).await?;
        let suppressed = tx.suppressions().matching(keys.iter().flatten()).await?;
        let barred: Vec<_> = keys.iter().map(|keys| suppressed.kind(keys)).collect();
        settle(tx, batch, &barred).await
    }
}

/// Decides about each row and writes what is decided. `barred` says which rows are about somebody whom nobody may write to, and must have been
/// asked in this very transaction.
pub(super) async fn settle(
    mut tx: OrgTx,
    batch: &LeadBatch,
    barred: &[Option<SuppressionKind>],
) -> Result<Vec<RowVerdict>> {
    let nothing = Before { leads: &SeenLeads::default(), other_keys: &[] };
    let plan = decide(&mut tx, batch, barred, nothing).await?;
    write(&mut tx, &plan).await?;
    for lead in &plan.created {
        tx.audit(created(lead));
    }
    tx.commit().await?;
    Ok(plan.verdicts)
}

/// Decides about each row, after those `before` these.
pub(in crate::services) async fn decide(
    tx: &mut OrgTx,
    batch: &LeadBatch,
    barred: &[Option<SuppressionKind>],
    before: Before<'_>,
) -> Result<Plan> {
    let lists = known_lists(tx, batch).await?;
    let present = tx.leads().lock_identified(&identities(batch)).await?;
    Ok(Plan::of(batch, barred, present, (&lists, before), (tx.organization_id(), tx.now())))
}

/// Tries that others at the same time have spoilt.
#[derive(Debug, Default)]
pub(in crate::services) struct Spoilt(usize);

impl Spoilt {
    /// Lets the work be tried again if `error` says that another transaction was in the way, and not for too long.
    pub(in crate::services) fn once_more(&mut self, error: AppError) -> Result<()> {
        self.0 += 1;
        match error {
            error if !lost_race(&error) => Err(error),
            _ if self.0 < MAX_TRIES => Ok(()),
            error => Err(database_busy().with_source(error)),
        }
    }
}

/// Those of the named lists that there are. The batch's own must be among them.
async fn known_lists(tx: &mut OrgTx, batch: &LeadBatch) -> Result<HashSet<LeadListId>> {
    let of_rows = batch.rows.iter().flatten().flat_map(|row| row.lists.all());
    let wanted: HashSet<_> = of_rows.chain(batch.lead_list_id).collect();
    if wanted.is_empty() {
        return Ok(wanted);
    }
    let wanted: Vec<_> = wanted.into_iter().collect();
    let known: HashSet<_> = tx.lead_lists().find_many(&wanted).await?.into_iter().map(|list| list.id).collect();
    let own = ListReferences { one: batch.lead_list_id, many: Vec::new() };
    let faults = own.faults(|id| known.contains(&id));
    if faults.is_empty() { Ok(known) } else { Err(AppError::invalid(faults)) }
}

fn identities(batch: &LeadBatch) -> Identities {
    let each = |field: fn(&NewLead) -> &Option<String>| {
        let mut values: Vec<_> = batch.rows.iter().flatten().filter_map(|row| field(row).clone()).collect();
        values.sort_unstable();
        values.dedup();
        values
    };
    Identities {
        emails: each(|row| &row.email),
        linkedin_urls: each(|row| &row.linkedin_url),
        external_ids: each(|row| &row.external_id),
    }
}

/// Changes in so many turns that whoever comes to have another's former address is written after that one has given it up: within one statement it
/// would be two who have it.
fn turns(updated: &[(Lead, Lead)]) -> Vec<Vec<Lead>> {
    let mut turns: Vec<Vec<Lead>> = vec![Vec::new()];
    let mut given_up = HashSet::new();
    for (before, after) in updated {
        if of_lead(after).any(|identity| given_up.contains(&identity)) {
            turns.push(Vec::new());
            given_up.clear();
        }
        given_up.extend(of_lead(before).filter(|old| of_lead(after).all(|new| new != *old)));
        if let Some(turn) = turns.last_mut() {
            turn.push(after.clone());
        }
    }
    turns
}

/// Writes what is decided, still to be committed, and tells the audit log of what changed; of what is new, the caller tells.
pub(in crate::services) async fn write(tx: &mut OrgTx, plan: &Plan) -> Result<()> {
    let now = tx.now();
    let updated: Vec<Lead> = plan.updated.iter().map(|(_, after)| after.clone()).collect();
    let activities: Vec<_> =
        plan.updated.iter().filter_map(|(before, after)| status_changed(tx, before, after)).collect();
    if !updated.is_empty() {
        for turn in turns(&plan.updated) {
            tx.leads().update_many(&turn).await?;
        }
        // Steps that were held for something that a lead lacked may be done now.
        let under_way = updated.iter().filter(|lead| !lead.running_campaigns.is_empty()).map(|lead| lead.id);
        let under_way: Vec<_> = under_way.collect();
        if !under_way.is_empty() {
            tx.executions().free(&under_way, None, now).await?;
            recall_outdated(tx, plan.updated.iter().map(|(before, after)| (before, after))).await?;
        }
        tx.leads().join_lists(&updated, now).await?;
    }
    if !plan.created.is_empty() {
        tx.insert_leads(&plan.created).await?;
        // The first list is in the lead's own row.
        let on_more: Vec<_> = plan.created.iter().filter(|lead| lead.lead_list_ids.len() > 1).cloned().collect();
        tx.leads().join_lists(&on_more, now).await?;
    }
    if !activities.is_empty() {
        tx.activities().record(&activities).await?;
    }
    for (before, after) in &plan.updated {
        if let Some((old, new)) = difference(before, after) {
            tx.audit(AuditEntry::new("lead.updated", "lead", after.id.0).change(old, new));
        }
    }
    Ok(())
}
