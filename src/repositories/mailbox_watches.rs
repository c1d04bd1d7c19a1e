//! Who reads which mailbox, and how far each has been read. The instants are the database's: whose machine's clock is wrong reads no mailbox that
//! is another's.

use std::time::Duration;

use sqlx::PgConnection;
use uuid::Uuid;

use super::base::{Database, OrgScope};
use crate::{
    errors::Result,
    models::{AccountId, ClaimedMailbox, KeptMail, MailFolder, OrganizationId},
};

/// The mailboxes of one organization, as those who read them see them.
#[derive(Debug)]
pub struct MailboxWatchRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}

impl Database {
    /// Notes mailboxes that nobody has read yet. `back` is how far before its connection each is read.
    ///
    /// # Errors
    /// The database's.
    pub async fn adopt_mailboxes(&self, back: Duration) -> Result<u64> {
        let done = sqlx::query!(
            r#"insert into mailbox_watches (organization_id, account_id, reads_from, next_at)
               select a.organization_id, a.id, least(a.created_at, clock_timestamp()) - make_interval(secs => $1), clock_timestamp()
               from connected_accounts a
               where a.mailbox is not null
                 and exists (select from organizations o where o.id = a.organization_id and o.deleted_at is null)
                 and not exists (select from mailbox_watches w where w.organization_id = a.organization_id and w.account_id = a.id)
               limit 1000 on conflict do nothing"#,
            back.as_secs_f64(),
        )
        .execute(&mut *self.system().await?)
        .await?;
        Ok(done.rows_affected())
    }

    /// Takes up to `limit` mailboxes that nobody reads, for `lease`: those of accounts in use, and of such as people have set aside. One of
    /// whose folders is new to us is read back for `back` at the most.
    ///
    /// # Errors
    /// The database's.
    pub async fn claim_mailboxes(
        &self,
        worker: Uuid,
        (lease, back): (Duration, Duration),
        limit: i64,
    ) -> Result<Vec<ClaimedMailbox>> {
        Ok(sqlx::query_as!(
            ClaimedMailbox,
            r#"update mailbox_watches w set worker = $1, next_at = clock_timestamp() + make_interval(secs => $2)
               from (select m.organization_id, m.account_id, a.version from mailbox_watches m
                     join connected_accounts a on a.organization_id = m.organization_id and a.id = m.account_id
                     where m.next_at <= clock_timestamp() and a.mailbox is not null and a.status in ('connected', 'paused')
                       and exists (select from organizations o where o.id = m.organization_id and o.deleted_at is null)
                     order by m.next_at limit $3 for update of m skip locked) due
               where w.organization_id = due.organization_id and w.account_id = due.account_id
               returning w.organization_id as "organization!: OrganizationId", w.account_id as "account!: AccountId", w.reads_from,
                         greatest(w.reads_from, clock_timestamp() - make_interval(secs => $4)) as "anew_from!", w.failures,
                         due.version as "version!""#,
            worker,
            lease.as_secs_f64(),
            limit,
            back.as_secs_f64(),
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }

    /// Says that a worker goes on reading; answers which mailboxes are still its, with the versions of their accounts.
    ///
    /// # Errors
    /// The database's.
    pub async fn keep_mailboxes(&self, worker: Uuid, lease: Duration) -> Result<Vec<(AccountId, i64)>> {
        let rows = sqlx::query!(
            r#"update mailbox_watches w set next_at = clock_timestamp() + make_interval(secs => $2)
               from connected_accounts a
               where w.worker = $1 and w.next_at > clock_timestamp()
                 and a.organization_id = w.organization_id and a.id = w.account_id and a.status in ('connected', 'paused')
                 and exists (select from organizations o where o.id = w.organization_id and o.deleted_at is null)
               returning w.account_id as "account!: AccountId", a.version"#,
            worker,
            lease.as_secs_f64(),
        )
        .fetch_all(&mut *self.system().await?)
        .await?;
        Ok(rows.into_iter().map(|row| (row.account, row.version)).collect())
    }

    /// Leaves all mailboxes of a worker to others.
    ///
    /// # Errors
    /// The database's.
    pub async fn leave_mailboxes(&self, worker: Uuid) -> Result<()> {
        sqlx::query!("update mailbox_watches set worker = null, next_at = clock_timestamp() where worker = $1", worker)
            .execute(&mut *self.system().await?)
            .await?;
        Ok(())
    }

    /// Up to `limit` kept mails of whose leads no step is on its way out any more, those first that have waited longest.
    ///
    /// # Errors
    /// The database's.
    pub async fn kept_mails(&self, limit: i64) -> Result<Vec<KeptMail>> {
        Ok(sqlx::query_as!(
            KeptMail,
            r#"select k.organization_id as "organization!: OrganizationId", k.account_id as "account!: AccountId", k.key, k.raw, k.received_at,
                      k.failures
               from kept_mails k
               where k.next_at <= clock_timestamp()
                 and not exists (select from campaign_executions e where e.organization_id = k.organization_id and e.lead_id = k.lead_id
                                   and e.status = 'running')
               order by k.next_at limit $1"#,
            limit,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }
}

impl MailboxWatchRepository<'_> {
    /// How far the folders of a mailbox have been read.
    ///
    /// # Errors
    /// The database's.
    pub async fn folders(&mut self, account: AccountId) -> Result<Vec<MailFolder>> {
        Ok(sqlx::query_as!(
            MailFolder,
            r#"select name, server, uid_validity, last_uid, stuck_uid, stuck_times from mailbox_folders
               where organization_id = $1 and account_id = $2"#,
            self.scope.id(),
            account.0,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// Writes how far a folder has been read, if the mailbox is still the worker's; whether it is.
    ///
    /// # Errors
    /// The database's.
    pub async fn advance(&mut self, account: AccountId, worker: Uuid, folder: &MailFolder) -> Result<bool> {
        let done = sqlx::query!(
            r#"insert into mailbox_folders (organization_id, account_id, name, server, uid_validity, last_uid, stuck_uid, stuck_times)
               select w.organization_id, w.account_id, $4, $5, $6, $7, $8, $9 from mailbox_watches w
               where w.organization_id = $1 and w.account_id = $2 and w.worker = $3 and w.next_at > clock_timestamp()
               on conflict (organization_id, account_id, name) do update
                 set server = excluded.server, uid_validity = excluded.uid_validity, last_uid = excluded.last_uid,
                     stuck_uid = excluded.stuck_uid, stuck_times = excluded.stuck_times"#,
            self.scope.id(),
            account.0,
            worker,
            folder.name,
            folder.server,
            folder.uid_validity,
            folder.last_uid,
            folder.stuck_uid,
            folder.stuck_times,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Notes a mail that cannot be read and is passed over.
    ///
    /// # Errors
    /// The database's.
    pub async fn note_unreadable(
        &mut self,
        account: AccountId,
        folder: &MailFolder,
        (uid, reason): (i64, &str),
    ) -> Result<()> {
        sqlx::query!(
            r#"insert into unreadable_mails (organization_id, account_id, folder, uid_validity, uid, reason, noted_at)
               values ($1, $2, $3, $4, $5, $6, clock_timestamp()) on conflict do nothing"#,
            self.scope.id(),
            account.0,
            folder.name,
            folder.uid_validity,
            uid,
            reason,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Writes that all that had come `ago` was taken in, if the mailbox is still the worker's; whether it is.
    ///
    /// # Errors
    /// The database's.
    pub async fn was_read(&mut self, account: AccountId, worker: Uuid, ago: Duration) -> Result<bool> {
        let done = sqlx::query!(
            r#"update mailbox_watches set read_at = clock_timestamp() - make_interval(secs => $4), failures = 0, failure = null
               where organization_id = $1 and account_id = $2 and worker = $3 and next_at > clock_timestamp()"#,
            self.scope.id(),
            account.0,
            worker,
            ago.as_secs_f64(),
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Leaves a mailbox to whoever comes after `pause`; why it could not be read, if it could not.
    ///
    /// # Errors
    /// The database's.
    pub async fn leave(
        &mut self,
        account: AccountId,
        worker: Uuid,
        pause: Duration,
        failure: Option<&str>,
    ) -> Result<()> {
        sqlx::query!(
            r#"update mailbox_watches set worker = null, next_at = clock_timestamp() + make_interval(secs => $4),
                      failures = failures + case when $5::text is null then 0 else 1 end, failure = coalesce($5, failure)
               where organization_id = $1 and account_id = $2 and worker = $3"#,
            self.scope.id(),
            account.0,
            worker,
            pause.as_secs_f64(),
            failure,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Those of these accounts that are mailboxes and were not read within `fresh`: who has answered there is not known.
    ///
    /// # Errors
    /// The database's.
    pub async fn not_read_lately(&mut self, accounts: &[AccountId], fresh: Duration) -> Result<Vec<AccountId>> {
        let ids: Vec<_> = accounts.iter().map(|id| id.0).collect();
        Ok(sqlx::query_scalar!(
            r#"select a.id as "id!: AccountId" from connected_accounts a
               left join mailbox_watches w on w.organization_id = a.organization_id and w.account_id = a.id
               where a.organization_id = $1 and a.id = any($2) and a.mailbox is not null
                 and (w.read_at is null or w.read_at < clock_timestamp() - make_interval(secs => $3))"#,
            self.scope.id(),
            &ids,
            fresh.as_secs_f64(),
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }
}
