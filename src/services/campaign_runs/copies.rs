//! Copies of what was sent, in the Sent folders of mailboxes whose providers make none. A mail that is there already is not put there twice.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{Round, RunService, mail_text::Letter};
use crate::{
    errors::{AppError, Result},
    models::{AccountId, ConnectedAccount, OrganizationId, SentCopy, SentMail},
    repositories::{BaseRepository as _, OrgTx},
    services::mailboxes::Unopened,
};

/// Copies that are made in one round.
const BATCH: i64 = 200;
/// What could not be copied for so long stays without a copy.
const TRIED_FOR: TimeDelta = TimeDelta::days(2);

impl RunService {
    /// Puts copies of what was sent into Sent.
    ///
    /// # Errors
    /// The database is away.
    pub async fn copy_sent(&self) -> Result<Round> {
        let now = self.context.campaign_clock.now();
        let mut round = Round::default();
        for organization in self.context.db.with_mails_to_copy(now - TRIED_FOR, BATCH).await? {
            let mut tx = self.begin_tx(organization).await?;
            let mails = tx.sent_mails().to_copy(now - TRIED_FOR, BATCH).await?;
            drop(tx);
            let mut by_account: BTreeMap<AccountId, Vec<SentMail>> = BTreeMap::new();
            for mail in mails {
                by_account.entry(mail.account_id).or_default().push(mail);
            }
            for (account, mails) in by_account {
                match self.copy_of_one(organization, account, &mails).await {
                    Ok(done) => round = round.and(Round { done, more: false }),
                    Err(Unopened::Mail(error)) => {
                        tracing::warn!(%organization, %account, code = error.fault.code(), "copies cannot be put into Sent");
                    }
                    Err(Unopened::Ours(error)) => return Err(error),
                }
            }
        }
        Ok(round)
    }

    async fn copy_of_one(
        &self,
        organization: OrganizationId,
        account: AccountId,
        mails: &[SentMail],
    ) -> Result<u64, Unopened> {
        let mut tx = self.begin_tx(organization).await?;
        let account = tx.accounts().get(account).await?;
        let wanted = account.mailbox.as_ref().is_some_and(|mailbox| mailbox.sent_copy == SentCopy::Append);
        let letters = if wanted { self.letters(&mut tx, &account, mails).await? } else { Vec::new() };
        tx.commit().await?;
        if !letters.is_empty() {
            let mut reader = self.mailboxes.imap(&account).await?;
            if let Some(folder) = reader.sent_folder().await? {
                for (id, bytes) in &letters {
                    if !reader.contains(&folder, id).await? {
                        reader.keep(&folder, bytes).await?;
                    }
                }
            }
            reader.logout().await;
        }
        let now = self.context.campaign_clock.now();
        let ids: Vec<_> = mails.iter().map(|mail| mail.message_id.clone()).collect();
        let mut tx = self.begin_tx(organization).await?;
        tx.sent_mails().copied(&ids, now).await?;
        tx.commit().await?;
        Ok(ids.len() as u64)
    }

    /// The mails as they were sent.
    async fn letters(
        &self,
        tx: &mut OrgTx,
        account: &ConnectedAccount,
        mails: &[SentMail],
    ) -> Result<Vec<(String, Vec<u8>)>, AppError> {
        let leads: Vec<_> = mails.iter().map(|mail| mail.lead_id).collect();
        let leads = tx.leads().find_many(&leads).await?;
        let mut written = Vec::with_capacity(mails.len());
        for mail in mails {
            let steps = tx.steps().of_execution(mail.execution_id).await?;
            let step = steps.iter().find(|step| step.id == mail.step_id);
            let lead = leads.iter().find(|lead| lead.id == mail.lead_id);
            let link = self.links.link(mail.organization_id, mail.lead_id, mail.execution_id);
            if let (Some(step), Some(lead)) = (step, lead)
                && let Some(letter) = Letter::of(step, lead, account)
                && let Ok(letter) = letter.write(mail, link.as_ref())
            {
                written.push((mail.message_id.clone(), letter.bytes));
            }
        }
        Ok(written)
    }
}
