//! Deleting many leads at once.

use std::time::Duration;

use super::{LeadService, deleted};
use crate::{
    errors::Result,
    models::{
        Lead, LeadFilter, LeadId,
        page::{Direction, PageRequest},
    },
    repositories::{BaseRepository, OrgMember, OrgTx},
};

/// Leads that one call deletes at the most.
const MAX_DELETED: i64 = 10_000;
/// Leads that one statement deletes: each takes its memberships, executions and activities along, and a statement has a time limit.
const CHUNK: i64 = 1_000;
/// After how long a call begins no other statement; the next call goes on.
const ENOUGH: Duration = Duration::from_secs(8);
/// Leads that a rehearsal shows.
const SAMPLE: i64 = 10;

/// Which leads are to be deleted.
#[derive(Debug)]
pub enum Doomed {
    /// These; ids that there are none of are passed over.
    Ids(Vec<LeadId>),
    /// All that the filter lets through.
    Matching(LeadFilter),
}

/// What is to be deleted, and whether in earnest.
#[derive(Debug)]
pub struct BatchDelete {
    /// Which leads.
    pub doomed: Doomed,
    /// Whether to only say what would be deleted.
    pub dry_run: bool,
}

/// What was deleted.
#[derive(Debug)]
pub struct BatchDeleted {
    /// Leads that were meant.
    pub matched: i64,
    /// Leads that are gone.
    pub deleted: i64,
    /// Whether some are left for the next call.
    pub has_more: bool,
    /// A few of those that a rehearsal found.
    pub sample: Vec<Lead>,
}

impl LeadService {
    /// Deletes many leads, each with its line in the audit log, or rehearses that.
    pub async fn batch_delete(&self, member: &OrgMember, request: BatchDelete) -> Result<BatchDeleted> {
        let BatchDelete { doomed, dry_run } = request;
        if dry_run {
            return self.rehearse(member, &doomed).await;
        }
        let began = self.0.clock.monotonic();
        let mut tx = self.0.db.begin_search(member, self.0.clock.now()).await?;
        let mut gone = 0;
        let left = loop {
            let (leads, last) = lock(&mut tx, &doomed).await?;
            if !leads.is_empty() {
                tx.leads().delete_many(&leads.iter().map(|lead| lead.id).collect::<Vec<_>>()).await?;
            }
            for lead in &leads {
                tx.audit(deleted(lead));
            }
            tx.write_audit().await?;
            gone += count(&leads);
            let Doomed::Matching(filter) = &doomed else { break 0 };
            if last {
                break 0;
            }
            if gone >= MAX_DELETED || self.0.clock.monotonic().saturating_sub(began) > ENOUGH {
                break tx.leads().count(filter).await?;
            }
        };
        tx.commit().await?;
        Ok(BatchDeleted { matched: gone + left, deleted: gone, has_more: left > 0, sample: Vec::new() })
    }

    async fn rehearse(&self, member: &OrgMember, doomed: &Doomed) -> Result<BatchDeleted> {
        let mut conn = self.0.db.search(member).await?;
        let (matched, mut sample) = match doomed {
            Doomed::Ids(ids) => {
                let leads = conn.leads().find_many(ids).await?;
                (count(&leads), leads)
            }
            Doomed::Matching(filter) => {
                let first =
                    PageRequest { limit: SAMPLE, after: None, direction: Direction::Descending, include_total: true };
                let page = conn.leads().search(filter, &first).await?;
                (page.total.unwrap_or_default(), page.items)
            }
        };
        sample.truncate(usize::try_from(SAMPLE).unwrap_or_default());
        Ok(BatchDeleted { matched, deleted: 0, has_more: matched > MAX_DELETED, sample })
    }
}

/// The next leads to delete, and whether they are the last. Their ways are locked before them, as everybody does.
async fn lock(tx: &mut OrgTx, doomed: &Doomed) -> Result<(Vec<Lead>, bool)> {
    match doomed {
        Doomed::Ids(ids) => {
            tx.executions().hold_of(ids).await?;
            Ok((tx.leads().lock_many(ids).await?, true))
        }
        Doomed::Matching(filter) => {
            let ids = tx.leads().matching(filter, CHUNK).await?;
            let last = i64::try_from(ids.len()).unwrap_or(i64::MAX) < CHUNK;
            tx.executions().hold_of(&ids).await?;
            Ok((tx.leads().lock_matching(filter, &ids).await?, last))
        }
    }
}

fn count(leads: &[Lead]) -> i64 {
    i64::try_from(leads.len()).unwrap_or(i64::MAX)
}
