//! Mails that come into a mailbox: whose they are, and what they mean. Only what answers something of ours, or comes from a lead that the
//! mailbox or another of the organization's has written to, is ours at all; the rest is the mailbox's owner's, and nothing of it is kept.

use std::fmt::Write as _;

use chrono::TimeDelta;
use sha2::{Digest as _, Sha256};

use super::{Bounced, Deed, NewMessage, RunService, Taken, What};
use crate::{
    errors::Result,
    models::{AccountId, AnsweredStep, ConnectedAccount, Lead, LeadId, MessageAttachment, OrganizationId},
    repositories::{AnsweredMail, BaseRepository as _, OrgTx},
    services::unsubscribe::{Leaver, take_out},
    utils::{
        email::NormalizedEmail,
        mail::{Action, Bounce, FailedRecipient, Mail, Verdict},
    },
};

/// The longest key that is kept as it is, in bytes.
const LONGEST_KEY: usize = 400;

/// Servers try for four to five days before they give a mail up (RFC 5321, 4.5.4.1), and their report is on its way for a while.
const RETURNED_WITHIN: TimeDelta = TimeDelta::days(7);
/// People complain of what they find in their inbox after a holiday too.
const COMPLAINED_WITHIN: TimeDelta = TimeDelta::days(30);

/// What became of a mail that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailFate {
    /// It was taken in, with all that follows.
    TakenIn,
    /// It had been taken in before.
    Known,
    /// It is none of ours; nothing was kept.
    NotOurs,
    /// A step of its lead is on its way out: come again.
    Later {
        /// Whose step.
        lead: LeadId,
        /// By what the mail is known.
        key: String,
    },
}

impl RunService {
    /// Takes in a mail that came into a mailbox. The same mail again does nothing, whichever worker brings it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn take_in_mail(
        &self,
        organization: OrganizationId,
        account: AccountId,
        mail: &Mail,
    ) -> Result<MailFate> {
        let leaver = mail.subject.as_deref().and_then(|subject| self.context.links.unsubscribe.read_subject(subject));
        if let Some(leaver) = leaver.filter(|leaver| leaver.organization == organization) {
            return self.again(|| self.take_out(&leaver, account, mail)).await;
        }
        if mail.verdict == Verdict::Other {
            return Ok(MailFate::NotOurs);
        }
        self.again(|| self.take_in_mail_once(organization, account, mail)).await
    }

    /// Whoever takes the way out of a mail of ours by a mail gets no more of them, whatever address that came from.
    async fn take_out(&self, leaver: &Leaver, account: AccountId, mail: &Mail) -> Result<MailFate> {
        let mut tx = self.begin_intake(leaver.organization, true).await?;
        let now = tx.now();
        if !tx.intake().is_first(account, &key(mail), "other", now).await? {
            return Ok(MailFate::Known);
        }
        take_out(&mut tx, &self.context.suppression_keys, leaver).await?;
        tx.commit().await?;
        Ok(MailFate::TakenIn)
    }

    async fn take_in_mail_once(&self, organization: OrganizationId, id: AccountId, mail: &Mail) -> Result<MailFate> {
        let may_suppress = !matches!(mail.verdict, Verdict::Reply | Verdict::AutoReply { .. }) || mail.asks_to_stop;
        let mut tx = self.begin_intake(organization, may_suppress).await?;
        let Some(account) = tx.accounts().find(id).await? else { return Ok(MailFate::NotOurs) };
        let Some(about) = whose(&mut tx, &account, mail).await? else { return Ok(MailFate::NotOurs) };
        let key = key(mail);
        let Some(what) = what(mail, &about, &key) else { return Ok(MailFate::NotOurs) };
        let now = tx.now();
        if !tx.intake().is_first(id, &key, kind(&what), now).await? {
            return Ok(MailFate::Known);
        }
        let wrote = matches!(what, What::Replied { .. } | What::AutoReplied { .. });
        // What its server said while the mail was handed over has had its effect.
        let known = about.refused && matches!(what, What::Bounced(_));
        // It went to several mailboxes of the organization's: a person has answered once.
        if known || wrote && is_there(&mut tx, mail).await? {
            tx.commit().await?;
            return Ok(MailFate::Known);
        }
        let message = wrote.then(|| message(mail, key.clone(), now));
        let About { lead, answers, recipient, .. } = about;
        let deed = Deed { lead_id: lead.id, account_id: id, what, answers, recipient, message };
        match self.take_in_deed(&mut tx, &deed).await? {
            Taken::Later => Ok(MailFate::Later { lead: lead.id, key }),
            Taken::Yes => {
                tx.commit().await?;
                Ok(MailFate::TakenIn)
            }
        }
    }
}

/// Whom a mail is from or about.
struct About {
    lead: Lead,
    /// The step that it answers, if it names one of ours.
    answers: Option<AnsweredStep>,
    /// The address that the mail went to which it answers.
    recipient: Option<String>,
    /// Whether that mail was refused while it was handed over.
    refused: bool,
    /// Whether nothing shows that it is about a mail of ours.
    unproved: bool,
}

/// The lead that a mail is from or about.
async fn whose(tx: &mut OrgTx, account: &ConnectedAccount, mail: &Mail) -> Result<Option<About>> {
    let (ids, address) = match &mail.verdict {
        Verdict::Reply | Verdict::AutoReply { .. } => {
            (mail.answers.clone(), mail.from.as_ref().map(|from| from.address.as_str()))
        }
        Verdict::Bounce(bounce) => (bounce.original_message_id.iter().cloned().collect(), only_recipient(bounce)),
        Verdict::Complaint(complaint) => {
            (complaint.original_message_id.iter().cloned().collect(), complaint.recipients.first().map(String::as_str))
        }
        Verdict::Other => return Ok(None),
    };
    // Copies of what the mailbox itself has sent are no answers.
    let own = account.email.as_deref().zip(mail.from.as_ref());
    if own.is_some_and(|(own, from)| own.eq_ignore_ascii_case(&from.address)) {
        return Ok(None);
    }
    if let Some(AnsweredMail { lead_id, step, sender, recipient, refused }) = tx.intake().answered(&ids).await? {
        // A mail of ours goes on in its thread, and has come to a mailbox that is ours too.
        let ours = sender.zip(mail.from.as_ref()).is_some_and(|(own, from)| own.eq_ignore_ascii_case(&from.address));
        if ours {
            return Ok(None);
        }
        let found = tx.leads().find(lead_id).await?;
        return Ok(found.map(|lead| About { lead, answers: step, recipient, refused, unproved: false }));
    }
    let Some((lead, step)) = known(tx, account.id, address).await? else { return Ok(None) };
    let unproved = is_unproved(tx, (account.id, lead), &mail.verdict).await?;
    let found = tx.leads().find(lead).await?;
    Ok(found.map(|lead| About { lead, answers: step, recipient: None, refused: false, unproved }))
}

/// Whether a report that names an address, and no mail of ours, is not to be believed: anybody can write one. It must have come to the mailbox that
/// has lately written to that address, and one of a mail that came back must look like a server's.
async fn is_unproved(tx: &mut OrgTx, (account, lead): (AccountId, LeadId), verdict: &Verdict) -> Result<bool> {
    let within = match verdict {
        Verdict::Bounce(bounce) if !bounce.looks_genuine => return Ok(true),
        Verdict::Bounce(_) => RETURNED_WITHIN,
        Verdict::Complaint(_) => COMPLAINED_WITHIN,
        Verdict::Reply | Verdict::AutoReply { .. } | Verdict::Other => return Ok(false),
    };
    let since = tx.now() - within;
    Ok(!tx.intake().mailed_since(account, lead, since).await?)
}

/// The lead with an address, if the account has written to it; or if another mailbox has, with the step that did so last.
async fn known(
    tx: &mut OrgTx,
    account: AccountId,
    address: Option<&str>,
) -> Result<Option<(LeadId, Option<AnsweredStep>)>> {
    let Some(address) = address.and_then(|address| NormalizedEmail::parse(address).ok()) else { return Ok(None) };
    let Some(lead) = tx.intake().lead_at(address.key()).await? else { return Ok(None) };
    if tx.steps().last_sent(lead, account).await?.is_some() {
        return Ok(Some((lead, None)));
    }
    Ok(tx.intake().last_mailed(lead).await?.map(|step| (lead, Some(step))))
}

/// Whether a mail is known already, by its Message-ID: as one of ours, or as one that came in elsewhere.
async fn is_there(tx: &mut OrgTx, mail: &Mail) -> Result<bool> {
    match &mail.message_id {
        Some(id) => tx.intake().is_there(id).await,
        None => Ok(false),
    }
}

/// Whom a report is about that names a single address.
fn only_recipient(bounce: &Bounce) -> Option<&str> {
    match bounce.recipients.as_slice() {
        [FailedRecipient { address, .. }] => address.as_deref(),
        _ => None,
    }
}

/// What a mail means for the lead.
fn what(mail: &Mail, about: &About, key: &str) -> Option<What> {
    Some(match &mail.verdict {
        Verdict::Bounce(_) | Verdict::Complaint(_) if about.unproved => What::Unproved,
        Verdict::Reply => What::Replied { asks_to_stop: mail.asks_to_stop },
        Verdict::AutoReply { until } => What::AutoReplied { until: *until },
        Verdict::Complaint(_) => What::Complained,
        Verdict::Bounce(bounce) => {
            let (failed, is_leads) = of_lead(bounce, about)?;
            What::Bounced(Bounced {
                key: bounce.original_message_id.clone().unwrap_or_else(|| key.to_owned()),
                status: failed.status.clone(),
                given_up: failed.action == Action::Failed,
                // Where the lead has its mail forwarded to may be gone, while its own address is right.
                permanent: failed.permanent && is_leads,
            })
        }
        Verdict::Other => return None,
    })
}

/// What a report says of the address that the lead was written to at, or of the only one that it names; and whether that is the one.
fn of_lead<'b>(bounce: &'b Bounce, about: &About) -> Option<(&'b FailedRecipient, bool)> {
    let own = about.recipient.as_deref().or(about.lead.email.as_deref());
    let own = own.and_then(|own| NormalizedEmail::parse(own).ok());
    let own = own.as_ref().map(NormalizedEmail::key).unwrap_or_default();
    let is_own = |failed: &&FailedRecipient| {
        failed.address.as_deref().is_none_or(|address| {
            NormalizedEmail::parse(address).is_ok_and(|address| address.key().eq_ignore_ascii_case(own))
        })
    };
    match bounce.recipients.iter().find(is_own) {
        Some(failed) => Some((failed, true)),
        None => bounce.recipients.first().filter(|_| bounce.recipients.len() == 1).map(|failed| (failed, false)),
    }
}

fn kind(what: &What) -> &'static str {
    match what {
        What::Replied { .. } => "reply",
        What::AutoReplied { .. } => "auto_reply",
        What::Bounced(_) => "bounce",
        What::Complained => "complaint",
        What::Accepted | What::Unsubscribed | What::Unproved => "other",
    }
}

/// By what a mail is known wherever it is seen: its Message-ID. One that has none is known by what is in it.
fn key(mail: &Mail) -> String {
    match &mail.message_id {
        Some(id) if id.len() <= LONGEST_KEY => id.clone(),
        Some(id) => digest(&[id]),
        None => {
            let from = mail.from.as_ref().map(|from| from.address.as_str()).unwrap_or_default();
            let at = mail.sent_at.map(|at| at.to_rfc3339()).unwrap_or_default();
            digest(&[from, &at, mail.subject.as_deref().unwrap_or_default(), &mail.text])
        }
    }
}

fn digest(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().iter().fold("sha256:".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn message(mail: &Mail, key: String, now: chrono::DateTime<chrono::Utc>) -> NewMessage {
    let sender = mail.from.as_ref().map(|from| match &from.name {
        Some(name) => format!("{name} <{}>", from.address),
        None => from.address.clone(),
    });
    let attachment = |it: &crate::utils::mail::Attachment| MessageAttachment {
        name: it.name.clone(),
        media_type: it.media_type.clone(),
        bytes: i64::try_from(it.bytes).unwrap_or(i64::MAX),
    };
    NewMessage {
        provider_key: key,
        message_id: mail.message_id.clone(),
        answers: mail.answers.clone(),
        sender,
        subject: mail.subject.clone(),
        text: mail.text.clone(),
        had_html: mail.has_html,
        attachments: mail.attachments.iter().map(attachment).collect(),
        sent_at: mail.sent_at.unwrap_or(now),
    }
}
