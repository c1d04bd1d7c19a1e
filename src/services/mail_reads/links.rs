//! What stands in a mail so that its being fetched is seen. A token names the mail, and a link's token where it leads: nothing that a caller
//! adds decides that, so that no link of ours leads anywhere but where the mail's writer said.

use std::{fmt, sync::Arc};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretBox;
use url::Url;
use uuid::Uuid;

use crate::{
    models::MailMark,
    utils::{crypto::CryptoError, keyed_hash::KeyedHasher},
};

/// How much of the HMAC stands in a token, in bytes: nobody guesses 128 bits.
const HASH: usize = 16;
/// The ids of organization and attempt, and which link, in bytes.
const NAMED: usize = 34;
/// The longest target, in bytes: what leads there through us is a third longer, and every browser and server takes 4,000.
const LONGEST: usize = 2_000;

/// Makes and reads tokens, under a key derived from the service's own. One that was made under an older key is read as long as that key is
/// configured.
#[derive(Clone)]
pub struct ReadLinks(KeyedHasher);

impl fmt::Debug for ReadLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReadLinks").finish_non_exhaustive()
    }
}

impl ReadLinks {
    /// Tokens under `keys`.
    ///
    /// # Errors
    /// `keys` is empty.
    pub fn new(keys: &[Arc<SecretBox<[u8; 32]>>]) -> Result<Self, CryptoError> {
        KeyedHasher::new(keys, "mail reads").map(Self)
    }

    /// The picture of a mail.
    #[must_use]
    pub fn picture(&self, base: &Url, mark: &MailMark) -> Option<Url> {
        base.join(&format!("o/{}", self.token(mark, ""))).ok()
    }

    /// A link of a mail that leads to `target`, which must be an address of the web.
    #[must_use]
    pub fn link(&self, base: &Url, mark: &MailMark, target: &str) -> Option<Url> {
        Self::leads(target)?;
        base.join(&format!("l/{}", self.token(mark, target))).ok()
    }

    /// Where `target` leads, if that is the web and no longer than a link may be.
    #[must_use]
    pub fn leads(target: &str) -> Option<Url> {
        let url = Url::parse(target).ok().filter(|_| target.len() <= LONGEST)?;
        (matches!(url.scheme(), "http" | "https") && url.as_str().len() <= LONGEST).then_some(url)
    }

    fn token(&self, mark: &MailMark, target: &str) -> String {
        let MailMark { organization, step, link } = mark;
        let mut bytes = Vec::with_capacity(NAMED + target.len() + HASH);
        bytes.extend_from_slice(organization.0.as_bytes());
        bytes.extend_from_slice(step.0.as_bytes());
        bytes.extend_from_slice(&link.to_be_bytes());
        bytes.extend_from_slice(target.as_bytes());
        let (_, hash) = self.0.newest(&[&bytes]);
        bytes.extend_from_slice(&hash[..HASH]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Which mail's picture a token is, if it is one of ours.
    #[must_use]
    pub fn read_picture(&self, token: &str) -> Option<MailMark> {
        let (mark, target) = self.read(token)?;
        (mark.link == 0 && target.is_empty()).then_some(mark)
    }

    /// Which mail's link a token is, and where it leads, if it is one of ours.
    #[must_use]
    pub fn read_link(&self, token: &str) -> Option<(MailMark, Url)> {
        let (mark, target) = self.read(token)?;
        (mark.link > 0).then_some((mark, Self::leads(&target)?))
    }

    fn read(&self, token: &str) -> Option<(MailMark, String)> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok().filter(|bytes| bytes.len() >= NAMED + HASH)?;
        let (said, hash) = bytes.split_at(bytes.len() - HASH);
        let ours = self.0.each(&[said]).any(|our| verify_slices_are_equal(&our[..HASH], hash).is_ok());
        let (named, target) = said.split_at_checked(NAMED).filter(|_| ours)?;
        let id = |at: usize| named.get(at..at + 16).and_then(|id| Uuid::from_slice(id).ok());
        let link = i16::from_be_bytes(*named.last_chunk()?);
        let mark = MailMark { organization: id(0)?.into(), step: id(16)?.into(), link };
        Some((mark, String::from_utf8(target.to_vec()).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn links(keys: &[u8]) -> ReadLinks {
        let keys: Vec<_> = keys.iter().map(|byte| Arc::new(SecretBox::new(Box::new([*byte; 32])))).collect();
        ReadLinks::new(&keys).unwrap()
    }

    fn mark(link: i16) -> MailMark {
        MailMark { organization: Uuid::from_u128(1).into(), step: Uuid::from_u128(2).into(), link }
    }

    fn base() -> Url {
        "https://api.example/".parse().unwrap()
    }

    #[test]
    fn a_token_is_read_as_what_it_is_and_no_changed_one_is() {
        let links = links(&[1]);
        let picture = links.token(&mark(0), "");
        let link = links.token(&mark(3), "https://a.example/x?y=1&z=ü");
        assert_eq!(links.read_picture(&picture), Some(mark(0)));
        let (read, target) = links.read_link(&link).unwrap();
        assert_eq!((read, target.as_str()), (mark(3), "https://a.example/x?y=1&z=%C3%BC"));
        assert_eq!((links.read_picture(&link), links.read_link(&picture)), (None, None), "each for its purpose");
        for token in [picture, link] {
            let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
            for at in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[at] ^= 1;
                assert_eq!(links.read(&URL_SAFE_NO_PAD.encode(changed)), None, "byte {at}");
            }
            for wrong in [&token[1..], &token[..token.len() - 4], &format!("{token}AAAA")] {
                assert_eq!(links.read(wrong), None, "{wrong}");
            }
        }
    }

    #[test]
    fn only_the_web_is_led_to() {
        let links = links(&[1]);
        for wrong in
            ["javascript:x()", "mailto:a@b.example", "#top", "data:text/html,x", "//a.example", "ftp://a.example", ""]
        {
            assert_eq!(links.link(&base(), &mark(1), wrong), None, "{wrong}");
            assert_eq!(links.read_link(&links.token(&mark(1), wrong)), None, "{wrong}, though it were ours");
        }
        assert_eq!(links.link(&base(), &mark(1), &format!("https://a.example/{}", "x".repeat(LONGEST))), None);
        assert!(
            links.link(&base(), &mark(1), "http://a.example").unwrap().as_str().starts_with("https://api.example/l/")
        );
    }

    #[test]
    fn tokens_outlive_the_rotation_of_keys_and_serve_no_other_purpose() {
        let token = links(&[1]).token(&mark(0), "");
        assert_eq!(links(&[2, 1]).read_picture(&token), Some(mark(0)));
        assert_eq!(links(&[2]).read_picture(&token), None);
    }

    proptest! {
        #[test]
        fn whatever_is_asked_for_nothing_is_read_that_was_not_made(token in "[A-Za-z0-9_-]{0,200}") {
            prop_assert_eq!(links(&[1]).read(&token), None);
        }
    }
}
