//! The hashes by which suppressions are found.

use std::sync::Arc;

use secrecy::SecretBox;

use crate::{
    models::{NewLead, OrganizationId, SuppressionKey, SuppressionKind, SuppressionTarget},
    utils::{
        crypto::CryptoError,
        domain,
        email::NormalizedEmail,
        keyed_hash::{KeyedHash, KeyedHasher},
    },
};

/// Computes the hashes by which suppressions are found. A hash covers organization, kind and value, so that what one organization has cannot
/// be compared with what another has.
#[derive(Debug, Clone)]
pub struct SuppressionKeys(KeyedHasher);

/// An address that is told apart by its hash alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HashedAddress {
    /// The name of the key.
    pub key_id: String,
    /// What a suppression of the address is found by.
    pub hash: KeyedHash,
}

impl SuppressionKeys {
    /// Hashes under keys derived from the service's own; the first is for new suppressions, all for finding them.
    ///
    /// # Errors
    /// `keys` is empty.
    pub fn new(keys: &[Arc<SecretBox<[u8; 32]>>]) -> Result<Self, CryptoError> {
        KeyedHasher::new(keys, "suppressions").map(Self)
    }

    /// The names of the service's keys that suppressions are found under.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        self.0.key_ids()
    }

    /// The hash that a new suppression is stored with, and the name of its key.
    pub(super) fn newest(&self, organization: OrganizationId, target: &SuppressionTarget) -> (String, KeyedHash) {
        let (key_id, hash) = self.0.newest(&parts(&organization, target.kind, &target.value));
        (key_id.to_owned(), hash)
    }

    /// The same of an address, if it is one.
    #[must_use]
    pub fn of_address(&self, organization: OrganizationId, address: &str) -> Option<HashedAddress> {
        let (key_id, hash) = self.newest(organization, &email_target(address)?);
        Some(HashedAddress { key_id, hash })
    }

    /// Every hash that a suppression of `target` may be stored with.
    #[must_use]
    pub fn of_target(&self, organization: OrganizationId, target: &SuppressionTarget) -> Vec<KeyedHash> {
        self.0.each(&parts(&organization, target.kind, &target.value)).collect()
    }

    /// Every key by which a suppression could bar a person with these addresses, in their normal form: the mailbox, the profile, and each
    /// domain that the mailbox is at or below.
    #[must_use]
    pub fn of_person(
        &self,
        organization: OrganizationId,
        email: Option<&str>,
        linkedin_url: Option<&str>,
    ) -> Vec<SuppressionKey> {
        let domain = email.and_then(|email| email.rsplit_once('@')).map(|(_, domain)| domain);
        let mailbox = email.map(|email| (SuppressionKind::Email, email));
        let profile = linkedin_url.map(|profile| (SuppressionKind::LinkedinUrl, profile));
        let domains = domain.into_iter().flat_map(domain::with_parents);
        let values = mailbox.into_iter().chain(profile).chain(domains.map(|domain| (SuppressionKind::Domain, domain)));
        let mut keys = Vec::with_capacity(4);
        for (kind, value) in values {
            keys.extend(self.0.each(&parts(&organization, kind, value)).map(|hash| SuppressionKey { kind, hash }));
        }
        keys
    }

    /// The same of a lead to be.
    #[must_use]
    pub fn of_lead(&self, organization: OrganizationId, lead: &NewLead) -> Vec<SuppressionKey> {
        self.of_person(organization, lead.email.as_deref(), lead.linkedin_url.as_deref())
    }
}

/// What is suppressed to bar an address, if it is one.
pub(in crate::services) fn email_target(address: &str) -> Option<SuppressionTarget> {
    let value = NormalizedEmail::parse(address).ok()?.key().to_owned();
    Some(SuppressionTarget { kind: SuppressionKind::Email, value })
}

/// What is hashed. An id has a fixed length, and no kind has a NUL in it: no two values have the same parts together.
fn parts<'v>(organization: &'v OrganizationId, kind: SuppressionKind, value: &'v str) -> [&'v [u8]; 4] {
    [organization.0.as_bytes(), kind.as_str().as_bytes(), b"\0", value.as_bytes()]
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn keys(bytes: &[u8]) -> SuppressionKeys {
        let keys: Vec<_> = bytes.iter().map(|byte| Arc::new(SecretBox::new(Box::new([*byte; 32])))).collect();
        SuppressionKeys::new(&keys).unwrap()
    }

    fn target(kind: SuppressionKind, value: &str) -> SuppressionTarget {
        SuppressionTarget { kind, value: value.to_owned() }
    }

    #[test]
    fn a_person_is_found_by_mailbox_profile_and_every_domain_above() {
        use SuppressionKind::{Domain, Email, LinkedinUrl};
        let (keys, ours, theirs) = (keys(&[1]), Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
        let profile = "https://www.linkedin.com/in/jane";
        let person = keys.of_person(ours, Some("jane@mail.example.com"), Some(profile));
        let expected = [
            (Email, "jane@mail.example.com"),
            (LinkedinUrl, profile),
            (Domain, "mail.example.com"),
            (Domain, "example.com"),
        ];
        let of = |organization| {
            let key = |(kind, value)| SuppressionKey { kind, hash: keys.newest(organization, &target(kind, value)).1 };
            expected.map(key).to_vec()
        };
        assert_eq!(person, of(ours));
        assert!(person.iter().all(|key| !of(theirs).contains(key)), "another organization's hashes are others");
        assert!(keys.of_person(ours, None, None).is_empty());
    }

    #[test]
    fn what_was_hashed_under_an_older_key_is_looked_for_too() {
        let (old, both, ours) = (keys(&[1]), keys(&[2, 1]), Uuid::from_u128(1).into());
        let target = target(SuppressionKind::Email, "jane@example.com");
        let ((old_id, before), (new_id, after)) = (old.newest(ours, &target), both.newest(ours, &target));
        assert_eq!(both.of_target(ours, &target), [after, before]);
        assert_eq!(both.ids(), [new_id, old_id]);
        let person = both.of_person(ours, Some("jane@example.com"), None);
        assert_eq!(person.len(), 4, "mailbox and domain under both keys");
        assert!(person.iter().any(|key| key.hash == before));
    }
}
