//! Campaigns under way: foreseeing, starting, pausing, resuming and stopping them.

use std::convert::Infallible;

use axum::{
    Json,
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, StreamExt as _};

use crate::{
    dto::{
        Body, LastEventId, PathId, Versioned,
        activities::ActivityDto,
        campaign_runs::{CampaignPreviewDto, CampaignStatisticsDto, PreviewCampaignRequest},
        campaign_simulations::{CampaignSimulationDto, SimulateCampaignRequest},
        campaign_trials::{TestSendDto, TestSendRequest},
        campaigns::CampaignDto,
    },
    errors::Result,
    models::CampaignId,
    repositories::{OrgMember, OrgPerson},
    services::{
        CampaignService, FollowService, RunService,
        campaigns::{CampaignView, Told},
    },
};

/// Simulate a campaign
///
/// The calendar of all it would do from now on, each act with its lead, account, instant and the rules that moved it, by the very planner
/// that runs it. Of a campaign under way, what is left. Whose text could not be written, and so whose step would be held, is in `held`, with what
/// the lead lacks. Nothing is changed, and nothing is sent.
#[utoipa::path(post, path = "/campaigns/{id}/simulate", params(("id" = CampaignId, Path)), request_body = SimulateCampaignRequest,
    responses((status = 200, body = CampaignSimulationDto)))]
pub async fn simulate(
    person: OrgPerson,
    State(campaigns): State<CampaignService>,
    PathId(id): PathId<CampaignId>,
    Body(request): Body<SimulateCampaignRequest>,
) -> Result<Json<CampaignSimulationDto>> {
    let (most, request) = request.read();
    Ok(Json(CampaignSimulationDto::of(campaigns.simulate(&person, id, request).await?, most)))
}

/// Preview a campaign's messages
///
/// What it would write to the given leads, to the byte; or why nothing can be written to them. Nothing is sent.
#[utoipa::path(post, path = "/campaigns/{id}/preview", params(("id" = CampaignId, Path)), request_body = PreviewCampaignRequest,
    responses((status = 200, body = CampaignPreviewDto)))]
pub async fn preview(
    person: OrgPerson,
    State(campaigns): State<CampaignService>,
    PathId(id): PathId<CampaignId>,
    Body(request): Body<PreviewCampaignRequest>,
) -> Result<Json<CampaignPreviewDto>> {
    let previews = campaigns.preview(&person, id, &request.lead_ids).await?;
    Ok(Json(CampaignPreviewDto::of(&request.lead_ids, previews)))
}

/// Try a campaign's mail out
///
/// Sends one step, with a lead's data, to the caller's own address: from one of the campaign's mailboxes, on its limits, marked `[Test]`, and
/// without the way out that leads get. Under one `Idempotency-Key` it is sent once at most.
#[utoipa::path(post, path = "/campaigns/{id}/test-send", params(("id" = CampaignId, Path)), request_body = TestSendRequest,
    responses((status = 200, body = TestSendDto)))]
pub async fn test_send(
    person: OrgPerson,
    State(runs): State<RunService>,
    PathId(id): PathId<CampaignId>,
    Body(request): Body<TestSendRequest>,
) -> Result<Json<TestSendDto>> {
    let lead = request.lead_id;
    Ok(Json(TestSendDto::of(lead, runs.try_out(&person, id, request.into()).await?)))
}

/// Follow a campaign
///
/// Server-sent events: an `activity` for each of the campaign's activities as it becomes visible, with the activity as its data. With the id of
/// the last event in `Last-Event-ID` the stream goes on after that one, on any server, without a gap and without a repetition. A `reset` says
/// that this is not possible, since the database was restored: read the campaign anew. The stream ends with the caller's membership.
#[utoipa::path(get, path = "/campaigns/{id}/events", params(("id" = CampaignId, Path), ("Last-Event-ID" = Option<String>, Header)),
    responses((status = 200, content_type = "text/event-stream", body = String)))]
pub async fn events(
    member: OrgMember,
    State(campaigns): State<FollowService>,
    PathId(id): PathId<CampaignId>,
    LastEventId(from): LastEventId,
) -> Result<Sse<impl Stream<Item = std::result::Result<Event, Infallible>>>> {
    let told = campaigns.follow(member, id, from).await?;
    Ok(Sse::new(told.map(|told| Ok(event(told)))).keep_alive(KeepAlive::default()))
}

fn event(told: Told) -> Event {
    match told {
        Told::Activity(place, activity) => {
            let event = Event::default().event("activity").id(place.to_string());
            event.json_data(ActivityDto::from(*activity)).unwrap_or_default()
        }
        Told::Reset(place) => Event::default().event("reset").id(place.to_string()).data("{}"),
    }
}

/// Read a campaign's statistics
///
/// Its leads by where they stand, and each step in each wording: sent, failed, answered.
#[utoipa::path(get, path = "/campaigns/{id}/statistics", params(("id" = CampaignId, Path)),
    responses((status = 200, body = CampaignStatisticsDto)))]
pub async fn statistics(
    member: OrgMember,
    State(campaigns): State<CampaignService>,
    PathId(id): PathId<CampaignId>,
) -> Result<Json<CampaignStatisticsDto>> {
    Ok(Json(campaigns.statistics(&member, id).await?.into()))
}

/// Start a campaign
///
/// Now, or at its schedule's `start_at`: it is `scheduled` until then. All that keeps it from starting is answered at once, as by
/// `validate`. Enrolling its leads goes on behind the answer. One that is started already is answered as it is.
#[utoipa::path(post, path = "/campaigns/{id}/start", params(("id" = CampaignId, Path)), responses((status = 200, body = CampaignDto)))]
pub async fn start(
    person: OrgPerson,
    State(campaigns): State<CampaignService>,
    PathId(id): PathId<CampaignId>,
) -> Result<Versioned<CampaignDto>> {
    Ok(versioned(campaigns.start(&person, id).await?))
}

/// Pause a campaign
///
/// When this is answered nothing more is sent. What was on its way out is over.
#[utoipa::path(post, path = "/campaigns/{id}/pause", params(("id" = CampaignId, Path)), responses((status = 200, body = CampaignDto)))]
pub async fn pause(
    person: OrgPerson,
    State(campaigns): State<CampaignService>,
    PathId(id): PathId<CampaignId>,
) -> Result<Versioned<CampaignDto>> {
    Ok(versioned(campaigns.pause(&person, id).await?))
}

/// Resume a campaign
///
/// What became overdue during the pause is planned anew, with its accounts' spacing, rather than sent at once.
#[utoipa::path(post, path = "/campaigns/{id}/resume", params(("id" = CampaignId, Path)), responses((status = 200, body = CampaignDto)))]
pub async fn resume(
    person: OrgPerson,
    State(campaigns): State<CampaignService>,
    PathId(id): PathId<CampaignId>,
) -> Result<Versioned<CampaignDto>> {
    Ok(versioned(campaigns.resume(&person, id).await?))
}

/// Stop a campaign
///
/// For good, and every lead's way through it. When this is answered nothing more is sent.
#[utoipa::path(post, path = "/campaigns/{id}/stop", params(("id" = CampaignId, Path)), responses((status = 200, body = CampaignDto)))]
pub async fn stop(
    person: OrgPerson,
    State(campaigns): State<CampaignService>,
    PathId(id): PathId<CampaignId>,
) -> Result<Versioned<CampaignDto>> {
    Ok(versioned(campaigns.stop(&person, id).await?))
}

fn versioned(view: CampaignView) -> Versioned<CampaignDto> {
    let version = view.campaign.version;
    Versioned(view.into(), version)
}
