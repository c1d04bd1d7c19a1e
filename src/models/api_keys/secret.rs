//! The text that a key is presented by: `clento_sk_`, 32 random characters, and a checksum of both. The prefix lets scanners of source
//! code find a key that was leaked; the checksum tells a mistyped or made-up one without asking the database.

use std::fmt;

use rand::distr::{Alphanumeric, SampleString as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

/// The digits of the checksum; the random characters are of the same 62.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Random characters: 190 bits. Of these the last four of the text, which are shown, tell no more than 24.
const RANDOM: usize = 32;
/// Characters of the checksum: as many as a CRC-32 needs.
const CHECKSUM: usize = 6;

/// The secret of a key, in the clear. It does not show itself.
#[derive(Clone)]
pub struct ApiKeySecret(SecretString);

/// What is stored of a secret.
///
/// Hashes are looked up in an index and not compared here, and what time the look-up takes tells about the hash of what was sent, which
/// its sender knows. So there is nothing for a comparison in constant time to protect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApiKeyHash(pub [u8; 32]);

impl ApiKeySecret {
    /// What every key begins with.
    pub const PREFIX: &'static str = "clento_sk_";

    /// A new secret, from the operating system's randomness by way of a cryptographic generator.
    #[must_use]
    pub fn draw() -> Self {
        let mut text = Self::PREFIX.to_owned();
        Alphanumeric.append_string(&mut rand::rng(), &mut text, RANDOM);
        text.extend(checksum(&text));
        Self(SecretString::from(text))
    }

    /// What was sent, if it can be a key: whether it is one, only the database knows.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let random = text.strip_prefix(Self::PREFIX)?;
        let formed = random.len() == RANDOM + CHECKSUM && random.bytes().all(|b| b.is_ascii_alphanumeric());
        let (message, told) = text.split_at_checked(text.len().checked_sub(CHECKSUM)?)?;
        (formed && checksum(message).eq(told.chars())).then(|| Self(SecretString::from(text)))
    }

    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> ApiKeyHash {
        ApiKeyHash(Sha256::digest(self.0.expose_secret()).into())
    }

    /// What people tell it by.
    #[must_use]
    pub fn last_four(&self) -> String {
        let text = self.0.expose_secret();
        text.get(text.len().saturating_sub(4)..).unwrap_or_default().to_owned()
    }

    /// The secret itself, to be shown once.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for ApiKeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…{}", Self::PREFIX, self.last_four())
    }
}

/// The CRC-32 of `message`, in six digits to the base of 62, the highest first.
fn checksum(message: &str) -> impl Iterator<Item = char> + use<> {
    let sum = crc32fast::hash(message.as_bytes());
    let digit = move |place: u32| {
        let digit = usize::try_from(u64::from(sum) / 62u64.pow(place) % 62).unwrap_or_default();
        char::from(DIGITS.get(digit).copied().unwrap_or_default())
    };
    (0..6).rev().map(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_read_and_never_drawn_twice() {
        let (one, two) = (ApiKeySecret::draw(), ApiKeySecret::draw());
        assert_ne!(one.expose(), two.expose());
        assert_eq!(one.expose().len(), 48);
        let read = ApiKeySecret::parse(one.expose()).unwrap();
        assert_eq!(read.hash(), one.hash());
        assert_ne!(read.hash(), two.hash());
        assert!(one.expose().ends_with(&one.last_four()));
    }

    #[test]
    fn the_format_is_what_others_can_check() {
        // Made by Python: zlib.crc32 of all but the last six characters.
        let known = "clento_sk_00000000000000000000000000000000";
        let sum: String = checksum(known).collect();
        assert_eq!(sum, "31S6KW");
        assert!(ApiKeySecret::parse(&format!("{known}{sum}")).is_some());
    }

    #[test]
    fn every_slip_of_the_pen_is_noticed() {
        let secret = ApiKeySecret::draw();
        let text = secret.expose();
        for at in 0..text.len() {
            let mut slipped = text.as_bytes().to_vec();
            slipped[at] = if slipped[at] == b'x' { b'y' } else { b'x' };
            assert!(ApiKeySecret::parse(std::str::from_utf8(&slipped).unwrap()).is_none(), "at {at}");
        }
        let (cut, longer) = (&text[..47], format!("{text}0"));
        let accented = text.replacen(&text[10..12], "é", 1);
        for wrong in
            ["", "clento_sk_", "clento_sk_ü", cut, &longer, &accented, &format!(" {text}"), &text.to_uppercase()]
        {
            assert!(ApiKeySecret::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn it_does_not_show_itself() {
        let secret = ApiKeySecret::draw();
        assert_eq!(format!("{secret:?}"), format!("clento_sk_…{}", secret.last_four()));
    }
}
