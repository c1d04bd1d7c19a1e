//! Leads.

use axum::{Json, extract::State};

use crate::{
    dto::{
        Body, Created, CsvDownload, IfMatch, ListQuery, NoContent, PageDto, PageParams, Paged, PathId, QueryParams,
        Versioned,
        activities::TimelineEntryDto,
        leads::{
            BatchDeleteLeadsDto, BatchDeleteLeadsRequest, BatchLeadsDto, BatchLeadsRequest, CreateLeadRequest,
            DeleteLeadParams, LeadDto, LeadFilterParams, UpdateLeadRequest, UpsertLeadDto, UpsertLeadRequest,
            UpsertParams, UpsertedLead,
        },
    },
    errors::Result,
    models::{ExportedLead, Lead, LeadFilter, LeadId},
    repositories::OrgMember,
    services::LeadService,
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
    let filter = LeadFilter::from(query.filter);
    let page = leads.list(&member, &filter, &query.page).await?;
    Ok(Paged::new(page, &query.page, |lead| LeadDto::of(lead, filter.lead_list_id)))
}

/// Export leads
///
/// Every lead that the filters let through, the oldest first, as CSV (RFC 4180, UTF-8): one snapshot, sent as it is read, of any size. An
/// import reads the same fields under the same names. `custom_fields` is JSON; `tags` are parted by semicolons, with a backslash before a
/// semicolon, comma or backslash of a tag's own. Text that a spreadsheet might run as a formula has an apostrophe before it, which an
/// import takes away. A file that breaks off is ended as an error, never as if it were whole.
#[utoipa::path(get, path = "/leads/export.csv", params(LeadFilterParams), responses((status = 200, content_type = "text/csv", body = String)))]
pub async fn export(
    member: OrgMember,
    State(leads): State<LeadService>,
    QueryParams(filter): QueryParams<LeadFilterParams>,
) -> Result<CsvDownload<ExportedLead>> {
    Ok(CsvDownload { name: "leads.csv", rows: leads.export(&member, filter.into()).await? })
}

/// Create a lead
///
/// A second lead with the same e-mail address, LinkedIn profile or external id is refused with `lead_exists` and the present one's
/// `lead_id`; one whom nobody may write to with `suppressed`, and what is suppressed as `reason`.
#[utoipa::path(post, path = "/leads", request_body = CreateLeadRequest, responses((status = 201, body = LeadDto)))]
pub async fn create(
    member: OrgMember,
    State(leads): State<LeadService>,
    Body(new): Body<CreateLeadRequest>,
) -> Result<Created<LeadDto>> {
    let asked = new.lists.one;
    let lead = leads.create(&member, new).await?;
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
/// A change of status becomes an activity. An address that nobody may write to is refused with `suppressed`, and so is a status that would
/// allow to contact somebody whose address that is.
#[utoipa::path(patch, path = "/leads/{id}", params(("id" = LeadId, Path)), request_body = UpdateLeadRequest,
    responses((status = 200, body = LeadDto)))]
pub async fn update(
    member: OrgMember,
    State(leads): State<LeadService>,
    PathId(id): PathId<LeadId>,
    IfMatch(seen): IfMatch,
    Body(changes): Body<UpdateLeadRequest>,
) -> Result<Versioned<LeadDto>> {
    Ok(versioned(leads.update(&member, id, &seen, changes).await?))
}

/// Delete a lead
///
/// Its campaigns go on without it. With `erase=true` the person is erased: what their activities say goes too, and their e-mail address and
/// LinkedIn profile are suppressed for good, as hashes only. Older lines of the audit log are not rewritten.
#[utoipa::path(delete, path = "/leads/{id}", params(("id" = LeadId, Path), DeleteLeadParams), responses((status = 204)))]
pub async fn delete(
    member: OrgMember,
    State(leads): State<LeadService>,
    PathId(id): PathId<LeadId>,
    QueryParams(params): QueryParams<DeleteLeadParams>,
    IfMatch(seen): IfMatch,
) -> Result<NoContent> {
    match params.erase {
        Some(true) => leads.erase(&member, id, &seen).await?,
        _ => leads.delete(&member, id, &seen).await?,
    }
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

/// Write one flat row
///
/// Made for columns that call once for each row of a table: the person is recognised by e-mail address, LinkedIn profile or external id,
/// and made a lead, or their lead is changed. The answer is small and flat; sending the same row again changes nothing, and two at the same
/// time make one lead. A row that cannot be used is a problem with `outcome`, `reason` and a pointer to each fault.
#[utoipa::path(post, path = "/leads/upsert", params(UpsertParams), request_body = UpsertLeadRequest,
    responses((status = 200, body = UpsertLeadDto), (status = 201, body = UpsertLeadDto)))]
pub async fn upsert(
    member: OrgMember,
    State(leads): State<LeadService>,
    State(state): State<AppState>,
    QueryParams(params): QueryParams<UpsertParams>,
    Body(request): Body<UpsertLeadRequest>,
) -> Result<UpsertedLead> {
    let upsert = request.read(&params, state.schemas())?;
    UpsertedLead::of(leads.upsert(&member, upsert).await)
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
