//! Whether the domain of a mailbox is set up for mail: receivers sort out what it is not set up for.

mod dkim;
mod dmarc;
mod spf;

use super::Context;
use crate::{
    errors::{AppError, Result},
    integrations::dns::{Dns, Unanswered},
    models::{AccountId, ConnectedAccount, DomainRecord, MailPreset, Mailbox, Provider, RecordStatus, SendingDomain},
    repositories::{BaseRepository as _, OrgMember, OrgPerson},
};

/// What asks name servers about domains that we send from.
#[derive(Clone)]
pub struct SendingDomainService(pub Context);

/// What is known of who carries a domain's mail.
struct Carrier {
    domain: String,
    /// Whether the domain belongs to the provider itself, so that nobody else can publish anything there.
    own: bool,
    provider: Provider,
    smtp_host: String,
}

impl SendingDomainService {
    /// Looks at the records of a mailbox's domain; `selector` names the key that its mail is signed with, if somebody knows it.
    ///
    /// # Errors
    /// `account_not_found`; `not_a_mailbox`; the database's.
    pub async fn check(&self, person: &OrgPerson, id: AccountId, selector: Option<&str>) -> Result<SendingDomain> {
        let member: &OrgMember = person;
        let account = self.0.db.read(member).await?.accounts().get(id).await?;
        let carrier = Carrier::of(&account)
            .ok_or_else(|| AppError::conflict("not_a_mailbox", "This account has no mailbox, and so no domain."))?;
        let (dns, name) = (&self.0.dns, &carrier.domain);
        let (spf, dkim, dmarc, mx) = tokio::join!(
            spf::check(dns, &carrier),
            dkim::check(dns, &carrier, selector),
            dmarc::check(dns, name),
            exchangers(dns, name),
        );
        let ready = [&spf, &dmarc, &mx].into_iter().chain(&dkim).all(|record| record.status == RecordStatus::Ok);
        Ok(SendingDomain { domain: name.clone(), ready, spf, dkim, dmarc, mx, checked_at: self.0.clock.now() })
    }
}

impl Carrier {
    fn of(account: &ConnectedAccount) -> Option<Self> {
        let mailbox: &Mailbox = account.mailbox.as_deref()?;
        let domain = account.email.as_deref()?.rsplit_once('@')?.1.to_ascii_lowercase();
        let preset = MailPreset::of(account.provider, &domain);
        let own = preset.is_some_and(|preset| preset.domains.contains(&domain.as_str()));
        Some(Self { domain, own, provider: account.provider, smtp_host: mailbox.smtp.host.to_ascii_lowercase() })
    }

    fn is_google(&self) -> bool {
        self.provider == Provider::Gmail || self.smtp_host == "smtp.gmail.com"
    }

    fn is_microsoft(&self) -> bool {
        self.provider == Provider::Outlook || self.smtp_host == "smtp.office365.com"
    }
}

async fn exchangers(dns: &Dns, domain: &str) -> DomainRecord {
    let Ok(found) = dns.mail_exchangers(domain).await else { return DomainRecord::unanswered(domain.to_owned()) };
    let none = found.iter().all(|exchange| exchange == ".");
    let record = DomainRecord::new(domain.to_owned(), found);
    if none {
        let detail = "The domain names no server that takes its mail: answers and bounces go nowhere.";
        return record.with(RecordStatus::Missing, "no_mail_server", detail);
    }
    record
}

/// The texts under `name` that begin as `kind` does, whatever the case of its letters.
async fn records(dns: &Dns, name: &str, kind: &str) -> Result<Vec<String>, Unanswered> {
    let begins = |text: &String| {
        let head = text.get(..kind.len()).is_some_and(|head| head.eq_ignore_ascii_case(kind));
        head && text[kind.len()..].chars().next().is_none_or(|next| next == ' ' || next == ';')
    };
    Ok(dns.texts(name).await?.into_iter().filter(begins).collect())
}
