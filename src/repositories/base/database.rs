//! The pool, and the few doors through which a handle can be had.

use std::{collections::BTreeMap, ops::DerefMut, str::FromStr, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{PgConnection, postgres::PgConnectOptions};
use tokio::sync::Semaphore;

use super::{
    export::ExportConn,
    lease::{Lender, LentTx},
    scope::{Actor, OrgMember, OrgScope, RequestContext, UserScope},
    share::Shares,
    sync::SyncTx,
    tx::{OrgConn, OrgStatement, OrgTx},
    user::{UserConn, UserTx},
};
use crate::{
    errors::{AppError, Result},
    models::OrganizationId,
    utils::keyed_limit::KeyedLimit,
};

/// What every connection asks of the database, besides its `statement_timeout`. A pooler must let these through: docs/supabase.md.
const OPTIONS: [(&str, &str); 5] = [
    ("idle_in_transaction_session_timeout", "30s"),
    ("lock_timeout", "10s"),
    ("timezone", "UTC"),
    // Both cost tens of milliseconds before the first row: for reports, not for pages of fifty.
    ("jit", "off"),
    ("max_parallel_workers_per_gather", "0"),
];
/// What those ask for that plan each statement with its values.
const PLANNING: (&str, &str) = ("plan_cache_mode", "force_custom_plan");

/// Connections that the pushes of one organization hold at a time, each for a single short statement or two.
const PUSHING: u32 = 2;
/// Connections that those hold at a time who leave one organization: they wait for each other anyway, for its suppressions.
const LEAVING: u32 = 1;
/// When to try again if too many are exporting.
const EXPORT_PAUSE: Duration = Duration::from_secs(10);

/// How to reach the database.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// A direct or session-mode URL: a transaction-mode pooler mixes up answers.
    pub url: SecretString,
    /// Connections at the most.
    pub max_connections: u32,
    /// How long a request waits for a connection before it is told that the database is away.
    pub acquire_timeout: Duration,
    /// After how long the database gives up a statement.
    pub statement_timeout: Duration,
}

/// The database. The pools inside are private: a query goes through a handle that carries what was proved, or through [`Self::system`].
#[derive(Debug, Clone)]
pub struct Database {
    pub(super) pool: Lender,
    /// Connections that plan each statement with its values: right where the best plan depends on them, as in a search.
    planning: Lender,
    /// What each organization may hold of the one and of the other.
    shares: Shares,
    planning_shares: Shares,
    /// What the pushes of each organization may hold. Apart from its requests: what Clay has taken must be noted, however busy they are.
    push_shares: Shares,
    /// The same of those who leave it, whom nobody has let in: their number is no member's, and no worker's.
    leave_shares: Shares,
    /// How many of those that plan may be exporting, so that searches find one; and how many of each organization.
    exports: Arc<Semaphore>,
    export_shares: KeyedLimit<OrganizationId>,
}

impl Database {
    /// A pool that connects when it is first used, so that the server can start before its database.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn new(settings: &DatabaseSettings) -> Result<Self> {
        let options = PgConnectOptions::from_str(settings.url.expose_secret())
            .map_err(AppError::from)?
            .application_name("clento")
            .options([("statement_timeout", settings.statement_timeout.as_millis().to_string())])
            .options(OPTIONS);
        let to_plan = (settings.max_connections / 4).max(1);
        let others = settings.max_connections.saturating_sub(to_plan).max(1);
        let pool = Lender::new(others, settings.acquire_timeout, options.clone());
        let planning = Lender::new(to_plan, settings.acquire_timeout, options.options([PLANNING]));
        let shares = Shares::new((settings.max_connections / 4).max(2), settings.acquire_timeout);
        let planning_shares = Shares::new(to_plan / 2, settings.acquire_timeout);
        let push_shares = Shares::new(PUSHING, settings.acquire_timeout);
        let leave_shares = Shares::new(LEAVING, settings.acquire_timeout);
        let exports = usize::try_from(to_plan / 2).unwrap_or_default().max(1);
        let export_shares = KeyedLimit::new((exports / 2).max(1));
        let exports = Arc::new(Semaphore::new(exports));
        Ok(Self { pool, planning, shares, planning_shares, push_shares, leave_shares, exports, export_shares })
    }

    /// A connection for single reads of the member's organization.
    ///
    /// # Errors
    /// None is free in time.
    pub async fn read(&self, member: &OrgMember) -> Result<OrgConn> {
        let share = self.shares.take(member.organization_id()).await?;
        Ok(OrgConn { conn: self.pool.lend().await?, scope: member.scope(), _share: share })
    }

    /// As [`Self::read`], for statements whose best plan depends on their values.
    ///
    /// # Errors
    /// None is free in time.
    pub async fn search(&self, member: &OrgMember) -> Result<OrgConn> {
        let share = self.planning_shares.take(member.organization_id()).await?;
        Ok(OrgConn { conn: self.planning.lend().await?, scope: member.scope(), _share: share })
    }

    /// A connection for one long read that many rows come of. It is not taken of the organization's share, which its searches need: for
    /// exports there is a share of their own.
    ///
    /// # Errors
    /// `too_many_exports` if as many as may are under way already; none is free in time.
    pub async fn export(&self, member: &OrgMember) -> Result<ExportConn> {
        let share = self.export_shares.try_enter(member.organization_id());
        let (Some(share), Ok(slot)) = (share, Arc::clone(&self.exports).try_acquire_owned()) else {
            let detail = "Too many exports are under way. Try again when one of them is done.";
            return Err(AppError::unavailable("too_many_exports", detail).with_retry_after(EXPORT_PAUSE));
        };
        let conn = OrgConn { conn: self.planning.lend().await?, scope: member.scope(), _share: share };
        ExportConn::open(conn, slot).await
    }

    /// A transaction for one use case of a member.
    ///
    /// # Errors
    /// No connection is free in time.
    pub async fn begin(&self, member: &OrgMember, now: DateTime<Utc>) -> Result<OrgTx> {
        let share = self.shares.take(member.organization_id()).await?;
        let tx = self.pool.begin().await?;
        Ok(OrgTx { tx, scope: member.scope(), actor: member.actor(), now, audit: Vec::new(), _share: share })
    }

    /// What a use case of a member needs that is one statement: three round trips less than a transaction.
    ///
    /// # Errors
    /// No connection is free in time.
    pub async fn statement(&self, member: &OrgMember, now: DateTime<Utc>) -> Result<OrgStatement> {
        let share = self.shares.take(member.organization_id()).await?;
        let tx = match member.request().idempotency {
            Some(_) => self.pool.begin().await?,
            None => self.pool.lend_for_statement().await?,
        };
        let (scope, actor) = (member.scope(), member.actor());
        Ok(OrgStatement(OrgTx { tx, scope, actor, now, audit: Vec::new(), _share: share }))
    }

    /// As [`Self::begin`], for statements whose best plan depends on their values.
    ///
    /// # Errors
    /// No connection is free in time.
    pub async fn begin_search(&self, member: &OrgMember, now: DateTime<Utc>) -> Result<OrgTx> {
        let share = self.planning_shares.take(member.organization_id()).await?;
        let tx = self.planning.begin().await?;
        Ok(OrgTx { tx, scope: member.scope(), actor: member.actor(), now, audit: Vec::new(), _share: share })
    }

    /// A transaction for a job of an organization's: nobody waits for it, and it acts in the name of nobody yet.
    ///
    /// # Errors
    /// No connection is free in time.
    pub(in crate::repositories) async fn begin_job(
        &self,
        organization: OrganizationId,
        now: DateTime<Utc>,
    ) -> Result<OrgTx> {
        let share = self.shares.take(organization).await?;
        let (tx, actor) = (self.pool.begin().await?, Actor::system(RequestContext::default()));
        Ok(OrgTx { tx, scope: OrgScope::new(organization), actor, now, audit: Vec::new(), _share: share })
    }

    /// A connection for single statements of a job.
    pub(in crate::repositories) async fn conn_for_job(&self, organization: OrganizationId) -> Result<OrgConn> {
        let share = self.shares.take(organization).await?;
        Ok(OrgConn { conn: self.pool.lend().await?, scope: OrgScope::new(organization), _share: share })
    }

    /// How the queue's workers reach the database: over connections of their own.
    pub(in crate::repositories) fn connect_options(&self) -> PgConnectOptions {
        self.pool.options()
    }

    /// A connection for single reads and notes of a push.
    pub(in crate::repositories) async fn read_for_push(&self, scope: OrgScope) -> Result<OrgConn> {
        let share = self.push_shares.take(scope.organization_id()).await?;
        Ok(OrgConn { conn: self.pool.lend().await?, scope, _share: share })
    }

    /// A transaction of a push, in the name of the system.
    pub(in crate::repositories) async fn begin_for_push(&self, scope: OrgScope, now: DateTime<Utc>) -> Result<OrgTx> {
        let share = self.push_shares.take(scope.organization_id()).await?;
        let actor = Actor::system(RequestContext::default());
        Ok(OrgTx { tx: self.pool.begin().await?, scope, actor, now, audit: Vec::new(), _share: share })
    }

    /// A transaction of somebody who leaves the organization by a link of its mails, in the name of the system. They come one after the other.
    ///
    /// # Errors
    /// 503 `organization_busy` if too many are before it; no connection is free in time.
    pub async fn begin_leaving(&self, organization: OrganizationId, now: DateTime<Utc>) -> Result<OrgTx> {
        let share = self.leave_shares.take(organization).await?;
        let (tx, actor) = (self.pool.begin().await?, Actor::system(RequestContext::default()));
        Ok(OrgTx { tx, scope: OrgScope::new(organization), actor, now, audit: Vec::new(), _share: share })
    }

    /// A transaction for what Clerk tells of users and organizations, in this request.
    ///
    /// # Errors
    /// No connection is free in time.
    pub async fn begin_sync(&self, request: RequestContext, now: DateTime<Utc>) -> Result<SyncTx> {
        Ok(SyncTx { tx: self.pool.begin().await?, actor: Actor::system(request), now, audit: BTreeMap::new() })
    }

    /// A connection for single reads of what is the user's own.
    ///
    /// # Errors
    /// None is free in time.
    pub async fn read_user(&self, user: UserScope) -> Result<UserConn> {
        Ok(UserConn { conn: self.pool.lend().await?, scope: user })
    }

    /// A transaction for one use case of a user.
    ///
    /// # Errors
    /// No connection is free in time.
    pub async fn begin_user(&self, user: UserScope, now: DateTime<Utc>) -> Result<UserTx> {
        Ok(UserTx { tx: self.pool.begin().await?, scope: user, now })
    }

    /// The one door for what belongs to no single organization: finding out who calls, and the workers' rounds over all organizations.
    /// `tests/architecture.rs` lists who uses it; everything else goes through a handle.
    pub(in crate::repositories) async fn system(&self) -> Result<impl DerefMut<Target = PgConnection> + use<>> {
        self.pool.lend().await
    }

    /// As [`Self::system`], in a transaction.
    pub(in crate::repositories) async fn begin_system(&self) -> Result<LentTx> {
        self.pool.begin().await
    }

    /// Connections in the pool, and how many of them are idle.
    #[must_use]
    pub fn connections(&self) -> (u32, usize) {
        let ((open, idle), (more_open, more_idle)) = (self.pool.count(), self.planning.count());
        (open + more_open, idle + more_idle)
    }

    /// Closes all connections, waiting for those in use.
    pub async fn close(&self) {
        self.planning.close().await;
        self.pool.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_names_every_option_that_a_pooler_must_let_through() {
        let text = include_str!("../../../docs/supabase.md");
        let (_, list) = text.split_once("let\nit pass").unwrap();
        let (list, _) = list.split_once("`ignore_startup_parameters`").unwrap();
        for (name, _) in OPTIONS.into_iter().chain([PLANNING, ("statement_timeout", "")]) {
            assert!(list.contains(&format!("`{name}`")), "docs/supabase.md should name {name}");
        }
    }
}
