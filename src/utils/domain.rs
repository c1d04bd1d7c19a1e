//! Domain names: of mailboxes and of companies.

use std::borrow::Cow;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use super::{refusal::Refusal, text};

/// The longest input that is looked at; a domain name has at most 253 characters.
const MAX_INPUT: usize = 2_000;

const EMPTY: Refusal = Refusal::new("domain_empty", "A domain name is missing.");
const INVALID: Refusal = Refusal::new("domain_invalid", "This is not a domain name.");
const NOT_PUBLIC: Refusal =
    Refusal::new("domain_not_public", "This is not a public domain name, such as `example.com`.");
const HAS_USER: Refusal =
    Refusal::new("domain_is_address", "This is an e-mail address or names a user; a domain name is wanted.");

/// A domain name in its one ASCII form (UTS 46: lower case, Punycode), as it is looked up.
///
/// # Errors
/// `domain_empty`, `domain_invalid`; `domain_not_public` for a name of one label or an IP address.
pub fn to_ascii(domain: &str) -> Result<Cow<'_, str>, Refusal> {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    if domain.is_empty() {
        return Err(EMPTY);
    }
    if domain.len() > MAX_INPUT {
        return Err(INVALID);
    }
    let ascii = Uts46::new()
        .to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
        .map_err(|_| INVALID)?;
    match ascii.rsplit_once('.') {
        Some((_, top)) if top.bytes().any(|byte| byte.is_ascii_alphabetic()) && top.len() > 1 => Ok(ascii),
        _ => Err(NOT_PUBLIC),
    }
}

/// The domain of a company's web site as people give it: `https://www.Example.com/about` is `example.com`.
///
/// # Errors
/// As [`to_ascii`], and `domain_is_address` for an e-mail address.
pub fn normalize(text: &str) -> Result<String, Refusal> {
    let text = text::trim(text);
    if text.is_empty() {
        return Err(EMPTY);
    }
    if text.len() > MAX_INPUT {
        return Err(INVALID);
    }
    let authority = without_scheme(text).split(['/', '?', '#', '\\']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(HAS_USER);
    }
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) => return Err(INVALID),
        None => authority,
    };
    let ascii = to_ascii(host)?;
    Ok(without_www(&ascii).to_owned())
}

/// A domain in its ASCII form and every domain above it, itself first: `a.example.com`, `example.com`. A top-level domain is left out.
pub fn with_parents(domain: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(domain), |domain| domain.split_once('.').map(|(_, parent)| parent))
        .filter(|domain| domain.contains('.'))
}

fn without_scheme(text: &str) -> &str {
    let rest = match text.split_once("://") {
        Some((scheme, rest)) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => rest,
        _ => text,
    };
    rest.trim_start_matches('/')
}

/// `www.` names a machine, not a company, unless it is all there is.
fn without_www(mut domain: &str) -> &str {
    while let Some(rest) = domain.strip_prefix("www.")
        && rest.contains('.')
    {
        domain = rest;
    }
    domain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_company_has_one_domain() {
        for (text, domain) in [
            ("example.com", "example.com"),
            (" HTTPS://WWW.Example.COM/About?x=1#y ", "example.com"),
            ("http://example.com:8080", "example.com"),
            ("//www.example.com/", "example.com"),
            ("www.example.com.", "example.com"),
            ("www.www.example.com", "example.com"),
            ("www.com", "www.com"),
            ("shop.example.co.uk", "shop.example.co.uk"),
            ("müller.de", "xn--mller-kva.de"),
            ("MÜLLER.de", "xn--mller-kva.de"),
            ("xn--mller-kva.de", "xn--mller-kva.de"),
            ("例え.jp", "xn--r8jz45g.jp"),
            ("r3---sn-4g5e6nez.example.com", "r3---sn-4g5e6nez.example.com"),
        ] {
            assert_eq!(normalize(text), Ok(domain.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_company_domain_is_refused_with_a_reason() {
        for (text, code) in [
            ("", "domain_empty"),
            ("https://", "domain_empty"),
            ("jane@example.com", "domain_is_address"),
            ("https://user:secret@example.com", "domain_is_address"),
            ("localhost", "domain_not_public"),
            ("127.0.0.1", "domain_not_public"),
            ("[::1]", "domain_invalid"),
            ("example.c", "domain_not_public"),
            ("Example GmbH", "domain_invalid"),
            ("exa_mple.com", "domain_invalid"),
            ("-example.com", "domain_invalid"),
            ("example..com", "domain_invalid"),
            (".example.com", "domain_invalid"),
            ("xn--a.com", "domain_invalid"),
            ("example.com:port", "domain_invalid"),
            ("mailto:example.com", "domain_invalid"),
            ("exam\0ple.com", "domain_invalid"),
        ] {
            assert_eq!(normalize(text).unwrap_err().code, code, "{text}");
        }
        assert_eq!(normalize(&format!("{}.com", "a".repeat(64))).unwrap_err().code, "domain_invalid");
        assert_eq!(normalize(&"a.".repeat(5_000)).unwrap_err().code, "domain_invalid");
    }

    #[test]
    fn a_domain_lies_below_its_parents() {
        let of = |domain| with_parents(domain).collect::<Vec<_>>();
        assert_eq!(of("a.b.example.com"), ["a.b.example.com", "b.example.com", "example.com"]);
        assert_eq!(of("example.com"), ["example.com"]);
        assert!(of("com").is_empty() && of("").is_empty());
    }

    proptest! {
        #[test]
        fn normalising_twice_is_normalising_once(text in r"(https?://)?(www\.)?[a-zäß0-9.-]{1,12}\.(com|de|рф|JP)[/?:]?\PC{0,3}") {
            if let Ok(once) = normalize(&text) {
                prop_assert_eq!(normalize(&once), Ok(once.clone()));
            }
        }

        #[test]
        fn capitals_make_no_difference(text in r"(https?://)?[a-z0-9-]{1,8}(\.[a-z0-9-]{1,8}){0,2}(/[a-z]{0,3})?") {
            prop_assert_eq!(normalize(&text), normalize(&text.to_uppercase()));
        }

        #[test]
        fn nothing_makes_it_panic(text in any::<String>()) {
            let _ = normalize(&text);
        }
    }
}
