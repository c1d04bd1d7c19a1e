//! Why a session token is refused.

use std::sync::Arc;

use crate::errors::{AppError, Kind};

/// Why a session token is refused. [`TokenError::reason`] is the word Clerk's own SDK uses for it, where it has one.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TokenError {
    /// It is not a signed JWT: parts, encoding, JSON, size, or a header that we must not ignore (RFC 7515, 4.1.11).
    #[error("the token is not a well-formed session token: {0}")]
    Malformed(&'static str),
    /// It is a credential of another kind: an API key, a machine token, an OAuth token, a JWT template.
    #[error("this kind of token does not open a session")]
    WrongType,
    /// It is signed with something other than RS256.
    #[error("the token's algorithm is not RS256")]
    Algorithm,
    /// Its key id is none of the issuer's keys.
    #[error("the token is signed with a key that the issuer does not publish")]
    UnknownKey,
    /// The issuer's keys are needed and cannot be had.
    #[error("the issuer's keys cannot be loaded")]
    KeysUnavailable(#[source] Arc<JwksError>),
    /// The signature is not by that key.
    #[error("the token's signature is wrong")]
    Signature,
    /// A claim that we need is missing or is not what it must be. Names the claim.
    #[error("the token's claim {0} is missing or malformed")]
    Claim(&'static str),
    /// It was issued by somebody else.
    #[error("the token is from another issuer")]
    Issuer,
    /// It was issued to a web origin that is not ours (`azp`).
    #[error("the token was issued to another origin")]
    AuthorizedParty,
    /// It has expired.
    #[error("the token has expired")]
    Expired,
    /// It is not valid yet (`nbf`).
    #[error("the token is not active yet")]
    NotActiveYet,
    /// It was issued in the future (`iat`).
    #[error("the token was issued in the future")]
    IssuedInTheFuture,
    /// The user has still something to do before the session is active, such as choosing an organization (`sts`).
    #[error("the session is pending")]
    Pending,
}

impl TokenError {
    /// The stable reason, in the vocabulary of Clerk's SDK (`TokenVerificationErrorReason`); `session-pending` and
    /// `token-type-mismatch` are what its `authenticateRequest` makes of tokens that its `verifyToken` lets through.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "token-invalid",
            Self::WrongType => "token-type-mismatch",
            Self::Algorithm => "token-invalid-algorithm",
            Self::UnknownKey => "jwk-kid-mismatch",
            Self::KeysUnavailable(_) => "jwk-remote-failed-to-load",
            Self::Signature => "token-invalid-signature",
            Self::Claim(_) => "token-verification-failed",
            Self::Issuer => "token-invalid-issuer",
            Self::AuthorizedParty => "token-invalid-authorized-parties",
            Self::Expired => "token-expired",
            Self::NotActiveYet => "token-not-active-yet",
            Self::IssuedInTheFuture => "token-iat-in-the-future",
            Self::Pending => "session-pending",
        }
    }
}

impl From<TokenError> for AppError {
    /// 401 with the reason in snake case as its code; 503 when we could not find out.
    #[track_caller]
    fn from(error: TokenError) -> Self {
        match &error {
            TokenError::KeysUnavailable(_) => {
                Self::unavailable("identity_unavailable", "Sessions cannot be checked at the moment.")
                    .with_source(error)
            }
            refused => Self::new(
                Kind::Unauthenticated,
                refused.reason().replace('-', "_"),
                format!("Sign in again: {refused}."),
            ),
        }
    }
}

/// Why the issuer's keys could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    /// No answer: refused, unreachable, timed out.
    #[error("the issuer does not answer")]
    Transport(#[from] reqwest::Error),
    /// An answer other than 200. Redirects are not followed.
    #[error("the issuer answered {0}")]
    Status(reqwest::StatusCode),
    /// More than a key set can be.
    #[error("the issuer's answer is too long")]
    TooLong,
    /// Not a JWK set (RFC 7517).
    #[error("the issuer's answer is not a key set")]
    Format(#[from] serde_json::Error),
    /// A key set without a single RSA signing key.
    #[error("the issuer publishes no RS256 key")]
    NoKeys,
    /// The attempt was cut short, as happens while shutting down.
    #[error("the attempt was cut short")]
    Interrupted,
}
