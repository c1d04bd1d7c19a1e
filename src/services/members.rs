//! Members. Clerk owns them: a change is made there first, and its answer is then added here as its webhook would be, so that our own
//! answer is not stale; when the webhook comes it tells nothing new.

use serde_json::json;

use super::{Clerk, Context};
use crate::{
    errors::{AppError, Result},
    models::{
        AuditEntry, Member, MemberId, Organization, Role,
        clerk_sync::ToldMembership,
        page::{Page, PageRequest},
        version::VersionGuard,
    },
    repositories::{OrgAdmin, OrgMember},
};

/// Members.
#[derive(Clone)]
pub struct MemberService {
    /// What every service stands on.
    pub context: Context,
    /// Who owns the members.
    pub clerk: Clerk,
}

impl MemberService {
    /// A page of the organization's members.
    pub async fn list(&self, member: &OrgMember, page: &PageRequest) -> Result<Page<Member>> {
        self.context.db.read(member).await?.members().list(page).await
    }

    /// Gives a member another role. A custom role of Clerk's that already means this is left as it is.
    pub async fn change_role(
        &self,
        admin: &OrgAdmin,
        id: MemberId,
        seen: &VersionGuard,
        role: Option<Role>,
    ) -> Result<Member> {
        let (organization, member) = self.look_at(admin, id, seen, role != Some(Role::Member)).await?;
        let Some(role) = role.filter(|role| *role != member.role()) else {
            return Ok(member);
        };
        let (service, admin) = (self.clone(), admin.clone());
        self.clerk.change(async move { service.have_role_changed(&admin, &organization, &member, role).await }).await
    }

    async fn have_role_changed(
        &self,
        admin: &OrgAdmin,
        organization: &Organization,
        member: &Member,
        role: Role,
    ) -> Result<Member> {
        let clerk = self.clerk.api()?;
        let entry = |action| {
            let role_of = |role: &str| json!({"user_id": member.user_id, "role": role});
            AuditEntry::new(action, "member", member.id.0).change(role_of(&member.clerk_role), role_of(role.as_clerk()))
        };
        self.context.intend(admin, entry("member.role_change_requested")).await?;
        let answer =
            clerk.change_role(&organization.clerk_organization_id, &member.clerk_user_id, role.as_clerk()).await;
        let answer = self.context.heard(admin, answer, entry("member.role_change_refused")).await?;
        self.hear(admin, answer.told_by_answer()).await?;
        self.context.db.read(admin).await?.members().get(member.id).await
    }

    /// Ends a membership; the person stays a user, and what they made stays.
    pub async fn remove(&self, admin: &OrgAdmin, id: MemberId, seen: &VersionGuard) -> Result<()> {
        let (organization, member) = self.look_at(admin, id, seen, false).await?;
        let (service, admin) = (self.clone(), admin.clone());
        self.clerk.change(async move { service.have_removed(&admin, &organization, &member).await }).await
    }

    async fn have_removed(&self, admin: &OrgAdmin, organization: &Organization, member: &Member) -> Result<()> {
        let clerk = self.clerk.api()?;
        let entry = |action| {
            let facts = json!({"user_id": member.user_id, "role": member.clerk_role});
            AuditEntry::new(action, "member", member.id.0).change(facts, None)
        };
        self.context.intend(admin, entry("member.removal_requested")).await?;
        let answer = clerk.remove_member(&organization.clerk_organization_id, &member.clerk_user_id).await;
        let answer = self.context.heard(admin, answer, entry("member.removal_refused")).await?;
        self.hear(admin, answer.told_of_end_by_answer()).await
    }

    /// The member and the organization, before anything is asked of Clerk. An organization keeps an administrator: two who demote each
    /// other at once are told apart by Clerk, which keeps the same rule.
    async fn look_at(
        &self,
        admin: &OrgAdmin,
        id: MemberId,
        seen: &VersionGuard,
        stays_admin: bool,
    ) -> Result<(Organization, Member)> {
        let mut conn = self.context.db.read(admin).await?;
        let member = conn.members().get(id).await?;
        seen.check(member.version)?;
        if member.role() == Role::Admin && !stays_admin && !conn.members().has_other_admin(id).await? {
            let detail = "An organization keeps at least one administrator: give the role to somebody else first.";
            return Err(AppError::conflict("last_admin", detail));
        }
        Ok((conn.organization().get().await?, member))
    }

    async fn hear(&self, admin: &OrgAdmin, told: ToldMembership) -> Result<()> {
        let mut tx = self.context.db.begin(admin, self.context.clock.now()).await?;
        tx.hear_membership(told).await?;
        tx.commit().await
    }
}
