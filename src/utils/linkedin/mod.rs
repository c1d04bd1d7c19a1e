//! The addresses of LinkedIn profiles: every real form of one becomes one key.

mod slug;
#[cfg(test)]
mod tests;

use super::{refusal::Refusal, text};

const PROFILE: &str = "https://www.linkedin.com/in/";
const SALES_LEAD: &str = "https://www.linkedin.com/sales/lead/";
const TALENT_PROFILE: &str = "https://www.linkedin.com/talent/profile/";

/// The longest address that is looked at; real ones with all their tracking stay below.
const MAX_INPUT: usize = 2_000;

const EMPTY: Refusal = Refusal::new("linkedin_url_empty", "The address of a LinkedIn profile is missing.");
const MALFORMED: Refusal = Refusal::new("linkedin_url_malformed", "This is not a web address.");
const OTHER_HOST: Refusal = Refusal::new("linkedin_url_other_host", "This address is not at linkedin.com.");
const SHORT_LINK: Refusal = Refusal::new(
    "linkedin_url_short_link",
    "A short link names no profile; open it and give the address that it leads to.",
);
const COMPANY: Refusal =
    Refusal::new("linkedin_url_company", "This is the page of a company or school; a person's profile is wanted.");
const NOT_PROFILE: Refusal = Refusal::new("linkedin_url_not_profile", "This is not the address of a LinkedIn profile.");
const BAD_SLUG: Refusal =
    Refusal::new("linkedin_url_bad_name", "The name of the profile in this address is not valid.");
const PLACEHOLDER: Refusal = Refusal::new(
    "linkedin_url_placeholder",
    "This address stands for a profile that could not be seen; it names nobody.",
);

/// The one address of a profile, which is also its key.
///
/// `https://www.linkedin.com/in/<name>`, decoded and in small letters; where only a member's id is known, that id with its capitals,
/// under `/in/`, `/sales/lead/` (Sales Navigator) or `/talent/profile/` (Recruiter), since no rule leads from there to the name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkedinUrl(String);

impl LinkedinUrl {
    /// Reads an address as people copy it: with or without scheme, of any country or the mobile site, with tracking, in any case.
    ///
    /// # Errors
    /// `linkedin_url_empty`, `…_malformed`, `…_other_host`, `…_short_link`, `…_company`, `…_not_profile`, `…_bad_name`,
    /// `…_placeholder`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let text = text::trim(text);
        if is_canonical(text) {
            return Ok(Self(text.to_owned()));
        }
        if text.is_empty() {
            return Err(EMPTY);
        }
        if text.len() > MAX_INPUT || text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\') {
            return Err(MALFORMED);
        }
        let (path, query) = split_query(path_at_linkedin(text)?);
        profile(path, query).map(Self)
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }

    /// The profile's name or, in an address that has it there, the member's id.
    #[must_use]
    pub fn public_identifier(&self) -> Option<&str> {
        self.0.strip_prefix(PROFILE)
    }

    /// The member's id of an address from Sales Navigator or Recruiter.
    #[must_use]
    pub fn member_id(&self) -> Option<&str> {
        self.0.strip_prefix(SALES_LEAD).or_else(|| self.0.strip_prefix(TALENT_PROFILE))
    }
}

/// The usual case of an import, decided without taking the address apart.
fn is_canonical(text: &str) -> bool {
    text.strip_prefix(PROFILE).is_some_and(|name| {
        (1..=slug::MAX).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !slug::PLACEHOLDERS.contains(&name)
    })
}

/// What follows the host, if the host is LinkedIn's.
fn path_at_linkedin(text: &str) -> Result<&str, Refusal> {
    let mut rest = text;
    let mut has_scheme = false;
    // Forms that put `https://` before what people paste make it two.
    while let Some(after) = strip_prefix_any_case(rest, &["https://", "http://", "//"]) {
        (rest, has_scheme) = (after, true);
    }
    if !has_scheme && strip_prefix_any_case(rest, &["in/", "/in/", "pub/", "/pub/"]).is_some() {
        return Ok(rest);
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = match authority.split_once(':') {
        Some((host, "" | "80" | "443")) => host,
        Some(_) => return Err(if path.starts_with("//") { MALFORMED } else { OTHER_HOST }),
        None => authority,
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.eq_ignore_ascii_case("lnkd.in") {
        return Err(SHORT_LINK);
    }
    if is_linkedin(host) { Ok(path) } else { Err(if host.contains('.') { OTHER_HOST } else { MALFORMED }) }
}

/// `linkedin.com` itself, its country sites (`de.`), and the mobile ones.
fn is_linkedin(host: &str) -> bool {
    const DOMAIN: &str = "linkedin.com";
    let Some(at) = host.len().checked_sub(DOMAIN.len()) else { return false };
    if !host.get(at..).is_some_and(|end| end.eq_ignore_ascii_case(DOMAIN)) {
        return false;
    }
    match host[..at].strip_suffix('.') {
        None => at == 0,
        Some(site) => {
            let short = site.len() <= 3 && !site.is_empty() && site.bytes().all(|byte| byte.is_ascii_alphabetic());
            short || ["touch", "mobile"].iter().any(|mobile| site.eq_ignore_ascii_case(mobile))
        }
    }
}

fn split_query(rest: &str) -> (&str, &str) {
    let rest = rest.split('#').next().unwrap_or_default();
    rest.split_once('?').unwrap_or((rest, ""))
}

/// The canonical address of the profile at `path`.
fn profile(path: &str, query: &str) -> Result<String, Refusal> {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let mut next = || segments.next().unwrap_or_default();
    let mut first = next();
    // The mobile site, and links in LinkedIn's own mails.
    while is_any(first, &["mwlite", "comm", "m"]) {
        first = next();
    }
    if is_any(first, &["in"]) {
        return in_profile(next());
    }
    if is_any(first, &["pub"]) {
        return slug::of_old_profile(next(), [next(), next(), next()]).map(|name| format!("{PROFILE}{name}"));
    }
    if is_any(first, &["sales"]) && is_any(next(), &["lead", "people"]) {
        return slug::member_id(next()).map(|id| format!("{SALES_LEAD}{id}"));
    }
    if is_any(first, &["talent"]) && is_any(next(), &["profile"]) {
        return slug::member_id(next()).map(|id| format!("{TALENT_PROFILE}{id}"));
    }
    if is_any(first, &["profile"]) {
        return match next() {
            place if is_any(place, &["in"]) => in_profile(next()),
            place if is_any(place, &["view"]) => viewed_profile(query),
            _ => Err(NOT_PROFILE),
        };
    }
    let company = ["company", "company-beta", "companies", "school", "showcase", "edu", "organization"];
    Err(if is_any(first, &company) { COMPANY } else { NOT_PROFILE })
}

fn in_profile(segment: &str) -> Result<String, Refusal> {
    if segment.is_empty() {
        return Err(NOT_PROFILE);
    }
    if slug::is_member_id(segment) {
        return Ok(format!("{PROFILE}{segment}"));
    }
    slug::normalize(segment).map(|name| format!("{PROFILE}{name}"))
}

/// The form of before 2015, `profile/view?id=…`; a number in it leads nowhere any more.
fn viewed_profile(query: &str) -> Result<String, Refusal> {
    let id = query.split('&').find_map(|pair| pair.strip_prefix("id=")).unwrap_or_default();
    if slug::is_member_id(id) { Ok(format!("{PROFILE}{id}")) } else { Err(NOT_PROFILE) }
}

fn is_any(segment: &str, names: &[&str]) -> bool {
    names.iter().any(|name| segment.eq_ignore_ascii_case(name))
}

fn strip_prefix_any_case<'t>(text: &'t str, prefixes: &[&str]) -> Option<&'t str> {
    prefixes.iter().find_map(|prefix| match text.get(..prefix.len()) {
        Some(start) if start.eq_ignore_ascii_case(prefix) => Some(&text[prefix.len()..]),
        _ => None,
    })
}
