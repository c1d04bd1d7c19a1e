//! Whom nobody may write to. What asks whether somebody may be written to is in `check`.

use super::base::base_repository;
use crate::{
    errors::Result,
    models::{
        Suppression, SuppressionFilter, SuppressionId,
        page::{Direction, Page, PageRequest, Position},
    },
    utils::keyed_hash::KeyedHash,
};

mod check;

base_repository!(
    /// The suppressions of one organization.
    SuppressionRepository,
    Suppression,
    SuppressionId,
    "suppression",
    "suppressions",
    "id, organization_id, kind, value, value_hash, key_id, reason, source, created_by, created_at, erased_at"
);

/// What a filter lets through. To be run on a connection that plans with values: absent conditions then fold away.
macro_rules! filtered {
    ($read:ident!($($model:ident,)? $columns:literal), $repository:expr, $filter:expr, $tail:literal $(, $argument:expr)* $(,)?) => {
        sqlx::$read!(
            $($model,)?
            "select " + $columns + r#" from suppressions
               where organization_id = $1
                 and ($2::text is null or kind = $2)
                 and ($3::text is null or source = $3)
                 and ($4::bytea[] is null or value_hash = any($4))"# + $tail,
            $repository.scope.id(),
            $filter.kind.map(|kind| kind.as_str()),
            $filter.source.map(|source| source.as_str()),
            $filter.hashes.as_deref() as Option<&[Vec<u8>]>,
            $($argument),*
        )
    };
}

impl SuppressionRepository<'_> {
    /// A page of the suppressions that `filter` lets through. Ask it of a connection that plans with values.
    ///
    /// # Errors
    /// The database's.
    pub async fn search(&mut self, filter: &SuppressionFilter, page: &PageRequest) -> Result<Page<Suppression>> {
        let from = page.start();
        let descending = page.direction == Direction::Descending;
        let (after, before) = if descending { (None, Some(from)) } else { (Some(from), None) };
        let rows = filtered!(
            query_as!(
                Suppression,
                "id, organization_id, kind, value, value_hash, key_id, reason, source, created_by, created_at, erased_at"
            ),
            self,
            filter,
            " and ($5::timestamptz is null or (created_at, id) < ($5, $6::uuid))
              and ($7::timestamptz is null or (created_at, id) > ($7, $8::uuid))
              order by case when $9 then created_at end desc, case when $9 then id end desc, created_at, id
              limit $10",
            before.map(|p| p.at),
            before.map(|p| p.id),
            after.map(|p| p.at),
            after.map(|p| p.id),
            descending,
            page.fetch(),
        )
        .fetch_all(&mut *self.conn)
        .await?;
        let total = if page.include_total {
            let count = filtered!(query_scalar!(r#"count(*) as "count!""#), self, filter, "");
            Some(count.fetch_one(&mut *self.conn).await?)
        } else {
            None
        };
        Ok(Page::cut(rows, page, total, |row| Position { at: row.created_at, id: row.id.0 }))
    }

    /// Writes new suppressions.
    ///
    /// # Errors
    /// The database's.
    pub async fn insert_many(&mut self, suppressions: &[Suppression]) -> Result<()> {
        let Some(first) = suppressions.first() else { return Ok(()) };
        let ids: Vec<_> = suppressions.iter().map(|row| row.id.0).collect();
        let kinds: Vec<_> = suppressions.iter().map(|row| row.kind.as_str()).collect();
        let values: Vec<_> = suppressions.iter().map(|row| row.value.as_deref()).collect();
        let hashes: Vec<_> = suppressions.iter().map(|row| row.value_hash.as_slice()).collect();
        let created: Vec<_> = suppressions.iter().map(|row| row.created_at).collect();
        // What is written together has everything else in common.
        sqlx::query!(
            r#"insert into suppressions
                 (id, organization_id, kind, value, value_hash, key_id, reason, source, created_by, created_at, erased_at)
               select row.id, $1, row.kind, row.value, row.value_hash, $2, $3, $4, $5, row.created_at, $6
               from unnest($7::uuid[], $8::text[], $9::text[], $10::bytea[], $11::timestamptz[])
                    as row (id, kind, value, value_hash, created_at)"#,
            self.scope.id(),
            first.key_id,
            first.reason,
            first.source.as_str(),
            first.created_by.map(|id| id.0),
            first.erased_at,
            &ids,
            &kinds as &[&str],
            &values as &[Option<&str>],
            &hashes as &[&[u8]],
            &created,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// The suppressions with one of these hashes, in no particular order.
    ///
    /// # Errors
    /// The database's.
    pub async fn find_hashed(&mut self, hashes: &[KeyedHash]) -> Result<Vec<Suppression>> {
        Ok(sqlx::query_as!(
            Suppression,
            r#"select id, organization_id, kind, value, value_hash, key_id, reason, source, created_by, created_at, erased_at
               from suppressions where organization_id = $1 and value_hash = any($2)"#,
            self.scope.id(),
            &slices(hashes) as &[&[u8]],
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// Forgets what these suppressions say of a person; their hashes stay.
    ///
    /// # Errors
    /// The database's.
    pub async fn erase(&mut self, ids: &[SuppressionId], now: chrono::DateTime<chrono::Utc>) -> Result<()> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        sqlx::query!(
            r#"update suppressions set value = null, reason = null, erased_at = $3
               where organization_id = $1 and id = any($2) and erased_at is null"#,
            self.scope.id(),
            &ids,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

/// Hashes as a query takes them.
pub(super) fn slices(hashes: &[KeyedHash]) -> Vec<&[u8]> {
    hashes.iter().map(<[u8; 32]>::as_slice).collect()
}
