//! What leads do, from wherever it is known: an answer, an acceptance, a bounce. It ends their ways or sends them on, together with the note
//! that it happened and with the message in their conversation, all in one transaction. Where it is known from is in `sandbox`, `mail` and `linkedin`; what
//! was written before an account was connected, and of which nothing follows, in `past`.

mod by_hand;
mod deed;
mod late;
mod linkedin;
mod mail;
mod message;
mod past;
mod refused;
mod sandbox;

use serde_json::{Value, json};

use self::{
    deed::{Bounced, Deed, Effect, What},
    message::NewMessage,
};
pub use self::{
    linkedin::{Intake, LinkedinMessage, Parties},
    mail::MailFate,
    past::PastMessage,
};
use super::{
    RunService,
    activities::{happened, reason, with_account},
    fate::Judge,
    party::{Party, planner_of},
};
use crate::{
    engine::route::Answer,
    errors::Result,
    models::{
        Activity, Awaiting, CampaignId, Channel, ExecutionId, ExecutionStatus, Lead, LeadStatus, Stand,
        SuppressionSource, Walk,
    },
    repositories::{BaseRepository as _, OrgTx},
    services::suppressions::{email_target, suppress_by_itself},
};

/// Whether something could be taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// It was; commit.
    Yes,
    /// A step of the lead is on its way out. What it did is taken in once that is over, so that nothing is sent after it: roll back, and
    /// come again.
    Later,
}

impl RunService {
    /// Takes in what a lead did. Call it in a transaction of [`Self::begin_intake`], after noting there that it is not taken in twice.
    ///
    /// # Errors
    /// The database's.
    async fn take_in_deed(&self, tx: &mut OrgTx, deed: &Deed) -> Result<Taken> {
        let mut walks = tx.executions().lock_open_of(deed.lead_id).await?;
        if walks.iter().any(|(_, walk)| walk.status == ExecutionStatus::Running) {
            return Ok(Taken::Later);
        }
        // An answer to the last step finds the way at its end.
        let last = match &deed.answers {
            Some(answered) => Some((answered.campaign_id, answered.execution_id)),
            None => tx.steps().last_sent(deed.lead_id, deed.account_id).await?,
        };
        if let Some((campaign, id)) = last.filter(|(_, id)| !walks.iter().any(|(_, walk)| walk.id == *id)) {
            walks.extend(tx.executions().lock_many(&[id]).await?.into_iter().map(|walk| (campaign, walk)));
        }
        match deed.what {
            What::Accepted => self.accepted(tx, deed, &walks).await?,
            _ => self.happens(tx, deed, last.map(|(_, id)| id), &walks).await?,
        }
        message::keep(tx, deed, last).await?;
        Ok(Taken::Yes)
    }

    /// A transaction to take something in. If that may suppress somebody, nobody else writes to the organization's people until it ends.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn begin_intake(
        &self,
        organization: crate::models::OrganizationId,
        may_suppress: bool,
    ) -> Result<OrgTx> {
        if !may_suppress {
            return self.begin_tx(organization).await;
        }
        let mut tx = self.context.db.begin_engine(organization, self.context.campaign_clock.now()).await?;
        tx.suppressions().lock().await?;
        Ok(tx)
    }

    /// The lead accepts an invitation: it goes on from there, unless it has gone the other way by now.
    async fn accepted(&self, tx: &mut OrgTx, it: &Deed, walks: &[(CampaignId, Walk)]) -> Result<()> {
        let now = tx.now();
        let (mut stands, mut activities) = (Vec::new(), Vec::new());
        for (campaign, walk) in walks {
            let waits = walk.awaiting == Some(Awaiting::Acceptance);
            // Whom another account has to do with has accepted nothing there.
            if walk.linkedin_account_id != Some(it.account_id) {
                continue;
            }
            activities
                .push(with_account(happened(tx, *campaign, walk, "connection_accepted", json!({})), it.account_id));
            if !waits {
                if let Some((stand, told)) = self.accepted_late(tx, it, (*campaign, walk)).await? {
                    stands.push(stand);
                    activities.extend(told);
                }
                continue;
            }
            let Some(run) = tx.campaigns().run(*campaign).await? else { continue };
            let keys = &self.context.suppression_keys;
            let mut party = Party::gather(tx, keys, run.id, &[walk.lead_id]).await?;
            let planner = planner_of(&run)?;
            let Some(lead) = party.leads.get(&walk.lead_id).cloned() else { continue };
            let node = walk.node_id.clone().unwrap_or_default();
            let mut judge = Judge::new(tx, &run, &planner, &mut party);
            let (stand, told) = judge.onward(walk, &lead, &node, Answer::Accepted);
            stands.push(stand);
            activities.extend(told);
        }
        tx.executions().stand(&stands, now).await?;
        tx.activities().record(&activities).await?;
        tx.leads().move_on(&[it.lead_id], &[LeadStatus::New, LeadStatus::Contacted], LeadStatus::Connected, now).await
    }

    /// Everything else that a lead does, or that happens to what it is sent.
    async fn happens(
        &self,
        tx: &mut OrgTx,
        deed: &Deed,
        answered: Option<ExecutionId>,
        walks: &[(CampaignId, Walk)],
    ) -> Result<()> {
        let now = tx.now();
        let Some(lead) = tx.leads().find(deed.lead_id).await? else { return Ok(()) };
        let effect = self.effect(tx, deed).await?;
        let (mut stands, mut activities) = (Vec::new(), Vec::new());
        for (campaign, walk) in walks {
            if concerns(deed, answered, walk) {
                let told = happened(tx, *campaign, walk, effect.activity, deed.told());
                let harms = matches!(effect.activity, "email_bounced" | "lead_complained");
                // It is about what was sent, in whichever mailbox it was told of.
                let account = walk.email_account_id.filter(|_| harms).unwrap_or(deed.account_id);
                activities.push(with_account(told, account));
                if harms {
                    tx.guards().mark(*campaign, account, now).await?;
                }
            }
            let ended = end(tx, *campaign, walk, &effect).await?;
            if let Some((stand, told)) = ended {
                stands.push(stand);
                activities.push(told);
            }
        }
        tx.executions().stand(&stands, now).await?;
        tx.activities().record(&activities).await?;
        if let Some((source, why)) = effect.suppresses {
            self.suppress(tx, (&lead, deed), (source, why)).await?;
        }
        for (from, to) in effect.lead {
            tx.leads().move_on(&[lead.id], from, *to, now).await?;
        }
        Ok(())
    }

    /// What a deed of the person's ends for another of the leads that it is: its ways, and where it stands. The message, and what is told of it, are
    /// with the lead that was last written to.
    async fn ends(&self, tx: &mut OrgTx, deed: &Deed, walks: &[(CampaignId, Walk)]) -> Result<()> {
        let now = tx.now();
        let effect = self.effect(tx, deed).await?;
        let (mut stands, mut activities) = (Vec::new(), Vec::new());
        for (campaign, walk) in walks {
            if let Some((stand, told)) = end(tx, *campaign, walk, &effect).await? {
                stands.push(stand);
                activities.push(told);
            }
        }
        tx.executions().stand(&stands, now).await?;
        tx.activities().record(&activities).await?;
        for (from, to) in effect.lead {
            tx.leads().move_on(&[deed.lead_id], from, *to, now).await?;
        }
        Ok(())
    }

    /// Suppresses the address that a lead was written to at, which need not be its address any more. What a person wants is meant for that one too.
    async fn suppress(
        &self,
        tx: &mut OrgTx,
        (lead, deed): (&Lead, &Deed),
        (source, why): (SuppressionSource, &str),
    ) -> Result<()> {
        let present = lead.email.as_ref().filter(|_| source != SuppressionSource::Bounce || deed.recipient.is_none());
        for target in deed.recipient.iter().chain(present).filter_map(|address| email_target(address)) {
            suppress_by_itself(tx, &self.context.suppression_keys, &target, source, why).await?;
        }
        Ok(())
    }

    /// What follows from a deed. Mails that came back for the time being are counted: some in a row are one that always will.
    async fn effect(&self, tx: &mut OrgTx, deed: &Deed) -> Result<Effect> {
        let mail = tx.accounts().find(deed.account_id).await?.is_some_and(|account| account.channel == Channel::Email);
        match &deed.what {
            What::Bounced(bounced) if bounced.given_up && !bounced.permanent => {
                let (now, key) = (tx.now(), (bounced.key.as_str(), bounced.status.as_deref()));
                let count =
                    tx.intake().bounced_softly(deed.lead_id, key, now, now - deed::SOFT_BOUNCES_COUNT_FOR).await?;
                Ok(Effect::of(&deed.what, mail, count >= deed::SOFT_BOUNCES))
            }
            What::Replied { asks_to_stop: true } => {
                let suppress = mail && tx.organization().get().await?.settings.suppress_on_request;
                tx.intake().forget_soft_bounces(deed.lead_id).await?;
                Ok(if suppress {
                    Effect::of(&What::Unsubscribed, mail, false).said(&deed.what)
                } else {
                    Effect::of(&deed.what, mail, false)
                })
            }
            What::Replied { .. } | What::AutoReplied { .. } => {
                tx.intake().forget_soft_bounces(deed.lead_id).await?;
                Ok(Effect::of(&deed.what, mail, false))
            }
            _ => Ok(Effect::of(&deed.what, mail, false)),
        }
    }
}

/// Whether a deed is told of a way: of the one that it answers if that is known for sure, else of all that have come so far.
fn concerns(deed: &Deed, answered: Option<ExecutionId>, walk: &Walk) -> bool {
    let begun = walk.linkedin_account_id.max(walk.email_account_id).is_some();
    begun && (deed.answers.is_none() || answered == Some(walk.id))
}

/// How a way ends by a deed, if its campaign wants that. A way that came to another end stays at it.
async fn end(tx: &mut OrgTx, campaign: CampaignId, walk: &Walk, effect: &Effect) -> Result<Option<(Stand, Activity)>> {
    let Some((status, rule)) = effect.ends else { return Ok(None) };
    let stops = match rule {
        None => true,
        Some(rule) => tx.campaigns().run(campaign).await?.is_some_and(|run| run.stop_on.contains(&rule)),
    };
    let open = matches!(walk.status, ExecutionStatus::Pending | ExecutionStatus::Waiting);
    if !stops || !(open || walk.status == ExecutionStatus::Completed) {
        return Ok(None);
    }
    let kind = format!("execution_{}", status.as_str());
    let told = happened(tx, campaign, walk, &kind, reason(effect.activity));
    Ok(Some((Stand::ended(walk, status, Some(effect.reason.unwrap_or(status.as_str()))), told)))
}

impl Deed {
    /// What an activity says of it: never what was written, nor to whom.
    fn told(&self) -> Value {
        let mut told = match &self.what {
            What::Replied { asks_to_stop: true } => json!({ "asks_to_stop": true }),
            What::AutoReplied { until: Some(until) } => json!({ "until": until }),
            What::Bounced(bounced) => match &bounced.status {
                Some(status) => json!({ "status": status }),
                None => json!({}),
            },
            _ => json!({}),
        };
        if let Some(answered) = &self.answers {
            told["step_id"] = json!(answered.step_id);
        }
        told
    }
}
