//! The audit log: reading, sealing, verifying.

use std::collections::HashMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Context,
    exports::{self, Rows},
};
use crate::{
    errors::{AppError, Result},
    models::{
        ActorType, ApiKeyId, AuditActor, AuditEntry, AuditLog, AuditLogFilter, ChainHead, ChainVerification,
        ExportedAuditLog, OrganizationId,
        page::{Page, PageRequest},
    },
    repositories::{BaseRepository, Need, OrgAdmin, SealedBatch},
    utils::keyed_limit::KeyedLimit,
};

/// Lines sealed in one transaction at the most, and lines read at a time to verify them.
const CHUNK: i64 = 1000;
/// Organizations sealed in one transaction.
const ORGANIZATIONS: i64 = 25;

/// The audit log.
#[derive(Clone)]
pub struct AuditLogService {
    context: Context,
    verifying: KeyedLimit<OrganizationId>,
}

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
    /// The audit log over a database.
    #[must_use]
    pub fn new(context: Context) -> Self {
        Self { context, verifying: KeyedLimit::new(1) }
    }

    /// A page of the organization's log.
    pub async fn list(
        &self,
        admin: &OrgAdmin,
        filter: &AuditLogFilter,
        page: &PageRequest,
    ) -> Result<Page<AttributedAuditLog>> {
        let mut conn = self.context.db.search(admin).await?;
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

    /// Every line that `filter` lets through as of now, the oldest first.
    pub async fn export(&self, admin: &OrgAdmin, filter: AuditLogFilter) -> Result<Rows<ExportedAuditLog>> {
        let entry = AuditEntry::new("audit_log.exported", "audit_log", None).change(None, asked_for(&filter));
        let mut conn = self.context.db.export(admin).await?;
        let (feed, rows) = exports::export_to(&self.context, admin, Need::Admin);
        tokio::spawn(async move { feed.pour(conn.audit_logs().export(&filter)).await });
        exports::told(&self.context, admin, rows, entry).await
    }

    /// Computes every seal of the organization's chain anew and compares it, a chunk at a time. Lines sealed meanwhile are left to the
    /// next time. A connection is held for a chunk only, for a chain may be long; and an organization verifies once at a time.
    ///
    /// # Errors
    /// 409 `verification_running`.
    pub async fn verify(&self, admin: &OrgAdmin) -> Result<ChainVerification> {
        let _only_one = self.verifying.try_enter(admin.organization_id()).ok_or_else(|| {
            AppError::conflict("verification_running", "The organization's audit log is being verified already.")
        })?;
        let stored = self.context.db.read(admin).await?.audit_logs().chain().await?;
        let end = stored.head.unwrap_or(ChainHead::GENESIS);
        let mut head = ChainHead::GENESIS;
        let whole = 'chain: loop {
            let mut conn = self.context.db.read(admin).await?;
            let lines = conn.audit_logs().sealed(head.seq, end.seq.min(head.seq + CHUNK)).await?;
            drop(conn);
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

    /// Seals a share of what each organization has committed, so that a long backlog of one does not hold up the others. An organization
    /// that cannot be sealed does not either.
    ///
    /// # Errors
    /// The last one met, after every other organization was sealed; at once if the database is away, but not if it is only busy with one.
    pub async fn seal(&self) -> Result<Sealing> {
        let (mut round, mut after) = (Round::default(), None);
        loop {
            let organizations = self.context.db.organizations_to_seal(after, ORGANIZATIONS).await?;
            after = organizations.last().copied();
            match self.seal_together(&organizations).await {
                // What keeps one of them from being sealed must not keep the others: each by itself, then.
                Err(error) if organizations.len() > 1 && !is_away(&error) => {
                    for organization in organizations.chunks(1) {
                        round.note(self.seal_together(organization).await)?;
                    }
                }
                outcome => round.note(outcome)?,
            }
            if i64::try_from(organizations.len()).is_ok_and(|found| found < ORGANIZATIONS) {
                return round.failed.map_or(Ok(round.sealing), Err);
            }
        }
    }

    async fn seal_together(&self, organizations: &[OrganizationId]) -> Result<Sealing> {
        let mut sealing = Sealing::default();
        let count = i64::try_from(organizations.len()).map_err(AppError::internal)?;
        let share = CHUNK / count.max(1);
        for batch in self.context.db.seal_audit_logs(organizations, share).await? {
            let SealedBatch { organization, lines, head } = batch;
            sealing.lines += lines;
            sealing.more |= i64::try_from(lines).is_ok_and(|lines| lines == share);
            // Kept outside the database, the head convicts whoever rewrites the whole chain in it.
            tracing::info!(%organization, seq = head.seq, hash = hex::encode(head.hash), lines, "audit log sealed");
        }
        Ok(sealing)
    }
}

/// Which lines are exported, as the log itself keeps it.
fn asked_for(filter: &AuditLogFilter) -> Value {
    let AuditLogFilter { action, entity_type, entity_id, actor_id, occurred_after, occurred_before } = filter;
    json!({"filter": {
        "action": action, "entity_type": entity_type, "entity_id": entity_id, "actor_id": actor_id,
        "occurred_after": occurred_after, "occurred_before": occurred_before,
    }})
}

/// Whom of one kind the lines name, each once.
fn named(lines: &[AuditLog], kind: ActorType) -> Vec<Uuid> {
    let mut ids: Vec<_> =
        lines.iter().filter(|line| line.actor_type == kind).filter_map(|line| line.actor_id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// A round of sealing so far.
#[derive(Default)]
struct Round {
    sealing: Sealing,
    failed: Option<AppError>,
}

impl Round {
    /// Counts what was sealed, or remembers why it was not; an error only if there is no use in going on.
    fn note(&mut self, outcome: Result<Sealing>) -> Result<()> {
        match outcome {
            Ok(Sealing { lines, more }) => {
                self.sealing.lines += lines;
                self.sealing.more |= more;
            }
            Err(error) if is_away(&error) => return Err(error),
            Err(error) => self.failed = Some(error),
        }
        Ok(())
    }
}

fn is_away(error: &AppError) -> bool {
    error.code() == "database_unavailable"
}
