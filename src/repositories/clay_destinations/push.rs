//! The statements of a push. Whoever pushes holds a lease of the destination: it ends by itself if its holder dies, and is taken away
//! when a person changes the destination.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::ClayDestinationRepository;
use crate::{
    errors::Result,
    models::{ClayDestinationId, ClayDestinationStatus, ClayLimits, LeadId, LeadListId, OrganizationId},
    repositories::{
        OrgConn, OrgTx,
        base::{Database, OrgScope},
    },
    utils::crypto::Sealed,
};

/// How long a lease lasts after each sign of life. Longer than a request to Clay may take.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// A destination that has leads to send, leased to whoever claimed it. Only the claim makes one.
#[derive(Debug, Clone)]
pub struct ClaimedDestination {
    scope: OrgScope,
    id: ClayDestinationId,
    lead_list_id: LeadListId,
    url: String,
    url_hash: Vec<u8>,
    auth_token: Option<Sealed>,
    failures: i32,
    lease: Uuid,
}

/// Whether a record may be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaySlot {
    /// It may, and is counted.
    Granted,
    /// Not yet: the pace is used up.
    Wait,
    /// Never: the webhook has had all that it takes.
    Full,
    /// Not by this push: the lease is another's, or the destination is no longer active.
    Lost,
}

/// How a push ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushEnd {
    /// Well; to be gone on with then.
    Done {
        /// When to go on.
        again: DateTime<Utc>,
        /// Whether anything was done, so that what failed before is over.
        anything: bool,
    },
    /// Badly; to be tried again then.
    Failed {
        /// Why, in English.
        reason: String,
        /// When to try again.
        again: DateTime<Utc>,
        /// How often it has failed now since the last success.
        failures: u32,
    },
    /// For good, until a person changes something.
    Over {
        /// What the destination is from now on.
        status: ClayDestinationStatus,
        /// Why, in English.
        reason: String,
    },
}

impl ClaimedDestination {
    /// Which destination it is.
    #[must_use]
    pub fn id(&self) -> ClayDestinationId {
        self.id
    }

    /// Whose it is.
    #[must_use]
    pub fn organization_id(&self) -> OrganizationId {
        self.scope.organization_id()
    }

    /// The list whose leads it gets.
    #[must_use]
    pub fn lead_list_id(&self) -> LeadListId {
        self.lead_list_id
    }

    /// Where to send them.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The sealed token to send them with.
    #[must_use]
    pub fn auth_token(&self) -> Option<&Sealed> {
        self.auth_token.as_ref()
    }

    /// How often it has failed since the last success.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures.try_into().unwrap_or(0)
    }
}

impl Database {
    /// Leases up to `limit` destinations that have leads to send now, those that wait longest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn claim_clay_destinations(&self, now: DateTime<Utc>, limit: i64) -> Result<Vec<ClaimedDestination>> {
        let rows = sqlx::query!(
            r#"with due as (
                 select d.organization_id, d.id from clay_destinations d
                 join organizations o on o.id = d.organization_id and o.deleted_at is null
                 where d.status = 'active' and d.next_attempt_at <= $1 and (d.leased_until is null or d.leased_until <= $1)
                   and exists (select from clay_deliveries q where q.organization_id = d.organization_id
                               and q.destination_id = d.id and q.state = 'pending')
                 order by d.next_attempt_at limit $2 for update of d skip locked)
               update clay_destinations d set lease = $3, leased_until = $4 from due
               where d.organization_id = due.organization_id and d.id = due.id
               returning d.organization_id, d.id, d.lead_list_id, d.url, d.url_hash, d.auth_token, d.auth_token_key, d.auth_token_key_id,
                         d.failures, d.lease as "lease!""#,
            now,
            limit,
            Uuid::new_v4(),
            now + LEASE,
        )
        .fetch_all(&mut *self.system().await?)
        .await?;
        let claimed = rows.into_iter().map(|row| ClaimedDestination {
            scope: OrgScope::new(row.organization_id),
            id: row.id,
            lead_list_id: row.lead_list_id,
            url: row.url,
            url_hash: row.url_hash,
            auth_token: match (row.auth_token, row.auth_token_key, row.auth_token_key_id) {
                (Some(ciphertext), Some(data_key), Some(key_id)) => Some(Sealed { ciphertext, data_key, key_id }),
                _ => None,
            },
            failures: row.failures,
            lease: row.lease,
        });
        Ok(claimed.collect())
    }

    /// A connection for what a push reads and notes.
    ///
    /// # Errors
    /// None is free in time.
    pub async fn read_claimed(&self, claim: &ClaimedDestination) -> Result<OrgConn> {
        self.read_for_push(claim.scope).await
    }

    /// A transaction for what a push decides, in the name of the system.
    ///
    /// # Errors
    /// No connection is free in time.
    pub async fn begin_claimed(&self, claim: &ClaimedDestination, now: DateTime<Utc>) -> Result<OrgTx> {
        self.begin_for_push(claim.scope, now).await
    }
}

impl ClayDestinationRepository<'_> {
    /// The first leads that wait. Those among them that are no longer on the list need not wait any more.
    ///
    /// # Errors
    /// The database's.
    pub async fn waiting(&mut self, claim: &ClaimedDestination, limit: i64) -> Result<Vec<LeadId>> {
        Ok(sqlx::query_scalar!(
            r#"with first as (
                 select q.lead_id, q.queued_at, exists (select from lead_list_entries e where e.organization_id = $1
                        and e.lead_list_id = $3 and e.lead_id = q.lead_id) as on_list
                 from clay_deliveries q where q.organization_id = $1 and q.destination_id = $2 and q.state = 'pending'
                 order by q.queued_at, q.lead_id limit $4),
               gone as (
                 delete from clay_deliveries q using first
                 where q.organization_id = $1 and q.destination_id = $2 and q.lead_id = first.lead_id and not first.on_list)
               select lead_id from first where on_list order by queued_at, lead_id"#,
            self.scope.id(),
            claim.id.0,
            claim.lead_list_id.0,
            limit,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// Takes up a place in the organization's pace and the webhook's count, for a record that is sent next. Counted before it is sent: after a crash the
    /// count may be one too high, and never too low.
    ///
    /// # Errors
    /// The database's.
    pub async fn take_slot(&mut self, claim: &ClaimedDestination, now: DateTime<Utc>) -> Result<ClaySlot> {
        let row = sqlx::query!(
            r#"with holder as (
                 select from clay_destinations where organization_id = $1 and id = $3 and lease = $4 and status = 'active'),
               webhook as (
                 select sent_count >= $7 as is_full from clay_webhooks where organization_id = $1 and url_hash = $2),
               paced as (
                 update clay_paces set paced_until = greatest(paced_until, $5) + ($6::timestamptz - $5::timestamptz)
                 where organization_id = $1 and paced_until <= $8 and exists (select from holder)
                   and not (select is_full from webhook)
                 returning true),
               counted as (
                 update clay_webhooks set sent_count = sent_count + 1
                 where organization_id = $1 and url_hash = $2 and sent_count < $7 and exists (select from paced)
                 returning true)
               select exists (select from counted) as "taken!", exists (select from holder) as "held!",
                      -- Somebody else may have taken the last place since this statement began to look.
                      (select is_full from webhook) or exists (select from paced) as "full!""#,
            self.scope.id(),
            claim.url_hash,
            claim.id.0,
            claim.lease,
            now,
            now + ClayLimits::INTERVAL,
            ClayLimits::PER_WEBHOOK,
            now + ClayLimits::tolerance(),
        )
        .fetch_one(&mut *self.conn)
        .await?;
        Ok(match (row.held, row.taken, row.full) {
            (false, ..) => ClaySlot::Lost,
            (true, true, _) => ClaySlot::Granted,
            (true, false, true) => ClaySlot::Full,
            (true, false, false) => ClaySlot::Wait,
        })
    }

    /// Gives back the count of a record that Clay certainly has not got. Its place in the pace stays used.
    ///
    /// # Errors
    /// The database's.
    pub async fn uncount(&mut self, claim: &ClaimedDestination) -> Result<()> {
        sqlx::query!(
            "update clay_webhooks set sent_count = sent_count - 1 where organization_id = $1 and url_hash = $2 and sent_count > 0",
            self.scope.id(),
            claim.url_hash,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Notes that a lead needs not be sent again: Clay has it, or, for the reason given, never takes it. A sign of life too.
    ///
    /// # Errors
    /// The database's.
    pub async fn settle_lead(
        &mut self,
        claim: &ClaimedDestination,
        lead: LeadId,
        rejected: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        sqlx::query!(
            r#"with settled as (
                 update clay_deliveries set state = case when $4::text is null then 'sent' else 'rejected' end, reason = $4, settled_at = $5
                 where organization_id = $1 and destination_id = $2 and lead_id = $3 and state = 'pending')
               update clay_destinations
               set last_sent_at = case when $4::text is null then $5 else last_sent_at end,
                   leased_until = case when lease = $6 then $7 else leased_until end
               where organization_id = $1 and id = $2"#,
            self.scope.id(),
            claim.id.0,
            lead.0,
            rejected,
            now,
            claim.lease,
            now + LEASE,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Ends a push, if the lease is still its own; whether it was.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_push(&mut self, claim: &ClaimedDestination, end: &PushEnd, now: DateTime<Utc>) -> Result<bool> {
        let (status, reason, failures, again) = match end {
            PushEnd::Done { again, anything: true } => (ClayDestinationStatus::Active, None, 0, *again),
            PushEnd::Done { again, anything: false } => (ClayDestinationStatus::Active, None, claim.failures, *again),
            PushEnd::Failed { reason, again, failures } => {
                (ClayDestinationStatus::Active, Some(reason), i32::try_from(*failures).unwrap_or(i32::MAX), *again)
            }
            PushEnd::Over { status, reason } => (*status, Some(reason), claim.failures, now),
        };
        let says_nothing = matches!(end, PushEnd::Done { anything: false, .. });
        let visible = i64::from(matches!(end, PushEnd::Over { .. }));
        let done = sqlx::query!(
            r#"update clay_destinations
               set status = $4, status_reason = case when $10 then status_reason else $5 end, failures = $6, next_attempt_at = $7, lease = null, leased_until = null,
                   version = version + $8, updated_at = case when $8 > 0 then $9 else updated_at end
               where organization_id = $1 and id = $2 and lease = $3 and status = 'active'"#,
            self.scope.id(),
            claim.id.0,
            claim.lease,
            status.as_str(),
            reason,
            failures,
            again,
            visible,
            now,
            says_nothing,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(done.rows_affected() == 1)
    }
}
