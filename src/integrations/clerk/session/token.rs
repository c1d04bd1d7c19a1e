//! What a verified session token says.

use chrono::{DateTime, Utc};

/// A session token that was signed by our Clerk instance, is for us and was valid when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionToken {
    /// The signed-in user (`sub`), as in `user_2abc`.
    pub user_id: String,
    /// When it expires; it is accepted 5 s longer (clock skew).
    pub expires_at: DateTime<Utc>,
    /// The organization the user has made active, if any.
    pub organization: Option<TokenOrganization>,
    /// Who is acting as the user (`act.sub`), when someone is: support staff in Clerk's dashboard, or an agent.
    pub impersonator: Option<String>,
}

/// The active organization as the token tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenOrganization {
    /// As in `org_2abc`.
    pub id: String,
    /// The organization's slug, if it has one.
    pub slug: Option<String>,
    /// The user's role in it, always with its prefix, as in `org:admin`. Clerk marks it optional in version 2.
    pub role: Option<String>,
    /// The custom permissions, as in `org:teams:read`. System permissions are never in a token.
    pub permissions: Vec<String>,
}
