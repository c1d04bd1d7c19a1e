//! The one binary. `clento` serves; `clento help` tells what else it does.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use clento::{app, config::Config};
use tokio_util::sync::CancellationToken;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Clento's backend.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API, and do the work in the background (the default).
    Serve {
        /// Leave the background work to `clento worker`, of which one at least must then run.
        #[arg(long)]
        no_workers: bool,
    },
    /// Do the work in the background, without serving.
    Worker,
    /// Bring the database's schema up to date.
    Migrate,
    /// Seal anew, with the first key of `ENCRYPTION_KEY`, every stored secret that another has sealed; beside running servers.
    Reseal {
        /// Change nothing: only tell how many secrets each key has sealed.
        #[arg(long)]
        count: bool,
    },
    /// Print the OpenAPI document.
    Openapi,
    /// Print a session token of the demo's administrator.
    DevToken,
}

#[tokio::main]
async fn main() -> ExitCode {
    match Box::pin(run(Cli::parse().command.unwrap_or(Command::Serve { no_workers: false }))).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("clento: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<()> {
    if let Command::Openapi = command {
        return app::print_openapi();
    }
    // Two TLS libraries would each want to be the default; this says which one is.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let config = Config::load()?;
    match command {
        Command::Serve { no_workers } => {
            let _logs = app::telemetry::logging(&config.logging)?;
            app::serve(config, stop_on_signal(), !no_workers).await
        }
        Command::Worker => {
            let _logs = app::telemetry::logging(&config.logging)?;
            app::work(config, stop_on_signal()).await
        }
        Command::Migrate => app::migrate(&config).await,
        Command::Reseal { count } => app::reseal(&config, count).await,
        Command::DevToken => app::print_dev_token(&config),
        Command::Openapi => Ok(()),
    }
}

/// Cancelled when the process is told to stop.
fn stop_on_signal() -> CancellationToken {
    let stop = CancellationToken::new();
    tokio::spawn(wait_for_signal(stop.clone()));
    stop
}

async fn wait_for_signal(stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    tracing::info!("stopping: finishing what has begun");
    stop.cancel();
    // Who says it again does not want to wait.
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    std::process::exit(130);
}

#[expect(clippy::print_stderr, reason = "for the person at the terminal; logging may not be up")]
fn tell(text: &str) {
    eprintln!("{text}");
}
