//! Provisioning just in time: what a valid session token says of whom no webhook has told us yet.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Conn, Heard, memberships, organizations, users};
use crate::{
    errors::Result,
    models::{
        AuditEntry, MemberId, OrganizationId, UserId,
        clerk_sync::{IntroducedOrganization, Introduction, OrganizationProfile, Rank, Told, UserProfile},
    },
    repositories::SyncTx,
};

/// Takes in user, organization and membership where they are unknown. A tombstone of any of the three forbids the membership, and so
/// does an organization that wants none from tokens; what is known of a role is never touched.
pub(super) async fn introduce(conn: Conn<'_>, introduction: Introduction, now: DateTime<Utc>) -> Result<Option<Heard>> {
    let Introduction { clerk_user_id, organization } = introduction;
    let Some(IntroducedOrganization { clerk_id, slug, clerk_role }) = organization else {
        hear_of_user(conn, clerk_user_id, now).await?;
        return Ok(None);
    };
    // Its name, until Clerk tells the true one.
    let name = slug.clone().unwrap_or_else(|| clerk_id.clone());
    let profile = OrganizationProfile { name, slug, image_url: None };
    let mut heard = organizations::hear(conn, Told::alive(clerk_id.clone(), Rank::TOKEN, profile), now).await?;
    let present = organizations::lock(conn, &clerk_id).await?;
    let user = hear_of_user(conn, clerk_user_id, now).await?;
    if let Some(user) = user
        && present.deleted_at.is_none()
        && present.settings.just_in_time_members
    {
        heard.audit.extend(memberships::introduce(conn, heard.id, user, clerk_role, now).await?);
    }
    Ok(Some(heard))
}

/// The user's id, if they live and are not banned.
async fn hear_of_user(conn: Conn<'_>, clerk_id: String, now: DateTime<Utc>) -> Result<Option<UserId>> {
    let heard = users::hear(conn, Told::alive(clerk_id, Rank::TOKEN, UserProfile::default()), now).await?;
    Ok(heard.welcome.then_some(heard.id))
}

impl SyncTx {
    /// Forgets a member whom a session token introduced and of whom no membership was ever heard. There is no id of Clerk's to remember
    /// that it ended; should Clerk tell of one later, or sign a token that says so, they are welcome again.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_introduced(
        &mut self,
        organization: OrganizationId,
        id: MemberId,
        user: UserId,
    ) -> Result<bool> {
        let role = sqlx::query_scalar!(
            r#"delete from organization_members where organization_id = $1 and id = $2 and clerk_membership_id is null
               returning clerk_role"#,
            organization.0,
            id.0,
        )
        .fetch_optional(self.conn())
        .await?;
        let Some(role) = role else { return Ok(false) };
        let entry = AuditEntry::new("member.removed", "member", id.0);
        self.audit(organization, vec![entry.change(json!({"user_id": user, "role": role}), None)]);
        Ok(true)
    }
}
