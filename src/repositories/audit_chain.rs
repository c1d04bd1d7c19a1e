//! Sealing audit logs, and reading the seals back.
//!
//! The sealer works for all organizations, through the two methods of [`Database`] here. They hand out no line of any log.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{audit_logs::AuditLogRepository, base::Database};
use crate::{
    errors::{AppError, Result},
    models::{AuditLog, ChainHead, OrganizationId},
};

/// Lines that were sealed together.
#[derive(Debug, Clone, Copy)]
pub struct SealedBatch {
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

    /// Numbers and seals up to `limit` of an organization's lines that have been committed, those of earlier transactions first. None if
    /// there are none, or if another replica is at it.
    ///
    /// # Errors
    /// The database's.
    pub async fn seal_audit_log(&self, organization: OrganizationId, limit: i64) -> Result<Option<SealedBatch>> {
        let mut tx = self.begin_system().await?;
        if !try_lock(&mut tx, organization).await? {
            return Ok(None);
        }
        let lines = unsealed(&mut tx, organization, limit).await?;
        if lines.is_empty() {
            return Ok(None);
        }
        let head = head(&mut tx, organization).await?.unwrap_or(ChainHead::GENESIS);
        let chain = lines.iter().scan(head, |head, line| {
            let previous = std::mem::replace(head, head.after(line));
            Some((previous, *head))
        });
        let chain: Vec<_> = chain.collect();
        let head = chain.last().map_or(head, |(_, head)| *head);
        seal(&mut tx, organization, &lines, &chain).await?;
        advance(&mut tx, organization, head).await?;
        tx.commit().await?;
        Ok(Some(SealedBatch { lines: lines.len() as u64, head }))
    }
}

/// One sealer at a time for each organization, until its transaction ends. Everything read after this sees what the sealer before wrote.
async fn try_lock(tx: &mut PgConnection, organization: OrganizationId) -> Result<bool> {
    let locked = sqlx::query_scalar!(
        r#"select pg_try_advisory_xact_lock(hashtextextended('audit_logs.' || $1::text, 0)) as "locked!""#,
        organization.to_string(),
    );
    Ok(locked.fetch_one(tx).await?)
}

async fn unsealed(conn: &mut PgConnection, organization: OrganizationId, limit: i64) -> Result<Vec<AuditLog>> {
    Ok(sqlx::query_as!(
        AuditLog,
        r#"select id, organization_id, occurred_at, actor_type, actor_id, impersonator, action, entity_type, entity_id, before, after, ip_address,
                  user_agent, request_id, seq, previous_hash, hash
           from audit_logs where organization_id = $1 and seq is null order by id limit $2"#,
        organization.0,
        limit,
    )
    .fetch_all(conn)
    .await?)
}

async fn head(conn: &mut PgConnection, organization: OrganizationId) -> Result<Option<ChainHead>> {
    let row = sqlx::query!("select seq, hash from audit_chain_heads where organization_id = $1", organization.0);
    row.fetch_optional(conn).await?.map(|row| chain_head(row.seq, row.hash)).transpose()
}

/// Writes the seals in one statement. The bounds say again what the ids say, so that a plan that reads a range reads these lines only.
async fn seal(
    conn: &mut PgConnection,
    organization: OrganizationId,
    lines: &[AuditLog],
    chain: &[(ChainHead, ChainHead)],
) -> Result<()> {
    let ids: Vec<Uuid> = lines.iter().map(|line| line.id.0).collect();
    let seqs: Vec<i64> = chain.iter().map(|(_, head)| head.seq).collect();
    let previous: Vec<&[u8]> = chain.iter().map(|(previous, _)| previous.hash.as_slice()).collect();
    let hashes: Vec<&[u8]> = chain.iter().map(|(_, head)| head.hash.as_slice()).collect();
    let done = sqlx::query!(
        r#"update audit_logs a set seq = link.seq, previous_hash = link.previous_hash, hash = link.hash
           from unnest($2::uuid[], $3::bigint[], $4::bytea[], $5::bytea[]) as link (id, seq, previous_hash, hash)
           where a.organization_id = $1 and a.id = link.id and a.seq is null and a.id between $6 and $7"#,
        organization.0,
        &ids,
        &seqs,
        &previous as &[&[u8]],
        &hashes as &[&[u8]],
        ids.first(),
        ids.last(),
    )
    .execute(conn)
    .await?;
    if done.rows_affected() == lines.len() as u64 {
        Ok(())
    } else {
        Err(AppError::internal("lines were sealed or removed while they were being sealed"))
    }
}

async fn advance(conn: &mut PgConnection, organization: OrganizationId, head: ChainHead) -> Result<()> {
    sqlx::query!(
        r#"insert into audit_chain_heads (organization_id, seq, hash) values ($1, $2, $3)
           on conflict (organization_id) do update set seq = excluded.seq, hash = excluded.hash"#,
        organization.0,
        head.seq,
        head.hash.as_slice(),
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
