//! Leads' ways through campaigns.

use axum::extract::State;

use crate::{
    dto::{PathId, Versioned, campaign_executions::ExecutionDto},
    errors::Result,
    models::ExecutionId,
    repositories::OrgPerson,
    services::ExecutionService,
};

/// Read a campaign execution
///
/// One lead's way through one campaign.
#[utoipa::path(get, path = "/campaign-executions/{id}", params(("id" = ExecutionId, Path)), responses((status = 200, body = ExecutionDto)))]
pub async fn get(
    person: OrgPerson,
    State(executions): State<ExecutionService>,
    PathId(id): PathId<ExecutionId>,
) -> Result<Versioned<ExecutionDto>> {
    let execution = executions.get(&person, id).await?;
    let version = execution.version;
    Ok(Versioned(execution.into(), version))
}
