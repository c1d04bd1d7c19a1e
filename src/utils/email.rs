//! E-mail addresses: one key for each mailbox, and the address as it was given to write to.

use email_address::EmailAddress;

use super::{domain, refusal::Refusal, text};

/// The longest address that can be on an envelope, in octets (RFC 5321, 4.5.3.1.3, less the angle brackets).
const MAX: usize = 254;

const EMPTY: Refusal = Refusal::new("email_empty", "An e-mail address is missing.");
const TOO_LONG: Refusal = Refusal::new("email_too_long", "An e-mail address has at most 254 characters.");
const NO_AT: Refusal = Refusal::new("email_without_at", "An e-mail address has an `@`.");
const DISPLAY_NAME: Refusal =
    Refusal::new("email_with_name", "The address alone is wanted, without a name or angle brackets.");
const QUOTED: Refusal = Refusal::new("email_quoted", "Addresses with quotation marks are not supported.");
const IP_DOMAIN: Refusal = Refusal::new("email_ip_domain", "Addresses at an IP address are not supported.");
const LOCAL: Refusal = Refusal::new("email_invalid_local_part", "The part before the `@` is not valid.");
const DOMAIN: Refusal = Refusal::new("email_invalid_domain", "The part after the `@` is not a public domain name.");

/// An address in a form that can be written to, and the key by which two spellings of it are one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NormalizedEmail {
    address: String,
    at: usize,
    key: String,
}

impl NormalizedEmail {
    /// Reads an address. The local part is kept as given, since its owner's server alone knows what it means; the domain is lower-cased
    /// and in Punycode. Dots and `+tags` stay: `j.doe+news` and `jdoe` may be two people.
    ///
    /// # Errors
    /// `email_empty`, `email_too_long`, `email_without_at`, `email_with_name`, `email_quoted`, `email_ip_domain`,
    /// `email_invalid_local_part`, `email_invalid_domain`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let text = without_scheme(text::trim(text));
        if text.is_empty() {
            return Err(EMPTY);
        }
        if text.contains(['<', '>']) {
            return Err(DISPLAY_NAME);
        }
        let (local, host) = text.rsplit_once('@').ok_or(NO_AT)?;
        if text.contains('"') {
            return Err(QUOTED);
        }
        if text.len() > 4 * MAX {
            return Err(TOO_LONG);
        }
        if host.starts_with('[') {
            return Err(IP_DOMAIN);
        }
        if !EmailAddress::is_valid_local_part(local) || local.chars().any(text::is_invisible) {
            return Err(LOCAL);
        }
        let host = domain::to_ascii(host).map_err(|_| DOMAIN)?;
        let address = format!("{local}@{host}");
        if address.len() > MAX {
            return Err(TOO_LONG);
        }
        let key = text::fold(&address).into_owned();
        Ok(Self { at: local.len(), address, key })
    }

    /// The address to write to.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The domain, in ASCII.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.address[self.at + 1..]
    }

    /// The key: two addresses that differ in capitals only are one.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The address and the key.
    #[must_use]
    pub fn into_parts(self) -> (String, String) {
        (self.address, self.key)
    }
}

/// Spreadsheets export linked addresses with their scheme.
fn without_scheme(text: &str) -> &str {
    match text.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => text[7..].trim_start(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_kept_and_its_key_is_one() {
        for (text, address, key) in [
            ("jane@example.com", "jane@example.com", "jane@example.com"),
            (" Jane.Doe+News@EXAMPLE.com\n", "Jane.Doe+News@example.com", "jane.doe+news@example.com"),
            ("\u{feff}jane@example.com.", "jane@example.com", "jane@example.com"),
            ("mailto:Jane@Example.com", "Jane@example.com", "jane@example.com"),
            ("jane@müller.de", "jane@xn--mller-kva.de", "jane@xn--mller-kva.de"),
            ("jane@MÜLLER.de", "jane@xn--mller-kva.de", "jane@xn--mller-kva.de"),
            ("JÖRG@example.com", "JÖRG@example.com", "jörg@example.com"),
            ("o'neil_a-b@sub.example.co.uk", "o'neil_a-b@sub.example.co.uk", "o'neil_a-b@sub.example.co.uk"),
            (
                "a!#$%&'*+-/=?^_`{|}~@example.com",
                "a!#$%&'*+-/=?^_`{|}~@example.com",
                "a!#$%&'*+-/=?^_`{|}~@example.com",
            ),
        ] {
            let email = NormalizedEmail::parse(text).unwrap();
            assert_eq!((email.address(), email.key()), (address, key), "{text}");
            assert_eq!(Some(email.domain()), address.rsplit_once('@').map(|(_, domain)| domain));
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_a_reason() {
        for (text, code) in [
            ("", "email_empty"),
            (" \u{200b} ", "email_empty"),
            ("mailto:", "email_empty"),
            ("jane", "email_without_at"),
            ("jane.example.com", "email_without_at"),
            ("Jane Doe <jane@example.com>", "email_with_name"),
            ("<jane@example.com>", "email_with_name"),
            ("\"jane doe\"@example.com", "email_quoted"),
            ("jane@[127.0.0.1]", "email_ip_domain"),
            ("jane@127.0.0.1", "email_invalid_domain"),
            ("jane@localhost", "email_invalid_domain"),
            ("jane@exam ple.com", "email_invalid_domain"),
            ("jane@example..com", "email_invalid_domain"),
            ("jane@", "email_invalid_domain"),
            ("@example.com", "email_invalid_local_part"),
            ("jane doe@example.com", "email_invalid_local_part"),
            ("jane@doe@example.com", "email_invalid_local_part"),
            (".jane@example.com", "email_invalid_local_part"),
            ("jane.@example.com", "email_invalid_local_part"),
            ("ja..ne@example.com", "email_invalid_local_part"),
            ("ja\0ne@example.com", "email_invalid_local_part"),
            ("ja\u{200b}ne@example.com", "email_invalid_local_part"),
            ("ja\u{202e}ne@example.com", "email_invalid_local_part"),
            ("jane@example.com, joe@example.com", "email_invalid_local_part"),
            ("jane@example.com\r\nBcc: joe@example.com", "email_invalid_local_part"),
        ] {
            assert_eq!(NormalizedEmail::parse(text).unwrap_err().code, code, "{text}");
        }
        let at = |local: usize, domain: usize| {
            let domain = format!("{}.com", vec!["a".repeat(49); domain].join("."));
            NormalizedEmail::parse(&format!("{}@{domain}", "x".repeat(local))).map_err(|refusal| refusal.code)
        };
        assert!(at(50, 4).is_ok(), "254 characters");
        assert_eq!(at(51, 4), Err("email_too_long"));
        assert_eq!(at(65, 1), Err("email_invalid_local_part"));
        assert_eq!(at(5_000, 1), Err("email_too_long"));
    }

    proptest! {
        #[test]
        fn normalising_twice_is_normalising_once(text in r"[a-zA-Zäß.+_']{1,9}@[a-zA-Zäß-]{1,9}\.(com|de|JP|рф)\s?") {
            if let Ok(once) = NormalizedEmail::parse(&text) {
                prop_assert_eq!(NormalizedEmail::parse(once.address()).unwrap(), once.clone());
                prop_assert_eq!(NormalizedEmail::parse(once.key()).unwrap().key, once.key);
            }
        }

        #[test]
        fn capitals_make_no_difference(text in r"[a-z.+_]{1,9}@[a-z-]{1,9}\.(com|de)") {
            let key = |text: &str| NormalizedEmail::parse(text).map(|email| email.key);
            prop_assert_eq!(key(&text), key(&text.to_uppercase()));
        }

        #[test]
        fn nothing_makes_it_panic(text in r"\PC{0,6}@?\PC{0,6}\.?\PC{0,3}", other in any::<String>()) {
            let _ = NormalizedEmail::parse(&text);
            let _ = NormalizedEmail::parse(&other);
        }
    }
}
