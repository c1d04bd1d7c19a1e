//! Clerk's publishable key, which carries the address of the instance that issues our tokens.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use url::{Host, Url};

/// Keys are written without padding; some hands add it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a publishable key says: which instance issues the tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishableKey {
    /// The `iss` of every session token: `https://` and the Frontend API's host, no slash at the end.
    pub issuer: String,
    /// Whether it is a production instance (`pk_live_`).
    pub live: bool,
}

/// A publishable key that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PublishableKeyError {
    /// Neither `pk_test_` nor `pk_live_`; often a secret key in the wrong place.
    #[error("a publishable key starts with pk_test_ or pk_live_")]
    Prefix,
    /// What follows the prefix is not base64 of text.
    #[error("a publishable key is its prefix and base64")]
    Encoding,
    /// The text inside is not one host name and one `$` at its end.
    #[error("a publishable key holds the host of the Frontend API and a $ at its end")]
    Host,
}

impl PublishableKey {
    /// Reads `pk_test_…` or `pk_live_…`: base64 of `<frontend-api-host>$`, as Clerk's SDK does (`parsePublishableKey`).
    ///
    /// # Errors
    /// [`PublishableKeyError`] says which part is wrong; it does not repeat the key.
    pub fn parse(key: &str) -> Result<Self, PublishableKeyError> {
        let (live, encoded) = match (key.strip_prefix("pk_live_"), key.strip_prefix("pk_test_")) {
            (Some(encoded), _) => (true, encoded),
            (_, Some(encoded)) => (false, encoded),
            _ => return Err(PublishableKeyError::Prefix),
        };
        let text = BASE64.decode(encoded).map_err(|_| PublishableKeyError::Encoding)?;
        let text = String::from_utf8(text).map_err(|_| PublishableKeyError::Encoding)?;
        let host = text.strip_suffix('$').ok_or(PublishableKeyError::Host)?;
        let issuer = format!("https://{host}");
        let url = Url::parse(&issuer).map_err(|_| PublishableKeyError::Host)?;
        // Comparing the parsed host with the text refuses ports, paths, users and a second `$` in one go.
        let plain = matches!(url.host(), Some(Host::Domain(domain)) if domain == host) && host.contains('.');
        if !plain || host.contains('$') || url.port().is_some() {
            return Err(PublishableKeyError::Host);
        }
        Ok(Self { issuer, live })
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD as PADDED, STANDARD_NO_PAD};

    use super::*;

    fn key(prefix: &str, text: &str) -> String {
        format!("{prefix}{}", STANDARD_NO_PAD.encode(text))
    }

    #[test]
    fn a_key_names_its_issuer() {
        let read = PublishableKey::parse(&key("pk_test_", "happy-cat-12.clerk.accounts.dev$")).unwrap();
        assert_eq!(read.issuer, "https://happy-cat-12.clerk.accounts.dev");
        assert!(!read.live);
        let padded = format!("pk_live_{}", PADDED.encode("clerk.clento.example$"));
        let read = PublishableKey::parse(&padded).unwrap();
        assert!(read.live);
        assert_eq!(read.issuer, "https://clerk.clento.example");
    }

    #[test]
    fn what_is_not_a_key_is_refused() {
        use PublishableKeyError::{Encoding, Host, Prefix};
        let table = [
            ("sk_test_abc".to_owned(), Prefix),
            (String::new(), Prefix),
            ("pk_test_%%%".to_owned(), Encoding),
            ("pk_test_".to_owned(), Host),
            (key("pk_test_", "clerk.clento.example"), Host),
            (key("pk_test_", "clerk.clento.example$$"), Host),
            (key("pk_test_", "a$b.example$"), Host),
            (key("pk_test_", "localhost$"), Host),
            (key("pk_test_", "clerk.example/path$"), Host),
            (key("pk_test_", "user@clerk.example$"), Host),
            (key("pk_test_", "clerk.example:8443$"), Host),
            (key("pk_test_", "127.0.0.1$"), Host),
            (key("pk_test_", " clerk.example$"), Host),
        ];
        for (text, expected) in table {
            assert_eq!(PublishableKey::parse(&text), Err(expected), "{text}");
        }
    }
}
