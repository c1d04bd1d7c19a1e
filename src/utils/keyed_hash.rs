//! Keyed hashes: who holds the key finds a value again without keeping it, and nobody else can tell from the hash what it was.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    hkdf::{HKDF_SHA256, Salt},
    hmac,
};
use secrecy::{ExposeSecret, SecretBox};

use super::crypto::{CryptoError, key_id};

/// A hash.
pub type KeyedHash = [u8; 32];

/// Hashes values by HMAC-SHA-256 under keys that are derived from the service's own, for one purpose only.
#[derive(Clone)]
pub struct KeyedHasher(Arc<[HashKey]>);

struct HashKey {
    id: String,
    key: hmac::Key,
}

impl fmt::Debug for KeyedHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

impl KeyedHasher {
    /// A hasher for `purpose`, which keeps its hashes apart from those for any other. New values are hashed under the first of `keys`; all
    /// are looked under, so that a key can be replaced while hashes under the old one remain.
    ///
    /// # Errors
    /// `keys` is empty.
    pub fn new(keys: &[Arc<SecretBox<[u8; 32]>>], purpose: &str) -> Result<Self, CryptoError> {
        if keys.is_empty() {
            return Err(CryptoError::NoKey);
        }
        let derived = keys.iter().map(|key| {
            let extracted = Salt::new(HKDF_SHA256, b"clento keyed hash").extract(key.expose_secret());
            let info = [purpose.as_bytes()];
            let expanded = extracted.expand(&info, hmac::HMAC_SHA256).map_err(|_| CryptoError::NoKey)?;
            Ok(HashKey { id: key_id(key), key: expanded.into() })
        });
        derived.collect::<Result<Vec<_>, _>>().map(|keys| Self(keys.into()))
    }

    /// The value's hash under the newest key, and that key's name.
    #[must_use]
    pub fn newest(&self, value: &[&[u8]]) -> (&str, KeyedHash) {
        // There is a first key: `new` sees to it.
        let Some(first) = self.0.first() else { return ("", [0; 32]) };
        (&first.id, first.hash(value))
    }

    /// The value's hash under each key, the newest first. The parts are hashed one after the other: make sure that no two values have
    /// parts which together are the same.
    pub fn each<'h>(&'h self, value: &'h [&'h [u8]]) -> impl Iterator<Item = KeyedHash> + 'h {
        self.0.iter().map(move |key| key.hash(value))
    }

    /// The names of the keys.
    #[must_use]
    pub fn key_ids(&self) -> Vec<String> {
        self.0.iter().map(|key| key.id.clone()).collect()
    }
}

impl HashKey {
    fn hash(&self, value: &[&[u8]]) -> KeyedHash {
        let mut context = hmac::Context::with_key(&self.key);
        for part in value {
            context.update(part);
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(context.sign().as_ref());
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher(keys: &[u8], purpose: &str) -> KeyedHasher {
        let keys: Vec<_> = keys.iter().map(|byte| Arc::new(SecretBox::new(Box::new([*byte; 32])))).collect();
        KeyedHasher::new(&keys, purpose).unwrap()
    }

    #[test]
    fn a_hash_depends_on_key_purpose_and_value_and_on_nothing_else() {
        let (_, hash) = hasher(&[1], "p").newest(&[b"a", b"b"]);
        assert_eq!(hasher(&[1], "p").newest(&[b"ab"]).1, hash);
        assert_ne!(hasher(&[2], "p").newest(&[b"ab"]).1, hash);
        assert_ne!(hasher(&[1], "q").newest(&[b"ab"]).1, hash);
        assert_ne!(hasher(&[1], "p").newest(&[b"abc"]).1, hash);
    }

    #[test]
    fn a_key_is_replaced_while_hashes_under_the_old_one_are_still_found() {
        let (old, both) = (hasher(&[1], "p"), hasher(&[2, 1], "p"));
        let (old_key, before) = old.newest(&[b"a"]);
        let (new_key, after) = both.newest(&[b"a"]);
        assert_ne!((old_key, before), (new_key, after));
        assert_eq!(both.each(&[b"a"]).collect::<Vec<_>>(), [after, before]);
        assert_eq!(both.key_ids(), [new_key, old_key]);
        assert_eq!(format!("{both:?}"), format!("[{new_key:?}, {old_key:?}]"), "no key shows when printed");
    }

    #[test]
    fn no_key_no_hash() {
        assert_eq!(KeyedHasher::new(&[], "p").unwrap_err(), CryptoError::NoKey);
    }
}
