//! Mails that their server calls otherwise than we do. Microsoft's servers put a Message-ID of their own into every mail that is handed in to
//! them, say which in their answer, and keep ours in another header ([`ConnectedAccount::renames_mails`]). Answers, follow-ups and bounces name
//! theirs.

use std::time::Duration;

use uuid::Uuid;

use super::{
    deliver::Delivery,
    mail_text::{message_id, message_id_by_hand},
    mailbox::{MailboxChannel, Outgoing},
};
use crate::{
    errors::Result,
    integrations::mail::only_id,
    models::{ConnectedAccount, ExecutionStep, Message},
};

/// How long noting a name may take: what was sent is known to be, whether or not it is noted what it is called.
const NOTING: Duration = Duration::from_millis(500);

/// What a mail is called from now on that was taken with these words.
pub(super) fn name_of(mail: &Outgoing<'_>, said: &str) -> String {
    let named = Some(said).filter(|_| mail.account.renames_mails()).and_then(only_id);
    named.unwrap_or_else(|| mail.message_id.to_owned())
}

/// Whether the server has told another name than ours. Our domain is left aside: the account may have another since.
fn is_another(known: &str, ours: &str) -> bool {
    let local = |id: &str| id.split('@').next().map(str::to_owned);
    local(known) != local(ours)
}

impl MailboxChannel {
    /// Notes what a mail is called, if its server has given it another name.
    pub(super) async fn note_name(&self, mail: &Outgoing<'_>, delivery: &Delivery) {
        if let Delivery::Sent { provider_id } = delivery {
            self.is_called(mail.account, (mail.about, mail.message_id), provider_id).await;
        }
    }

    /// The same of a mail that was found: a step's by its id, or what was written by hand by the message.
    pub(super) async fn is_called(&self, account: &ConnectedAccount, (about, ours): (Uuid, &str), name: &str) {
        if name == ours {
            return;
        }
        let noting = async {
            let mut conn = self.context.db.engine_conn(account.organization_id).await?;
            conn.sent_mails().is_called(account.id, ours, name).await?;
            conn.messages().is_called(account.id, about, (Some(ours), name)).await?;
            conn.give_back();
            Ok::<_, crate::errors::AppError>(())
        };
        let why = match tokio::time::timeout(NOTING, noting).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.code().to_owned(),
            Err(_) => "timed_out".to_owned(),
        };
        tracing::warn!(%about, account = %account.id, code = why, "it could not be noted what a mail is called");
    }

    /// What a server has called a step's mail. That it has is proof that it took it: nothing else gives it a name.
    pub(super) async fn step_was_called(
        &self,
        step: &ExecutionStep,
        account: &ConnectedAccount,
    ) -> Result<Option<String>> {
        let Some(ours) = message_id(step, account).filter(|_| account.renames_mails()) else { return Ok(None) };
        let mut conn = self.context.db.engine_conn(step.organization_id).await?;
        let known = conn.sent_mails().of_step(step.id).await?;
        conn.give_back();
        Ok(known.map(|mail| mail.message_id).filter(|known| is_another(known, &ours)))
    }

    /// The same of what was written by hand.
    pub(super) fn message_was_called(message: &Message, account: &ConnectedAccount) -> Option<String> {
        let ours = message_id_by_hand(message.id, account).filter(|_| account.renames_mails())?;
        message.message_id.clone().filter(|known| is_another(known, &ours))
    }
}
