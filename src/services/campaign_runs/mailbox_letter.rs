//! Mails that people write by hand, from a conversation: in the thread of what they answer, to whom they answer.

use super::{
    Context,
    channel::{Letter, MayBegin},
    deliver::Delivery,
    mailbox::{MailboxChannel, Outgoing, not_begun, not_sent},
};
use crate::{
    errors::Result,
    integrations::mail::{Draft, Unwritable, Written},
    models::{ConnectedAccount, MailLook, Message, SentCopy},
    repositories::{BaseRepository as _, OrgConn},
    utils::email::NormalizedEmail,
};

/// Whom a mail goes to: name, if it is known, and address.
pub(super) struct Recipient {
    pub(super) name: Option<String>,
    pub(super) address: String,
}

impl MailboxChannel {
    /// Sends a message that somebody wrote by hand.
    pub(super) async fn write_by_hand(&self, letter: &Letter, may_begin: &MayBegin<'_>) -> Delivery {
        let Letter { message, account } = letter;
        let about = message.id.0;
        let recipient = match who_may_be_written_to(&self.context, letter).await {
            Ok(Ok(recipient)) => recipient,
            Ok(Err(delivery)) => return delivery,
            Err(error) => return not_begun(about, &error),
        };
        let look = MailLook::of(account, (recipient.name.as_deref(), &recipient.address));
        if let Err(error) = self.keep_look(letter, &look).await {
            return not_begun(about, &error);
        }
        let written = match written(message, &look) {
            Ok(written) => written,
            Err(Unwritable::Address) => return Delivery::NoRecipient,
            Err(Unwritable::Shape) => return not_sent("cannot_be_written", None, false),
        };
        let message_id = message.message_id.as_deref().unwrap_or_default();
        let outgoing = Outgoing { account, about, message_id, written: &written, noted: None };
        self.hand_over(&outgoing, may_begin).await
    }

    /// Keeps how a message looks of which a copy is to be put into Sent by us.
    async fn keep_look(&self, Letter { message, account }: &Letter, look: &MailLook) -> Result<()> {
        if account.mailbox.as_ref().is_none_or(|mailbox| mailbox.sent_copy != SentCopy::Append) {
            return Ok(());
        }
        let mut conn = self.context.db.engine_conn(message.organization_id).await?;
        conn.messages().looks(message.id, look).await?;
        conn.give_back();
        Ok(())
    }
}

/// The recipient; nobody who may not be written to.
pub(super) async fn who_may_be_written_to(
    context: &Context,
    Letter { message, account }: &Letter,
) -> Result<Result<Recipient, Delivery>> {
    let mut conn = context.db.engine_conn(message.organization_id).await?;
    let Some(recipient) = recipient(&mut conn, message, account).await? else {
        return Ok(Err(Delivery::NoRecipient));
    };
    let address = NormalizedEmail::parse(&recipient.address).ok();
    let address = address.as_ref().map(NormalizedEmail::key);
    let keys = context.suppression_keys.of_person(message.organization_id, address, None);
    let barred = conn.suppressions().matching(&keys).await?.kind(&keys).is_some();
    conn.give_back();
    Ok(if barred { Err(not_sent("lead_suppressed", None, false)) } else { Ok(recipient) })
}

/// Whoever had written last when the message was begun, who may have answered from another address than the lead's; else the lead.
pub(super) async fn recipient(
    conn: &mut OrgConn,
    message: &Message,
    account: &ConnectedAccount,
) -> Result<Option<Recipient>> {
    let last = conn.messages().last_inbound(message.conversation_id, account.id, message.created_at).await?;
    if let Some(writer) = last.and_then(|last| last.sender).as_deref().and_then(mailbox) {
        return Ok(Some(writer));
    }
    let lead = conn.leads().find(message.lead_id).await?;
    Ok(lead.and_then(|lead| Some(Recipient { name: lead.full_name, address: lead.email? })))
}

/// The mail as bytes, the same whenever it is written.
pub(super) fn written(message: &Message, look: &MailLook) -> Result<Written, Unwritable> {
    // Kept with the nearest first.
    let refs: Vec<String> = message.answers.iter().rev().cloned().collect();
    let draft = Draft {
        from: (&look.from_name, &look.from),
        to: (look.to_name.as_deref(), &look.to),
        reply_to: look.reply_to.as_deref(),
        subject: message.subject.as_deref().unwrap_or_default(),
        text: Some(&message.text),
        html: None,
        signature: look.signature.as_deref(),
        message_id: message.message_id.as_deref().unwrap_or_default(),
        refs: &refs,
        date: message.created_at,
        unsubscribe: None,
        marks: None,
    };
    draft.write()
}

/// Name and address of `Name <address>`, or of an address alone.
fn mailbox(sender: &str) -> Option<Recipient> {
    let (name, address) = match sender.rsplit_once('<') {
        Some((name, rest)) => (Some(name.trim().to_owned()), rest.strip_suffix('>')?),
        None => (None, sender),
    };
    NormalizedEmail::parse(address).ok()?;
    Some(Recipient { name: name.filter(|name| !name.is_empty()), address: address.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_wrote_is_answered() {
        let read = |text| mailbox(text).map(|it| (it.name, it.address));
        assert_eq!(read("Ben <ben@lead.example>"), Some((Some("Ben".into()), "ben@lead.example".into())));
        assert_eq!(read("ben@lead.example"), Some((None, "ben@lead.example".into())));
        assert_eq!(read("A <b> <ben@lead.example>"), Some((Some("A <b>".into()), "ben@lead.example".into())));
        assert_eq!((read("Ben <ben>"), read("Ben <ben@lead.example"), read("")), (None, None, None));
    }
}
