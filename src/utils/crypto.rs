//! Envelope encryption for secrets at rest: AES-256-GCM under a random key for each value, and that key sealed by one of the service's
//! own. A sealed value is bound to its place: copied into another row, column or organization, it does not open.

use std::{fmt, sync::Arc};

use aes_gcm::{
    Aes256Gcm, Key,
    aead::{Aead, Generate, KeyInit, Nonce, Payload},
};
use secrecy::{ExposeSecret, SecretBox, SecretSlice};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A key of 256 bits that does not show itself.
type SecretKey = SecretBox<[u8; 32]>;

/// The length of a nonce, in bytes. It stands before what it was used for.
const NONCE: usize = 12;

/// Why a value could not be sealed or opened. It says nothing of the value or of the keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// There is no key to seal with.
    #[error("no encryption key is configured")]
    NoKey,
    /// The value was sealed by a key that is no longer configured.
    #[error("the secret was sealed by key {0}, which ENCRYPTION_KEY does not hold")]
    UnknownKey(String),
    /// The value was changed, or stands in another place than the one it was sealed for.
    #[error("the secret does not open: it was changed, or sealed for another place")]
    Damaged,
    /// The machine gives no random numbers.
    #[error("no random numbers can be had")]
    NoRandomness,
}

/// Where a sealed value stands, and the only place where it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The organization that owns it.
    pub organization: Uuid,
    /// The table.
    pub table: &'static str,
    /// The row's id.
    pub row: Uuid,
    /// The column.
    pub column: &'static str,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { organization, table, row, column } = self;
        write!(f, "{organization}|{table}|{row}|{column}")
    }
}

/// A sealed value as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The nonce and the value, sealed by the data key.
    pub ciphertext: Vec<u8>,
    /// The nonce and the data key, sealed by a key of the service.
    pub data_key: Vec<u8>,
    /// Which key of the service that is.
    pub key_id: String,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// Seals and opens values with the service's keys.
#[derive(Clone)]
pub struct Cipher(Arc<[ServiceKey]>);

struct ServiceKey {
    id: String,
    key: Arc<SecretKey>,
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

impl Cipher {
    /// A cipher whose first key seals; all of them open, so that a key can be replaced while values sealed by the old one remain.
    ///
    /// # Errors
    /// `keys` is empty.
    pub fn new(keys: &[Arc<SecretKey>]) -> Result<Self, CryptoError> {
        if keys.is_empty() {
            return Err(CryptoError::NoKey);
        }
        Ok(Self(keys.iter().map(|key| ServiceKey { id: key_id(key), key: Arc::clone(key) }).collect()))
    }

    /// The name of the key that seals.
    #[must_use]
    pub fn sealing_key(&self) -> &str {
        self.0.first().map_or("", |key| &key.id)
    }

    /// Seals `value` for `place`.
    ///
    /// # Errors
    /// The machine gives no random numbers.
    pub fn seal(&self, place: Place, value: &[u8]) -> Result<Sealed, CryptoError> {
        let service_key = self.0.first().ok_or(CryptoError::NoKey)?;
        let data_key = SecretKey::try_init_with(Generate::try_generate).map_err(|_| CryptoError::NoRandomness)?;
        Ok(Sealed {
            ciphertext: encrypt(&data_key, value, &place.to_string())?,
            data_key: encrypt(&service_key.key, data_key.expose_secret(), &key_place(place, &service_key.id))?,
            key_id: service_key.id.clone(),
        })
    }

    /// Opens what was sealed for `place`.
    ///
    /// # Errors
    /// Its key is not configured, or it was changed or sealed for another place.
    pub fn open(&self, place: Place, sealed: &Sealed) -> Result<SecretSlice<u8>, CryptoError> {
        let Sealed { ciphertext, data_key, key_id } = sealed;
        let service_key = self.0.iter().find(|key| key.id == *key_id);
        let service_key = service_key.ok_or_else(|| CryptoError::UnknownKey(key_id.clone()))?;
        let data_key = decrypt(&service_key.key, data_key, &key_place(place, key_id))?;
        let data_key: [u8; 32] = data_key.expose_secret().try_into().map_err(|_| CryptoError::Damaged)?;
        decrypt(&SecretKey::new(Box::new(data_key)), ciphertext, &place.to_string())
    }
}

/// A name for a key that does not tell the key: keys are random, so a hash cannot be guessed back.
pub(super) fn key_id(key: &SecretKey) -> String {
    let hash = Sha256::new().chain_update(b"clento key id\0").chain_update(key.expose_secret()).finalize();
    hex::encode(&hash[..8])
}

/// What a sealed data key is bound to.
fn key_place(place: Place, key_id: &str) -> String {
    format!("{place}|{key_id}")
}

fn cipher(key: &SecretKey) -> Aes256Gcm {
    Aes256Gcm::new(<&Key<Aes256Gcm>>::from(key.expose_secret()))
}

fn encrypt(key: &SecretKey, value: &[u8], bound_to: &str) -> Result<Vec<u8>, CryptoError> {
    let nonce = Nonce::<Aes256Gcm>::try_generate().map_err(|_| CryptoError::NoRandomness)?;
    let payload = Payload { msg: value, aad: bound_to.as_bytes() };
    let sealed = cipher(key).encrypt(&nonce, payload).map_err(|_| CryptoError::Damaged)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn decrypt(key: &SecretKey, sealed: &[u8], bound_to: &str) -> Result<SecretSlice<u8>, CryptoError> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(CryptoError::Damaged)?;
    let payload = Payload { msg: sealed, aad: bound_to.as_bytes() };
    let value = cipher(key).decrypt(<&Nonce<Aes256Gcm>>::from(nonce), payload).map_err(|_| CryptoError::Damaged)?;
    Ok(SecretSlice::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = br#"{"password":"hunter2"}"#;

    fn key(byte: u8) -> Arc<SecretKey> {
        Arc::new(SecretKey::new(Box::new([byte; 32])))
    }

    fn cipher_of(keys: &[u8]) -> Cipher {
        Cipher::new(&keys.iter().copied().map(key).collect::<Vec<_>>()).unwrap()
    }

    fn place() -> Place {
        Place {
            organization: Uuid::from_u128(1),
            table: "connected_accounts",
            row: Uuid::from_u128(2),
            column: "credentials",
        }
    }

    fn opened(cipher: &Cipher, place: Place, sealed: &Sealed) -> Result<Vec<u8>, CryptoError> {
        cipher.open(place, sealed).map(|value| value.expose_secret().to_vec())
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_and_nowhere_else() {
        let cipher = cipher_of(&[1]);
        let sealed = cipher.seal(place(), SECRET).unwrap();
        assert_eq!(opened(&cipher, place(), &sealed).unwrap(), SECRET);
        for elsewhere in [
            Place { organization: Uuid::from_u128(9), ..place() },
            Place { table: "api_keys", ..place() },
            Place { row: Uuid::from_u128(9), ..place() },
            Place { column: "token", ..place() },
        ] {
            assert_eq!(opened(&cipher, elsewhere, &sealed), Err(CryptoError::Damaged), "{elsewhere}");
        }
    }

    #[test]
    fn nothing_is_sealed_twice_the_same() {
        let cipher = cipher_of(&[1]);
        let (one, two) = (cipher.seal(place(), SECRET).unwrap(), cipher.seal(place(), SECRET).unwrap());
        assert_ne!(one.ciphertext, two.ciphertext);
        assert_ne!(one.data_key, two.data_key);
        // Nor does the data key of one value open another.
        let mixed = Sealed { data_key: two.data_key, ..one };
        assert_eq!(opened(&cipher, place(), &mixed), Err(CryptoError::Damaged));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let cipher = cipher_of(&[1]);
        let sealed = cipher.seal(place(), SECRET).unwrap();
        for at in 0..sealed.ciphertext.len() {
            let mut changed = sealed.clone();
            changed.ciphertext[at] ^= 1;
            assert_eq!(opened(&cipher, place(), &changed), Err(CryptoError::Damaged), "ciphertext, byte {at}");
        }
        for at in 0..sealed.data_key.len() {
            let mut changed = sealed.clone();
            changed.data_key[at] ^= 1;
            assert_eq!(opened(&cipher, place(), &changed), Err(CryptoError::Damaged), "data key, byte {at}");
        }
        for length in [0, 1, NONCE, sealed.ciphertext.len() - 1] {
            let mut cut = sealed.clone();
            cut.ciphertext.truncate(length);
            assert_eq!(opened(&cipher, place(), &cut), Err(CryptoError::Damaged), "cut to {length}");
        }
    }

    #[test]
    fn a_key_is_replaced_without_losing_what_the_old_one_sealed() {
        let (old, both, new) = (cipher_of(&[1]), cipher_of(&[2, 1]), cipher_of(&[2]));
        let before = old.seal(place(), SECRET).unwrap();
        assert_eq!(opened(&both, place(), &before).unwrap(), SECRET);
        assert_eq!(opened(&new, place(), &before), Err(CryptoError::UnknownKey(before.key_id.clone())));
        let after = both.seal(place(), SECRET).unwrap();
        assert_ne!(after.key_id, before.key_id, "the first key seals");
        assert_eq!(opened(&new, place(), &after).unwrap(), SECRET);
        // A key that is called like the right one does not open either.
        let renamed = Sealed { key_id: after.key_id.clone(), ..before };
        assert_eq!(opened(&both, place(), &renamed), Err(CryptoError::Damaged));
    }

    #[test]
    fn no_key_no_cipher() {
        assert_eq!(Cipher::new(&[]).unwrap_err(), CryptoError::NoKey);
    }

    #[test]
    fn nothing_shows_when_printed() {
        let cipher = cipher_of(&[0x41]);
        let sealed = cipher.seal(place(), SECRET).unwrap();
        let printed = format!("{cipher:?} {sealed:?} {:?}", cipher.open(place(), &sealed).unwrap());
        assert!(printed.contains(&sealed.key_id), "{printed}");
        for secret in ["65, 65", "AAAA", "hunter2"] {
            assert!(!printed.contains(secret), "{printed}");
        }
        assert!(!printed.contains(&format!("{:?}", &sealed.ciphertext[..4])[1..]), "{printed}");
    }
}
