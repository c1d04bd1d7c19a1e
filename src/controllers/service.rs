//! Signs of life and measurements.

use axum::{Json, extract::State};
use metrics::gauge;

use crate::{
    dto::service::{HealthDto, ReadyDto},
    errors::Result,
    services::ReadinessService,
    state::AppState,
};

/// Is the process alive?
///
/// Answers without asking the database.
#[utoipa::path(get, path = "/health", responses((status = 200, body = HealthDto)))]
pub async fn health() -> Json<HealthDto> {
    Json(HealthDto::OK)
}

/// Can the server do its work?
///
/// Asks the database, and whether every migration is applied; at most once a second.
#[utoipa::path(get, path = "/ready", responses((status = 200, body = ReadyDto), (status = 503, description = "Not yet, or not now.")))]
pub async fn ready(State(service): State<ReadinessService>) -> Result<Json<ReadyDto>> {
    Ok(Json(ReadyDto { status: "ready", migrations: service.check().await? }))
}

/// Measurements in Prometheus' text format
#[utoipa::path(get, path = "/metrics", responses((status = 200, body = String, content_type = "text/plain")))]
pub async fn metrics(State(state): State<AppState>) -> String {
    let (connections, idle) = state.db().connections();
    gauge!("database_connections").set(connections);
    gauge!("database_connections_idle").set(u32::try_from(idle).unwrap_or(u32::MAX));
    state.metrics()
}
