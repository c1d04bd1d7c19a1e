//! Sealing audit logs, and reading the seals back.
//!
//! The sealer works for all organizations, through the two methods of [`Database`] here. They hand out no line of any log.

use std::collections::HashMap;

use sqlx::PgConnection;
use uuid::Uuid;

use super::{audit_logs::AuditLogRepository, base::Database};
use crate::{
    errors::{AppError, Result},
    models::{AuditLog, ChainHead, OrganizationId},
};

/// Lines of one organization that were sealed together.
#[derive(Debug, Clone, Copy)]
pub struct SealedBatch {
    /// Whose.
    pub organization: OrganizationId,
    /// How many.
    pub lines: u64,
    /// The chain's new end.
    pub head: ChainHead,
}

/// What is stored of an organization's chain, all seen at one instant.
#[derive(Debug, Clone, Copy)]
pub struct StoredChain {
    /// The end that the sealer recorded.
    pub head: Option<ChainHead>,
    /// The highest number that a line has.
    pub last_seq: i64,
    /// Lines that wait for their seal.
    pub unsealed: i64,
}

impl Database {
    /// Organizations with lines to seal, in order of id, after `after`. Hops from one organization to the next in the index, so that a
    /// long backlog of one costs no more than a single line.
    ///
    /// # Errors
    /// The database's.
    pub async fn organizations_to_seal(
        &self,
        after: Option<OrganizationId>,
        limit: i64,
    ) -> Result<Vec<OrganizationId>> {
        Ok(sqlx::query_scalar!(
            r#"with recursive waiting (id) as (
                 (select organization_id from audit_logs where seq is null and organization_id > $1 order by organization_id limit 1)
                 union all
                 select (select a.organization_id from audit_logs a where a.seq is null and a.organization_id > waiting.id
                         order by a.organization_id limit 1)
                 from waiting where waiting.id is not null)
               select id as "id!: OrganizationId" from waiting where id is not null limit $2"#,
            after.map_or(Uuid::nil(), |id| id.0),
            limit,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }

    /// Numbers and seals up to `limit` lines of each of these organizations, of those that have been committed: what earlier transactions
    /// wrote first. In one transaction, so that a second in which a hundred organizations wrote a line each does not cost a hundred of
    /// them. Passes over an organization that another replica is at.
    ///
    /// # Errors
    /// The database's; nothing is sealed then.
    pub async fn seal_audit_logs(&self, organizations: &[OrganizationId], limit: i64) -> Result<Vec<SealedBatch>> {
        let mut tx = self.begin_system().await?;
        let sealed = seal_all(&mut tx, organizations, limit).await;
        // At once in either case: whoever tries again finds the organizations locked until it is over.
        if sealed.is_ok() {
            tx.commit().await?;
        } else {
            tx.rollback().await?;
        }
        sealed
    }
}

async fn seal_all(tx: &mut PgConnection, organizations: &[OrganizationId], limit: i64) -> Result<Vec<SealedBatch>> {
    let ours = lock(tx, organizations).await?;
    let lines = unsealed(tx, &ours, limit).await?;
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    let heads = heads(tx, &ours).await?;
    let mut chain = Vec::with_capacity(lines.len());
    let mut batches = Vec::with_capacity(ours.len());
    for lines in lines.chunk_by(|line, next| line.organization_id == next.organization_id) {
        let organization = lines[0].organization_id;
        let mut head = heads.get(&organization).copied().unwrap_or(ChainHead::GENESIS);
        for line in lines {
            let next = head.after(line);
            chain.push(Link { line, previous: head, head: next });
            head = next;
        }
        batches.push(SealedBatch { organization, lines: lines.len() as u64, head });
    }
    seal(tx, &chain).await?;
    advance(tx, &batches).await?;
    Ok(batches)
}

/// A line and its place in the chain.
struct Link<'l> {
    line: &'l AuditLog,
    previous: ChainHead,
    head: ChainHead,
}

/// Those of the organizations for which this is the only sealer, until its transaction ends. Everything read after this sees what the
/// sealer before wrote.
///
/// The statements that follow look up each line by its key. A planner that believes few lines to be unsealed would rather read all that
/// are, for each batch of a backlog of millions, so it is told not to.
async fn lock(tx: &mut PgConnection, organizations: &[OrganizationId]) -> Result<Vec<Uuid>> {
    let locked = sqlx::query_scalar!(
        r#"with plan as materialized (
             select set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true))
           select id as "id!" from plan cross join unnest($1::uuid[]) as organization (id)
           where pg_try_advisory_xact_lock(hashtextextended('audit_logs.' || id::text, 0))"#,
        &organizations.iter().map(|organization| organization.0).collect::<Vec<_>>(),
    );
    Ok(locked.fetch_all(tx).await?)
}

async fn unsealed(conn: &mut PgConnection, organizations: &[Uuid], limit: i64) -> Result<Vec<AuditLog>> {
    Ok(sqlx::query_as!(
        AuditLog,
        r#"select line.id, line.organization_id, occurred_at, actor_type, actor_id, impersonator, action, entity_type, entity_id, before, after,
                  ip_address, user_agent, request_id, seq, previous_hash, hash
           from unnest($1::uuid[]) as organization (id) cross join lateral (
             select * from audit_logs where organization_id = organization.id and seq is null order by id limit $2) line
           order by line.organization_id, line.id"#,
        organizations,
        limit,
    )
    .fetch_all(conn)
    .await?)
}

async fn heads(conn: &mut PgConnection, organizations: &[Uuid]) -> Result<HashMap<OrganizationId, ChainHead>> {
    let rows = sqlx::query!(
        r#"select organization_id as "organization_id: OrganizationId", seq, hash from audit_chain_heads
           where organization_id = any($1)"#,
        organizations,
    );
    let rows = rows.fetch_all(conn).await?.into_iter();
    rows.map(|row| Ok((row.organization_id, chain_head(row.seq, row.hash)?))).collect()
}

/// Writes the seals in one statement.
async fn seal(conn: &mut PgConnection, chain: &[Link<'_>]) -> Result<()> {
    let organizations: Vec<Uuid> = chain.iter().map(|link| link.line.organization_id.0).collect();
    let ids: Vec<Uuid> = chain.iter().map(|link| link.line.id.0).collect();
    let seqs: Vec<i64> = chain.iter().map(|link| link.head.seq).collect();
    let previous: Vec<&[u8]> = chain.iter().map(|link| link.previous.hash.as_slice()).collect();
    let hashes: Vec<&[u8]> = chain.iter().map(|link| link.head.hash.as_slice()).collect();
    let done = sqlx::query!(
        r#"update audit_logs a set seq = link.seq, previous_hash = link.previous_hash, hash = link.hash
           from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bytea[], $5::bytea[])
                as link (organization_id, id, seq, previous_hash, hash)
           where a.organization_id = link.organization_id and a.id = link.id and a.seq is null"#,
        &organizations,
        &ids,
        &seqs,
        &previous as &[&[u8]],
        &hashes as &[&[u8]],
    )
    .execute(conn)
    .await?;
    if done.rows_affected() == chain.len() as u64 {
        Ok(())
    } else {
        Err(AppError::internal("lines were sealed or removed while they were being sealed"))
    }
}

async fn advance(conn: &mut PgConnection, batches: &[SealedBatch]) -> Result<()> {
    let organizations: Vec<Uuid> = batches.iter().map(|batch| batch.organization.0).collect();
    let seqs: Vec<i64> = batches.iter().map(|batch| batch.head.seq).collect();
    let hashes: Vec<&[u8]> = batches.iter().map(|batch| batch.head.hash.as_slice()).collect();
    sqlx::query!(
        r#"insert into audit_chain_heads (organization_id, seq, hash)
           select organization_id, seq, hash from unnest($1::uuid[], $2::bigint[], $3::bytea[]) as head (organization_id, seq, hash)
           on conflict (organization_id) do update set seq = excluded.seq, hash = excluded.hash"#,
        &organizations,
        &seqs,
        &hashes as &[&[u8]],
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn chain_head(seq: i64, hash: Vec<u8>) -> Result<ChainHead> {
    let hash = hash.try_into().map_err(|_| AppError::internal("a stored hash does not have 32 bytes"))?;
    Ok(ChainHead { seq, hash })
}

impl AuditLogRepository<'_> {
    /// What is stored of the chain.
    ///
    /// # Errors
    /// The database's.
    pub async fn chain(&mut self) -> Result<StoredChain> {
        let row = sqlx::query!(
            r#"select h.seq as "seq?", h.hash as "hash?",
                      (select coalesce(max(seq), 0) from audit_logs where organization_id = $1 and seq is not null) as "last_seq!",
                      (select count(*) from audit_logs where organization_id = $1 and seq is null) as "unsealed!"
               from (values ($1::uuid)) as organization (id) left join audit_chain_heads h on h.organization_id = organization.id"#,
            self.scope.id(),
        )
        .fetch_one(&mut *self.conn)
        .await?;
        let head = row.seq.zip(row.hash).map(|(seq, hash)| chain_head(seq, hash)).transpose()?;
        Ok(StoredChain { head, last_seq: row.last_seq, unsealed: row.unsealed })
    }

    /// The sealed lines numbered above `after` up to `last`, in the order of their numbers.
    ///
    /// # Errors
    /// The database's.
    pub async fn sealed(&mut self, after: i64, last: i64) -> Result<Vec<AuditLog>> {
        Ok(sqlx::query_as!(
            AuditLog,
            r#"select id, organization_id, occurred_at, actor_type, actor_id, impersonator, action, entity_type, entity_id, before, after,
                      ip_address, user_agent, request_id, seq, previous_hash, hash
               from audit_logs where organization_id = $1 and seq > $2 and seq <= $3 order by seq"#,
            self.scope.id(),
            after,
            last,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }
}
