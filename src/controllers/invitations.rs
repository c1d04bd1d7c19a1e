//! Invitations to an organization.

use axum::extract::State;

use crate::{
    dto::{
        Body, Created, IfMatch, NoContent, PageDto, PathId, QueryParams,
        invitations::{CreateInvitationRequest, InvitationDto, InvitationParams, PagedInvitations},
    },
    errors::Result,
    models::OrganizationId,
    repositories::OrgAdmin,
    services::InvitationService,
};

/// List pending invitations
///
/// As Clerk keeps them, newest first.
#[utoipa::path(get, path = "/organizations/{id}/invitations", operation_id = "list_invitations",
    params(("id" = OrganizationId, Path), InvitationParams), responses((status = 200, body = PageDto<InvitationDto>)))]
pub async fn list(
    admin: OrgAdmin,
    State(invitations): State<InvitationService>,
    QueryParams(range): QueryParams<InvitationParams>,
) -> Result<PagedInvitations> {
    let page = invitations.list(&admin, range.limit, range.offset).await?;
    Ok(PagedInvitations::new(page, range))
}

/// Invite somebody
///
/// Clerk sends the e-mail; who accepts becomes a member. `Location` is where the invitation can be withdrawn; it is read in the list.
#[utoipa::path(post, path = "/organizations/{id}/invitations", operation_id = "invite", params(("id" = OrganizationId, Path)),
    request_body = CreateInvitationRequest, responses((status = 201, body = InvitationDto)))]
pub async fn create(
    admin: OrgAdmin,
    State(invitations): State<InvitationService>,
    Body(request): Body<CreateInvitationRequest>,
) -> Result<Created<InvitationDto>> {
    let made = invitations.create(&admin, request.into()).await?;
    let location = format!("/api/v1/organizations/{}/invitations/{}", admin.organization_id(), made.id);
    Ok(Created { location, version: None, body: made.into() })
}

/// Withdraw an invitation
#[utoipa::path(delete, path = "/organizations/{id}/invitations/{invitation_id}", operation_id = "revoke_invitation",
    params(("id" = OrganizationId, Path), ("invitation_id" = String, Path, example = "orginv_2abcDEF")), responses((status = 204)))]
pub async fn delete(
    admin: OrgAdmin,
    State(invitations): State<InvitationService>,
    PathId(id): PathId<String>,
    IfMatch(seen): IfMatch,
) -> Result<NoContent> {
    invitations.revoke(&admin, &id, &seen).await?;
    Ok(NoContent)
}
