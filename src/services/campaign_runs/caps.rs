//! The caps of an organization over all its accounts, and of a campaign: how many messages on a day, to one domain, to one company. They are
//! counted from what was sent, or may have been, while nobody else counts; so nothing has to be given back, and nothing is counted twice.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::fate::Judge;
use crate::{
    engine::calendar::LocalDay,
    errors::Result,
    models::{CampaignId, ExecutionStep, Guardrails, Lead, LeadId, Rule, workflow::NodeType},
    repositories::{CampaignRun, CapCount, CappedStep, OrgTx},
    utils::timezone,
};

/// What may still be sent on this day.
#[derive(Debug, Clone)]
pub(super) struct Caps {
    limits: Limits,
    sent: u64,
    in_campaign: u64,
    to_domains: HashMap<String, u64>,
    to_companies: HashMap<String, u64>,
    tomorrow: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Limits {
    organization: Option<u64>,
    campaign: Option<u64>,
    domain: Option<u64>,
    company: Option<u64>,
}

impl Caps {
    /// Counts what was sent on the present day of the organization's zone; nothing if there is no cap. From here on nobody else sends what
    /// counts, until the transaction ends.
    pub(super) async fn count(tx: &mut OrgTx, run: &CampaignRun) -> Result<Option<Self>> {
        let settings = tx.organization().get().await?.settings.0;
        let limits = Limits::of(&settings.guardrails, run);
        if !limits.any() {
            return Ok(None);
        }
        tx.guards().take_turn().await?;
        let zone = settings.timezone.as_deref().and_then(timezone::parse).unwrap_or(Tz::UTC);
        let today = LocalDay::at(zone, tx.now());
        let counts = tx.guards().counts(today.start).await?;
        Ok(Some(Self::of(limits, run.id, counts, today.end)))
    }

    fn of(limits: Limits, campaign: CampaignId, counts: Vec<CapCount>, tomorrow: DateTime<Utc>) -> Self {
        let mut caps = Self {
            limits,
            sent: 0,
            in_campaign: 0,
            to_domains: HashMap::new(),
            to_companies: HashMap::new(),
            tomorrow,
        };
        for count in counts {
            let sent = u64::try_from(count.sent).unwrap_or(0);
            caps.add(sent, count.campaign_id == campaign, count.recipient_domain, count.company_domain);
        }
        caps
    }

    fn add(&mut self, sent: u64, in_campaign: bool, domain: Option<String>, company: Option<String>) {
        self.sent += sent;
        self.in_campaign += if in_campaign { sent } else { 0 };
        if let Some(domain) = domain {
            *self.to_domains.entry(domain).or_default() += sent;
        }
        if let Some(company) = company {
            *self.to_companies.entry(company).or_default() += sent;
        }
    }

    /// What is full for a message to `lead`, and until when; else the message counts from now on.
    pub(super) fn take(&mut self, lead: &Lead, action: NodeType) -> Result<(), (Rule, DateTime<Utc>)> {
        if !is_message(action) {
            return Ok(());
        }
        let (domain, company) = (recipient_domain(lead, action), company_domain(lead));
        let of = |counts: &HashMap<String, u64>, key: &Option<String>| {
            key.as_ref().map_or(0, |key| counts.get(key).copied().unwrap_or(0))
        };
        let counted = [
            (self.limits.organization, self.sent, Rule::OrganizationLimit),
            (self.limits.campaign, self.in_campaign, Rule::CampaignLimit),
            (self.limits.domain.filter(|_| domain.is_some()), of(&self.to_domains, &domain), Rule::DomainLimit),
            (self.limits.company.filter(|_| company.is_some()), of(&self.to_companies, &company), Rule::CompanyLimit),
        ];
        let full = counted.into_iter().find(|(limit, sent, _)| limit.is_some_and(|limit| *sent >= limit));
        if let Some((_, _, rule)) = full {
            return Err((rule, self.tomorrow));
        }
        self.add(1, true, domain, company);
        Ok(())
    }
}

impl Limits {
    fn of(guardrails: &Guardrails, run: &CampaignRun) -> Self {
        let limit = |limit: Option<i32>| limit.and_then(|limit| u64::try_from(limit).ok());
        Self {
            organization: limit(guardrails.messages_per_day),
            campaign: limit(run.settings.messages_per_day),
            domain: limit(guardrails.mails_per_domain_per_day),
            company: limit(guardrails.messages_per_company_per_day),
        }
    }

    fn any(self) -> bool {
        [self.organization, self.campaign, self.domain, self.company].iter().any(Option::is_some)
    }
}

impl Judge<'_> {
    /// What caps forbid a step now, and until when.
    pub(super) fn capped(&mut self, lead: &Lead, action: NodeType) -> Result<(), (Rule, DateTime<Utc>)> {
        self.caps.as_mut().map_or(Ok(()), |caps| caps.take(lead, action))
    }
}

/// What counts of steps that go out.
pub(super) fn counted(steps: &[ExecutionStep], leads: &HashMap<LeadId, Lead>) -> Vec<CappedStep> {
    let messages = steps.iter().filter(|step| is_message(step.action));
    let counted = messages.filter_map(|step| {
        let lead = leads.get(&step.lead_id)?;
        Some(CappedStep {
            id: step.id,
            recipient_domain: recipient_domain(lead, step.action),
            company_domain: company_domain(lead),
        })
    });
    counted.collect()
}

/// Whether a step writes to somebody.
fn is_message(action: NodeType) -> bool {
    matches!(
        action,
        NodeType::SendConnectionRequest | NodeType::SendFollowup | NodeType::SendInmail | NodeType::SendEmail
    )
}

fn recipient_domain(lead: &Lead, action: NodeType) -> Option<String> {
    let (_, domain) = lead.email.as_deref().filter(|_| action == NodeType::SendEmail)?.rsplit_once('@')?;
    Some(domain.to_lowercase())
}

fn company_domain(lead: &Lead) -> Option<String> {
    lead.company_domain.as_deref().map(str::to_lowercase)
}
