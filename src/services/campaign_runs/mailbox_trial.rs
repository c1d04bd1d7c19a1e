//! Sending a mail that is tried out, on a connection of its own. Without a way out: whoever tries it would suppress somebody.

use std::time::Duration;

use super::{channel::MayBegin, channel::Trial, deliver::Delivery, mail_reply::judged};
use crate::{
    integrations::mail::{Draft, Reply, Stage, Unwritable, Written},
    services::mailboxes::{Mailboxes, Unopened},
};

/// What is left of the time-out when the dialogue is given up: who gives it up here still knows how far it was.
const SPARE: Duration = Duration::from_secs(1);

/// Hands a mail in that is tried out.
pub(super) async fn hand_in(
    mailboxes: &Mailboxes,
    trial: &Trial,
    timeout: Duration,
    may_begin: &MayBegin<'_>,
) -> Delivery {
    let until = tokio::time::Instant::now() + timeout.saturating_sub(SPARE);
    let (written, message_id) = match written(trial) {
        Ok(written) => written,
        Err(Unwritable::Address) => return Delivery::NoRecipient,
        Err(Unwritable::Shape) => return not_sent("cannot_be_written", false),
    };
    let mut line = match tokio::time::timeout_at(until, mailboxes.smtp(&trial.account)).await {
        Ok(Ok(line)) => line,
        Ok(Err(Unopened::Mail(error))) if error.fault.needs_reconnect() => return Delivery::AccountOut,
        Ok(Err(_)) => return not_sent("mail_server_unreachable", true),
        Err(_) => return not_sent("mail_server_slow", true),
    };
    let may_have_sent = line.may_have_sent();
    let sending = line.send(&written.from, &written.to, &written.bytes, may_begin);
    let Ok(reply) = tokio::time::timeout_at(until, sending).await else {
        return if may_have_sent() { Delivery::Unknown } else { not_sent("mail_server_slow", true) };
    };
    let delivery = match reply {
        None => not_sent("lease_ran_out", true),
        Some(Reply::Taken(_)) => Delivery::Sent { provider_id: message_id },
        Some(Reply::Broken { stage: Stage::Verdict, .. }) => Delivery::Unknown,
        Some(Reply::Broken { .. }) => not_sent("connection_broke", true),
        Some(Reply::Refused { stage, code, text }) => judged(stage, code, &text),
    };
    line.quit().await;
    delivery
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
    };
    Ok((draft.write()?, message_id))
}

fn not_sent(reason: &'static str, ours: bool) -> Delivery {
    Delivery::NotSent { reason, rest: None, ours }
}
