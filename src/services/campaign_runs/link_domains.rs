//! Looking whether the domains of mailboxes' own lead to us: whoever answers there must know a key of ours. Until that is proved, and as soon as
//! it is not any more, links in mails lead through this server's own address.

use chrono::TimeDelta;
use futures::{StreamExt as _, stream};

use super::{Round, RunService};
use crate::{
    errors::Result,
    integrations::outbound::OutboundError,
    models::{OrganizationId, TrackingDomain, TrackingDomainStatus},
    repositories::{BaseRepository as _, LinkDomainRef},
    services::Context,
};

/// Domains that are looked at in one round.
const BATCH: i64 = 16;
/// How many at a time.
const AT_A_TIME: usize = 4;
/// After how long one that leads to us is looked at again.
const AGAIN: TimeDelta = TimeDelta::hours(1);
/// The same of one that does not: whoever publishes its record waits for it at first. The longer it fails the seldomer it is looked at, each time
/// after as long as it has failed, up to [`AGAIN`].
const SOON: TimeDelta = TimeDelta::minutes(5);
/// After how long it is taken for forgotten, and looked at once in [`SELDOM`].
const FORGOTTEN: TimeDelta = TimeDelta::days(7);
/// How often what is forgotten is looked at.
const SELDOM: TimeDelta = TimeDelta::days(1);
/// How long a domain stays an organization's after it was last seen to lead its links here: as long as somebody may follow those.
const KEPT: TimeDelta = TimeDelta::days(90);

/// Why a domain that leads here is not used.
const OWNED: &str = "It leads here, and another organization on this server has proved it. If it is yours, publish the TXT record in `owner_record`: it \
                     is yours when it is next looked at. Else it is free 90 days after that one's links last led through it.";

impl RunService {
    /// Looks at the domains that are due.
    ///
    /// # Errors
    /// The database is away.
    pub async fn look_at_link_domains(&self) -> Result<Round> {
        let now = self.context.clock.now();
        let due = self.context.db.take_link_domains(now, now + SOON, BATCH).await?;
        let more = i64::try_from(due.len()).is_ok_and(|count| count == BATCH);
        let looks = stream::iter(due).map(|of| self.look_at_link_domain(of)).buffer_unordered(AT_A_TIME);
        let done: Vec<Result<()>> = looks.collect().await;
        let round = Round { done: u64::try_from(done.len()).unwrap_or(u64::MAX), more };
        done.into_iter().collect::<Result<Vec<()>>>().map(|_| round)
    }

    async fn look_at_link_domain(&self, LinkDomainRef { organization, account }: LinkDomainRef) -> Result<()> {
        let mut conn = self.context.db.engine_conn(organization).await?;
        let found = conn.accounts().find(account).await?;
        let domain = found.and_then(|account| account.mailbox?.0.tracking_domain);
        let Some(domain) = domain else {
            return conn.accounts().looked_at_link_domain(account, None, None, None).await;
        };
        let failing_since = conn.accounts().link_domain_fails_since(account).await?;
        conn.give_back();
        let found = match self.leads_to_us(&domain.name).await {
            Ok(()) if self.becomes_owner(organization, &domain.name).await? => Ok(()),
            Ok(()) => Err(OWNED.to_owned()),
            Err(reason) => Err(reason),
        };
        let now = self.context.clock.now();
        let mut conn = self.context.db.engine_conn(organization).await?;
        let (status, reason) = match found {
            Ok(()) => (TrackingDomainStatus::Proved, None),
            Err(reason) => (TrackingDomainStatus::Failed, Some(reason)),
        };
        if status != domain.status {
            tracing::info!(%organization, %account, domain = domain.name, %status, reason, "a mailbox's domain was looked at");
        }
        let failing_since = (status == TrackingDomainStatus::Failed).then(|| failing_since.unwrap_or(now));
        let next = now + failing_since.map_or(AGAIN, |since| pause(now - since));
        let owner_record = Some(self.context.links.owner_record(organization, &domain.name));
        let domain = TrackingDomain { name: domain.name, status, reason, checked_at: Some(now), owner_record };
        conn.accounts().looked_at_link_domain(account, Some(&domain), Some(next), failing_since).await
    }

    /// Makes a domain that leads here the organization's, if it is nobody's, or if who publishes its records says so: another has only led it here, or
    /// has merely asked first. Whether it is the organization's now.
    async fn becomes_owner(&self, organization: OrganizationId, name: &str) -> Result<bool> {
        let Context { db, clock, dns, links, .. } = &self.context;
        let now = clock.now();
        let mut conn = db.engine_conn(organization).await?;
        if conn.accounts().own_link_domain(name, now, now - KEPT).await? {
            return Ok(true);
        }
        conn.give_back();
        // While no name server answers, it stays with who has it.
        let texts = dns.texts(&links.owner_record(organization, name).name).await.unwrap_or_default();
        let Some(owner) = db.owner_of_link_domain(name).await? else { return Ok(false) };
        if !links.is_owner(organization, name, &texts) || links.is_owner(owner, name, &texts) {
            return Ok(false);
        }
        let taken = db.engine_conn(organization).await?.accounts().take_link_domain(name, owner, now).await?;
        tracing::info!(%organization, %owner, domain = name, taken, "a domain is another's by its record");
        Ok(taken)
    }

    /// Whether whoever answers at the domain `name` proves to be this service; else why not.
    async fn leads_to_us(&self, name: &str) -> Result<(), String> {
        let challenge = hex::encode(rand::random::<[u8; 16]>());
        let path = format!(".well-known/clento/{challenge}");
        let Some(url) = TrackingDomain::url(name).and_then(|url| url.join(&path).ok()) else {
            return Err("This is no name that could be asked.".to_owned());
        };
        match self.context.outbound.get(&url).await {
            Ok((_, body)) if self.context.links.proves(&challenge, &body) => Ok(()),
            Ok((answer, _)) => Err(format!(
                "Something else than this server answers there ({}). Its CNAME must name this server's address, and whatever stands before the \
                 server must let it through.",
                answer.status.as_u16()
            )),
            Err(OutboundError::Forbidden(refusal)) => Err(refusal.detail.to_owned()),
            Err(OutboundError::Unreached(_)) => Err(
                "It cannot be connected to: publish its CNAME, and see to a certificate for its name where TLS ends."
                    .to_owned(),
            ),
            Err(OutboundError::Unanswered(_)) => Err("It takes a connection and does not answer.".to_owned()),
        }
    }
}

/// After how long a domain that has failed for so long is looked at again.
fn pause(failed_for: TimeDelta) -> TimeDelta {
    if failed_for >= FORGOTTEN { SELDOM } else { failed_for.clamp(SOON, AGAIN) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_that_fails_is_looked_at_more_and_more_seldom() {
        let (mut at, mut pauses) = (TimeDelta::zero(), Vec::new());
        while at < TimeDelta::days(10) {
            let next = pause(at);
            pauses.push(next.num_minutes());
            at += next;
        }
        assert_eq!(pauses[..7], [5, 5, 10, 20, 40, 60, 60]);
        assert_eq!((pauses.len(), pauses.last()), (175, Some(&(24 * 60))), "nearly three thousand without that");
    }
}
