//! Who did what.

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::base::{Actor, OrgScope};
use crate::{
    errors::{AppError, Result},
    models::{
        AuditActor, AuditEntry, AuditLog, AuditLogFilter, AuditLogId, ExportedAuditLog,
        page::{Direction, Page, PageRequest, Position},
    },
    utils::ids::lowest_uuid_at,
};

/// The lines that a filter lets through between two ids. To be run on a connection that plans with values: absent conditions then fold
/// away, and a condition on one entity is answered by its index.
macro_rules! filtered {
    ($read:ident!($($into:ident,)? $select:literal), $log:expr, $filter:expr, $tail:literal $(, $argument:expr)*) => {
        sqlx::$read!(
            $($into,)?
            $select + " where organization_id = $1
                and ($2::text is null or action = $2)
                and ($3::text is null or entity_type = $3)
                and ($4::uuid is null or entity_id = $4)
                and ($5::uuid is null or actor_id = $5)
                and ($6::timestamptz is null or occurred_at >= $6)
                and ($7::timestamptz is null or occurred_at < $7)" + $tail,
            $log.scope.id(),
            $filter.action,
            $filter.entity_type,
            $filter.entity_id,
            $filter.actor_id,
            $filter.occurred_after,
            $filter.occurred_before,
            $($argument),*
        )
    };
}

/// The lines themselves.
macro_rules! lines {
    ($log:expr, $filter:expr, $tail:literal, $($argument:expr),+) => {
        filtered!(
            query_as!(AuditLog, "select id, organization_id, occurred_at, actor_type, actor_id, impersonator, action, entity_type, entity_id, before, \
                after, ip_address, user_agent, request_id, seq, previous_hash, hash from audit_logs"),
            $log, $filter, $tail, $($argument),+
        )
    };
}

/// The audit log of one organization: append-only, so no base verbs.
#[derive(Debug)]
pub struct AuditLogRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}

impl<'c> AuditLogRepository<'c> {
    /// Whether an action was ever done.
    ///
    /// # Errors
    /// The database's.
    pub async fn tells_of(&mut self, action: &str) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from audit_logs where organization_id = $1 and action = $2) as "told!""#,
            self.scope.id(),
            action,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// A page of the lines that `filter` lets through. An id's time is its line's, so the key is the order in time, and the times asked
    /// for bound what is read of it.
    ///
    /// # Errors
    /// The database's.
    pub async fn list(&mut self, filter: &AuditLogFilter, page: &PageRequest) -> Result<Page<AuditLog>> {
        let (low, high) = bounds(filter, page);
        let rows = match page.direction {
            Direction::Descending => {
                lines!(self, filter, " and id > $8 and id < $9 order by id desc limit $10", low, high, page.fetch())
                    .fetch_all(&mut *self.conn)
                    .await?
            }
            Direction::Ascending => {
                lines!(self, filter, " and id > $8 and id < $9 order by id limit $10", low, high, page.fetch())
                    .fetch_all(&mut *self.conn)
                    .await?
            }
        };
        let total = if page.include_total { Some(self.count(filter).await?) } else { None };
        Ok(Page::cut(rows, page, total, |line| Position { at: line.occurred_at, id: line.id.0 }))
    }

    /// Every line that `filter` lets through as of now, the oldest first, read as fast as they are taken. Ask it of a connection that plans
    /// with values.
    pub fn export<'s>(self, filter: &'s AuditLogFilter) -> BoxStream<'s, Result<ExportedAuditLog>>
    where
        'c: 's,
    {
        let (low, high) = times(filter);
        let query = filtered!(
            query_as!(
                ExportedAuditLog,
                r#"select id, occurred_at, actor_type, actor_id, person_email as "actor_email?", coalesce(person_name, key_name) as "actor_name?", impersonator,
                          action, entity_type, entity_id, before::text as before, after::text as after, ip_address, user_agent,
                          request_id, seq, hash
                   from audit_logs left join
                     (select u.id as person_id, u.email as person_email,
                             nullif(concat_ws(' ', u.first_name, u.last_name), '') as person_name
                      from users u
                      where exists (select from organization_members m where m.organization_id = $1 and m.user_id = u.id)) people
                     on actor_type = 'user' and person_id = actor_id
                     left join (select k.id as key_id, k.name as key_name from api_keys k where k.organization_id = $1) keys
                     on actor_type = 'api_key' and key_id = actor_id"#
            ),
            self,
            filter,
            " and id > $8 and id < $9 order by id",
            low,
            high
        );
        query.fetch(self.conn).map_err(AppError::from).boxed()
    }

    async fn count(&mut self, filter: &AuditLogFilter) -> Result<i64> {
        let count = filtered!(query_scalar!(r#"select count(*) as "count!" from audit_logs"#), self, filter, "");
        Ok(count.fetch_one(&mut *self.conn).await?)
    }

    /// The people among `ids` who are or were members.
    ///
    /// # Errors
    /// The database's.
    pub async fn actors(&mut self, ids: &[Uuid]) -> Result<Vec<AuditActor>> {
        Ok(sqlx::query_as!(
            AuditActor,
            r#"select u.id, u.email, u.first_name, u.last_name from users u where u.id = any($2) and exists
                 (select from organization_members m where m.organization_id = $1 and m.user_id = u.id)"#,
            self.scope.id(),
            ids,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// Writes what one transaction did to this organization, in one statement and in the order in which it was done.
    pub(in crate::repositories) async fn append(
        &mut self,
        actor: &Actor,
        now: DateTime<Utc>,
        entries: Vec<AuditEntry>,
    ) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        // The lines are chained in the order of their ids. These are all of one instant, so only sorting keeps the order.
        let mut ids: Vec<_> = entries.iter().map(|_| AuditLogId::new(now).0).collect();
        ids.sort_unstable();
        self.insert(actor, now, &ids, entries).await
    }

    async fn insert(
        &mut self,
        actor: &Actor,
        now: DateTime<Utc>,
        ids: &[Uuid],
        entries: Vec<AuditEntry>,
    ) -> Result<()> {
        let actions: Vec<_> = entries.iter().map(|entry| entry.action.to_owned()).collect();
        let types: Vec<_> = entries.iter().map(|entry| entry.entity_type.to_owned()).collect();
        let entities: Vec<_> = entries.iter().map(|entry| entry.entity_id).collect();
        let (before, after): (Vec<_>, Vec<_>) =
            entries.into_iter().map(|entry| (entry.before.map(Json), entry.after.map(Json))).unzip();
        let request = &actor.request;
        sqlx::query!(
            r#"insert into audit_logs (id, organization_id, occurred_at, actor_type, actor_id, action, entity_type, entity_id, before,
                                       after, ip_address, user_agent, request_id, impersonator)
               select row.id, $1, $2, $3, $4, row.action, row.entity_type, row.entity_id, row.before, row.after, $5, $6, $7, $14
               from unnest($8::uuid[], $9::text[], $10::text[], $11::uuid[], $12::jsonb[], $13::jsonb[])
                    as row (id, action, entity_type, entity_id, before, after)"#,
            self.scope.id(),
            now,
            actor.r#type.as_str(),
            actor.id,
            request.ip_address.as_deref(),
            request.user_agent.as_deref(),
            request.request_id.as_deref(),
            ids,
            &actions,
            &types,
            &entities as &[Option<Uuid>],
            &before as &[Option<Json<serde_json::Value>>],
            &after as &[Option<Json<serde_json::Value>>],
            request.impersonator.as_deref(),
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

/// The ids that a page lies between: from where the page before ended to what the times asked for leave.
fn bounds(filter: &AuditLogFilter, page: &PageRequest) -> (Uuid, Uuid) {
    let (low, high) = times(filter);
    let from = page.start().id;
    match page.direction {
        Direction::Descending => (low, high.min(from)),
        Direction::Ascending => (low.max(from), high),
    }
}

/// The ids that the times asked for lie between.
fn times(filter: &AuditLogFilter) -> (Uuid, Uuid) {
    let low = filter.occurred_after.map_or(Uuid::nil(), lowest_uuid_at);
    let high = filter.occurred_before.and_then(|before| before.checked_add_signed(TimeDelta::milliseconds(1)));
    (low, high.map_or(Uuid::max(), lowest_uuid_at))
}
