//! The organization itself.

use axum::extract::State;

use crate::{
    dto::{
        Body, IfMatch, Versioned,
        organizations::{OrganizationDetailsDto, UpdateOrganizationRequest},
    },
    errors::Result,
    models::OrganizationId,
    repositories::{OrgAdmin, OrgPerson},
    services::{OrganizationService, organizations::OrganizationDetails},
};

/// Read an organization
///
/// Its settings, its plan with the limits, and what is used of them. Clerk's id does as well as ours.
#[utoipa::path(get, path = "/organizations/{id}", params(("id" = OrganizationId, Path)),
    responses((status = 200, body = OrganizationDetailsDto)))]
pub async fn get(
    person: OrgPerson,
    State(organizations): State<OrganizationService>,
) -> Result<Versioned<OrganizationDetailsDto>> {
    Ok(versioned(organizations.get(&person).await?))
}

/// Change an organization
///
/// The name is changed at Clerk, the settings here.
#[utoipa::path(patch, path = "/organizations/{id}", params(("id" = OrganizationId, Path)), request_body = UpdateOrganizationRequest,
    responses((status = 200, body = OrganizationDetailsDto)))]
pub async fn update(
    admin: OrgAdmin,
    State(organizations): State<OrganizationService>,
    IfMatch(seen): IfMatch,
    Body(request): Body<UpdateOrganizationRequest>,
) -> Result<Versioned<OrganizationDetailsDto>> {
    Ok(versioned(organizations.update(&admin, &seen, request.into()).await?))
}

fn versioned(details: OrganizationDetails) -> Versioned<OrganizationDetailsDto> {
    let version = details.organization.version;
    Versioned(details.into(), version)
}
