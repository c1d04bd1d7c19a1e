//! Pausing by itself what harms the organization's name: a campaign or a mailbox of whose mails too many come back or are declared to be spam.
//! Only a person takes it up again; what came before then counts no more.

use std::collections::HashSet;

use chrono::TimeDelta;
use serde_json::json;
use sqlx::types::Json;

use super::{Round, RunService};
use crate::{
    errors::Result,
    models::{
        AccountId, Activity, ActivityId, AuditEntry, CampaignId, CampaignStatus, Guardrails, MailFates, OrganizationId,
    },
    repositories::{BaseRepository as _, GuardMark, OrgTx},
};

/// So far back mails are judged by.
const WINDOW: TimeDelta = TimeDelta::days(7);
/// Notes that are looked at in one round.
const BATCH: i64 = 100;

impl RunService {
    /// Judges campaigns and mailboxes of which mail came back.
    ///
    /// # Errors
    /// The database is away.
    pub async fn guard(&self) -> Result<Round> {
        let marks = self.context.db.guard_marks(BATCH).await?;
        let more = i64::try_from(marks.len()).is_ok_and(|count| count == BATCH);
        let (mut done, mut judged) = (0, Judged::default());
        for mark in marks {
            let GuardMark { campaign, account, .. } = mark;
            let judges = (!judged.campaigns.contains(&campaign), !judged.accounts.contains(&account));
            done += u64::from(self.again(|| self.judge_mark(mark, judges)).await?);
            judged.campaigns.insert(campaign);
            judged.accounts.insert(account);
        }
        Ok(Round { done, more })
    }

    /// Judges a campaign and a mailbox, or one of them. Whether there was anything to judge.
    async fn judge_mark(&self, mark: GuardMark, judges: (bool, bool)) -> Result<bool> {
        let GuardMark { organization, campaign, account } = mark;
        let mut tx = self.context.db.begin_engine(organization, self.context.campaign_clock.now()).await?;
        if !tx.guards().take_mark(campaign, account).await? {
            return Ok(false);
        }
        let guardrails = tx.organization().get().await?.settings.guardrails;
        let since = tx.now() - WINDOW;
        if judges.0 {
            let fates = tx.guards().of_campaign(campaign, since).await?;
            pause_campaign(&mut tx, campaign, (guardrails, fates)).await?;
        }
        if judges.1 {
            let fates = tx.guards().of_account(account, since).await?;
            pause_account(&mut tx, account, (guardrails, fates)).await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}

/// What has been judged in this round: all that its notes are about was there before it began.
#[derive(Default)]
struct Judged {
    campaigns: HashSet<CampaignId>,
    accounts: HashSet<AccountId>,
}

async fn pause_campaign(tx: &mut OrgTx, id: CampaignId, (guardrails, fates): (Guardrails, MailFates)) -> Result<()> {
    let Some((alarm, told)) = guardrails.alarm(fates) else { return Ok(()) };
    let mut campaign = tx.campaigns().locked(id).await?;
    if campaign.status != CampaignStatus::Running {
        return Ok(());
    }
    let before = json!({ "status": campaign.status });
    campaign.status = CampaignStatus::Paused;
    campaign.version += 1;
    campaign.updated_at = tx.now();
    tx.campaigns().switch(&campaign, None, None).await?;
    tx.guards().because(id, &told).await?;
    let after = json!({ "status": campaign.status, "paused_because": told, "alarm": alarm });
    tx.audit(AuditEntry::new("campaign.paused_by_itself", "campaign", id.0).change(before, after));
    let activity =
        activity(tx, "campaign_paused_by_itself", (Some(id), None), json!({ "alarm": alarm, "reason": told }));
    tx.activities().record(&[activity]).await?;
    tracing::warn!(organization = %tx.organization_id(), campaign = %id, alarm = alarm.as_str(), "a campaign was paused by itself");
    Ok(())
}

async fn pause_account(tx: &mut OrgTx, id: AccountId, (guardrails, fates): (Guardrails, MailFates)) -> Result<()> {
    let Some((alarm, told)) = guardrails.alarm(fates) else { return Ok(()) };
    let now = tx.now();
    if !tx.guards().pause_account(id, &told, now).await? {
        return Ok(());
    }
    let after = json!({ "status": "paused", "status_reason": told, "alarm": alarm });
    let entry = AuditEntry::new("connected_account.paused_by_itself", "connected_account", id.0);
    tx.audit(entry.change(json!({ "status": "connected" }), after));
    let activity =
        activity(tx, "account_paused_by_itself", (None, Some(id)), json!({ "alarm": alarm, "reason": told }));
    tx.activities().record(&[activity]).await?;
    tracing::warn!(organization = %tx.organization_id(), account = %id, alarm = alarm.as_str(), "a mailbox was paused by itself");
    Ok(())
}

fn activity(
    tx: &OrgTx,
    kind: &str,
    (campaign_id, account_id): (Option<CampaignId>, Option<AccountId>),
    data: serde_json::Value,
) -> Activity {
    let data = match data {
        serde_json::Value::Object(fields) => fields,
        _ => serde_json::Map::new(),
    };
    let organization_id: OrganizationId = tx.organization_id();
    Activity {
        id: ActivityId::new(tx.now()),
        organization_id,
        r#type: kind.to_owned(),
        lead_id: None,
        campaign_id,
        execution_id: None,
        account_id,
        user_id: None,
        data: Json(data),
        occurred_at: tx.now(),
    }
}
