//! Members of an organization.

use axum::extract::State;

use crate::{
    dto::{
        Body, IfMatch, ListQuery, NoContent, PageDto, PageParams, Paged, PathId, Versioned,
        members::{MemberDto, UpdateMemberRequest},
    },
    errors::Result,
    models::{Member, MemberId, OrganizationId},
    repositories::{OrgAdmin, OrgPerson},
    services::MemberService,
};

/// List members
#[utoipa::path(get, path = "/organizations/{id}/members", operation_id = "list_members",
    params(("id" = OrganizationId, Path), PageParams), responses((status = 200, body = PageDto<MemberDto>)))]
pub async fn list(
    person: OrgPerson,
    State(members): State<MemberService>,
    query: ListQuery,
) -> Result<Paged<MemberDto>> {
    let page = members.list(&person, &query.page).await?;
    Ok(Paged::new(page, &query.page, MemberDto::from))
}

/// Change a member's role
///
/// Made at Clerk. The last administrator cannot be demoted.
#[utoipa::path(patch, path = "/organizations/{id}/members/{member_id}", operation_id = "update_member",
    params(("id" = OrganizationId, Path), ("member_id" = MemberId, Path)), request_body = UpdateMemberRequest,
    responses((status = 200, body = MemberDto)))]
pub async fn update(
    admin: OrgAdmin,
    State(members): State<MemberService>,
    PathId(id): PathId<MemberId>,
    IfMatch(seen): IfMatch,
    Body(request): Body<UpdateMemberRequest>,
) -> Result<Versioned<MemberDto>> {
    Ok(versioned(members.change_role(&admin, id, &seen, request.role).await?))
}

/// Remove a member
///
/// Made at Clerk. What the member made stays. The last administrator cannot be removed.
#[utoipa::path(delete, path = "/organizations/{id}/members/{member_id}", operation_id = "remove_member",
    params(("id" = OrganizationId, Path), ("member_id" = MemberId, Path)), responses((status = 204)))]
pub async fn delete(
    admin: OrgAdmin,
    State(members): State<MemberService>,
    PathId(id): PathId<MemberId>,
    IfMatch(seen): IfMatch,
) -> Result<NoContent> {
    members.remove(&admin, id, &seen).await?;
    Ok(NoContent)
}

fn versioned(member: Member) -> Versioned<MemberDto> {
    let version = member.version;
    Versioned(member.into(), version)
}
