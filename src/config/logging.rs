//! What is logged, and how.

use super::{Environment, Vars};

/// The shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for a log store.
    Json,
}

/// What is logged, and how.
#[derive(Debug, Clone)]
pub struct LoggingConfig {
    /// `LOG_FORMAT`.
    pub format: LogFormat,
    /// `RUST_LOG`: a filter such as `info,clento=debug`.
    pub filter: String,
}

impl LoggingConfig {
    pub(super) fn read(vars: &mut Vars, environment: Environment) -> Self {
        let default = if environment.is_production() { LogFormat::Json } else { LogFormat::Text };
        let format = vars.one_of("LOG_FORMAT", &[("text", LogFormat::Text), ("json", LogFormat::Json)]);
        let filter = vars.text("RUST_LOG").unwrap_or_else(|| "info,sqlx=warn".to_owned());
        if tracing_subscriber::EnvFilter::try_new(&filter).is_err() {
            vars.fault("RUST_LOG", "must be a filter such as info or info,clento=debug");
        }
        Self { format: format.unwrap_or(default), filter }
    }
}
