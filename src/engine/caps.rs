//! Caps over all accounts: how many messages on a day, of the organization, of a campaign, to one domain and to one company; and how many mails
//! one account sends to one domain.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::calendar::LocalDay;
use crate::models::{AccountId, Lead, Rule, workflow::NodeType};

/// How many messages may go out on a day; none is as many as you like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CapLimits {
    /// Of the whole organization.
    pub organization: Option<u64>,
    /// Of the campaign.
    pub campaign: Option<u64>,
    /// Mails to addresses of one domain.
    pub domain: Option<u64>,
    /// To people of one company.
    pub company: Option<u64>,
}

/// Who a message is to, as far as caps go by it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addressee {
    /// The domain of the mail address, in lower case.
    pub domain: Option<String>,
    /// The company's domain, in lower case.
    pub company: Option<String>,
}

/// What may still go out on a day. Each day begins anew.
#[derive(Debug, Clone)]
pub struct Caps {
    limits: CapLimits,
    zone: Tz,
    today: LocalDay,
    sent: u64,
    in_campaign: u64,
    to_domains: HashMap<String, u64>,
    to_companies: HashMap<String, u64>,
    /// How many mails each account may send to one domain, of those that have such a cap.
    of_accounts: HashMap<AccountId, u64>,
    from_accounts: HashMap<(AccountId, String), u64>,
}

impl CapLimits {
    /// Whether there is any.
    #[must_use]
    pub fn any(self) -> bool {
        [self.organization, self.campaign, self.domain, self.company].iter().any(Option::is_some)
    }
}

impl Addressee {
    /// Who `lead` is to caps.
    #[must_use]
    pub fn of(lead: &Lead) -> Self {
        let domain = lead.email.as_deref().and_then(|email| email.rsplit_once('@'));
        Self {
            domain: domain.map(|(_, domain)| domain.to_lowercase()),
            company: lead.company_domain.as_deref().map(str::to_lowercase),
        }
    }

    /// The domain that a step writes to, if it is a mail.
    #[must_use]
    pub fn recipient_domain(&self, action: NodeType) -> Option<&str> {
        self.domain.as_deref().filter(|_| action == NodeType::SendEmail)
    }
}

impl Caps {
    /// Caps under which nothing has gone out on the day of `now` in `zone`.
    #[must_use]
    pub fn new(limits: CapLimits, zone: Tz, now: DateTime<Utc>) -> Self {
        Self {
            limits,
            zone,
            today: LocalDay::at(zone, now),
            sent: 0,
            in_campaign: 0,
            to_domains: HashMap::new(),
            to_companies: HashMap::new(),
            of_accounts: HashMap::new(),
            from_accounts: HashMap::new(),
        }
    }

    /// The same, where these accounts may each send so many mails to one domain.
    #[must_use]
    pub fn with_accounts(self, of_accounts: HashMap<AccountId, u64>) -> Self {
        Self { of_accounts, ..self }
    }

    /// When the day began.
    #[must_use]
    pub fn since(&self) -> DateTime<Utc> {
        self.today.start
    }

    /// Counts messages that have gone out on the day, of this campaign or of another, from an account to a domain and a company.
    pub fn add(
        &mut self,
        sent: u64,
        in_campaign: bool,
        account: Option<AccountId>,
        (domain, company): (Option<&str>, Option<&str>),
    ) {
        self.sent += sent;
        self.in_campaign += if in_campaign { sent } else { 0 };
        if let (Some(account), Some(domain)) = (account.filter(|id| self.of_accounts.contains_key(id)), domain) {
            *self.from_accounts.entry((account, domain.to_owned())).or_default() += sent;
        }
        if let Some(domain) = domain {
            *self.to_domains.entry(domain.to_owned()).or_default() += sent;
        }
        if let Some(company) = company {
            *self.to_companies.entry(company.to_owned()).or_default() += sent;
        }
    }

    /// What is full for a step of the campaign from `account` at `now`, and until when; else the step counts, if it is a message.
    ///
    /// # Errors
    /// A cap is used up.
    pub fn take(
        &mut self,
        to: &Addressee,
        action: NodeType,
        account: Option<AccountId>,
        now: DateTime<Utc>,
    ) -> Result<(), (Rule, DateTime<Utc>)> {
        if !is_message(action) {
            return Ok(());
        }
        if now >= self.today.end {
            *self = Self::new(self.limits, self.zone, now).with_accounts(std::mem::take(&mut self.of_accounts));
        }
        let (domain, company) = (to.recipient_domain(action), to.company.as_deref());
        let of = |counts: &HashMap<String, u64>, key: Option<&str>| {
            key.map_or(0, |key| counts.get(key).copied().unwrap_or(0))
        };
        let own = account.zip(domain).and_then(|(account, domain)| {
            let limit = self.of_accounts.get(&account).copied()?;
            Some((limit, self.from_accounts.get(&(account, domain.to_owned())).copied().unwrap_or(0)))
        });
        let counted = [
            (own.map(|(limit, _)| limit), own.map_or(0, |(_, sent)| sent), Rule::MailboxDomainLimit),
            (self.limits.organization, self.sent, Rule::OrganizationLimit),
            (self.limits.campaign, self.in_campaign, Rule::CampaignLimit),
            (self.limits.domain.filter(|_| domain.is_some()), of(&self.to_domains, domain), Rule::DomainLimit),
            (self.limits.company.filter(|_| company.is_some()), of(&self.to_companies, company), Rule::CompanyLimit),
        ];
        let full = counted.into_iter().find(|(limit, sent, _)| limit.is_some_and(|limit| *sent >= limit));
        if let Some((_, _, rule)) = full {
            return Err((rule, self.today.end));
        }
        self.add(1, true, account, (domain, company));
        Ok(())
    }
}

/// Whether a step writes to somebody.
#[must_use]
pub fn is_message(action: NodeType) -> bool {
    matches!(
        action,
        NodeType::SendConnectionRequest | NodeType::SendFollowup | NodeType::SendInmail | NodeType::SendEmail
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn person(domain: &str) -> Addressee {
        Addressee { domain: Some(domain.to_owned()), company: Some("acme.example".to_owned()) }
    }

    #[test]
    fn what_is_full_is_so_until_the_day_ends_in_the_organizations_zone() {
        let limits = CapLimits { domain: Some(1), company: Some(2), ..CapLimits::default() };
        let (zone, now) = (Tz::America__New_York, at("2026-11-24T03:00:00Z"));
        let mut caps = Caps::new(limits, zone, now);
        assert_eq!(caps.since(), at("2026-11-23T05:00:00Z"));
        let (a, b, c) = (person("a.example"), person("b.example"), person("c.example"));
        assert_eq!(caps.take(&a, NodeType::SendEmail, None, now), Ok(()));
        let midnight = at("2026-11-24T05:00:00Z");
        assert_eq!(caps.take(&a, NodeType::SendEmail, None, now), Err((Rule::DomainLimit, midnight)));
        assert_eq!(caps.take(&a, NodeType::ProfileVisit, None, now), Ok(()), "that is no message");
        assert_eq!(caps.take(&a, NodeType::SendFollowup, None, now), Ok(()), "that is no mail");
        assert_eq!(caps.take(&b, NodeType::SendEmail, None, now), Err((Rule::CompanyLimit, midnight)));
        assert_eq!(caps.take(&c, NodeType::SendEmail, None, midnight), Ok(()), "the next day begins anew");
    }

    #[test]
    fn what_others_have_sent_counts_for_all_but_the_campaign() {
        let now = at("2026-11-24T03:00:00Z");
        let limits = CapLimits { organization: Some(3), campaign: Some(2), ..CapLimits::default() };
        let mut caps = Caps::new(limits, Tz::UTC, now);
        caps.add(1, false, None, (None, None));
        let nobody = Addressee::default();
        assert_eq!(caps.take(&nobody, NodeType::SendInmail, None, now), Ok(()));
        assert_eq!(caps.take(&nobody, NodeType::SendInmail, None, now), Ok(()));
        caps.add(1, false, None, (None, None));
        let full = caps.take(&nobody, NodeType::SendInmail, None, now);
        assert_eq!(full, Err((Rule::OrganizationLimit, at("2026-11-25T00:00:00Z"))));
    }

    #[test]
    fn an_accounts_own_cap_is_its_own_and_by_domain() {
        let now = at("2026-11-24T03:00:00Z");
        let [careful, free] = [1, 2].map(|n| Some(AccountId(uuid::Uuid::from_u128(n))));
        let mut caps = Caps::new(CapLimits::default(), Tz::UTC, now).with_accounts([(careful.unwrap(), 2)].into());
        caps.add(1, false, careful, (Some("a.example"), None));
        let (a, b, midnight) = (person("a.example"), person("b.example"), at("2026-11-25T00:00:00Z"));
        assert_eq!(caps.take(&a, NodeType::SendEmail, careful, now), Ok(()));
        let full = Err((Rule::MailboxDomainLimit, midnight));
        assert_eq!(caps.take(&a, NodeType::SendEmail, careful, now), full);
        for (to, account) in [(&b, careful), (&a, free), (&a, free), (&a, free)] {
            assert_eq!(caps.take(to, NodeType::SendEmail, account, now), Ok(()));
        }
        assert_eq!(caps.take(&a, NodeType::SendEmail, careful, midnight), Ok(()), "the next day begins anew");
        assert_eq!(caps.take(&a, NodeType::SendEmail, careful, midnight), Ok(()));
        assert_eq!(caps.take(&a, NodeType::SendEmail, careful, midnight).unwrap_err().0, Rule::MailboxDomainLimit);
    }
}
