//! The way out that every mail holds: a link that nobody can make up, and what follows when its reader takes it.

use std::{fmt, sync::Arc};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretBox;
use url::Url;
use uuid::Uuid;

use super::{
    Context,
    campaign_runs::end_unsubscribed,
    suppressions::{HashedAddress, SuppressionKeys, keep_unsubscribe},
};
use crate::{
    errors::{AppError, Result},
    models::{ExecutionId, LeadId, OrganizationId},
    repositories::{BaseRepository as _, OrgTx},
    utils::{
        brief_memory::BriefMemory,
        crypto::CryptoError,
        keyed_hash::{KeyedHash, KeyedHasher},
        keyed_limit::KeyedLimit,
        mail::UNSUBSCRIBE,
    },
};

/// How much of the HMAC stands in a link, in bytes: nobody guesses 128 bits.
const MARK: usize = 16;
/// The three ids that a link names, in bytes.
const NAMED: usize = 48;
/// The same with the hash of the address.
const NAMED_ADDRESS: usize = NAMED + size_of::<KeyedHash>();

/// Makes and reads links. A link names the organization, the lead, the lead's way and, by the hash that a suppression of it is found by, the address
/// that the mail goes to: so it bars that address whatever becomes of the lead. An HMAC under a key derived from the service's own proves that we made
/// it. A link that was made under an older key is read as long as that key is configured, and so is one of those that named no address.
#[derive(Clone)]
pub struct UnsubscribeLinks {
    proofs: KeyedHasher,
    addresses: SuppressionKeys,
}

/// Who takes the way out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Leaver {
    /// Whose lead it is.
    pub organization: OrganizationId,
    /// The lead.
    pub lead: LeadId,
    /// The way that the mail was sent on.
    pub execution: ExecutionId,
    /// The address that it was sent to. Older links do not name it.
    pub address: Option<HashedAddress>,
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
        Ok(Self { proofs: KeyedHasher::new(keys, "unsubscribe")?, addresses: SuppressionKeys::new(keys)? })
    }

    /// Whom a mail to `address` leads out that is sent to a lead on one of its ways.
    #[must_use]
    pub fn leaver(
        &self,
        (organization, lead, execution): (OrganizationId, LeadId, ExecutionId),
        address: &str,
    ) -> Leaver {
        Leaver { organization, lead, execution, address: self.addresses.of_address(organization, address) }
    }

    /// The link below `base` that leads somebody out.
    #[must_use]
    pub fn link(&self, base: &Url, leaver: &Leaver) -> Option<Url> {
        base.join(&format!("u/{}", self.token(leaver))).ok()
    }

    /// The same by a mail to `address`, which its mailbox reads; none if that is no plain address.
    #[must_use]
    pub fn mail(&self, address: &str, leaver: &Leaver) -> Option<Url> {
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

    fn token(&self, leaver: &Leaver) -> String {
        let mut bytes = named(leaver);
        let (_, mark) = self.proofs.newest(&[&bytes]);
        bytes.extend_from_slice(&mark[..MARK]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Whom a token names, if it is one of ours.
    #[must_use]
    pub fn read(&self, token: &str) -> Option<Leaver> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let length = bytes.len().checked_sub(MARK).filter(|length| [NAMED, NAMED_ADDRESS].contains(length))?;
        let (named, mark) = bytes.split_at(length);
        // What names an address was hashed and proved under the same key.
        let key = self.proofs.each(&[named]).position(|it| verify_slices_are_equal(&it[..MARK], mark).is_ok())?;
        let id = |at: usize| named.get(at..at + 16).and_then(|id| Uuid::from_slice(id).ok());
        let hash = named.get(NAMED..).and_then(|hash| KeyedHash::try_from(hash).ok());
        let address = hash.zip(self.proofs.key_ids().into_iter().nth(key));
        let address = address.map(|(hash, key_id)| HashedAddress { key_id, hash });
        Some(Leaver { organization: id(0)?.into(), lead: id(16)?.into(), execution: id(32)?.into(), address })
    }
}

fn named(Leaver { organization, lead, execution, address }: &Leaver) -> Vec<u8> {
    let mut named: Vec<_> = [organization.0, lead.0, execution.0].iter().flat_map(Uuid::as_bytes).copied().collect();
    named.extend(address.iter().flat_map(|address| address.hash));
    named
}

/// Leavers of whom it is remembered that they have left a moment ago.
const REMEMBERED: u64 = 10_000;

/// Takes people out.
#[derive(Clone)]
pub struct UnsubscribeService {
    context: Context,
    gone: BriefMemory<Leaver, ()>,
    /// Of requests of one leaver, one is worked on: the others are answered by what it has done.
    at_work: KeyedLimit<Leaver>,
}

impl UnsubscribeService {
    /// Nobody has left yet.
    #[must_use]
    pub fn new(context: Context) -> Self {
        let gone = BriefMemory::new(REMEMBERED, Arc::clone(&context.clock));
        Self { context, gone, at_work: KeyedLimit::new(1) }
    }

    /// Whether a token is one of ours. Nothing is done.
    ///
    /// # Errors
    /// `unsubscribe_link_not_found`.
    pub fn check(&self, token: &str) -> Result<Leaver> {
        self.context.links.unsubscribe.read(token).ok_or_else(|| AppError::not_found("unsubscribe link"))
    }

    /// Sees to it that nobody of the organization writes to the person again. Done twice it is as good as once, and costs the database no more:
    /// whoever repeats it is answered by what was done a moment ago.
    ///
    /// # Errors
    /// `unsubscribe_link_not_found`; 503 `organization_busy` if too many leave at once; the database's.
    pub async fn leave(&self, token: &str) -> Result<()> {
        let leaver = self.check(token)?;
        let _place = self.at_work.enter(leaver.clone()).await;
        if self.gone.recall(&leaver).is_some() {
            return Ok(());
        }
        let (asked, now) = (self.gone.asking(), self.context.campaign_clock.now());
        let mut tx = self.context.db.begin_leaving(leaver.organization, now).await?;
        tx.suppressions().lock().await?;
        take_out(&mut tx, &self.context.suppression_keys, &leaver).await?;
        tx.commit().await?;
        self.gone.keep(leaver, (), asked);
        Ok(())
    }
}

/// Bars the address that the mail went to, and the one that the person has by now, and ends every way of the lead's that is still there. To be called
/// with the organization's suppressions locked.
pub(super) async fn take_out(tx: &mut OrgTx, keys: &SuppressionKeys, leaver: &Leaver) -> Result<()> {
    let mut addresses = tx.sent_mails().recipients(leaver.execution).await?;
    let lead = tx.leads().find(leaver.lead).await?;
    addresses.extend(lead.as_ref().and_then(|lead| lead.email.clone()));
    keep_unsubscribe(tx, keys, &addresses, leaver.address.as_ref()).await?;
    match lead {
        Some(lead) => end_unsubscribed(tx, &lead).await,
        None => Ok(()),
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
        links(&[1]).leaver((id(1).into(), id(2).into(), id(3).into()), "Anna@Lead.example")
    }

    #[test]
    fn a_link_is_read_and_no_changed_one_is() {
        let links = links(&[1]);
        let link = links.link(&"https://api.example/".parse().unwrap(), &leaver()).unwrap();
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
        let url = links.mail("anna+x@sender.example", &leaver()).unwrap();
        assert!(url.as_str().starts_with("mailto:anna+x@sender.example?subject=unsubscribe%20"), "{url}");
        let (_, subject) = url.query_pairs().next().unwrap();
        assert_eq!(links.read_subject(&subject), Some(leaver()));
        assert_eq!(links.read_subject(&format!(" Unsubscribe  {} ", links.token(&leaver()))), Some(leaver()));
        for wrong in ["unsubscribe", "unsubscribe me", &format!("Re: {subject}"), &format!("{subject}A"), ""] {
            assert_eq!(links.read_subject(wrong), None, "{wrong}");
        }
        assert_eq!(links.mail("a?b@sender.example", &leaver()), None);
    }

    #[test]
    fn a_link_outlives_the_rotation_of_keys() {
        let token = links(&[1]).token(&leaver());
        assert_eq!(
            links(&[2, 1]).read(&token),
            Some(leaver()),
            "with the name of the key that the address was hashed under"
        );
        assert_eq!(links(&[2]).read(&token), None);
    }

    #[test]
    fn a_link_that_names_no_address_is_read_too() {
        let links = links(&[1]);
        let without = Leaver { address: None, ..leaver() };
        assert_eq!(links.read(&links.token(&without)), Some(without));
    }
}
