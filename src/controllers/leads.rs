//! Leads.

use axum::{Json, extract::State};

use crate::{
    dto::{
        Body, Created, IfMatch, ListQuery, NoContent, PageDto, PageParams, Paged, PathId, Versioned,
        activities::TimelineEntryDto,
        leads::{
            BatchDeleteLeadsDto, BatchDeleteLeadsRequest, BatchLeadsDto, BatchLeadsRequest, CreateLeadRequest, LeadDto,
            LeadFilterParams, UpdateLeadRequest,
        },
    },
    errors::Result,
    models::{Lead, LeadFilter, LeadId},
    repositories::OrgMember,
    services::{LeadService, leads::source_by_default},
    state::AppState,
};

/// List leads
///
/// The organization's leads, newest first; of one list, of one status, or found by a search.
#[utoipa::path(get, path = "/leads", params(PageParams, LeadFilterParams), responses((status = 200, body = PageDto<LeadDto>)))]
pub async fn list(
    member: OrgMember,
    State(leads): State<LeadService>,
    query: ListQuery<LeadFilterParams>,
) -> Result<Paged<LeadDto>> {
    let filter = LeadFilter::try_from(query.filter)?;
    let page = leads.list(&member, &filter, &query.page).await?;
    Ok(Paged::new(page, &query.page, |lead| LeadDto::of(lead, filter.lead_list_id)))
}

/// Create a lead
///
/// A second lead with the same e-mail address, LinkedIn profile or external id is refused with `lead_exists` and the present one's
/// `lead_id`.
#[utoipa::path(post, path = "/leads", request_body = CreateLeadRequest, responses((status = 201, body = LeadDto)))]
pub async fn create(
    member: OrgMember,
    State(leads): State<LeadService>,
    Body(request): Body<CreateLeadRequest>,
) -> Result<Created<LeadDto>> {
    let asked = request.lead_list_id;
    let lead = leads.create(&member, request.into_lead(source_by_default(&member))?).await?;
    let location = format!("/api/v1/leads/{}", lead.id);
    Ok(Created { location, version: Some(lead.version), body: LeadDto::of(lead, asked) })
}

/// Read a lead
#[utoipa::path(get, path = "/leads/{id}", params(("id" = LeadId, Path)), responses((status = 200, body = LeadDto)))]
pub async fn get(
    member: OrgMember,
    State(leads): State<LeadService>,
    PathId(id): PathId<LeadId>,
) -> Result<Versioned<LeadDto>> {
    Ok(versioned(leads.get(&member, id).await?))
}

/// Change a lead
///
/// A change of status becomes an activity.
#[utoipa::path(patch, path = "/leads/{id}", params(("id" = LeadId, Path)), request_body = UpdateLeadRequest,
    responses((status = 200, body = LeadDto)))]
pub async fn update(
    member: OrgMember,
    State(leads): State<LeadService>,
    PathId(id): PathId<LeadId>,
    IfMatch(seen): IfMatch,
    Body(request): Body<UpdateLeadRequest>,
) -> Result<Versioned<LeadDto>> {
    Ok(versioned(leads.update(&member, id, &seen, request.try_into()?).await?))
}

/// Delete a lead
///
/// Its campaigns go on without it.
#[utoipa::path(delete, path = "/leads/{id}", params(("id" = LeadId, Path)), responses((status = 204)))]
pub async fn delete(
    member: OrgMember,
    State(leads): State<LeadService>,
    PathId(id): PathId<LeadId>,
    IfMatch(seen): IfMatch,
) -> Result<NoContent> {
    leads.delete(&member, id, &seen).await?;
    Ok(NoContent)
}

/// Read a lead's timeline
///
/// What happened to the lead and who changed it, newest first; `sort` is by time.
#[utoipa::path(get, path = "/leads/{id}/timeline", params(("id" = LeadId, Path), PageParams),
    responses((status = 200, body = PageDto<TimelineEntryDto>)))]
pub async fn timeline(
    member: OrgMember,
    State(leads): State<LeadService>,
    PathId(id): PathId<LeadId>,
    query: ListQuery,
) -> Result<Paged<TimelineEntryDto>> {
    let page = leads.timeline(&member, id, &query.page).await?;
    Ok(Paged::new(page, &query.page, TimelineEntryDto::from))
}

/// Write many leads
///
/// Up to 1,000 rows of up to 8 MiB together. People are recognised by e-mail address, LinkedIn profile or external id; each row gets its
/// own verdict, so that one with faults does not keep the others from being written.
#[utoipa::path(post, path = "/leads/batch", request_body = BatchLeadsRequest, responses((status = 200, body = BatchLeadsDto)))]
pub async fn batch(
    member: OrgMember,
    State(leads): State<LeadService>,
    State(state): State<AppState>,
    Body(request): Body<BatchLeadsRequest>,
) -> Result<Json<BatchLeadsDto>> {
    let batch = request.judged(state.schemas());
    Ok(Json(leads.batch(&member, &batch).await?.into()))
}

/// Delete many leads
///
/// By ids, or by a filter, of which one call deletes up to 10,000: repeat it while `has_more` is true. A dry run only says what it would
/// delete.
#[utoipa::path(post, path = "/leads/batch-delete", request_body = BatchDeleteLeadsRequest,
    responses((status = 200, body = BatchDeleteLeadsDto)))]
pub async fn batch_delete(
    member: OrgMember,
    State(leads): State<LeadService>,
    Body(request): Body<BatchDeleteLeadsRequest>,
) -> Result<Json<BatchDeleteLeadsDto>> {
    Ok(Json(leads.batch_delete(&member, request.into()).await?.into()))
}

fn versioned(lead: Lead) -> Versioned<LeadDto> {
    let version = lead.version;
    Versioned(lead.into(), version)
}
