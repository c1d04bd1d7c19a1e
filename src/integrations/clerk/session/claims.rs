//! What a token whose signature holds must say, and what it then tells us.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{
    super::ids::is_clerk_id,
    error::TokenError,
    permissions,
    token::{SessionToken, TokenOrganization},
};

/// How far the issuer's clock and ours may be apart, both ways: the default of Clerk's SDK.
pub(super) const SKEW_MILLIS: i64 = 5_000;

/// The subjects of machine tokens, which are no users.
const MACHINE: &str = "mch_";

/// The instants that a claim may name, in seconds: the years 1970 to 9999.
const INSTANTS: std::ops::RangeInclusive<i64> = 0..=253_402_300_799;

/// Who the token must be from and for.
#[derive(Debug)]
pub(super) struct Expected {
    /// The exact `iss`.
    pub(super) issuer: String,
    /// The exact values of `azp` that are ours; empty = any.
    pub(super) authorized_parties: Vec<String>,
}

/// Decides on the claims of a token whose signature holds. `aud` is not looked at: Clerk's SDK checks it only against an
/// audience of one's own, and we have none.
pub(super) fn check(
    claims: &Map<String, Value>,
    expected: &Expected,
    now: DateTime<Utc>,
) -> Result<SessionToken, TokenError> {
    if claims.get("iss").and_then(Value::as_str) != Some(&expected.issuer) {
        return Err(TokenError::Issuer);
    }
    let user_id = id(claims, "sub")?;
    if user_id.starts_with(MACHINE) {
        return Err(TokenError::WrongType);
    }
    check_authorized_party(claims, &expected.authorized_parties)?;
    let expires_at = instant(claims, "exp")?.ok_or(TokenError::Claim("exp"))?;
    check_times(expires_at, instant(claims, "nbf")?, instant(claims, "iat")?, now)?;
    id(claims, "sid")?;
    check_status(claims)?;
    let (organization, impersonator) = (organization(claims)?, impersonator(claims)?);
    Ok(SessionToken { user_id, expires_at, organization, impersonator })
}

/// Whether a token that expires at `expires_at` has, the skew allowed.
fn has_expired(expires_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    expires_at.timestamp_millis() <= now.timestamp_millis() - SKEW_MILLIS
}

fn check_times(
    expires_at: DateTime<Utc>,
    not_before: Option<DateTime<Utc>>,
    issued_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), TokenError> {
    let in_the_future = |instant: DateTime<Utc>| instant.timestamp_millis() > now.timestamp_millis() + SKEW_MILLIS;
    if has_expired(expires_at, now) {
        return Err(TokenError::Expired);
    }
    if not_before.is_some_and(in_the_future) {
        return Err(TokenError::NotActiveYet);
    }
    if issued_at.is_some_and(in_the_future) {
        return Err(TokenError::IssuedInTheFuture);
    }
    Ok(())
}

/// Exact match, and a missing `azp` is refused: a token made for a page of somebody else's must not open ours.
fn check_authorized_party(claims: &Map<String, Value>, authorized: &[String]) -> Result<(), TokenError> {
    let party = claims.get("azp").and_then(Value::as_str);
    if authorized.is_empty() || authorized.iter().any(|one| Some(one.as_str()) == party) {
        Ok(())
    } else {
        Err(TokenError::AuthorizedParty)
    }
}

/// A pending session counts as signed out, and so does a status that we do not know.
fn check_status(claims: &Map<String, Value>) -> Result<(), TokenError> {
    match present(claims, "sts") {
        None => Ok(()),
        Some(status) if status == "active" => Ok(()),
        Some(_) => Err(TokenError::Pending),
    }
}

/// The active organization in the form of the token's version. A version that we do not know may say it elsewhere.
fn organization(claims: &Map<String, Value>) -> Result<Option<TokenOrganization>, TokenError> {
    match claims.get("v") {
        None => organization_v1(claims),
        Some(version) if version.as_u64() == Some(2) => organization_v2(claims),
        Some(_) => Err(TokenError::Claim("v")),
    }
}

fn organization_v1(claims: &Map<String, Value>) -> Result<Option<TokenOrganization>, TokenError> {
    if present(claims, "org_id").is_none() {
        return Ok(None);
    }
    let permissions = match present(claims, "org_permissions") {
        None => Vec::new(),
        Some(Value::Array(list)) => list
            .iter()
            .map(|one| one.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or(TokenError::Claim("org_permissions"))?,
        Some(_) => return Err(TokenError::Claim("org_permissions")),
    };
    Ok(Some(TokenOrganization {
        id: id(claims, "org_id")?,
        slug: text(claims, "org_slug")?.map(str::to_owned),
        role: text(claims, "org_role")?.map(str::to_owned),
        permissions,
    }))
}

fn organization_v2(claims: &Map<String, Value>) -> Result<Option<TokenOrganization>, TokenError> {
    let organization = match present(claims, "o") {
        None => return Ok(None),
        Some(Value::Object(organization)) => organization,
        Some(_) => return Err(TokenError::Claim("o")),
    };
    let permissions = permissions::unpack(text(claims, "fea")?, text(organization, "per")?, text(organization, "fpm")?);
    Ok(Some(TokenOrganization {
        id: id(organization, "id")?,
        slug: text(organization, "slg")?.map(str::to_owned),
        // The prefix is added and never looked for: a role named `org:admin` is not the role `admin`.
        role: text(organization, "rol")?.map(|role| format!("org:{role}")),
        permissions: permissions.ok_or(TokenError::Claim("fea"))?,
    }))
}

/// Who acts as the user (RFC 8693, 4.1). An actor we cannot name is refused, for the audit log must name them.
fn impersonator(claims: &Map<String, Value>) -> Result<Option<String>, TokenError> {
    match present(claims, "act") {
        None => Ok(None),
        Some(Value::Object(actor)) => id(actor, "sub").map(Some).map_err(|_| TokenError::Claim("act")),
        Some(_) => Err(TokenError::Claim("act")),
    }
}

/// The claim, unless it is absent or null.
fn present<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    claims.get(name).filter(|value| !value.is_null())
}

/// A text; absent, null and empty are the same.
fn text<'a>(claims: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, TokenError> {
    match present(claims, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(_) => Err(TokenError::Claim(name)),
    }
}

/// An identifier that must be there.
fn id(claims: &Map<String, Value>, name: &'static str) -> Result<String, TokenError> {
    text(claims, name)?.filter(|id| is_clerk_id(id)).map(str::to_owned).ok_or(TokenError::Claim(name))
}

/// A `NumericDate` (RFC 7519, 2): seconds since 1970, a fraction allowed and dropped.
fn instant(claims: &Map<String, Value>, name: &'static str) -> Result<Option<DateTime<Utc>>, TokenError> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let whole = value.as_i64().or_else(|| value.as_f64().and_then(whole_seconds));
    let seconds = whole.filter(|seconds| INSTANTS.contains(seconds)).ok_or(TokenError::Claim(name))?;
    DateTime::from_timestamp(seconds, 0).map(Some).ok_or(TokenError::Claim(name))
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked before the cast")]
fn whole_seconds(seconds: f64) -> Option<i64> {
    (0.0..1e12).contains(&seconds).then_some(seconds as i64)
}
