//! Invitations. Clerk keeps and sends them; here is only who may ask it, and what the audit log is told.

use serde_json::json;

use super::{Clerk, Context};
use crate::{
    errors::{AppError, Fault, Result},
    integrations::clerk::{Invitation, InvitationPage, NewInvitation, is_clerk_id},
    models::{AuditEntry, Organization, Role, version::VersionGuard},
    repositories::OrgAdmin,
};

/// Invitations.
#[derive(Clone)]
pub struct InvitationService {
    /// What every service stands on.
    pub context: Context,
    /// Who keeps the invitations.
    pub clerk: Clerk,
}

/// Somebody to be invited.
#[derive(Debug)]
pub struct Invite {
    /// Their address.
    pub email: String,
    /// What they will be.
    pub role: Role,
}

impl InvitationService {
    /// Some of the pending invitations, newest first.
    pub async fn list(&self, admin: &OrgAdmin, limit: u32, offset: u32) -> Result<InvitationPage> {
        let organization = self.organization(admin).await?;
        self.clerk.api()?.pending_invitations(&organization.clerk_organization_id, limit, offset).await
    }

    /// Has Clerk invite somebody.
    pub async fn create(&self, admin: &OrgAdmin, invite: Invite) -> Result<Invitation> {
        let (service, admin) = (self.clone(), admin.clone());
        self.clerk.change(async move { service.invite(&admin, invite).await }).await
    }

    async fn invite(&self, admin: &OrgAdmin, invite: Invite) -> Result<Invitation> {
        let organization = self.organization(admin).await?;
        let Invite { email, role } = invite;
        let new = NewInvitation {
            email_address: email,
            role: role.as_clerk().to_owned(),
            inviter_user_id: self.clerk_user_id(admin).await?,
            redirect_url: None,
        };
        let clerk = self.clerk.api()?;
        let facts = json!({"email": new.email_address, "role": new.role});
        self.context.intend(admin, told("invitation.requested").change(None, facts.clone())).await?;
        let answer = clerk.invite(&organization.clerk_organization_id, &new).await.map_err(in_our_words);
        let made = self.context.heard(admin, answer, told("invitation.refused").change(None, facts)).await?;
        let facts = json!({"id": made.id, "email": made.email_address, "role": made.role});
        self.audit(admin, told("invitation.created").change(None, facts)).await?;
        Ok(made)
    }

    /// Has Clerk withdraw a pending invitation.
    pub async fn revoke(&self, admin: &OrgAdmin, id: &str, seen: &VersionGuard) -> Result<()> {
        // An invitation has no version that anybody could have seen.
        seen.check(0)?;
        let (service, admin, id) = (self.clone(), admin.clone(), id.to_owned());
        self.clerk.change(async move { service.withdraw(&admin, &id).await }).await
    }

    async fn withdraw(&self, admin: &OrgAdmin, id: &str) -> Result<()> {
        let organization = self.organization(admin).await?;
        let by = self.clerk_user_id(admin).await?;
        let clerk = self.clerk.api()?;
        // What the caller writes into the path is kept only if it can be an id.
        if !is_clerk_id(id) {
            return Err(AppError::not_found("invitation"));
        }
        self.context.intend(admin, told("invitation.revocation_requested").change(json!({"id": id}), None)).await?;
        let answer = clerk.revoke_invitation(&organization.clerk_organization_id, id, &by).await;
        let refused = told("invitation.revocation_refused").change(json!({"id": id}), None);
        let revoked = self.context.heard(admin, answer, refused).await?;
        let facts = json!({"id": revoked.id, "email": revoked.email_address, "role": revoked.role});
        self.audit(admin, told("invitation.revoked").change(facts, None)).await
    }

    async fn organization(&self, admin: &OrgAdmin) -> Result<Organization> {
        self.context.db.read(admin).await?.organization().get().await
    }

    async fn clerk_user_id(&self, admin: &OrgAdmin) -> Result<String> {
        Ok(self.context.db.read(admin).await?.members().get(admin.member_id()).await?.clerk_user_id)
    }

    async fn audit(&self, admin: &OrgAdmin, entry: AuditEntry) -> Result<()> {
        let mut tx = self.context.db.begin(admin, self.context.clock.now()).await?;
        tx.audit(entry);
        tx.commit().await
    }
}

fn told(action: &'static str) -> AuditEntry {
    AuditEntry::new(action, "invitation", None)
}

/// Clerk's faults with pointers into our body.
fn in_our_words(error: AppError) -> AppError {
    let rename = |fault: &Fault| match fault.pointer.as_str() {
        "/email_address" => Fault { pointer: "/email".to_owned(), ..fault.clone() },
        _ => fault.clone(),
    };
    let faults = error.faults().iter().map(rename).collect();
    error.with_faults(faults)
}
