//! Mails that came while a step of their lead was on its way out: kept whole, so that what lies behind them in the mailbox is read meanwhile, and
//! taken in as soon as the step is over. Whatever breaks off, a mail is let go of after it was taken in, and taking it in again does nothing.

use std::{panic::AssertUnwindSafe, time::Duration};

use chrono::{DateTime, Utc};
use futures::FutureExt as _;

use super::{Inner, page::CANNOT_BE_TAKEN_IN};
use crate::{
    errors::{AppError, Kind, Result},
    models::{AccountId, KeptMail, OrganizationId},
    services::campaign_runs::MailFate,
    utils::mail,
};

/// Mails that are looked at together: each may be as long as mails are read.
const BATCH: i64 = 16;
/// After so many failures a mail is passed over.
const MOST_FAILURES: i32 = 8;
/// How long after a failure it is tried again; twice as long after each further one.
const PAUSE: Duration = Duration::from_secs(2);

impl Inner {
    /// What becomes of a mail as it was read. That its reading panics is an error of this mail only.
    pub(super) async fn take_in(
        &self,
        (organization, account): (OrganizationId, AccountId),
        (raw, whole): (&[u8], usize),
        received_at: DateTime<Utc>,
    ) -> Result<MailFate> {
        let taken = AssertUnwindSafe(async {
            let mail = mail::read_beginning(raw, whole, received_at);
            self.runs.take_in_mail(organization, account, &mail).await
        });
        taken.catch_unwind().await.unwrap_or_else(|_| Err(AppError::internal("a panic, told above")))
    }

    /// Takes in the kept mails of whose leads no step is on its way out any more.
    ///
    /// # Errors
    /// The database is away.
    pub(super) async fn take_in_kept(&self) -> Result<()> {
        loop {
            let kept = self.context.db.kept_mails(BATCH).await?;
            let full = i64::try_from(kept.len()).is_ok_and(|count| count == BATCH);
            for mail in &kept {
                self.take_in_one_kept(mail).await?;
            }
            if !full {
                return Ok(());
            }
        }
    }

    async fn take_in_one_kept(&self, mail: &KeptMail) -> Result<()> {
        let (account, key) = (mail.account, mail.key.as_str());
        let taken = self.take_in((mail.organization, account), (&mail.raw, mail.raw.len()), mail.received_at).await;
        let mut conn = self.context.db.engine_conn(mail.organization).await?;
        match taken {
            // The next step has begun just now.
            Ok(MailFate::Later { .. }) => conn.kept_mails().put_off(account, key, PAUSE, 0).await?,
            Ok(_) => conn.kept_mails().let_go(account, key).await?,
            // If the database is away this cannot be written either; one that is only busy is nothing that speaks against the mail.
            Err(error) if error.kind() == Kind::Unavailable => {
                conn.kept_mails().put_off(account, key, PAUSE, 0).await?;
            }
            Err(error) => {
                let (code, at, cause) = (error.code(), error.location(), error.causes());
                tracing::error!(%account, code, %at, cause, failures = mail.failures, "a kept mail cannot be taken in");
                if mail.failures + 1 >= MOST_FAILURES {
                    metrics::counter!("unreadable_mails_total").increment(1);
                    conn.kept_mails().give_up(account, key, CANNOT_BE_TAKEN_IN).await?;
                } else {
                    let times = 1_u32.checked_shl(mail.failures.try_into().unwrap_or(0)).unwrap_or(u32::MAX);
                    conn.kept_mails().put_off(account, key, PAUSE.saturating_mul(times), 1).await?;
                }
            }
        }
        conn.give_back();
        Ok(())
    }
}
