//! The audit log: reading, sealing, verifying.

use std::collections::HashMap;

use futures::{StreamExt as _, stream};
use uuid::Uuid;

use super::Context;
use crate::{
    errors::{Kind, Result},
    models::{
        ActorType, ApiKeyId, AuditActor, AuditLog, AuditLogFilter, ChainHead, ChainVerification, OrganizationId,
        page::{Page, PageRequest},
    },
    repositories::{BaseRepository, OrgAdmin, SealedBatch},
};

/// Lines sealed in one transaction, and lines read at a time to verify them.
const CHUNK: i64 = 1000;
/// Organizations found in one look.
const ORGANIZATIONS: i64 = 100;
/// Organizations sealed at the same time.
const AT_ONCE: usize = 4;

/// The audit log.
#[derive(Clone)]
pub struct AuditLogService(pub Context);

/// A line and whom it names.
#[derive(Debug)]
pub struct AttributedAuditLog {
    /// The line.
    pub log: AuditLog,
    /// Who acted, if a person whom we know.
    pub actor: Option<AuditActor>,
    /// The name of the API key that acted, as long as there is that key.
    pub key_name: Option<String>,
}

/// What one round of sealing came to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sealing {
    /// Lines sealed.
    pub lines: u64,
    /// Whether some organization may have more.
    pub more: bool,
}

impl AuditLogService {
    /// A page of the organization's log.
    pub async fn list(
        &self,
        admin: &OrgAdmin,
        filter: &AuditLogFilter,
        page: &PageRequest,
    ) -> Result<Page<AttributedAuditLog>> {
        let mut conn = self.0.db.search(admin).await?;
        let lines = conn.audit_logs().list(filter, page).await?;
        let actors = conn.audit_logs().actors(&named(&lines.items, ActorType::User)).await?;
        let actors: HashMap<_, _> = actors.into_iter().map(|actor| (actor.id.0, actor)).collect();
        let keys: Vec<_> = named(&lines.items, ActorType::ApiKey).into_iter().map(ApiKeyId).collect();
        let keys = if keys.is_empty() { vec![] } else { conn.api_keys().find_many(&keys).await? };
        let keys: HashMap<_, _> = keys.into_iter().map(|key| (key.id.0, key.name)).collect();
        Ok(lines.map(|log| AttributedAuditLog {
            actor: log.actor_id.filter(|_| log.actor_type == ActorType::User).and_then(|id| actors.get(&id).cloned()),
            key_name: log
                .actor_id
                .filter(|_| log.actor_type == ActorType::ApiKey)
                .and_then(|id| keys.get(&id).cloned()),
            log,
        }))
    }

    /// Computes every seal of the organization's chain anew and compares it, a chunk at a time. Lines sealed meanwhile are left to the
    /// next time.
    pub async fn verify(&self, admin: &OrgAdmin) -> Result<ChainVerification> {
        let mut conn = self.0.db.read(admin).await?;
        let stored = conn.audit_logs().chain().await?;
        let end = stored.head.unwrap_or(ChainHead::GENESIS);
        let mut head = ChainHead::GENESIS;
        let whole = 'chain: loop {
            let lines = conn.audit_logs().sealed(head.seq, end.seq.min(head.seq + CHUNK)).await?;
            if lines.is_empty() {
                break head == end && stored.last_seq <= end.seq;
            }
            for line in &lines {
                let Some(next) = head.followed_by(line) else { break 'chain false };
                head = next;
            }
        };
        // A chain that reaches its recorded end with another hash was rewritten somewhere: its last line is the one known to be wrong.
        let first_bad = if head.seq == end.seq && head != end { head.seq } else { head.seq + 1 };
        let first_bad_seq = (!whole).then_some(first_bad);
        let checked = first_bad_seq.map_or(head.seq, |bad| bad - 1);
        Ok(ChainVerification { checked, first_bad_seq, head: stored.head, unsealed: stored.unsealed })
    }

    /// Seals a batch of what each organization has committed: only one, so that a long backlog of one does not hold up the others. An
    /// organization that cannot be sealed does not either.
    ///
    /// # Errors
    /// The last one met, after every other organization was sealed; at once if the database is away.
    pub async fn seal(&self) -> Result<Sealing> {
        let mut sealing = Sealing::default();
        let (mut after, mut failed) = (None, None);
        loop {
            let organizations = self.0.db.organizations_to_seal(after, ORGANIZATIONS).await?;
            after = organizations.last().copied();
            let last = i64::try_from(organizations.len()).is_ok_and(|found| found < ORGANIZATIONS);
            let mut batches = stream::iter(organizations).map(|id| self.seal_batch(id)).buffer_unordered(AT_ONCE);
            while let Some(batch) = batches.next().await {
                match batch {
                    Ok(lines) => {
                        sealing.lines += lines;
                        sealing.more |= i64::try_from(lines).is_ok_and(|lines| lines == CHUNK);
                    }
                    Err(error) if error.kind() == Kind::Unavailable => return Err(error),
                    Err(error) => failed = Some(error),
                }
            }
            if last {
                return failed.map_or(Ok(sealing), Err);
            }
        }
    }

    async fn seal_batch(&self, organization: OrganizationId) -> Result<u64> {
        let Some(SealedBatch { lines, head }) = self.0.db.seal_audit_log(organization, CHUNK).await? else {
            return Ok(0);
        };
        // Kept outside the database, the head convicts whoever rewrites the whole chain in it.
        tracing::info!(%organization, seq = head.seq, hash = hex::encode(head.hash), lines, "audit log sealed");
        Ok(lines)
    }
}

/// Whom of one kind the lines name, each once.
fn named(lines: &[AuditLog], kind: ActorType) -> Vec<Uuid> {
    let mut ids: Vec<_> =
        lines.iter().filter(|line| line.actor_type == kind).filter_map(|line| line.actor_id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
