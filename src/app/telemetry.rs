//! Logs and measurements.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use super::log_lines::{LogGuard, LogLines};
use crate::config::{LogFormat, LoggingConfig};

/// Bounds of the latency histogram's buckets, in seconds.
const LATENCY: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Starts logging to standard error. Lines are written by a thread of their own; drop the guard last, so that none is lost.
///
/// # Errors
/// Logging was started before.
pub fn logging(config: &LoggingConfig) -> anyhow::Result<LogGuard> {
    let (writer, guard) = LogLines::to(std::io::stderr())?;
    let filter = EnvFilter::try_new(&config.filter)?;
    let colours = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(writer);
    match config.format {
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init(),
        LogFormat::Text => builder.try_init(),
    }
    .map_err(anyhow::Error::from_boxed)?;
    Ok(guard)
}

/// Starts measuring.
///
/// # Errors
/// Measuring was started before.
pub fn metrics() -> anyhow::Result<PrometheusHandle> {
    let builder = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &LATENCY)?;
    builder.install_recorder().context("measuring was started before")
}
