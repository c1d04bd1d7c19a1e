//! Clay destinations.

use axum::extract::State;

use crate::{
    dto::{
        Body, Created, IfMatch, ListQuery, NoContent, PageDto, PageParams, Paged, PathId, Versioned,
        clay_destinations::{ClayDestinationDto, CreateClayDestinationRequest, UpdateClayDestinationRequest},
    },
    errors::Result,
    models::{ClayDestinationId, LeadListId},
    repositories::OrgPerson,
    services::{ClayDestinationService, clay_destinations::ClayDestinationView},
};

/// List a lead list's Clay destinations
#[utoipa::path(get, path = "/lead-lists/{id}/clay-destinations", operation_id = "list_clay_destinations",
    params(("id" = LeadListId, Path), PageParams), responses((status = 200, body = PageDto<ClayDestinationDto>)))]
pub async fn list(
    person: OrgPerson,
    State(destinations): State<ClayDestinationService>,
    PathId(id): PathId<LeadListId>,
    query: ListQuery,
) -> Result<Paged<ClayDestinationDto>> {
    let page = destinations.list(&person, id, &query.page).await?;
    Ok(Paged::new(page, &query.page, ClayDestinationDto::from))
}

/// Push a lead list to Clay
///
/// From now on each lead that is put on the list is sent to the webhook of a table in Clay, once, as one flat JSON object with its
/// `lead_id`: at Clay's pace of ten a second, and up to the 50,000 records that Clay lets a webhook take in its life.
#[utoipa::path(post, path = "/lead-lists/{id}/clay-destinations", operation_id = "create_clay_destination",
    params(("id" = LeadListId, Path)), request_body = CreateClayDestinationRequest, responses((status = 201, body = ClayDestinationDto)))]
pub async fn create(
    person: OrgPerson,
    State(destinations): State<ClayDestinationService>,
    PathId(id): PathId<LeadListId>,
    Body(request): Body<CreateClayDestinationRequest>,
) -> Result<Created<ClayDestinationDto>> {
    let made = destinations.create(&person, id, request.try_into()?).await?;
    let location = format!("/api/v1/clay-destinations/{}", made.destination.id);
    Ok(Created { location, version: Some(made.destination.version), body: made.into() })
}

/// Read a Clay destination
#[utoipa::path(get, path = "/clay-destinations/{id}", params(("id" = ClayDestinationId, Path)),
    responses((status = 200, body = ClayDestinationDto)))]
pub async fn get(
    person: OrgPerson,
    State(destinations): State<ClayDestinationService>,
    PathId(id): PathId<ClayDestinationId>,
) -> Result<Versioned<ClayDestinationDto>> {
    Ok(versioned(destinations.get(&person, id).await?))
}

/// Change a Clay destination
///
/// Its webhook and token; `status` sets the push aside and takes it up again, also after Clay has refused it. A webhook that is full
/// cannot be taken up: 409 `clay_webhook_full`.
#[utoipa::path(patch, path = "/clay-destinations/{id}", params(("id" = ClayDestinationId, Path)),
    request_body = UpdateClayDestinationRequest, responses((status = 200, body = ClayDestinationDto)))]
pub async fn update(
    person: OrgPerson,
    State(destinations): State<ClayDestinationService>,
    PathId(id): PathId<ClayDestinationId>,
    IfMatch(seen): IfMatch,
    Body(request): Body<UpdateClayDestinationRequest>,
) -> Result<Versioned<ClayDestinationDto>> {
    Ok(versioned(destinations.update(&person, id, &seen, request.try_into()?).await?))
}

/// Delete a Clay destination
///
/// Ends the push; Clay keeps what it has. How many records the webhook has had is not forgotten.
#[utoipa::path(delete, path = "/clay-destinations/{id}", params(("id" = ClayDestinationId, Path)), responses((status = 204)))]
pub async fn delete(
    person: OrgPerson,
    State(destinations): State<ClayDestinationService>,
    PathId(id): PathId<ClayDestinationId>,
    IfMatch(seen): IfMatch,
) -> Result<NoContent> {
    destinations.delete(&person, id, &seen).await?;
    Ok(NoContent)
}

fn versioned(view: ClayDestinationView) -> Versioned<ClayDestinationDto> {
    let version = view.destination.version;
    Versioned(view.into(), version)
}
