//! The verbs that every entity of an organization has, written once and checked at compile time for each.

use std::future::Future;

use crate::{
    errors::{AppError, Result},
    models::page::{Page, PageRequest},
};

/// Reading and deleting by id, the same for every entity. Inserts and updates are written by hand in each repository and named after
/// the act, for there the columns and the intent differ.
pub trait BaseRepository: Send {
    /// What a query of this entity fills.
    type Model: Send;
    /// The entity's identifier.
    type Id: Copy + Send;
    /// The entity's name in messages and codes.
    const NOUN: &'static str;

    /// The entity, if the organization has it.
    fn find(&mut self, id: Self::Id) -> impl Future<Output = Result<Option<Self::Model>>> + Send;

    /// Those of `ids` that the organization has, in no particular order.
    fn find_many(&mut self, ids: &[Self::Id]) -> impl Future<Output = Result<Vec<Self::Model>>> + Send;

    /// A page of all the organization has.
    fn list(&mut self, page: &PageRequest) -> impl Future<Output = Result<Page<Self::Model>>> + Send;

    /// Whether the organization has it.
    fn exists(&mut self, id: Self::Id) -> impl Future<Output = Result<bool>> + Send;

    /// The entity, locked until the transaction ends, so that two writers cannot both believe its version.
    fn lock(&mut self, id: Self::Id) -> impl Future<Output = Result<Option<Self::Model>>> + Send;

    /// Deletes it; false if the organization has none such.
    fn delete(&mut self, id: Self::Id) -> impl Future<Output = Result<bool>> + Send;

    /// The entity, or an error that names the noun.
    ///
    /// # Errors
    /// `<noun>_not_found`, the same for an unknown id and for another organization's.
    fn get(&mut self, id: Self::Id) -> impl Future<Output = Result<Self::Model>> + Send {
        async move { self.find(id).await?.ok_or_else(|| AppError::not_found(Self::NOUN)) }
    }

    /// The entity, locked as by [`Self::lock`], or an error that names the noun.
    ///
    /// # Errors
    /// `<noun>_not_found`, as [`Self::get`].
    fn locked(&mut self, id: Self::Id) -> impl Future<Output = Result<Self::Model>> + Send {
        async move { self.lock(id).await?.ok_or_else(|| AppError::not_found(Self::NOUN)) }
    }
}

/// Declares an entity's repository: the struct, and [`BaseRepository`] for it as ordinary checked queries. `query_as!` takes literals
/// joined with `+`, and literals survive `macro_rules!`, so a misspelt column is a compile error at the entity's own line.
macro_rules! base_repository {
    ($(#[$doc:meta])* $repository:ident, $model:ident, $id:ident, $noun:literal, $table:literal, $columns:literal) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $repository<'c> {
            pub(in $crate::repositories) conn: &'c mut sqlx::PgConnection,
            pub(in $crate::repositories) scope: $crate::repositories::base::OrgScope,
        }

        impl $crate::repositories::base::BaseRepository for $repository<'_> {
            type Model = $crate::models::$model;
            type Id = $crate::models::$id;
            const NOUN: &'static str = $noun;

            async fn find(&mut self, id: Self::Id) -> $crate::errors::Result<Option<Self::Model>> {
                Ok(sqlx::query_as!(
                    $crate::models::$model,
                    "select " + $columns + " from " + $table + " where organization_id = $1 and id = $2",
                    self.scope.id(),
                    id.0
                )
                .fetch_optional(&mut *self.conn)
                .await?)
            }

            async fn find_many(&mut self, ids: &[Self::Id]) -> $crate::errors::Result<Vec<Self::Model>> {
                let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.0).collect();
                Ok(sqlx::query_as!(
                    $crate::models::$model,
                    "select " + $columns + " from " + $table + " where organization_id = $1 and id = any($2)",
                    self.scope.id(),
                    &ids
                )
                .fetch_all(&mut *self.conn)
                .await?)
            }

            async fn list(
                &mut self,
                page: &$crate::models::page::PageRequest,
            ) -> $crate::errors::Result<$crate::models::page::Page<Self::Model>> {
                let scope = self.scope.id();
                $crate::repositories::base::page!(
                    self,
                    page,
                    $crate::models::$model,
                    "",
                    ["select " + $columns + " from " + $table + " where organization_id = $4"],
                    [scope],
                    total: sqlx::query_scalar!(
                        "select count(*) as \"count!\" from " + $table + " where organization_id = $1",
                        scope
                    )
                    .fetch_one(&mut *self.conn),
                )
            }

            async fn exists(&mut self, id: Self::Id) -> $crate::errors::Result<bool> {
                Ok(sqlx::query_scalar!(
                    "select exists (select from " + $table + " where organization_id = $1 and id = $2)",
                    self.scope.id(),
                    id.0
                )
                .fetch_one(&mut *self.conn)
                .await?
                .unwrap_or(false))
            }

            async fn lock(&mut self, id: Self::Id) -> $crate::errors::Result<Option<Self::Model>> {
                Ok(sqlx::query_as!(
                    $crate::models::$model,
                    "select " + $columns + " from " + $table + " where organization_id = $1 and id = $2 for update",
                    self.scope.id(),
                    id.0
                )
                .fetch_optional(&mut *self.conn)
                .await?)
            }

            async fn delete(&mut self, id: Self::Id) -> $crate::errors::Result<bool> {
                let done = sqlx::query!(
                    "delete from " + $table + " where organization_id = $1 and id = $2",
                    self.scope.id(),
                    id.0
                )
                .execute(&mut *self.conn)
                .await?;
                Ok(done.rows_affected() == 1)
            }
        }
    };
}
pub(in crate::repositories) use base_repository;
