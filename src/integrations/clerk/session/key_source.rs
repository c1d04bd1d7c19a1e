//! Where the keys that sign session tokens come from, and how they are read.

use std::collections::HashMap;

use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{super::http::ClientError, error::JwksError};
use crate::config::JwtKey;

/// Where the keys that sign session tokens come from.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// One key, known beforehand; no network is needed and a token's key id is not looked at.
    Pem(JwtKey),
    /// The issuer's key set (RFC 7517), as at `https://<frontend-api>/.well-known/jwks.json`.
    Jwks(Url),
}

/// A verifier cannot be made from these settings.
#[derive(Debug, thiserror::Error)]
pub enum VerifierError {
    /// There is no issuer to compare `iss` with.
    #[error("the issuer is empty")]
    NoIssuer,
    /// The keys would be fetched over a connection that anyone could change.
    #[error(transparent)]
    Client(#[from] ClientError),
}

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<Value>,
}

/// The fields of an RSA key (RFC 7517, 4 and RFC 7518, 6.3) that decide whether it may verify our tokens.
#[derive(Deserialize)]
struct RsaJwk {
    kid: String,
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    n: String,
    e: String,
}

/// The keys of a JWK set that may verify our tokens, by key id. Keys of other kinds are passed over (RFC 7517, 5).
pub(super) fn decoding_keys_from_jwks(body: &[u8]) -> Result<HashMap<String, DecodingKey>, JwksError> {
    let set: JwkSet = serde_json::from_slice(body)?;
    let keys: HashMap<_, _> = set.keys.into_iter().filter_map(decoding_key_from_jwk).collect();
    if keys.is_empty() { Err(JwksError::NoKeys) } else { Ok(keys) }
}

fn decoding_key_from_jwk(jwk: Value) -> Option<(String, DecodingKey)> {
    let jwk: RsaJwk = serde_json::from_value(jwk).ok()?;
    let fits = jwk.kty == "RSA"
        && jwk.usage.as_deref().is_none_or(|usage| usage == "sig")
        && jwk.alg.as_deref().is_none_or(|algorithm| algorithm == "RS256");
    let key = DecodingKey::from_rsa_components(&jwk.n, &jwk.e).ok()?;
    fits.then_some((jwk.kid, key))
}
