//! Copies of what was sent, in the Sent folders of mailboxes whose providers make none. A mail that is there already is not put there twice.
//! What is to be copied is what has no copy yet in the tables, so that a slow server keeps nothing waiting but its own copies, and nothing piles
//! up in memory.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt as _, stream};

use super::{Round, RunService, mail_text::Letter, mailbox_letter};
use crate::{
    errors::{AppError, Result},
    models::{AccountId, ConnectedAccount, MailLook, Message, SentCopy, SentMail},
    repositories::{AccountToCopy, BaseRepository as _, OrgConn},
    services::mailboxes::Unopened,
};

/// Mails of each kind that are copied for one mailbox before it is the others' turn.
const BATCH: i64 = 50;
/// Mailboxes in one round.
const MAILBOXES: i64 = 64;
/// Mailboxes that a process puts copies into at a time.
const AT_A_TIME: usize = 4;
/// How long one mailbox may take.
const LONGEST: Duration = Duration::from_mins(1);
/// How long a mailbox is left alone whose server did not take copies.
const REST: Duration = Duration::from_mins(5);
/// What could not be copied for so long stays without a copy.
const TRIED_FOR: TimeDelta = TimeDelta::days(2);

/// Mailboxes whose servers took no copies, and until when they are left alone.
#[derive(Debug, Default)]
pub(super) struct Resting(Mutex<HashMap<AccountId, Duration>>);

impl Resting {
    fn still(&self, now: Duration) -> Vec<AccountId> {
        let mut resting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        resting.retain(|_, until| *until > now);
        resting.keys().copied().collect()
    }

    fn rest(&self, account: AccountId, now: Duration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(account, now + REST);
    }
}

/// What one mailbox has no copies of.
struct Uncopied {
    mails: Vec<SentMail>,
    by_hand: Vec<Message>,
}

/// A mail as it was sent: its Message-ID and its bytes.
type AsSent = (String, Vec<u8>);

impl RunService {
    /// Puts copies of what was sent into Sent.
    ///
    /// # Errors
    /// The database is away.
    pub async fn copy_sent(&self) -> Result<Round> {
        let resting = self.resting.still(self.context.clock.monotonic());
        let since = self.context.campaign_clock.now() - TRIED_FOR;
        let accounts = self.context.db.accounts_to_copy(since, &resting, MAILBOXES).await?;
        let copying = stream::iter(accounts).map(|of| self.copy_within_time(of, since)).buffer_unordered(AT_A_TIME);
        let rounds: Vec<_> = copying.collect().await;
        rounds.into_iter().try_fold(Round::default(), |all, round| Ok(all.and(round?)))
    }

    /// A server that takes its time, or none of the copies, is left alone for a while.
    async fn copy_within_time(&self, of: AccountToCopy, since: DateTime<Utc>) -> Result<Round> {
        let AccountToCopy { organization, account } = of;
        let copied = tokio::time::timeout(LONGEST, self.copy_of_one(of, since)).await;
        let code = match copied {
            Ok(Ok(round)) => return Ok(round),
            Ok(Err(Unopened::Ours(error))) => return Err(error),
            Ok(Err(Unopened::Mail(error))) => error.fault.code(),
            Err(_) => "timed_out",
        };
        tracing::warn!(%organization, %account, code, "copies cannot be put into Sent");
        self.resting.rest(account, self.context.clock.monotonic());
        Ok(Round::default())
    }

    async fn copy_of_one(&self, of: AccountToCopy, since: DateTime<Utc>) -> Result<Round, Unopened> {
        let mut conn = self.context.db.engine_conn(of.organization).await?;
        let account = conn.accounts().get(of.account).await?;
        let mails = conn.sent_mails().to_copy(account.id, since, BATCH).await?;
        let by_hand = conn.messages().to_copy(account.id, since, BATCH).await?;
        let uncopied = Uncopied { mails, by_hand };
        let wanted = account.mailbox.as_ref().is_some_and(|mailbox| mailbox.sent_copy == SentCopy::Append);
        let copies = if wanted { self.as_sent(&mut conn, &account, &uncopied).await? } else { Vec::new() };
        conn.give_back();
        self.put_into_sent(&account, copies).await?;
        Ok(self.copied(&account, &uncopied).await?)
    }

    async fn put_into_sent(&self, account: &ConnectedAccount, copies: Vec<AsSent>) -> Result<(), Unopened> {
        if copies.is_empty() {
            return Ok(());
        }
        let mut reader = self.mailboxes.imap(account).await?;
        if let Some(folder) = reader.sent_folder().await? {
            for (id, bytes) in &copies {
                if reader.called_in(&folder, id, account.renames_mails()).await?.is_none() {
                    reader.keep(&folder, bytes).await?;
                }
            }
        }
        reader.logout().await;
        Ok(())
    }

    async fn copied(&self, account: &ConnectedAccount, Uncopied { mails, by_hand }: &Uncopied) -> Result<Round> {
        let now = self.context.campaign_clock.now();
        let ids: Vec<_> = mails.iter().map(|mail| mail.message_id.clone()).collect();
        let messages: Vec<_> = by_hand.iter().map(|message| message.id).collect();
        let mut tx = self.context.db.begin_engine(account.organization_id, now).await?;
        tx.sent_mails().copied(&ids, now).await?;
        tx.messages().copied(&messages, now).await?;
        tx.commit().await?;
        let full = |count: usize| i64::try_from(count).is_ok_and(|count| count >= BATCH);
        let done = u64::try_from(ids.len() + messages.len()).unwrap_or(u64::MAX);
        Ok(Round { done, more: full(ids.len()) || full(messages.len()) })
    }

    /// The mails as they were sent.
    async fn as_sent(
        &self,
        conn: &mut OrgConn,
        account: &ConnectedAccount,
        Uncopied { mails, by_hand }: &Uncopied,
    ) -> Result<Vec<AsSent>, AppError> {
        let leads: Vec<_> = mails.iter().map(|mail| mail.lead_id).collect();
        let leads = conn.leads().find_many(&leads).await?;
        let mut written = Vec::with_capacity(mails.len() + by_hand.len());
        for mail in mails {
            let steps = conn.steps().of_execution(mail.execution_id).await?;
            let step = steps.iter().find(|step| step.id == mail.step_id);
            let lead = leads.iter().find(|lead| lead.id == mail.lead_id);
            if let (Some(step), Some(lead)) = (step, lead)
                && let Some(letter) = Letter::of(step, lead, account)
                && let Ok(letter) = letter.write(mail, &self.context.links)
            {
                written.push((mail.message_id.clone(), letter.bytes));
            }
        }
        for message in by_hand {
            let mut look = conn.messages().look(message.id).await?;
            // It went out before looks were kept.
            if look.is_none() {
                let recipient = mailbox_letter::recipient(conn, message, account).await?;
                look = recipient.map(|to| MailLook::of(account, (to.name.as_deref(), &to.address)));
            }
            if let (Some(id), Some(look)) = (&message.message_id, look)
                && let Ok(letter) = mailbox_letter::written(message, &look)
            {
                written.push((id.clone(), letter.bytes));
            }
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_rests_for_its_time() {
        let (resting, account) = (Resting::default(), AccountId::new(DateTime::UNIX_EPOCH));
        resting.rest(account, Duration::from_secs(1));
        assert_eq!(resting.still(Duration::from_mins(5)), [account]);
        assert!(resting.still(Duration::from_mins(5) + Duration::from_secs(1)).is_empty());
    }
}
