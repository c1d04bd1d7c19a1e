//! What we ask of Clerk.

use chrono::{DateTime, Utc, serde::ts_milliseconds};
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::super::webhooks::{ClerkMembership, ClerkOrganization};
use crate::errors::Result;

/// The changes that only Clerk can make. Ids are Clerk's (`org_…`, `user_…`, `orginv_…`); one that cannot be an id is
/// not found, without asking.
///
/// All fail alike: 404 `…_not_found`; 422 `validation_failed` with Clerk's own codes and sentences as faults; 409 with
/// Clerk's code where the organization's state forbids it; 502 `clerk_refused` when our key is not accepted and
/// `clerk_failed` when Clerk fails; 503 with `Retry-After`, `clerk_unavailable` when it is busy or cannot be reached and
/// `clerk_silent` when it does not answer. A change that fails with `clerk_failed` or `clerk_silent` may have been made; its
/// webhook tells.
pub trait ClerkApi: Send + Sync + 'static {
    /// Renames an organization.
    fn rename_organization<'a>(
        &'a self,
        organization: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<ClerkOrganization>>;

    /// Gives a member another role, as in `org:admin`.
    fn change_role<'a>(
        &'a self,
        organization: &'a str,
        user: &'a str,
        role: &'a str,
    ) -> BoxFuture<'a, Result<ClerkMembership>>;

    /// Ends a membership, and answers with what it was.
    fn remove_member<'a>(&'a self, organization: &'a str, user: &'a str) -> BoxFuture<'a, Result<ClerkMembership>>;

    /// A page of an organization's memberships, the oldest first, so that who joins meanwhile moves nobody. `limit` is 1 to 500.
    fn memberships<'a>(
        &'a self,
        organization: &'a str,
        limit: u32,
        offset: u32,
    ) -> BoxFuture<'a, Result<MembershipPage>>;

    /// A page of a user's memberships, the newest first. `limit` is 1 to 500.
    fn memberships_of_user<'a>(
        &'a self,
        user: &'a str,
        limit: u32,
        offset: u32,
    ) -> BoxFuture<'a, Result<MembershipPage>>;

    /// A page of the pending invitations, newest first. `limit` is 1 to 500.
    fn pending_invitations<'a>(
        &'a self,
        organization: &'a str,
        limit: u32,
        offset: u32,
    ) -> BoxFuture<'a, Result<InvitationPage>>;

    /// Invites somebody by e-mail, which Clerk sends.
    fn invite<'a>(&'a self, organization: &'a str, invitation: &'a NewInvitation) -> BoxFuture<'a, Result<Invitation>>;

    /// Withdraws a pending invitation on behalf of `revoked_by`, a user who administers the organization.
    fn revoke_invitation<'a>(
        &'a self,
        organization: &'a str,
        invitation: &'a str,
        revoked_by: &'a str,
    ) -> BoxFuture<'a, Result<Invitation>>;
}

/// An invitation to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewInvitation {
    /// Who is invited.
    pub email_address: String,
    /// The role they will have, as in `org:member`.
    pub role: String,
    /// The administrator in whose name Clerk invites, as in `user_2abc`.
    pub inviter_user_id: String,
    /// The page that the link in the e-mail leads to; Clerk's own when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_url: Option<String>,
}

/// An invitation as Clerk has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Invitation {
    /// As in `orginv_2abc`.
    pub id: String,
    /// Who is invited.
    pub email_address: String,
    /// The role they will have.
    pub role: String,
    /// `pending`, `accepted`, `revoked` or `expired`.
    pub status: String,
    /// When it was sent.
    #[serde(with = "ts_milliseconds")]
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    #[serde(with = "ts_milliseconds")]
    pub updated_at: DateTime<Utc>,
}

/// Some of an organization's or a user's memberships.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MembershipPage {
    /// The memberships.
    pub data: Vec<ClerkMembership>,
    /// How many there are in all.
    pub total_count: u64,
}

/// Some of an organization's invitations.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct InvitationPage {
    /// The invitations, newest first.
    pub data: Vec<Invitation>,
    /// How many there are in all.
    pub total_count: u64,
}
