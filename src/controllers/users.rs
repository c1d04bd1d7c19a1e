//! The signed-in user.

use axum::extract::State;

use crate::{
    dto::{
        Body, IfMatch, ListQuery, PageDto, PageParams, Paged, Versioned,
        organizations::OrganizationDto,
        users::{MeDto, UpdateMeRequest},
    },
    errors::Result,
    middleware::CurrentUser,
    services::{UserService, users::UserWithOrganizations},
};

/// Who am I?
///
/// The signed-in user with preferences and memberships. Answers whatever organization is active, or none.
#[utoipa::path(get, path = "/me", responses((status = 200, body = MeDto)))]
pub async fn get(user: CurrentUser, State(users): State<UserService>) -> Result<Versioned<MeDto>> {
    Ok(versioned(users.get(user.scope()).await?))
}

/// Change my preferences
#[utoipa::path(patch, path = "/me", request_body = UpdateMeRequest, responses((status = 200, body = MeDto)))]
pub async fn update(
    user: CurrentUser,
    State(users): State<UserService>,
    IfMatch(seen): IfMatch,
    Body(request): Body<UpdateMeRequest>,
) -> Result<Versioned<MeDto>> {
    Ok(versioned(users.update(user.scope(), &seen, request.into()).await?))
}

/// List my organizations
///
/// Those that the signed-in user is a member of, the latest first.
#[utoipa::path(get, path = "/organizations", operation_id = "list", params(PageParams),
    responses((status = 200, body = PageDto<OrganizationDto>)))]
pub async fn organizations(
    user: CurrentUser,
    State(users): State<UserService>,
    query: ListQuery,
) -> Result<Paged<OrganizationDto>> {
    let page = users.organizations(user.scope(), &query.page).await?;
    Ok(Paged::new(page, &query.page, OrganizationDto::from))
}

fn versioned(told: UserWithOrganizations) -> Versioned<MeDto> {
    let version = told.user.version;
    Versioned(told.into(), version)
}
