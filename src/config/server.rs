//! Listening and limits.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use super::{Environment, LinkedinConfig, MailConfig, UnipileConfig, Vars};
use crate::utils::sheet::Limits;

/// Listening and limits.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// `HOST`: the address to listen on.
    pub host: IpAddr,
    /// `PORT`: 0 takes a free one.
    pub port: u16,
    /// `WORKER_METRICS_ADDR`: where `clento worker` answers `/health`, `/ready` and `/metrics`; nowhere if it is not set.
    pub worker_metrics: Option<SocketAddr>,
    /// `CORS_ALLOWED_ORIGINS`: the exact origins whose pages may call.
    pub cors_allowed_origins: Vec<String>,
    /// `RATE_LIMIT_PER_SECOND`: requests that one caller may make in a second, on average.
    pub rate_limit_per_second: u32,
    /// `TRUSTED_PROXY_HOPS`: how many proxies in front of us append to `X-Forwarded-For`; with 0 the header is not believed.
    pub trusted_proxy_hops: usize,
    /// `CLENTO_DATA_DIR`: where the embedded database and the demo identity live.
    pub data_dir: Option<PathBuf>,
    /// The home and data folders that a default data folder is derived from.
    pub home: Option<PathBuf>,
    /// `XDG_DATA_HOME`.
    pub xdg_data_home: Option<PathBuf>,
    /// Whether webhooks may lead anywhere, to this machine and by plain http too, and not only to public addresses by https. In
    /// development only, so that there is something to try them on.
    pub outbound_anywhere: bool,
    /// `CAMPAIGN_CLOCK_SPEED`: how fast time passes for campaigns, in development: 100 is weeks in minutes.
    pub campaign_clock_speed: u32,
    /// `CAMPAIGN_LEASE_SECONDS`: how long the result of a step is awaited before it is looked up at the provider.
    pub campaign_lease: Duration,
    /// Mailboxes.
    pub mail: MailConfig,
    /// Unipile, if it is to be reached.
    pub unipile: Option<UnipileConfig>,
    /// What LinkedIn bears.
    pub linkedin: LinkedinConfig,
    /// `MAX_CONNECTIONS`: how many callers may be connected at a time; more wait to be let in.
    pub max_connections: usize,
    /// How long a caller may take to say the first bytes, and then the head of a request.
    pub head_timeout: Duration,
    /// How long a connection may be silent.
    pub idle_timeout: Duration,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// How long an export waits for a reader who has stopped reading.
    pub export_patience: Duration,
    /// `IMPORT_MAX_MEGABYTES`, `IMPORT_MAX_ROWS`: how large a file may be that leads are imported from.
    pub import_limits: Limits,
    /// How long a file may take to arrive, as long as it keeps coming.
    pub upload_timeout: Duration,
    /// How long requests in flight may take once the server is told to stop.
    pub shutdown_grace: Duration,
}

impl ServerConfig {
    pub(super) fn read(vars: &mut Vars, environment: Environment) -> Self {
        Self {
            host: vars.parsed("HOST", "an IP address").unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            port: vars.parsed("PORT", "a port number").unwrap_or(3001),
            worker_metrics: vars.parsed("WORKER_METRICS_ADDR", "an address with a port, such as 127.0.0.1:9464"),
            cors_allowed_origins: cors_allowed_origins(vars, environment),
            rate_limit_per_second: rate_limit(vars, environment),
            trusted_proxy_hops: trusted_proxy_hops(vars, environment),
            data_dir: vars.text("CLENTO_DATA_DIR").map(PathBuf::from),
            home: vars.text("HOME").map(PathBuf::from),
            xdg_data_home: vars.text("XDG_DATA_HOME").map(PathBuf::from),
            outbound_anywhere: !environment.is_production(),
            campaign_clock_speed: campaign_clock_speed(vars, environment),
            campaign_lease: campaign_lease(vars),
            mail: MailConfig::read(vars, environment),
            unipile: UnipileConfig::read(vars, environment),
            linkedin: LinkedinConfig::read(vars),
            max_connections: max_connections(vars),
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(1),
            request_timeout: Duration::from_secs(30),
            export_patience: Duration::from_secs(30),
            import_limits: import_limits(vars),
            upload_timeout: Duration::from_mins(30),
            shutdown_grace: Duration::from_secs(30),
        }
    }
}

/// The exact origins whose pages may call.
fn cors_allowed_origins(vars: &mut Vars, environment: Environment) -> Vec<String> {
    let origins = vars.list("CORS_ALLOWED_ORIGINS");
    for origin in &origins {
        if !is_origin(origin) {
            vars.fault(
                "CORS_ALLOWED_ORIGINS",
                "must list origins such as https://app.example.com, without path or trailing slash",
            );
            break;
        }
    }
    if environment.is_production() && origins.is_empty() {
        vars.fault("CORS_ALLOWED_ORIGINS", "is required in production: the origins of the front end, comma-separated");
    }
    or_local(origins, environment)
}

/// The origins, or in development the usual ones of front ends that are being written.
fn or_local(origins: Vec<String>, environment: Environment) -> Vec<String> {
    if origins.is_empty() && !environment.is_production() {
        return ["http://localhost:3000", "http://localhost:5173"].map(str::to_owned).to_vec();
    }
    origins
}

fn trusted_proxy_hops(vars: &mut Vars, environment: Environment) -> usize {
    // What is in front of the server cannot be guessed, and a wrong guess blames every request on the proxy.
    if environment.is_production() && vars.text("TRUSTED_PROXY_HOPS").is_none() {
        vars.fault(
            "TRUSTED_PROXY_HOPS",
            "is required in production: the number of proxies in front of the server, 0 if there is none",
        );
    }
    vars.parsed("TRUSTED_PROXY_HOPS", "a whole number").unwrap_or(0)
}

fn campaign_clock_speed(vars: &mut Vars, environment: Environment) -> u32 {
    let speed = vars.parsed("CAMPAIGN_CLOCK_SPEED", "a whole number from 1 to 100").unwrap_or(1);
    // Any faster, and a send would not fit into its lease.
    if !(1..=100).contains(&speed) {
        vars.fault("CAMPAIGN_CLOCK_SPEED", "must be a whole number from 1 to 100");
    } else if speed != 1 && environment.is_production() {
        vars.fault("CAMPAIGN_CLOCK_SPEED", "must not be set in production: time passes as it does");
    }
    speed
}

/// A provider is given a third of it to answer. Below a quarter of a minute there is no time for that.
fn campaign_lease(vars: &mut Vars) -> Duration {
    const BOUNDS: &str = "a whole number from 15 to 600";
    let seconds: u64 = vars.parsed("CAMPAIGN_LEASE_SECONDS", BOUNDS).unwrap_or(60);
    if !(15..=600).contains(&seconds) {
        vars.fault("CAMPAIGN_LEASE_SECONDS", "must be a whole number from 15 to 600");
    }
    Duration::from_secs(seconds)
}

fn max_connections(vars: &mut Vars) -> usize {
    // Few enough for the 1,024 open files that a process may usually have.
    let connections = vars.parsed("MAX_CONNECTIONS", "a whole number from 1 to 1000000").unwrap_or(900);
    if !(1..=1_000_000).contains(&connections) {
        vars.fault("MAX_CONNECTIONS", "must be a whole number from 1 to 1000000");
    }
    connections
}

fn import_limits(vars: &mut Vars) -> Limits {
    let usual = Limits::default();
    let megabytes = vars.parsed("IMPORT_MAX_MEGABYTES", "a whole number from 1 to 2000").unwrap_or(200);
    if !(1..=2_000).contains(&megabytes) {
        vars.fault("IMPORT_MAX_MEGABYTES", "must be a whole number from 1 to 2000");
    }
    let max_rows = vars.parsed("IMPORT_MAX_ROWS", "a whole number from 1 to 10000000").unwrap_or(usual.max_rows);
    if !(1..=10_000_000).contains(&max_rows) {
        vars.fault("IMPORT_MAX_ROWS", "must be a whole number from 1 to 10000000");
    }
    Limits { max_bytes: megabytes * 1_000_000, max_rows, ..usual }
}

fn rate_limit(vars: &mut Vars, environment: Environment) -> u32 {
    // Development leaves room for a load test; production for what a busy front end does.
    let default = if environment.is_production() { 50 } else { 100_000 };
    let per_second = vars.parsed("RATE_LIMIT_PER_SECOND", "a whole number above 0").unwrap_or(default);
    if per_second == 0 {
        vars.fault("RATE_LIMIT_PER_SECOND", "must be a whole number above 0");
    }
    per_second
}

/// Scheme, host and perhaps a port, just as a browser spells it (RFC 6454, 6.2).
fn is_origin(text: &str) -> bool {
    url::Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text)
}
