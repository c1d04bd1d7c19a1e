//! Secrets that are stored sealed, wherever they stand.

use sqlx::PgConnection;
use uuid::Uuid;

use super::base::{Database, OrgScope};
use crate::{
    errors::Result,
    models::{OrganizationId, SealedColumn, SealedCount, SealedSecret},
    utils::crypto::Sealed,
};

impl Database {
    /// Organizations with secrets that another key than `key_id` has sealed, after one in the order of their ids.
    ///
    /// # Errors
    /// The database's.
    pub async fn organizations_to_reseal(
        &self,
        key_id: &str,
        after: Option<OrganizationId>,
        limit: i64,
    ) -> Result<Vec<OrganizationId>> {
        Ok(sqlx::query_scalar!(
            r#"select distinct organization_id as "id!: OrganizationId" from
                 (select organization_id from connected_accounts where credentials_key_id <> $1
                  union all select organization_id from clay_destinations where auth_token_key_id <> $1
                  union all select organization_id from webhook_secrets where secret_key_id <> $1 or earlier_key_id <> $1) s
               where $2::uuid is null or organization_id > $2 order by 1 limit $3"#,
            key_id,
            after.map(|id| id.0),
            limit,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }

    /// How many secrets each key has sealed, by column.
    ///
    /// # Errors
    /// The database's.
    pub async fn sealed_by_key(&self) -> Result<Vec<SealedCount>> {
        Ok(sqlx::query_as!(
            SealedCount,
            r#"select "column" as "column!: SealedColumn", key_id as "key_id!", count(*) as "count!" from
                 (select 'connected_accounts.credentials' as "column", credentials_key_id as key_id from connected_accounts
                  union all select 'clay_destinations.auth_token', auth_token_key_id from clay_destinations
                  union all select 'webhook_secrets.secret', secret_key_id from webhook_secrets
                  union all select 'webhook_secrets.earlier', earlier_key_id from webhook_secrets) s
               where key_id is not null group by "column", key_id order by "column", key_id"#,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }
}

/// The sealed secrets of one organization.
#[derive(Debug)]
pub struct SealedSecretRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}

impl SealedSecretRepository<'_> {
    /// Secrets that another key than `key_id` has sealed, after one of them, by column and row.
    ///
    /// # Errors
    /// The database's.
    pub async fn sealed_by_others(
        &mut self,
        key_id: &str,
        after: Option<(SealedColumn, Uuid)>,
        limit: i64,
    ) -> Result<Vec<SealedSecret>> {
        let place =
            |column: SealedColumn| i32::try_from(SealedColumn::ALL.iter().position(|it| *it == column).unwrap_or(0));
        let rows = sqlx::query!(
            r#"select organization_id as "organization!: OrganizationId", "column" as "column!: SealedColumn", id as "row!",
                      ciphertext as "ciphertext!", data_key as "data_key!", key_id as "key_id!"
               from (
                 select organization_id, 0 as place, 'connected_accounts.credentials' as "column", id, credentials as ciphertext,
                        credentials_key as data_key, credentials_key_id as key_id from connected_accounts
                 union all
                 select organization_id, 1, 'clay_destinations.auth_token', id, auth_token, auth_token_key, auth_token_key_id from clay_destinations
                 union all
                 select organization_id, 2, 'webhook_secrets.secret', organization_id, secret, secret_key, secret_key_id from webhook_secrets
                 union all
                 select organization_id, 3, 'webhook_secrets.earlier', organization_id, earlier, earlier_key, earlier_key_id from webhook_secrets) s
               where organization_id = $1 and key_id <> $2 and ($3::int4 is null or (place, id) > ($3, $4::uuid))
               order by place, id limit $5"#,
            self.scope.id(),
            key_id,
            after.map(|(column, _)| place(column).unwrap_or(i32::MAX)),
            after.map(|(_, row)| row),
            limit,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        let secrets = rows.into_iter().map(|row| SealedSecret {
            organization: row.organization,
            column: row.column,
            row: row.row,
            sealed: Sealed { ciphertext: row.ciphertext, data_key: row.data_key, key_id: row.key_id },
        });
        Ok(secrets.collect())
    }

    /// Puts the same secret, sealed anew, in the place of `old`; false if something else stands there by now, which is left alone.
    ///
    /// # Errors
    /// The database's.
    pub async fn replace(&mut self, old: &SealedSecret, new: &Sealed) -> Result<bool> {
        macro_rules! swap {
            ($statement:literal) => {
                sqlx::query!(
                    $statement,
                    self.scope.id(),
                    old.row,
                    old.sealed.ciphertext,
                    old.sealed.data_key,
                    new.ciphertext,
                    new.data_key,
                    new.key_id,
                )
                .execute(&mut *self.conn)
                .await?
            };
        }
        let done = match old.column {
            SealedColumn::AccountCredentials => swap!(
                "update connected_accounts set credentials = $5, credentials_key = $6, credentials_key_id = $7
                 where organization_id = $1 and id = $2 and credentials = $3 and credentials_key = $4"
            ),
            SealedColumn::ClayToken => swap!(
                "update clay_destinations set auth_token = $5, auth_token_key = $6, auth_token_key_id = $7
                 where organization_id = $1 and id = $2 and auth_token = $3 and auth_token_key = $4"
            ),
            SealedColumn::WebhookSecret => swap!(
                "update webhook_secrets set secret = $5, secret_key = $6, secret_key_id = $7
                 where organization_id = $1 and organization_id = $2 and secret = $3 and secret_key = $4"
            ),
            SealedColumn::EarlierWebhookSecret => swap!(
                "update webhook_secrets set earlier = $5, earlier_key = $6, earlier_key_id = $7
                 where organization_id = $1 and organization_id = $2 and earlier = $3 and earlier_key = $4"
            ),
        };
        Ok(done.rows_affected() == 1)
    }
}
