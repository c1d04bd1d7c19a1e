//! What is to be suppressed, in the form in which leads have it.

use super::SuppressionKind;
use crate::utils::{domain, email::NormalizedEmail, linkedin::LinkedinUrl, refusal::Refusal, text};

/// An address or a domain in its normal form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SuppressionTarget {
    pub kind: SuppressionKind,
    pub value: String,
}

impl SuppressionTarget {
    /// Reads what people write, as a `kind`, or else as what it looks like. A domain may have `@` or `*.` before it, as lists of domains do.
    ///
    /// # Errors
    /// As the normal form of its kind.
    pub fn parse(kind: Option<SuppressionKind>, value: &str) -> Result<Self, Refusal> {
        let value = text::trim(value);
        let kind = kind.unwrap_or_else(|| guess(value));
        let value = match kind {
            SuppressionKind::Email => NormalizedEmail::parse(value)?.into_parts().1,
            SuppressionKind::Domain => domain::normalize(bare_domain(value))?,
            SuppressionKind::LinkedinUrl => LinkedinUrl::parse(value)?.into_string(),
        };
        Ok(Self { kind, value })
    }
}

/// What a value looks like: only a profile's address has a path, only a mailbox has somebody before the `@`.
fn guess(value: &str) -> SuppressionKind {
    let profile = ["linkedin.com/", "lnkd.in/"].iter().any(|host| text::fold(value).contains(host));
    if profile {
        SuppressionKind::LinkedinUrl
    } else if bare_domain(value).contains('@') {
        SuppressionKind::Email
    } else {
        SuppressionKind::Domain
    }
}

fn bare_domain(value: &str) -> &str {
    value.strip_prefix("*.").or_else(|| value.strip_prefix("@")).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_taken_for_what_it_is() {
        use SuppressionKind::{Domain, Email, LinkedinUrl};
        for (text, kind, value) in [
            (" Jane@Example.COM ", Email, "jane@example.com"),
            ("mailto:jane@example.com", Email, "jane@example.com"),
            ("Example.com", Domain, "example.com"),
            ("@example.com", Domain, "example.com"),
            ("*.example.com", Domain, "example.com"),
            ("https://www.example.com/about", Domain, "example.com"),
            ("linkedin.com", Domain, "linkedin.com"),
            ("de.LinkedIn.com/in/Jane-Doe?trk=x", LinkedinUrl, "https://www.linkedin.com/in/jane-doe"),
        ] {
            let expected = SuppressionTarget { kind, value: value.to_owned() };
            assert_eq!(SuppressionTarget::parse(None, text), Ok(expected.clone()), "{text}");
            assert_eq!(SuppressionTarget::parse(Some(kind), text), Ok(expected), "{text}");
        }
        for (kind, text, code) in [
            (None, "", "domain_empty"),
            (None, "jane@", "email_invalid_domain"),
            (None, "linkedin.com/company/acme", "linkedin_url_company"),
            (Some(Email), "example.com", "email_without_at"),
            (Some(Domain), "jane@example.com", "domain_is_address"),
            (Some(LinkedinUrl), "jane@example.com", "linkedin_url_other_host"),
        ] {
            assert_eq!(SuppressionTarget::parse(kind, text).unwrap_err().code, code, "{text}");
        }
    }
}
