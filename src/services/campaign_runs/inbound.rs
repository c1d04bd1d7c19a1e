//! What leads do: an answer, an acceptance, a bounce. It ends their ways or sends them on, together with the note that it happened.

use serde_json::json;

use super::{
    Round, RunService,
    activities::{happened, reason, with_account},
    fate::Judge,
    party::{Party, planner_of},
};
use crate::{
    engine::route::Answer,
    errors::Result,
    models::{Awaiting, CampaignId, ExecutionStatus, LeadStatus, OrganizationId, Stand, Walk, workflow::StopOn},
    repositories::{DueHappening, OrgTx},
};

/// Happenings of one organization in one round.
const IN_A_ROUND: usize = 200;
/// Organizations in one round.
const ORGANIZATIONS: i64 = 100;

/// Whether something could be taken in.
#[derive(PartialEq, Eq)]
enum Taken {
    Yes,
    /// A step of the lead is on its way out. What it did is taken in once that is over, so that nothing is sent after it.
    Later,
    Nothing,
}

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
                    Ok(Taken::Yes) => done += 1,
                    Ok(Taken::Later | Taken::Nothing) => break,
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

    async fn take_in_one(&self, organization: OrganizationId) -> Result<Taken> {
        let now = self.context.campaign_clock.now();
        let mut tx = self.begin_tx(organization).await?;
        let Some(happening) = tx.sandbox().next_happening(now).await? else { return Ok(Taken::Nothing) };
        let mut walks = tx.executions().lock_open_of(happening.lead_id).await?;
        if walks.iter().any(|(_, walk)| walk.status == ExecutionStatus::Running) {
            return Ok(Taken::Later);
        }
        // An answer to the last step finds the way at its end.
        let last = tx.steps().last_sent(happening.lead_id, happening.account_id).await?;
        if let Some((campaign, id)) = last.filter(|(_, id)| !walks.iter().any(|(_, walk)| walk.id == *id)) {
            walks.extend(tx.executions().lock_many(&[id]).await?.into_iter().map(|walk| (campaign, walk)));
        }
        match happening.kind.as_str() {
            "accepted" => self.accepted(&mut tx, &happening, &walks).await?,
            kind => {
                let Some(what) = What::of(kind) else {
                    tracing::warn!(kind, "the sandbox tells of something unknown");
                    tx.commit().await?;
                    return Ok(Taken::Yes);
                };
                what.happens(&mut tx, &happening, &walks).await?;
            }
        }
        tx.commit().await?;
        Ok(Taken::Yes)
    }

    /// The lead accepts an invitation: it goes on from there, unless it has gone the other way by now.
    async fn accepted(&self, tx: &mut OrgTx, it: &DueHappening, walks: &[(CampaignId, Walk)]) -> Result<()> {
        let now = tx.now();
        let (mut stands, mut activities) = (Vec::new(), Vec::new());
        for (campaign, walk) in walks {
            let waits = walk.awaiting == Some(Awaiting::Acceptance) && walk.linkedin_account_id == Some(it.account_id);
            activities
                .push(with_account(happened(tx, *campaign, walk, "connection_accepted", json!({})), it.account_id));
            if !waits {
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
}

/// What may end a lead's ways, and how.
struct What {
    activity: &'static str,
    ends: Option<(ExecutionStatus, Option<StopOn>)>,
    lead: Option<LeadStatus>,
}

impl What {
    fn of(kind: &str) -> Option<Self> {
        let ends = |status, rule| Some((status, rule));
        Some(match kind {
            "replied" => Self {
                activity: "lead_replied",
                ends: ends(ExecutionStatus::Replied, Some(StopOn::Reply)),
                lead: Some(LeadStatus::Replied),
            },
            // An automatic answer is none: the way goes on.
            "auto_replied" => Self { activity: "lead_auto_replied", ends: None, lead: None },
            "bounced" => Self {
                activity: "email_bounced",
                ends: ends(ExecutionStatus::Bounced, Some(StopOn::Bounce)),
                lead: Some(LeadStatus::Bounced),
            },
            "bounced_for_now" => Self { activity: "email_delayed", ends: None, lead: None },
            // Whatever a campaign says: who asks not to get mail gets none.
            "unsubscribed" => Self {
                activity: "lead_unsubscribed",
                ends: ends(ExecutionStatus::Unsubscribed, None),
                lead: Some(LeadStatus::Unsubscribed),
            },
            _ => return None,
        })
    }

    async fn happens(&self, tx: &mut OrgTx, it: &DueHappening, walks: &[(CampaignId, Walk)]) -> Result<()> {
        let now = tx.now();
        let (mut stands, mut activities) = (Vec::new(), Vec::new());
        for (campaign, walk) in walks {
            if walk.linkedin_account_id.max(walk.email_account_id).is_some() {
                activities.push(with_account(happened(tx, *campaign, walk, self.activity, json!({})), it.account_id));
            }
            let Some((status, rule)) = self.ends else { continue };
            let stops = match rule {
                None => true,
                Some(rule) => tx.campaigns().run(*campaign).await?.is_some_and(|run| run.stop_on.contains(&rule)),
            };
            // A way that came to another end stays at it.
            let open = matches!(walk.status, ExecutionStatus::Pending | ExecutionStatus::Waiting);
            if stops && (open || walk.status == ExecutionStatus::Completed) {
                stands.push(Stand::ended(walk, status, Some(status.as_str())));
                let kind = format!("execution_{}", status.as_str());
                activities.push(happened(tx, *campaign, walk, &kind, reason(self.activity)));
            }
        }
        tx.executions().stand(&stands, now).await?;
        tx.activities().record(&activities).await?;
        let Some(status) = self.lead else { return Ok(()) };
        let from = [LeadStatus::New, LeadStatus::Contacted, LeadStatus::Connected];
        let also: &[LeadStatus] = if status == LeadStatus::Unsubscribed { &[LeadStatus::Replied] } else { &[] };
        tx.leads().move_on(&[it.lead_id], &[&from, also].concat(), status, now).await
    }
}
