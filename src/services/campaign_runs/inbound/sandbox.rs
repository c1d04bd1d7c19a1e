//! What the sandbox's people do.

use super::{Bounced, Deed, NewMessage, RunService, Taken, What};
use crate::{
    errors::Result,
    models::{Lead, OrganizationId},
    repositories::{BaseRepository as _, DueHappening, OrgTx},
    services::campaign_runs::Round,
    utils::mail,
};

/// Happenings of one organization in one round.
const IN_A_ROUND: usize = 200;
/// Organizations in one round.
const ORGANIZATIONS: i64 = 100;

impl RunService {
    /// Takes in what has happened in the sandbox.
    ///
    /// # Errors
    /// The database is away.
    pub async fn take_in(&self) -> Result<Round> {
        let mut done = 0;
        for organization in self.context.db.with_happenings(self.context.campaign_clock.now(), ORGANIZATIONS).await? {
            for _ in 0..IN_A_ROUND {
                match self.again(|| self.take_in_one(organization)).await {
                    Ok(Some(Taken::Yes)) => done += 1,
                    Ok(Some(Taken::Later) | None) => break,
                    Err(error) => {
                        let (code, at, cause) = (error.code(), error.location(), error.causes());
                        tracing::error!(%organization, code, %at, cause, "what leads do cannot be taken in");
                        break;
                    }
                }
            }
        }
        Ok(Round { done, more: false })
    }

    async fn take_in_one(&self, organization: OrganizationId) -> Result<Option<Taken>> {
        let now = self.context.campaign_clock.now();
        let mut tx = self.context.db.begin_engine(organization, now).await?;
        // Nobody else locks a happening and then waits for suppressions, so that these may come second here.
        let Some(happening) = tx.sandbox().next_happening(now).await? else { return Ok(None) };
        let Some(what) = what(&happening) else {
            tracing::warn!(kind = happening.kind, "the sandbox tells of something unknown");
            tx.commit().await?;
            return Ok(Some(Taken::Yes));
        };
        if what.may_suppress() {
            tx.suppressions().lock().await?;
        } else {
            tx.suppressions().matching([]).await?;
        }
        let message = message(&mut tx, &happening).await?;
        let (lead_id, account_id) = (happening.lead_id, happening.account_id);
        let deed = Deed { lead_id, account_id, what, answers: None, recipient: None, message };
        let taken = self.take_in_deed(&mut tx, &deed).await?;
        if taken == Taken::Yes {
            tx.commit().await?;
        }
        Ok(Some(taken))
    }
}

fn what(happening: &DueHappening) -> Option<What> {
    let bounced = |permanent| {
        let status = Some(if permanent { "5.1.1" } else { "4.2.2" }.to_owned());
        What::Bounced(Bounced { key: happening.id.to_string(), status, given_up: true, permanent })
    };
    Some(match happening.kind.as_str() {
        "accepted" => What::Accepted,
        "replied" => What::Replied { asks_to_stop: mail::asks_to_stop(happening.text.as_deref().unwrap_or_default()) },
        "auto_replied" => What::AutoReplied {
            until: mail::away_until(happening.text.as_deref().unwrap_or_default(), happening.due_at.date_naive()),
        },
        "bounced" => bounced(true),
        "bounced_for_now" => bounced(false),
        "unsubscribed" => What::Unsubscribed,
        _ => return None,
    })
}

/// What somebody of the sandbox wrote.
async fn message(tx: &mut OrgTx, happening: &DueHappening) -> Result<Option<NewMessage>> {
    let Some(text) = happening.text.clone() else { return Ok(None) };
    let lead = tx.leads().find(happening.lead_id).await?;
    let subject = tx.sandbox().last_subject(happening.account_id, happening.lead_id).await?;
    Ok(Some(NewMessage {
        provider_key: happening.id.to_string(),
        message_id: None,
        answers: Vec::new(),
        sender: lead.as_ref().and_then(sender),
        subject: subject.map(|subject| format!("Re: {subject}")),
        text,
        had_html: false,
        attachments: Vec::new(),
        sent_at: happening.due_at,
    }))
}

/// Who writes, as a mail would say.
fn sender(lead: &Lead) -> Option<String> {
    let (name, address) = (lead.full_name.as_deref(), lead.email.as_deref());
    match (name, address) {
        (Some(name), Some(address)) => Some(format!("{name} <{address}>")),
        (name, address) => name.or(address).or(lead.linkedin_url.as_deref()).map(str::to_owned),
    }
}
