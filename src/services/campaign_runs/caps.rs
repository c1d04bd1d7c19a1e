//! The caps of an organization over all its accounts, of a campaign, and of an account. They are counted from what was sent, or may have been,
//! while nobody else counts; so nothing has to be given back, and nothing is counted twice.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{fate::Judge, party::Party};
use crate::{
    engine::caps::{Addressee, CapLimits, Caps, is_message},
    errors::Result,
    models::{
        AccountId, CampaignId, CampaignSettings, ConnectedAccount, ExecutionStep, Guardrails, Lead, LeadId, Rule,
        workflow::NodeType,
    },
    repositories::{CampaignRun, CappedStep, OrgTx},
    utils::timezone,
};

/// Counts what was sent on the present day of the organization's zone; nothing if there is no cap. From here on nobody else sends what counts,
/// until the transaction ends.
pub(super) async fn count(tx: &mut OrgTx, run: &CampaignRun, party: &Party) -> Result<Option<Caps>> {
    let Some(caps) = caps(tx, &run.settings, party).await? else { return Ok(None) };
    tx.guards().take_turn().await?;
    counted_already(tx, run.id, caps).await.map(Some)
}

/// The same, only to look.
///
/// # Errors
/// The database's.
pub async fn look_at_caps(
    tx: &mut OrgTx,
    campaign: CampaignId,
    settings: &CampaignSettings,
    party: &Party,
) -> Result<Option<Caps>> {
    let Some(caps) = caps(tx, settings, party).await? else { return Ok(None) };
    counted_already(tx, campaign, caps).await.map(Some)
}

async fn caps(tx: &mut OrgTx, settings: &CampaignSettings, party: &Party) -> Result<Option<Caps>> {
    let of = tx.organization().get().await?.settings.0;
    let limits = limits(&of.guardrails, settings);
    let zone = of.timezone.as_deref().and_then(timezone::parse).unwrap_or(Tz::UTC);
    let of_accounts = of_accounts(party);
    let any = limits.any() || !of_accounts.is_empty();
    Ok(any.then(|| Caps::new(limits, zone, tx.now()).with_accounts(of_accounts)))
}

async fn counted_already(tx: &mut OrgTx, campaign: CampaignId, mut caps: Caps) -> Result<Caps> {
    for count in tx.guards().counts(caps.since()).await? {
        let sent = u64::try_from(count.sent).unwrap_or(0);
        let (domain, company) = (count.recipient_domain.as_deref(), count.company_domain.as_deref());
        caps.add(sent, count.campaign_id == campaign, count.account_id, (domain, company));
    }
    Ok(caps)
}

/// How many mails each of the campaign's accounts may send to a domain, of those that have such a cap.
fn of_accounts(party: &Party) -> HashMap<AccountId, u64> {
    let cap = |account: &ConnectedAccount| account.limits.get(NodeType::SendEmail).per_domain_per_day;
    let capped = party.accounts.values().filter_map(|account| Some((account.id, u64::try_from(cap(account)?).ok()?)));
    capped.collect()
}

fn limits(guardrails: &Guardrails, settings: &CampaignSettings) -> CapLimits {
    let limit = |limit: Option<i32>| limit.and_then(|limit| u64::try_from(limit).ok());
    CapLimits {
        organization: limit(guardrails.messages_per_day),
        campaign: limit(settings.messages_per_day),
        domain: limit(guardrails.mails_per_domain_per_day),
        company: limit(guardrails.messages_per_company_per_day),
    }
}

impl Judge<'_> {
    /// What caps forbid a step now, and until when.
    pub(super) fn capped(
        &mut self,
        lead: &Lead,
        action: NodeType,
        account: AccountId,
    ) -> Result<(), (Rule, DateTime<Utc>)> {
        let now = self.tx.now();
        self.caps.as_mut().map_or(Ok(()), |caps| caps.take(&Addressee::of(lead), action, Some(account), now))
    }
}

/// What counts of steps that go out.
pub(super) fn counted(steps: &[ExecutionStep], leads: &HashMap<LeadId, Lead>) -> Vec<CappedStep> {
    let messages = steps.iter().filter(|step| is_message(step.action));
    let counted = messages.filter_map(|step| {
        let to = Addressee::of(leads.get(&step.lead_id)?);
        let recipient_domain = to.recipient_domain(step.action).map(str::to_owned);
        Some(CappedStep { id: step.id, recipient_domain, company_domain: to.company })
    });
    counted.collect()
}
