//! Lists of leads.

use axum::{Json, extract::State};

use crate::{
    dto::{
        Body, Created, IfMatch, ListQuery, NoContent, PageDto, PageParams, Paged, PathId, Versioned,
        lead_lists::{
            CreateLeadListRequest, DuplicateLeadListRequest, LeadListDto, LeadListStatisticsDto, UpdateLeadListRequest,
        },
    },
    errors::Result,
    models::{LeadListId, LeadListStatus},
    repositories::OrgMember,
    services::{LeadListService, lead_lists::CountedLeadList},
};

/// List lead lists
///
/// The organization's lists, newest first, archived ones included.
#[utoipa::path(get, path = "/lead-lists", params(PageParams), responses((status = 200, body = PageDto<LeadListDto>)))]
pub async fn list(
    member: OrgMember,
    State(lists): State<LeadListService>,
    query: ListQuery,
) -> Result<Paged<LeadListDto>> {
    let page = lists.list(&member, &query.page).await?;
    Ok(Paged::new(page, &query.page, LeadListDto::from))
}

/// Create a lead list
#[utoipa::path(post, path = "/lead-lists", request_body = CreateLeadListRequest, responses((status = 201, body = LeadListDto)))]
pub async fn create(
    member: OrgMember,
    State(lists): State<LeadListService>,
    Body(request): Body<CreateLeadListRequest>,
) -> Result<Created<LeadListDto>> {
    Ok(created(lists.create(&member, request.into()).await?))
}

/// Read a lead list
#[utoipa::path(get, path = "/lead-lists/{id}", params(("id" = LeadListId, Path)), responses((status = 200, body = LeadListDto)))]
pub async fn get(
    member: OrgMember,
    State(lists): State<LeadListService>,
    PathId(id): PathId<LeadListId>,
) -> Result<Versioned<LeadListDto>> {
    Ok(versioned(lists.get(&member, id).await?))
}

/// Change a lead list
#[utoipa::path(patch, path = "/lead-lists/{id}", params(("id" = LeadListId, Path)), request_body = UpdateLeadListRequest,
    responses((status = 200, body = LeadListDto)))]
pub async fn update(
    member: OrgMember,
    State(lists): State<LeadListService>,
    PathId(id): PathId<LeadListId>,
    IfMatch(seen): IfMatch,
    Body(request): Body<UpdateLeadListRequest>,
) -> Result<Versioned<LeadListDto>> {
    Ok(versioned(lists.update(&member, id, &seen, request.into()).await?))
}

/// Delete a lead list
///
/// Its leads stay. A list that a campaign draws on cannot be deleted.
#[utoipa::path(delete, path = "/lead-lists/{id}", params(("id" = LeadListId, Path)), responses((status = 204)))]
pub async fn delete(
    member: OrgMember,
    State(lists): State<LeadListService>,
    PathId(id): PathId<LeadListId>,
    IfMatch(seen): IfMatch,
) -> Result<NoContent> {
    lists.delete(&member, id, &seen).await?;
    Ok(NoContent)
}

/// Archive a lead list
///
/// Puts the list away: it stays readable, and no campaign can start with it.
#[utoipa::path(post, path = "/lead-lists/{id}/archive", params(("id" = LeadListId, Path)), responses((status = 200, body = LeadListDto)))]
pub async fn archive(
    member: OrgMember,
    State(lists): State<LeadListService>,
    PathId(id): PathId<LeadListId>,
) -> Result<Versioned<LeadListDto>> {
    Ok(versioned(lists.set_status(&member, id, LeadListStatus::Archived).await?))
}

/// Unarchive a lead list
#[utoipa::path(post, path = "/lead-lists/{id}/unarchive", params(("id" = LeadListId, Path)), responses((status = 200, body = LeadListDto)))]
pub async fn unarchive(
    member: OrgMember,
    State(lists): State<LeadListService>,
    PathId(id): PathId<LeadListId>,
) -> Result<Versioned<LeadListDto>> {
    Ok(versioned(lists.set_status(&member, id, LeadListStatus::Active).await?))
}

/// Duplicate a lead list
///
/// Makes a list with the same leads.
#[utoipa::path(post, path = "/lead-lists/{id}/duplicate", params(("id" = LeadListId, Path)), request_body = DuplicateLeadListRequest,
    responses((status = 201, body = LeadListDto)))]
pub async fn duplicate(
    member: OrgMember,
    State(lists): State<LeadListService>,
    PathId(id): PathId<LeadListId>,
    Body(request): Body<DuplicateLeadListRequest>,
) -> Result<Created<LeadListDto>> {
    Ok(created(lists.duplicate(&member, id, request.name).await?))
}

/// Read a lead list's statistics
#[utoipa::path(get, path = "/lead-lists/{id}/statistics", params(("id" = LeadListId, Path)),
    responses((status = 200, body = LeadListStatisticsDto)))]
pub async fn statistics(
    member: OrgMember,
    State(lists): State<LeadListService>,
    PathId(id): PathId<LeadListId>,
) -> Result<Json<LeadListStatisticsDto>> {
    Ok(Json(lists.statistics(&member, id).await?.into()))
}

fn versioned(list: CountedLeadList) -> Versioned<LeadListDto> {
    let version = list.list.version;
    Versioned(list.into(), version)
}

fn created(list: CountedLeadList) -> Created<LeadListDto> {
    let (id, version) = (list.list.id, list.list.version);
    Created { location: format!("/api/v1/lead-lists/{id}"), version: Some(version), body: list.into() }
}
