//! A step's mail: what it is known by, which thread it is in, and how it is written. The same for every attempt, and for the copy in Sent.

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use sqlx::types::Json;

use crate::{
    engine::message::Content,
    integrations::mail::{Draft, Unwritable, Written},
    models::{ConnectedAccount, ExecutionStep, Lead, MailLook, MessageId, SentCopy, SentMail, Tracking},
    services::MailLinks,
    utils::names,
};

/// Characters of a Message-ID before the `@`.
const ID: usize = 40;

/// A step's mail, to be put into its thread.
pub(super) struct Letter<'a> {
    step: &'a ExecutionStep,
    account: &'a ConnectedAccount,
    pub(super) content: Content,
    to: &'a str,
    pub(super) to_name: Option<String>,
}

/// What a step's mail is known by, without angle brackets: it follows from the step, and names the sender's domain.
pub(super) fn message_id(step: &ExecutionStep, account: &ConnectedAccount) -> Option<String> {
    let (_, domain) = account.email.as_deref()?.rsplit_once('@')?;
    let mut hash = Sha256::new();
    hash.update(b"clento mail\0");
    hash.update(step.organization_id.0.as_bytes());
    hash.update(step.execution_id.0.as_bytes());
    hash.update(step.node_id.as_bytes());
    let mut id = hex::encode(hash.finalize());
    id.truncate(ID);
    Some(format!("{id}@{domain}"))
}

/// The same of what is written by hand.
pub(super) fn message_id_by_hand(id: MessageId, account: &ConnectedAccount) -> Option<String> {
    let (_, domain) = account.email.as_deref()?.rsplit_once('@')?;
    account.mailbox.as_ref().map(|_| format!("{}@{domain}", id.0.simple()))
}

impl<'a> Letter<'a> {
    /// The mail of a step, if the lead can be written to from the account.
    pub(super) fn of(step: &'a ExecutionStep, lead: &'a Lead, account: &'a ConnectedAccount) -> Option<Self> {
        let content = step.content.as_ref().and_then(|content| serde_json::from_value(content.0.clone()).ok())?;
        let (Some(_), Some(to)) = (&account.email, lead.email.as_deref()) else { return None };
        let whole = names::complete(lead.first_name.as_deref(), lead.last_name.as_deref(), lead.full_name.as_deref());
        Some(Self { step, account, content, to, to_name: whole.full })
    }

    /// Whether it goes on in the thread of the mail before it.
    pub(super) fn answers(&self) -> bool {
        self.content.subject.is_none()
    }

    /// What is seen of its being read, if its campaign wants it to be.
    pub(super) fn seen(&self, links: &MailLinks, wanted: Tracking) -> Tracking {
        links.seen(wanted, self.account, self.content.html.as_deref())
    }

    /// What is kept of it, as it follows on `last`.
    pub(super) fn mail(&self, last: Option<SentMail>, now: DateTime<Utc>, seen: Tracking) -> SentMail {
        let (refs, subject) = match (self.content.subject.clone(), last) {
            (Some(subject), _) => (Vec::new(), subject),
            (None, Some(last)) => {
                let subject = if is_answer(&last.subject) { last.subject } else { format!("Re: {}", last.subject) };
                (last.refs.into_iter().chain([last.message_id]).collect(), subject)
            }
            (None, None) => (Vec::new(), String::new()),
        };
        SentMail {
            organization_id: self.step.organization_id,
            message_id: message_id(self.step, self.account).unwrap_or_default(),
            step_id: self.step.id,
            execution_id: self.step.execution_id,
            campaign_id: self.step.campaign_id,
            lead_id: self.step.lead_id,
            account_id: self.account.id,
            node_id: self.step.node_id.clone(),
            recipient: self.to.to_owned(),
            subject,
            refs,
            begun_at: now,
            tracks_opens: seen.opens,
            tracks_clicks: seen.clicks,
            link_domain: MailLinks::own_domain(self.account).map(str::to_owned),
            copied_at: None,
            look: self.is_copied().then(|| Json(self.look())),
        }
    }

    /// Whether a copy of it is put into Sent by us.
    fn is_copied(&self) -> bool {
        self.account.mailbox.as_ref().is_some_and(|mailbox| mailbox.sent_copy == SentCopy::Append)
    }

    fn look(&self) -> MailLook {
        MailLook::of(self.account, (self.to_name.as_deref(), self.to))
    }

    /// The mail as bytes, with the links that lead back to us.
    pub(super) fn write(&self, mail: &SentMail, links: &MailLinks) -> Result<Written, Unwritable> {
        let now = self.look();
        let look = mail.look.as_deref().unwrap_or(&now);
        let unsubscribe = links.way_out(mail).or_else(|| links.way_out_by_mail(mail, &look.from));
        let html = self.content.html.as_deref();
        let marks = links.marks(mail, html);
        let draft = Draft {
            from: (&look.from_name, &look.from),
            to: (look.to_name.as_deref(), &mail.recipient),
            reply_to: look.reply_to.as_deref(),
            subject: &mail.subject,
            text: self.content.text.as_deref(),
            html,
            signature: look.signature.as_deref(),
            message_id: &mail.message_id,
            refs: &mail.refs,
            date: mail.begun_at,
            unsubscribe: unsubscribe.as_ref(),
            marks: marks.as_ref(),
        };
        draft.write()
    }
}

fn is_answer(subject: &str) -> bool {
    subject.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:"))
}
