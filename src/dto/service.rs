//! Signs of life on the wire.

use serde::Serialize;
use utoipa::ToSchema;

/// The process is alive.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub struct HealthDto {
    /// Always `ok`.
    #[schema(example = "ok")]
    pub status: &'static str,
    /// The program's version.
    #[schema(example = "0.1.0")]
    pub version: &'static str,
}

impl HealthDto {
    /// The only answer there is.
    pub const OK: Self = Self { status: "ok", version: env!("CARGO_PKG_VERSION") };
}

/// The server can do its work.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ready)]
pub struct ReadyDto {
    /// Always `ready`.
    #[schema(example = "ready")]
    pub status: &'static str,
    /// Migrations applied.
    pub migrations: usize,
}
