//! Webhooks in Clay that leads are pushed to.

mod push;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::base::{base_repository, page};
use crate::{
    errors::Result,
    models::{
        ClayDestination, ClayDestinationId, ClayLimits, ClayProgress, LeadListId,
        page::{Page, PageRequest},
    },
    utils::crypto::Sealed,
};

pub use push::{ClaimedDestination, ClaySlot, PushEnd};

base_repository!(
    /// The Clay destinations of one organization.
    ClayDestinationRepository,
    ClayDestination,
    ClayDestinationId,
    "Clay destination",
    "clay_destinations",
    "id, organization_id, lead_list_id, url, auth_token is not null as \"has_auth_token!\", status, status_reason, failures, \
     next_attempt_at, last_sent_at, version, created_by, created_at, updated_at"
);

impl ClayDestinationRepository<'_> {
    /// A page of the destinations of a list.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_of(&mut self, list: LeadListId, page: &PageRequest) -> Result<Page<ClayDestination>> {
        let scope = self.scope.id();
        page!(
            self,
            page,
            ClayDestination,
            "",
            [r#"select id, organization_id, lead_list_id, url, auth_token is not null as "has_auth_token!", status, status_reason,
                       failures, next_attempt_at, last_sent_at, version, created_by, created_at, updated_at
                from clay_destinations where organization_id = $4 and lead_list_id = $5"#],
            [scope, list.0],
            total: sqlx::query_scalar!(
                r#"select count(*) as "count!" from clay_destinations where organization_id = $1 and lead_list_id = $2"#,
                scope,
                list.0
            )
            .fetch_one(&mut *self.conn),
        )
    }

    /// How far each of `ids` is.
    ///
    /// # Errors
    /// The database's.
    pub async fn progress(&mut self, ids: &[ClayDestinationId]) -> Result<HashMap<ClayDestinationId, ClayProgress>> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let rows = sqlx::query!(
            r#"select d.id as "id!: ClayDestinationId", w.sent_count, count(q.lead_id) filter (where q.state = 'pending') as "pending!",
                      count(q.lead_id) filter (where q.state = 'sent') as "sent!",
                      count(q.lead_id) filter (where q.state = 'rejected') as "rejected!"
               from clay_destinations d
               join clay_webhooks w on w.organization_id = d.organization_id and w.url_hash = d.url_hash
               left join clay_deliveries q on q.organization_id = d.organization_id and q.destination_id = d.id
               where d.organization_id = $1 and d.id = any($2) group by d.id, w.sent_count"#,
            self.scope.id(),
            &ids,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        let progress = rows.into_iter().map(|row| {
            let (pending, sent, rejected, webhook_sent) = (row.pending, row.sent, row.rejected, row.sent_count);
            (row.id, ClayProgress { pending, sent, rejected, webhook_sent })
        });
        Ok(progress.collect())
    }

    /// Writes a new destination with its sealed token.
    ///
    /// # Errors
    /// `clay_destination_exists`; the database's.
    pub async fn insert(&mut self, destination: &ClayDestination, token: Option<&Sealed>) -> Result<()> {
        self.know_webhook(&destination.url, destination.created_at).await?;
        sqlx::query!(
            r#"insert into clay_destinations
                 (id, organization_id, lead_list_id, url, url_hash, auth_token, auth_token_key, auth_token_key_id, status,
                  next_attempt_at, version, created_by, created_at, updated_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"#,
            destination.id.0,
            self.scope.id(),
            destination.lead_list_id.0,
            destination.url,
            &hash(&destination.url),
            token.map(|token| token.ciphertext.as_slice()),
            token.map(|token| token.data_key.as_slice()),
            token.map(|token| token.key_id.as_str()),
            destination.status.as_str(),
            destination.next_attempt_at,
            destination.version,
            destination.created_by.map(|id| id.0),
            destination.created_at,
            destination.updated_at,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Writes the fields that may change, the token aside. Whoever pushes just now has lost its lease: what it knows is out of date.
    ///
    /// # Errors
    /// `clay_destination_exists`; the database's.
    pub async fn update(&mut self, destination: &ClayDestination) -> Result<()> {
        self.know_webhook(&destination.url, destination.updated_at).await?;
        sqlx::query!(
            r#"update clay_destinations
               set url = $3, url_hash = $4, status = $5, status_reason = $6, failures = $7, next_attempt_at = $8, version = $9,
                   updated_at = $10, lease = null, leased_until = null
               where organization_id = $1 and id = $2"#,
            self.scope.id(),
            destination.id.0,
            destination.url,
            &hash(&destination.url),
            destination.status.as_str(),
            destination.status_reason,
            destination.failures,
            destination.next_attempt_at,
            destination.version,
            destination.updated_at,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Writes another sealed token, or none.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_token(&mut self, id: ClayDestinationId, token: Option<&Sealed>) -> Result<()> {
        sqlx::query!(
            r#"update clay_destinations set auth_token = $3, auth_token_key = $4, auth_token_key_id = $5
               where organization_id = $1 and id = $2"#,
            self.scope.id(),
            id.0,
            token.map(|token| token.ciphertext.as_slice()),
            token.map(|token| token.data_key.as_slice()),
            token.map(|token| token.key_id.as_str()),
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Queues the leads that are on the list already, the earliest first, as many as a webhook takes at the most.
    ///
    /// # Errors
    /// The database's.
    pub async fn queue_present(&mut self, id: ClayDestinationId, list: LeadListId, now: DateTime<Utc>) -> Result<u64> {
        let done = sqlx::query!(
            r#"insert into clay_deliveries (organization_id, destination_id, lead_id, queued_at)
               select $1, $2, lead_id, $4 from lead_list_entries
               where organization_id = $1 and lead_list_id = $3 order by lead_created_at, lead_id limit $5
               on conflict do nothing"#,
            self.scope.id(),
            id.0,
            list.0,
            now,
            i64::from(ClayLimits::PER_WEBHOOK),
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(done.rows_affected())
    }

    /// Begins to count what a webhook is sent, and to pace the organization, unless that has begun before.
    async fn know_webhook(&mut self, url: &str, now: DateTime<Utc>) -> Result<()> {
        sqlx::query!(
            r#"with pace as (
                 insert into clay_paces (organization_id, paced_until) values ($1, $3) on conflict do nothing)
               insert into clay_webhooks (organization_id, url_hash) values ($1, $2) on conflict do nothing"#,
            self.scope.id(),
            &hash(url),
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

fn hash(url: &str) -> [u8; 32] {
    Sha256::digest(url).into()
}
