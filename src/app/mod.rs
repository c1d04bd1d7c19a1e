//! Floor 10: the composition root. From settings to a serving process, and to its graceful stop.

mod database;
mod demo;
mod guard;
mod identity;
mod idle_timeout;
mod log_lines;
mod reseal;
mod server;
pub mod telemetry;

use std::{io::Write as _, net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use axum::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Config, EncryptionKeys, IdentitySettings, ServerConfig},
    integrations::{
        mail::Mail,
        outbound::Outbound,
        unipile::{Unipile, UnipileSettings},
    },
    repositories::Database,
    routers,
    services::{MailLinks, SuppressionKeys},
    state::{AppState, ClerkParts, Parts},
    utils::{
        clock::{Clock as _, SharedClock, SystemClock},
        crypto::Cipher,
        json_schema::Schemas,
    },
    workers::Workers,
};

pub use self::{database::Databases, log_lines::LogGuard, reseal::reseal, server::serve_on};

/// Hands the state its parts and builds the service on it.
///
/// # Errors
/// TLS cannot be set up.
pub fn compose(
    server: ServerConfig,
    db: Database,
    clock: SharedClock,
    encryption: &EncryptionKeys,
    clerk: ClerkParts,
    metrics: PrometheusHandle,
) -> anyhow::Result<(AppState, Router)> {
    let document = routers::document();
    let schemas = Schemas::of(&document, routers::body_schemas(&document));
    let (cipher, suppression_keys) = (Cipher::new(&encryption.0)?, SuppressionKeys::new(&encryption.0)?);
    let outbound = Outbound::new(server.outbound_anywhere)?;
    let mail = Mail::new(&server.mail)?;
    let links = MailLinks::new(&encryption.0, server.mail.public_url.clone())?;
    let unipile = unipile(&server)?;
    let state = AppState::new(Parts {
        server,
        db,
        clock,
        cipher,
        suppression_keys,
        schemas,
        outbound,
        mail,
        links,
        unipile,
        clerk,
        metrics,
    });
    let router = routers::router(&state, document);
    Ok((state, router))
}

/// What speaks to Unipile, if this server has a key to it.
fn unipile(server: &ServerConfig) -> anyhow::Result<Option<Unipile>> {
    let settings = server.unipile.clone().map(|it| UnipileSettings { dsn: it.dsn, api_key: it.api_key });
    Ok(settings.map(Unipile::new).transpose()?)
}

/// Serves until `stop` is cancelled, and works `with_workers` too: without them another process must.
///
/// # Errors
/// What keeps the server from starting, in words an operator can act on.
pub async fn serve(config: Config, stop: CancellationToken, with_workers: bool) -> anyhow::Result<()> {
    let metrics = telemetry::metrics()?;
    let clock: SharedClock = Arc::new(SystemClock::new());
    let databases = Databases::open(&config).await?;
    let served = serve_over(&databases, &config, clock, metrics, stop, with_workers).await;
    // What ended it is worth more than what closing it came to.
    let closed = databases.close().await;
    served.and(closed)
}

async fn serve_over(
    databases: &Databases,
    config: &Config,
    clock: SharedClock,
    metrics: PrometheusHandle,
    stop: CancellationToken,
    with_workers: bool,
) -> anyhow::Result<()> {
    let identity::Identity { clerk, demo } = identity::Identity::of(config, Arc::clone(&clock))?;
    let db = databases.database().clone();
    if config.environment.is_production() {
        let keys = SuppressionKeys::new(&config.encryption.0)?;
        guard::refuse_unfit(&db, keys.ids(), &stop).await?;
    }
    let (state, router) = compose(config.server.clone(), db, clock, &config.encryption, clerk, metrics)?;
    let listener = listen(&config.server).await?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "listening");
    if let Some(signer) = demo.filter(|_| databases.is_embedded()) {
        let _alone = databases.alone(config).await?;
        demo::seed(&state).await?;
        demo::welcome(&signer, &state, address)?;
    }
    let workers = Workers::new(stop.clone());
    workers.tend_process(&state);
    if with_workers {
        align(&state).await;
        workers.tend_database(&state);
    }
    tokio::spawn(end_streams(state.clone(), stop.clone()));
    serve_on(listener, router, stop, &config.server).await;
    state.settled().await;
    workers.ended().await;
    state.api_keys().settle().await;
    if let Err(error) = state.api_keys().tell_all_uses().await {
        tracing::warn!(code = error.code(), cause = error.causes(), "the last uses of API keys were not told");
    }
    Ok(())
}

/// Lets go of those who watch when it is time to stop: they would be waited for.
async fn end_streams(state: AppState, stop: CancellationToken) {
    stop.cancelled().await;
    state.end_streams();
}

/// Works without serving, until `stop` is cancelled.
///
/// # Errors
/// What keeps the workers from starting.
pub async fn work(config: Config, stop: CancellationToken) -> anyhow::Result<()> {
    let metrics = telemetry::metrics()?;
    let clock: SharedClock = Arc::new(SystemClock::new());
    let databases = Databases::open(&config).await?;
    let worked = work_over(databases.database(), &config, clock, metrics, stop).await;
    let closed = databases.close().await;
    worked.and(closed)
}

async fn work_over(
    db: &Database,
    config: &Config,
    clock: SharedClock,
    metrics: PrometheusHandle,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    if config.environment.is_production() {
        let keys = SuppressionKeys::new(&config.encryption.0)?;
        guard::wait_until_fit(db, keys.ids(), &stop).await?;
    }
    let clerk = identity::of_workers(config)?;
    let (state, _) = compose(config.server.clone(), db.clone(), clock, &config.encryption, clerk, metrics)?;
    work_with(&state, &config.server, stop).await
}

async fn work_with(state: &AppState, config: &ServerConfig, stop: CancellationToken) -> anyhow::Result<()> {
    if let Some(address) = config.worker_metrics {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address} (WORKER_METRICS_ADDR)"))?;
        tracing::info!(address = %listener.local_addr()?, "telling measurements");
        let (router, stop, config) = (routers::worker_router(state), stop.clone(), config.clone());
        tokio::spawn(async move { serve_on(listener, router, stop, &config).await });
    }
    align(state).await;
    let workers = Workers::new(stop);
    workers.tend_process(state);
    workers.tend_database(state);
    tracing::info!("working");
    workers.ended().await;
    Ok(())
}

/// Sets the clock of campaigns before the workers start; they do so again and again, should the database be away.
async fn align(state: &AppState) {
    if let Err(error) = state.align_clock().await {
        tracing::warn!(code = error.code(), "the database does not tell the time yet");
    }
}

async fn listen(server: &ServerConfig) -> anyhow::Result<TcpListener> {
    let address = SocketAddr::new(server.host, server.port);
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address} (HOST, PORT)"))
}

/// Brings the database's schema up to date.
///
/// # Errors
/// The database is away, or a migration fails.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    let databases = Databases::open(config).await?;
    let migrated = databases.database().migrate().await.context("the database cannot be migrated");
    let closed = databases.close().await;
    migrated.and(closed)
}

/// Prints the OpenAPI document.
///
/// # Errors
/// Standard output is closed.
pub fn print_openapi() -> anyhow::Result<()> {
    let document = serde_json::to_string_pretty(&routers::document())?;
    Ok(writeln!(std::io::stdout(), "{document}")?)
}

/// Prints a session token of the demo's administrator.
///
/// # Errors
/// The settings are not the demo's: production, or a Clerk instance.
pub fn print_dev_token(config: &Config) -> anyhow::Result<()> {
    let IdentitySettings::Demo(development) = config.identity else {
        anyhow::bail!(
            "tokens of this server come from Clerk: the demo identity is for development without Clerk settings"
        );
    };
    let signer = identity::demo_signer(config, development)?;
    let token = demo::token(&signer, SystemClock::new().now())?;
    Ok(writeln!(std::io::stdout(), "{token}")?)
}
