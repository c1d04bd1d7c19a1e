//! Campaigns.

use axum::{Json, extract::State};

use crate::{
    dto::{
        Body, Created, IfMatch, ListQuery, NoContent, PageDto, PageParams, Paged, PathId, Versioned,
        campaign_executions::{ExecutionDto, ExecutionFilter},
        campaigns::{
            CampaignDto, CampaignSummaryDto, CampaignValidationDto, CreateCampaignRequest, DuplicateCampaignRequest,
            UpdateCampaignRequest,
        },
    },
    errors::Result,
    models::CampaignId,
    repositories::{OrgMember, OrgPerson},
    services::{CampaignService, ExecutionService, campaigns::CampaignView},
};

/// List campaigns
///
/// The organization's campaigns, newest first, each with its lists, accounts and progress. Their workflows, which may be large, are in the
/// campaigns themselves.
#[utoipa::path(get, path = "/campaigns", params(PageParams), responses((status = 200, body = PageDto<CampaignSummaryDto>)))]
pub async fn list(
    member: OrgMember,
    State(campaigns): State<CampaignService>,
    query: ListQuery,
) -> Result<Paged<CampaignSummaryDto>> {
    let page = campaigns.list(&member, &query.page).await?;
    Ok(Paged::new(page, &query.page, CampaignSummaryDto::from))
}

/// Create a campaign
///
/// A draft: everything but its name may be missing or wrong for now; `validate` tells what it still needs.
#[utoipa::path(post, path = "/campaigns", request_body = CreateCampaignRequest, responses((status = 201, body = CampaignDto)))]
pub async fn create(
    member: OrgMember,
    State(campaigns): State<CampaignService>,
    Body(request): Body<CreateCampaignRequest>,
) -> Result<Created<CampaignDto>> {
    Ok(created(campaigns.create(&member, request.into()).await?))
}

/// Read a campaign
#[utoipa::path(get, path = "/campaigns/{id}", params(("id" = CampaignId, Path)), responses((status = 200, body = CampaignDto)))]
pub async fn get(
    member: OrgMember,
    State(campaigns): State<CampaignService>,
    PathId(id): PathId<CampaignId>,
) -> Result<Versioned<CampaignDto>> {
    Ok(versioned(campaigns.get(&member, id).await?))
}

/// Change a campaign
///
/// `workflow` and `schedule` are merged field by field; their arrays, such as `nodes`, are replaced. A draft may be as incomplete as one likes.
/// Of a campaign under way the result must be one that could start: all its faults are answered and nothing is changed else. The change holds
/// from the next claim on, and what waits is planned anew; leads whose step is gone are held with `node_gone`. Of one that is over only the
/// name can be changed: else 409 `campaign_over` with the `state`.
#[utoipa::path(patch, path = "/campaigns/{id}", params(("id" = CampaignId, Path)), request_body = UpdateCampaignRequest,
    responses((status = 200, body = CampaignDto)))]
pub async fn update(
    member: OrgMember,
    State(campaigns): State<CampaignService>,
    PathId(id): PathId<CampaignId>,
    IfMatch(seen): IfMatch,
    Body(request): Body<UpdateCampaignRequest>,
) -> Result<Versioned<CampaignDto>> {
    Ok(versioned(campaigns.update(&member, id, &seen, request.into()).await?))
}

/// Delete a campaign
///
/// Only a draft: else 409 `campaign_not_draft` with the `state`. Its lists and accounts stay.
#[utoipa::path(delete, path = "/campaigns/{id}", params(("id" = CampaignId, Path)), responses((status = 204)))]
pub async fn delete(
    member: OrgMember,
    State(campaigns): State<CampaignService>,
    PathId(id): PathId<CampaignId>,
    IfMatch(seen): IfMatch,
) -> Result<NoContent> {
    campaigns.delete(&member, id, &seen).await?;
    Ok(NoContent)
}

/// Duplicate a campaign
///
/// Makes a draft with the same lists, accounts, workflow, schedule and stop rules, whatever the state of the original.
#[utoipa::path(post, path = "/campaigns/{id}/duplicate", params(("id" = CampaignId, Path)), request_body = DuplicateCampaignRequest,
    responses((status = 201, body = CampaignDto)))]
pub async fn duplicate(
    member: OrgMember,
    State(campaigns): State<CampaignService>,
    PathId(id): PathId<CampaignId>,
    Body(request): Body<DuplicateCampaignRequest>,
) -> Result<Created<CampaignDto>> {
    Ok(created(campaigns.duplicate(&member, id, request.name).await?))
}

/// Validate a campaign
///
/// Everything that keeps it from starting now, each fault with a JSON pointer into the campaign. Nothing is changed.
#[utoipa::path(post, path = "/campaigns/{id}/validate", params(("id" = CampaignId, Path)),
    responses((status = 200, body = CampaignValidationDto)))]
pub async fn validate(
    person: OrgPerson,
    State(campaigns): State<CampaignService>,
    PathId(id): PathId<CampaignId>,
) -> Result<Json<CampaignValidationDto>> {
    Ok(Json(campaigns.validate(&person, id).await?.into()))
}

/// List a campaign's executions
///
/// The ways of its leads through it, newest first.
#[utoipa::path(get, path = "/campaigns/{id}/executions", params(("id" = CampaignId, Path), PageParams, ExecutionFilter),
    responses((status = 200, body = PageDto<ExecutionDto>)))]
pub async fn executions(
    member: OrgMember,
    State(executions): State<ExecutionService>,
    PathId(id): PathId<CampaignId>,
    query: ListQuery<ExecutionFilter>,
) -> Result<Paged<ExecutionDto>> {
    let page = executions.list(&member, id, query.filter.status, query.filter.hold.as_deref(), &query.page).await?;
    Ok(Paged::new(page, &query.page, ExecutionDto::from))
}

fn versioned(view: CampaignView) -> Versioned<CampaignDto> {
    let version = view.campaign.version;
    Versioned(view.into(), version)
}

fn created(view: CampaignView) -> Created<CampaignDto> {
    let (id, version) = (view.campaign.id, view.campaign.version);
    Created { location: format!("/api/v1/campaigns/{id}"), version: Some(version), body: view.into() }
}
