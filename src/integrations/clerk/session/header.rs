//! The parts of a compact JWS (RFC 7515, 7.1) and what its header may say.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::error::TokenError;

/// The longest token that is looked at, in bytes. Clerk's stay below 4 KiB, the limit of a cookie.
const LONGEST_TOKEN: usize = 8 * 1024;

/// The longest key id that is looked at.
const LONGEST_KID: usize = 128;

/// Prefixes of credentials that are no session tokens: Clerk's API keys, machine and OAuth tokens, and our own keys.
const OTHER_CREDENTIALS: [&str; 4] = ["ak_", "mt_", "oat_", "clento_sk_"];

/// The token categories (private header `cat`) that open a session: a session token, and the value Clerk's SDK ignores.
const SESSION_CATEGORIES: [&str; 2] = ["cl_B7d4PD111AAA", "cl_I7d4PD111III"];

/// A token taken apart, its header checked and its payload not yet looked at.
#[derive(Debug)]
pub(super) struct Parts<'token> {
    /// The key id, absent when the token names none.
    pub(super) kid: Option<String>,
    /// Header and payload as they were signed.
    pub(super) message: &'token str,
    /// The payload, still encoded.
    pub(super) payload: &'token str,
    /// The signature, still encoded.
    pub(super) signature: &'token str,
}

impl<'token> Parts<'token> {
    /// Takes `token` apart and checks its header.
    pub(super) fn read(token: &'token str) -> Result<Self, TokenError> {
        refuse_at_sight(token)?;
        let malformed = TokenError::Malformed("it has not three parts");
        let (message, signature) = token.rsplit_once('.').ok_or_else(|| malformed.clone())?;
        let (header, payload) = message.split_once('.').ok_or_else(|| malformed.clone())?;
        if payload.contains('.') {
            return Err(malformed);
        }
        let header = decode_object(header, "its header is not base64url of a JSON object")?;
        Ok(Self { kid: check_header(&header)?, message, payload, signature })
    }

    /// The payload's claims. To be called when the signature holds, not before.
    pub(super) fn claims(&self) -> Result<Map<String, Value>, TokenError> {
        decode_object(self.payload, "its payload is not base64url of a JSON object")
    }
}

/// What can be told without looking inside: too long, or a credential of another kind.
pub(super) fn refuse_at_sight(token: &str) -> Result<(), TokenError> {
    if token.len() > LONGEST_TOKEN {
        return Err(TokenError::Malformed("it is too long"));
    }
    if OTHER_CREDENTIALS.iter().any(|prefix| token.starts_with(prefix)) {
        return Err(TokenError::WrongType);
    }
    Ok(())
}

fn decode_object(part: &str, fault: &'static str) -> Result<Map<String, Value>, TokenError> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed(fault))?;
    serde_json::from_slice(&bytes).map_err(|_| TokenError::Malformed(fault))
}

/// Unknown parameters are ignored, as RFC 7515 (4) wants, except that nobody may call one critical: we understand none.
fn check_header(header: &Map<String, Value>) -> Result<Option<String>, TokenError> {
    if header.get("alg").and_then(Value::as_str) != Some("RS256") {
        return Err(TokenError::Algorithm);
    }
    if header.get("typ").is_some_and(|typ| typ != "JWT") {
        return Err(TokenError::Malformed("its type is not JWT"));
    }
    if header.contains_key("crit") {
        return Err(TokenError::Malformed("it demands an extension that we do not know"));
    }
    let is_session = |category: &str| SESSION_CATEGORIES.contains(&category);
    if header.get("cat").is_some_and(|category| !category.as_str().is_some_and(is_session)) {
        return Err(TokenError::WrongType);
    }
    match header.get("kid") {
        None => Ok(None),
        Some(Value::String(kid)) if kid.len() <= LONGEST_KID => Ok(Some(kid.clone())),
        Some(_) => Err(TokenError::Malformed("its key id is not a short text")),
    }
}
