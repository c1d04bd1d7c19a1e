//! The way out that every mail holds: a link that nobody can make up, and what follows when its reader takes it.

use std::{fmt, sync::Arc};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretBox;
use url::Url;
use uuid::Uuid;

use super::{Context, campaign_runs::end_unsubscribed, suppressions::keep_unsubscribe};
use crate::{
    errors::{AppError, Result},
    models::{ExecutionId, LeadId, OrganizationId},
    repositories::BaseRepository as _,
    utils::{crypto::CryptoError, keyed_hash::KeyedHasher, mail::UNSUBSCRIBE},
};

/// How much of the HMAC stands in a link, in bytes: nobody guesses 128 bits.
const MARK: usize = 16;
/// The three ids that a link names, in bytes.
const NAMED: usize = 48;

/// Makes and reads links. A link names the organization, the lead and the lead's way; an HMAC under a key derived from the service's own proves
/// that we made it. A link that was made under an older key is read as long as that key is configured.
#[derive(Clone)]
pub struct UnsubscribeLinks(KeyedHasher);

/// Who takes the way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaver {
    /// Whose lead it is.
    pub organization: OrganizationId,
    /// The lead.
    pub lead: LeadId,
    /// The way that the mail was sent on.
    pub execution: ExecutionId,
}

impl fmt::Debug for UnsubscribeLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UnsubscribeLinks").finish_non_exhaustive()
    }
}

impl UnsubscribeLinks {
    /// Links under `keys`.
    ///
    /// # Errors
    /// `keys` is empty.
    pub fn new(keys: &[Arc<SecretBox<[u8; 32]>>]) -> Result<Self, CryptoError> {
        KeyedHasher::new(keys, "unsubscribe").map(Self)
    }

    /// The link below `base` of a lead in a mail of one of its ways.
    #[must_use]
    pub fn link(&self, base: &Url, organization: OrganizationId, lead: LeadId, execution: ExecutionId) -> Option<Url> {
        let token = self.token(Leaver { organization, lead, execution });
        base.join(&format!("u/{token}")).ok()
    }

    /// The same by a mail to `address`, which its mailbox reads; none if that is no plain address.
    #[must_use]
    pub fn mail(&self, address: &str, leaver: Leaver) -> Option<Url> {
        let plain = address.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"@.-_+".contains(&byte));
        let url = format!("mailto:{address}?subject={UNSUBSCRIBE}%20{}", self.token(leaver));
        plain.then(|| Url::parse(&url).ok()).flatten()
    }

    /// Whom the subject of such a mail names.
    #[must_use]
    pub fn read_subject(&self, subject: &str) -> Option<Leaver> {
        let (word, token) = subject.trim().split_once(' ')?;
        word.eq_ignore_ascii_case(UNSUBSCRIBE).then(|| self.read(token.trim())).flatten()
    }

    fn token(&self, leaver: Leaver) -> String {
        let mut bytes = named(leaver).to_vec();
        let (_, mark) = self.0.newest(&[&bytes]);
        bytes.extend_from_slice(&mark[..MARK]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Whom a token names, if it is one of ours.
    #[must_use]
    pub fn read(&self, token: &str) -> Option<Leaver> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok().filter(|bytes| bytes.len() == NAMED + MARK)?;
        let (named, mark) = bytes.split_at(NAMED);
        let ours = self.0.each(&[named]).any(|hash| verify_slices_are_equal(&hash[..MARK], mark).is_ok());
        let id = |at: usize| named.get(at..at + 16).and_then(|id| Uuid::from_slice(id).ok());
        ours.then_some(())?;
        Some(Leaver { organization: id(0)?.into(), lead: id(16)?.into(), execution: id(32)?.into() })
    }
}

fn named(leaver: Leaver) -> [u8; NAMED] {
    let Leaver { organization, lead, execution } = leaver;
    let mut named = [0; NAMED];
    for (part, id) in named.chunks_exact_mut(16).zip([organization.0, lead.0, execution.0]) {
        part.copy_from_slice(id.as_bytes());
    }
    named
}

/// Takes people out.
#[derive(Clone)]
pub struct UnsubscribeService(pub Context);

impl UnsubscribeService {
    /// Whether a token is one of ours. Nothing is done.
    ///
    /// # Errors
    /// `unsubscribe_link_not_found`.
    pub fn check(&self, token: &str) -> Result<Leaver> {
        self.0.links.unsubscribe.read(token).ok_or_else(|| AppError::not_found("unsubscribe link"))
    }

    /// Sees to it that nobody of the organization writes to the person again. Done twice it is as good as once.
    ///
    /// # Errors
    /// `unsubscribe_link_not_found`; the database's.
    pub async fn leave(&self, token: &str) -> Result<()> {
        let Leaver { organization, lead, execution: _ } = self.check(token)?;
        let now = self.0.campaign_clock.now();
        let mut tx = self.0.db.begin_engine(organization, now).await?;
        tx.suppressions().lock().await?;
        // A person who was erased is suppressed by that.
        let Some(lead) = tx.leads().find(lead).await? else { return Ok(()) };
        keep_unsubscribe(&mut tx, &self.0.suppression_keys, &lead).await?;
        end_unsubscribed(&mut tx, &lead).await?;
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(keys: &[u8]) -> UnsubscribeLinks {
        let keys: Vec<_> = keys.iter().map(|byte| Arc::new(SecretBox::new(Box::new([*byte; 32])))).collect();
        UnsubscribeLinks::new(&keys).unwrap()
    }

    fn leaver() -> Leaver {
        let id = |n: u128| Uuid::from_u128(n);
        Leaver { organization: id(1).into(), lead: id(2).into(), execution: id(3).into() }
    }

    #[test]
    fn a_link_is_read_and_no_changed_one_is() {
        let links = links(&[1]);
        let Leaver { organization, lead, execution } = leaver();
        let link = links.link(&"https://api.example/".parse().unwrap(), organization, lead, execution).unwrap();
        let token = link.as_str().strip_prefix("https://api.example/u/").unwrap();
        assert_eq!(links.read(token), Some(leaver()));
        let bytes = URL_SAFE_NO_PAD.decode(token).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(links.read(&URL_SAFE_NO_PAD.encode(changed)), None, "byte {at}");
        }
        for wrong in ["", "x", &token[1..], &token[..token.len() - 1], &format!("{token}A")] {
            assert_eq!(links.read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_mail_that_is_written_by_its_link_is_read_and_no_other_is() {
        let links = links(&[1]);
        let url = links.mail("anna+x@sender.example", leaver()).unwrap();
        assert!(url.as_str().starts_with("mailto:anna+x@sender.example?subject=unsubscribe%20"), "{url}");
        let (_, subject) = url.query_pairs().next().unwrap();
        assert_eq!(links.read_subject(&subject), Some(leaver()));
        assert_eq!(links.read_subject(&format!(" Unsubscribe  {} ", links.token(leaver()))), Some(leaver()));
        for wrong in ["unsubscribe", "unsubscribe me", &format!("Re: {subject}"), &format!("{subject}A"), ""] {
            assert_eq!(links.read_subject(wrong), None, "{wrong}");
        }
        assert_eq!(links.mail("a?b@sender.example", leaver()), None);
    }

    #[test]
    fn a_link_outlives_the_rotation_of_keys() {
        let token = links(&[1]).token(leaver());
        assert_eq!(links(&[2, 1]).read(&token), Some(leaver()));
        assert_eq!(links(&[2]).read(&token), None);
    }
}
