//! What leads do on LinkedIn, once Unipile's API has confirmed it. Of what comes in at an account only what a lead does whom the account has
//! had to do with is ours; the rest is the account's owner's, and nothing of it is kept.

use chrono::{DateTime, Utc};

use super::{Deed, NewMessage, RunService, Taken, What};
use crate::{
    errors::Result,
    models::{AccountId, ExecutionStatus, LeadId, MessageAttachment, OrganizationId},
    repositories::{BaseRepository as _, OrgTx},
    utils::mail,
};

/// The account of an organization's at which something came in, and the lead that it came from.
#[derive(Debug, Clone, Copy)]
pub struct Parties {
    /// The organization.
    pub organization: OrganizationId,
    /// The account.
    pub account: AccountId,
    /// The lead.
    pub lead: LeadId,
}

/// A message that a lead wrote.
#[derive(Debug, Clone)]
pub struct LinkedinMessage {
    /// Unipile's id of it.
    pub id: String,
    /// What it says; nothing if something was only attached.
    pub text: String,
    /// What was attached.
    pub attachments: Vec<MessageAttachment>,
    /// When it was written.
    pub sent_at: DateTime<Utc>,
    /// Whether Unipile says that somebody else than the account wrote it. Else only its text tells it from what we have written.
    pub is_theirs: bool,
}

/// What became of something that came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intake {
    /// It was taken in, with all that follows.
    TakenIn,
    /// It had been taken in before.
    Known,
    /// It is none of ours; nothing was kept.
    NotOurs,
    /// A step of its lead is on its way out: come again.
    Later,
}

impl RunService {
    /// Takes in that a lead is a connection of an account's that has invited it. However often it is told, and by whom, a lead goes on once.
    ///
    /// # Errors
    /// The database is away.
    pub async fn take_in_connection(&self, of: Parties, person: &str) -> Result<Intake> {
        self.again(|| self.take_in_connection_once(of, person)).await
    }

    async fn take_in_connection_once(&self, of: Parties, person: &str) -> Result<Intake> {
        let Parties { organization, account, lead } = of;
        let mut tx = self.begin_intake(organization, false).await?;
        if !tx.accounts().exists(account).await? || !tx.unipile().has_invited(account, lead).await? {
            return Ok(Intake::NotOurs);
        }
        let now = tx.now();
        let key = format!("connected/{person}");
        let first = tx.intake().is_first(account, &key, "accepted", now).await?;
        // Whoever waits now waits for this, though it was told of another invitation before.
        if !first && !tx.unipile().awaits_acceptance(account, lead).await? {
            return Ok(Intake::Known);
        }
        let what = What::Accepted;
        let deed = Deed { lead_id: lead, account_id: account, what, answers: None, recipient: None, message: None };
        match self.take_in_deed(&mut tx, &deed).await? {
            Taken::Later => Ok(Intake::Later),
            Taken::Yes => {
                tx.commit().await?;
                Ok(Intake::TakenIn)
            }
        }
    }

    /// Takes in a message that a lead wrote to an account. The same message again does nothing, whoever brings it. Of `others`, the leads that are
    /// the same person, the ways of those end too that the account has written to: nobody who has answered is written to again.
    ///
    /// # Errors
    /// The database is away.
    pub async fn take_in_linkedin_message(
        &self,
        of: Parties,
        others: &[LeadId],
        message: &LinkedinMessage,
    ) -> Result<Intake> {
        self.again(|| self.take_in_linkedin_message_once(of, others, message)).await
    }

    async fn take_in_linkedin_message_once(
        &self,
        of: Parties,
        others: &[LeadId],
        it: &LinkedinMessage,
    ) -> Result<Intake> {
        let Parties { organization, account, lead } = of;
        let asks_to_stop = mail::asks_to_stop(&it.text);
        let mut tx = self.begin_intake(organization, asks_to_stop).await?;
        let Some(found) = tx.leads().find(lead).await? else { return Ok(Intake::NotOurs) };
        let since = tx.unipile().in_touch_since(account, lead).await?;
        if !tx.accounts().exists(account).await? || since.is_none_or(|since| it.sent_at < since) {
            return Ok(Intake::NotOurs);
        }
        // The note of an invitation comes back as a message when it is accepted. People may well say what we have said.
        if !it.is_theirs && tx.unipile().has_written(account, &[&[lead][..], others].concat(), it.text.trim()).await? {
            return Ok(Intake::NotOurs);
        }
        let now = tx.now();
        if !tx.intake().is_first(account, &it.id, "reply", now).await? {
            return Ok(Intake::Known);
        }
        let message = it.as_written_by(found.full_name.or(found.linkedin_url));
        let what = What::Replied { asks_to_stop };
        let message = Some(message);
        let deed = Deed { lead_id: lead, account_id: account, what, answers: None, recipient: None, message };
        let taken = match self.take_in_deed(&mut tx, &deed).await? {
            Taken::Yes => self.end_others(&mut tx, &deed, others).await?,
            Taken::Later => Taken::Later,
        };
        if taken == Taken::Later {
            return Ok(Intake::Later);
        }
        tx.commit().await?;
        Ok(Intake::TakenIn)
    }

    /// Ends the ways of other leads that are the person who has answered, if the account has written to them.
    async fn end_others(&self, tx: &mut OrgTx, deed: &Deed, others: &[LeadId]) -> Result<Taken> {
        let others =
            if others.is_empty() { Vec::new() } else { tx.unipile().written_to(deed.account_id, others).await? };
        for lead_id in others {
            let (answers, what) = (deed.answers, deed.what.clone());
            let deed = Deed { lead_id, account_id: deed.account_id, what, answers, recipient: None, message: None };
            let walks = tx.executions().lock_open_of(lead_id).await?;
            if walks.iter().any(|(_, walk)| walk.status == ExecutionStatus::Running) {
                return Ok(Taken::Later);
            }
            self.ends(tx, &deed, &walks).await?;
        }
        Ok(Taken::Yes)
    }
}

impl LinkedinMessage {
    fn as_written_by(&self, sender: Option<String>) -> NewMessage {
        NewMessage {
            provider_key: self.id.clone(),
            message_id: None,
            answers: Vec::new(),
            sender,
            subject: None,
            text: self.text.clone(),
            had_html: false,
            attachments: self.attachments.clone(),
            sent_at: self.sent_at,
        }
    }
}
