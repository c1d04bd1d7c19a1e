//! Leads' ways through campaigns.

use axum::extract::State;

use crate::{
    dto::{
        PathId, Versioned,
        campaign_executions::{ExecutionDetailDto, ExecutionDto},
    },
    errors::Result,
    models::{CampaignExecution, ExecutionId},
    repositories::OrgPerson,
    services::{ExecutionService, RunService},
};

/// Read a campaign execution
///
/// One lead's way through one campaign: what happened, what is next, when, which rules moved it, and what it waits for. Of one that has not begun,
/// what keeps it from that, when it may begin, and what would free it.
#[utoipa::path(get, path = "/campaign-executions/{id}", params(("id" = ExecutionId, Path)),
    responses((status = 200, body = ExecutionDetailDto)))]
pub async fn get(
    person: OrgPerson,
    State(executions): State<ExecutionService>,
    PathId(id): PathId<ExecutionId>,
) -> Result<Versioned<ExecutionDetailDto>> {
    let view = executions.get(&person, id).await?;
    let version = view.execution.version;
    Ok(Versioned(view.into(), version))
}

/// Retry a step
///
/// Tries the step again that is held or has failed. If nobody can tell whether it was sent (`hold` is `needs_review`), this says that it
/// was not: look at the account first.
#[utoipa::path(post, path = "/campaign-executions/{id}/retry", params(("id" = ExecutionId, Path)),
    responses((status = 200, body = ExecutionDto)))]
pub async fn retry(
    person: OrgPerson,
    State(runs): State<RunService>,
    PathId(id): PathId<ExecutionId>,
) -> Result<Versioned<ExecutionDto>> {
    Ok(versioned(runs.retry(&person, id).await?))
}

/// Skip a step
///
/// Goes on with what follows the step, without doing it. If nobody can tell whether it was sent (`hold` is `needs_review`), this says that
/// it was.
#[utoipa::path(post, path = "/campaign-executions/{id}/skip", params(("id" = ExecutionId, Path)),
    responses((status = 200, body = ExecutionDto)))]
pub async fn skip(
    person: OrgPerson,
    State(runs): State<RunService>,
    PathId(id): PathId<ExecutionId>,
) -> Result<Versioned<ExecutionDto>> {
    Ok(versioned(runs.skip(&person, id).await?))
}

/// Stop an execution
///
/// Ends the lead's way through the campaign; the other leads go on.
#[utoipa::path(post, path = "/campaign-executions/{id}/stop", params(("id" = ExecutionId, Path)),
    responses((status = 200, body = ExecutionDto)))]
pub async fn stop(
    person: OrgPerson,
    State(runs): State<RunService>,
    PathId(id): PathId<ExecutionId>,
) -> Result<Versioned<ExecutionDto>> {
    Ok(versioned(runs.stop(&person, id).await?))
}

fn versioned(execution: CampaignExecution) -> Versioned<ExecutionDto> {
    let version = execution.version;
    Versioned(execution.into(), version)
}
