//! The part of an address that names the member.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::{BAD_SLUG, NOT_PROFILE, PLACEHOLDER};
use crate::utils::{refusal::Refusal, text};

/// The most characters of a name. LinkedIn lets people choose up to 100; names that it made itself can be longer.
pub(super) const MAX: usize = 150;

/// What exports write where the profile was out of sight: taken for a name, it would make one lead of many people.
pub(super) const PLACEHOLDERS: [&str; 4] = ["me", "unavailable", "undefined", "null"];

/// A name: decoded, composed (NFC), in small letters.
pub(super) fn normalize(segment: &str) -> Result<String, Refusal> {
    let decoded = decode(segment)?;
    let folded = text::fold(&decoded);
    // Marks that come along when an address is copied out of a sentence.
    let is_mark = |c: char| c.is_whitespace() || ".,;:!'\")".contains(c);
    let name = folded.trim_start().trim_end_matches(is_mark);
    if PLACEHOLDERS.contains(&name) {
        return Err(PLACEHOLDER);
    }
    let fits = (1..=MAX).contains(&text::length(name));
    if fits && name.chars().all(is_allowed) { Ok(name.to_owned()) } else { Err(BAD_SLUG) }
}

/// LinkedIn writes letters beyond ASCII percent-encoded, and some tools encode that once more.
fn decode(segment: &str) -> Result<Cow<'_, str>, Refusal> {
    if !segment.contains('%') {
        return Ok(Cow::Borrowed(segment));
    }
    let once = percent_decode_str(segment).decode_utf8().map_err(|_| BAD_SLUG)?;
    if !once.contains('%') {
        return Ok(once);
    }
    let twice = percent_decode_str(&once).decode_utf8().map_err(|_| BAD_SLUG)?;
    Ok(Cow::Owned(twice.into_owned()))
}

/// Old names hold commas and the like (`jane-doe,-cpa-12345`), new ones even emoji with their joiners.
fn is_allowed(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || "-_.~',()+&!*".contains(c)
    } else {
        matches!(c, '\u{200c}' | '\u{200d}' | '\u{e0020}'..='\u{e007f}') || !text::is_invisible(c)
    }
}

/// The name that LinkedIn gave to a profile of the form `/pub/jane-doe/a7/576/b50`: `jane-doe-b50576a7`, the groups in reverse order and
/// all but the last filled up to three digits.
pub(super) fn of_old_profile(name: &str, groups: [&str; 3]) -> Result<String, Refusal> {
    let is_group = |group: &str| (1..=3).contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_hexdigit());
    if name.eq_ignore_ascii_case("dir") || !groups.into_iter().all(is_group) {
        return Err(NOT_PROFILE);
    }
    let [a, b, c] = groups;
    normalize(&format!("{name}-{c:0>3}{b:0>3}{}", a.trim_start_matches('0')))
}

/// Whether a name is really a member's id, as in links from Sales Navigator and from messages: `ACoAAB…`. Its capitals count.
pub(super) fn is_member_id(segment: &str) -> bool {
    segment.get(..5).is_some_and(|start| ["ACoAA", "ACwAA", "AEMAA"].contains(&start))
        && (20..=128).contains(&segment.len())
        && segment.bytes().all(is_id_byte)
}

/// The id in `ACwAAB…,NAME_SEARCH,x1y2`; what follows it says how the person was found.
pub(super) fn member_id(segment: &str) -> Result<Cow<'_, str>, Refusal> {
    let decoded = decode(segment)?;
    let end = decoded.find(',').unwrap_or(decoded.len());
    let id = match decoded {
        Cow::Borrowed(text) => Cow::Borrowed(&text[..end]),
        Cow::Owned(text) => Cow::Owned(text[..end].to_owned()),
    };
    if (5..=128).contains(&id.len()) && id.bytes().all(is_id_byte) { Ok(id) } else { Err(NOT_PROFILE) }
}

fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}
