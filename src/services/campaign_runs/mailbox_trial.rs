//! Mails that are tried out. Without a way out: whoever tries it would suppress somebody.

use super::{
    channel::{MayBegin, Trial},
    deliver::Delivery,
    mailbox::{MailboxChannel, Outgoing, not_sent},
};
use crate::integrations::mail::{Draft, Unwritable, Written};

impl MailboxChannel {
    /// Hands a mail in that is tried out.
    pub(super) async fn hand_in_trial(&self, trial: &Trial, may_begin: &MayBegin<'_>) -> Delivery {
        let (written, message_id) = match written(trial) {
            Ok(written) => written,
            Err(Unwritable::Address) => return Delivery::NoRecipient,
            Err(Unwritable::Shape) => return not_sent("cannot_be_written", None, false),
        };
        let (account, message_id) = (&trial.account, message_id.as_str());
        let outgoing = Outgoing { account, about: trial.id, message_id, written: &written, noted: None };
        self.hand_over(&outgoing, may_begin).await
    }
}

/// The mail, and what it is known by.
fn written(trial: &Trial) -> Result<(Written, String), Unwritable> {
    let from = trial.account.email.as_deref().ok_or(Unwritable::Address)?;
    let (_, domain) = from.rsplit_once('@').ok_or(Unwritable::Address)?;
    let message_id = format!("test.{}@{domain}", trial.id.simple());
    let mailbox = trial.account.mailbox.as_deref();
    let draft = Draft {
        from: (&trial.account.display_name, from),
        to: (trial.recipient_name.as_deref(), &trial.recipient),
        reply_to: mailbox.and_then(|mailbox| mailbox.reply_to.as_deref()),
        subject: trial.content.subject.as_deref().unwrap_or_default(),
        text: trial.content.text.as_deref(),
        html: trial.content.html.as_deref(),
        signature: mailbox.and_then(|mailbox| mailbox.signature.as_deref()),
        message_id: &message_id,
        refs: &[],
        date: trial.at,
        unsubscribe: None,
        marks: None,
    };
    Ok((draft.write()?, message_id))
}
