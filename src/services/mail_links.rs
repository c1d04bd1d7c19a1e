//! Every link to us that stands in a mail, and where it leads: through a domain of the mailbox's own, or this server's address.

use std::{fmt, sync::Arc};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::SecretBox;
use url::Url;

use super::{
    mail_reads::ReadLinks,
    unsubscribe::{Leaver, UnsubscribeLinks},
};
use crate::{
    integrations::mail::Marks,
    models::{ConnectedAccount, MailMark, OrganizationId, SentMail, Tracking, TrackingDomain, TrackingDomainRecord},
    utils::{
        clean_html,
        crypto::CryptoError,
        keyed_hash::{KeyedHash, KeyedHasher},
    },
};

/// Links of a mail that are led through us at the most; the others stay as they are.
const MOST_LINKS: i16 = 200;
/// How long a challenge is, in hexadecimal digits.
const CHALLENGE: usize = 32;

/// Makes the links that stand in mails, and reads them.
#[derive(Clone)]
pub struct MailLinks {
    /// The ways out.
    pub unsubscribe: UnsubscribeLinks,
    /// The pictures and links whose being fetched is seen.
    pub reads: ReadLinks,
    proofs: KeyedHasher,
    owners: KeyedHasher,
    public_url: Option<Url>,
}

impl fmt::Debug for MailLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailLinks").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

impl MailLinks {
    /// Links below `public_url`, or a domain of the mailbox's own; without either there are none, and those made before are still read.
    ///
    /// # Errors
    /// `keys` is empty.
    pub fn new(keys: &[Arc<SecretBox<[u8; 32]>>], public_url: Option<Url>) -> Result<Self, CryptoError> {
        let (unsubscribe, reads) = (UnsubscribeLinks::new(keys)?, ReadLinks::new(keys)?);
        let proofs = KeyedHasher::new(keys, "link domains")?;
        let owners = KeyedHasher::new(keys, "owners of link domains")?;
        Ok(Self { unsubscribe, reads, proofs, owners, public_url })
    }

    /// The domain of its own that links in mails of `account` lead through, if it leads to us.
    #[must_use]
    pub fn own_domain(account: &ConnectedAccount) -> Option<&str> {
        let domain = account.mailbox.as_deref()?.tracking_domain.as_ref()?;
        domain.is_proved().then_some(domain.name.as_str())
    }

    fn base(&self, own_domain: Option<&str>) -> Option<Url> {
        own_domain.and_then(TrackingDomain::url).or_else(|| self.public_url.clone())
    }

    /// Whether `host`, with its port if that is not the usual one, is `public_url`'s.
    #[must_use]
    pub fn is_public(&self, host: &str) -> bool {
        let Some(url) = &self.public_url else { return false };
        let own = url.host_str().unwrap_or_default();
        match url.port() {
            Some(port) => host.rsplit_once(':').is_some_and(|said| said == (own, port.to_string().as_str())),
            None => host == own,
        }
    }

    /// The way out of a mail. It must work for as long as somebody may keep the mail, whatever becomes of a domain that is not this server's:
    /// it leads through `public_url`, and only where there is none through the mailbox's own.
    #[must_use]
    pub fn way_out(&self, mail: &SentMail) -> Option<Url> {
        let base = self.public_url.clone().or_else(|| mail.link_domain.as_deref().and_then(TrackingDomain::url))?;
        self.unsubscribe.link(&base, &self.leaver(mail))
    }

    /// The way out of a mail from `address` by a mail to it: where no address of the web can be named.
    #[must_use]
    pub fn way_out_by_mail(&self, mail: &SentMail, address: &str) -> Option<Url> {
        self.unsubscribe.mail(address, &self.leaver(mail))
    }

    fn leaver(&self, mail: &SentMail) -> Leaver {
        self.unsubscribe.leaver((mail.organization_id, mail.lead_id, mail.execution_id), &mail.recipient)
    }

    /// What is to be seen of a mail's being read, of what its campaign asks for: only HTML shows anything, and only what leads to us.
    #[must_use]
    pub fn seen(&self, wanted: Tracking, account: &ConnectedAccount, html: Option<&str>) -> Tracking {
        let leads_back = self.base(Self::own_domain(account)).is_some();
        if html.is_some() && leads_back { wanted } else { Tracking::default() }
    }

    /// Those links of `html` that lead through us if clicks are seen, in order: to the web, not to us, and not longer than a link may be.
    #[must_use]
    pub fn trackable(&self, own_domain: Option<&str>, html: &str) -> Vec<String> {
        let ours: Vec<_> = [self.base(own_domain), self.public_url.clone()].into_iter().flatten().collect();
        let links = clean_html::links(&clean_html::clean(html)).into_iter();
        let foreign = |link: &String| {
            ReadLinks::leads(link).is_some_and(|target| ours.iter().all(|our| our.origin() != target.origin()))
        };
        links.filter(foreign).take(MOST_LINKS.unsigned_abs().into()).collect()
    }

    /// What a mail's HTML has so that its being read is seen; the same whenever it is written.
    #[must_use]
    pub fn marks(&self, mail: &SentMail, html: Option<&str>) -> Option<Marks> {
        let (base, html) = (self.base(mail.link_domain.as_deref())?, html?);
        let mark = |link| MailMark { organization: mail.organization_id, step: mail.step_id, link };
        let picture = if mail.tracks_opens { self.reads.picture(&base, &mark(0)) } else { None };
        let links = if mail.tracks_clicks { self.trackable(mail.link_domain.as_deref(), html) } else { Vec::new() };
        let led = links.into_iter().zip(1..).filter_map(|(target, link)| {
            let through = self.reads.link(&base, &mark(link), &target)?;
            Some((target, through.to_string()))
        });
        Some(Marks { picture, links: led.collect() })
    }

    /// What an organization publishes to show that the domain `name` is its own, whoever else has led it here.
    #[must_use]
    pub fn owner_record(&self, organization: OrganizationId, name: &str) -> TrackingDomainRecord {
        let host = name.rsplit_once(':').map_or(name, |(host, _)| host);
        let (_, mark) = self.owners.newest(&[organization.0.as_bytes(), name.as_bytes()]);
        TrackingDomainRecord { name: format!("_clento.{host}"), value: owner_text(&mark) }
    }

    /// Whether one of these texts is what the organization publishes.
    #[must_use]
    pub fn is_owner(&self, organization: OrganizationId, name: &str, texts: &[String]) -> bool {
        let value: [&[u8]; 2] = [organization.0.as_bytes(), name.as_bytes()];
        let mut marks = self.owners.each(&value).map(|mark| owner_text(&mark));
        marks.any(|mark| texts.iter().any(|text| text.trim() == mark))
    }

    /// What only this service can answer to a challenge, if it is one.
    #[must_use]
    pub fn proof(&self, challenge: &str) -> Option<String> {
        let is_one = challenge.len() == CHALLENGE && challenge.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_one.then(|| hex::encode(self.proofs.newest(&[challenge.as_bytes()]).1))
    }

    /// Whether an answer to a challenge is this service's, of any of its processes.
    #[must_use]
    pub fn proves(&self, challenge: &str, answer: &[u8]) -> bool {
        let challenge = [challenge.as_bytes()];
        self.proofs.each(&challenge).any(|hash| verify_slices_are_equal(hex::encode(hash).as_bytes(), answer).is_ok())
    }
}

/// What stands in an owner's record: as much of the mark as nobody guesses.
fn owner_text(mark: &KeyedHash) -> String {
    format!("clento-domain={}", hex::encode(&mark[..16]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(keys: &[u8]) -> MailLinks {
        let keys: Vec<_> = keys.iter().map(|byte| Arc::new(SecretBox::new(Box::new([*byte; 32])))).collect();
        MailLinks::new(&keys, None).unwrap()
    }

    #[test]
    fn only_who_has_the_key_answers_a_challenge() {
        let (ours, challenge) = (links(&[1]), "0123456789abcdef0123456789abcdef");
        let answer = ours.proof(challenge).unwrap();
        assert!(ours.proves(challenge, answer.as_bytes()));
        assert!(
            links(&[2, 1]).proves(challenge, answer.as_bytes()),
            "a process that has not been restarted answers too"
        );
        let other = "1123456789abcdef0123456789abcdef";
        for (challenge, answer) in [(other, answer.as_str()), (challenge, ""), (challenge, challenge)] {
            assert!(!ours.proves(challenge, answer.as_bytes()), "{challenge} {answer}");
        }
        assert!(!links(&[2]).proves(challenge, answer.as_bytes()));
        for wrong in ["", "0123", "0123456789abcdef0123456789abcdeg", "../../../../../../../../etc/passw"] {
            assert_eq!(ours.proof(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn each_organization_has_a_record_of_its_own_for_each_domain() {
        let (ours, org) = (links(&[1]), |n: u128| OrganizationId(uuid::Uuid::from_u128(n)));
        let record = ours.owner_record(org(1), "go.sender.example");
        assert_eq!(record.name, "_clento.go.sender.example");
        assert_eq!(ours.owner_record(org(1), "127.0.0.1:80").name, "_clento.127.0.0.1");
        let texts = ["v=spf1 -all".to_owned(), record.value];
        assert!(ours.is_owner(org(1), "go.sender.example", &texts));
        assert!(links(&[2, 1]).is_owner(org(1), "go.sender.example", &texts), "as long as the key is there");
        assert!(!ours.is_owner(org(2), "go.sender.example", &texts));
        assert!(!ours.is_owner(org(1), "go.other.example", &texts));
        assert!(!links(&[2]).is_owner(org(1), "go.sender.example", &texts));
        assert!(!ours.is_owner(org(1), "go.sender.example", &[]));
    }
}
