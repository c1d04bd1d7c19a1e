//! The database.

use std::{net::IpAddr, path::PathBuf};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{Environment, Vars};

/// The database.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// `DATABASE_URL`; without one, development starts a database of its own.
    pub url: Option<SecretString>,
    /// `DATABASE_MAX_CONNECTIONS`.
    pub max_connections: u32,
    /// `PG_BIN_DIR`: where to find PostgreSQL's programs for the embedded database.
    pub pg_bin_dir: Option<PathBuf>,
    /// `PATH`, where they are looked for too.
    pub path: Option<String>,
}

/// Supabase's and PgBouncer's customary port for pooling by transaction.
const TRANSACTION_POOLER_PORT: u16 = 6543;

impl DatabaseConfig {
    pub(super) fn read(vars: &mut Vars, environment: Environment) -> Self {
        let url = vars.secret("DATABASE_URL");
        match &url {
            Some(url) => {
                if let Some(reason) = unusable(url.expose_secret()) {
                    vars.fault("DATABASE_URL", reason);
                }
            }
            None if environment.is_production() => {
                vars.fault("DATABASE_URL", "is required in production: a direct or session-mode Postgres URL");
            }
            None => {}
        }
        let max_connections = vars.parsed("DATABASE_MAX_CONNECTIONS", "a whole number from 2 to 1000").unwrap_or(16);
        if !(2..=1000).contains(&max_connections) {
            vars.fault("DATABASE_MAX_CONNECTIONS", "must be a whole number from 2 to 1000");
        }
        Self { url, max_connections, pg_bin_dir: vars.text("PG_BIN_DIR").map(PathBuf::from), path: vars.text("PATH") }
    }
}

impl DatabaseConfig {
    /// Whether the database is on another machine, so that there may be more in it than somebody tries out.
    #[must_use]
    pub fn is_elsewhere(&self) -> bool {
        let url = self.url.as_ref().and_then(|url| Url::parse(url.expose_secret()).ok());
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        address.map_or(!matches!(host, "" | "localhost"), |address| !address.is_loopback())
    }
}

/// Why a URL cannot be used. A pooler in transaction mode hands one client's prepared statement to another, so that answers get mixed
/// up without an error; see docs/supabase.md.
fn unusable(url: &str) -> Option<&'static str> {
    let Ok(url) = Url::parse(url) else {
        return Some("must be a URL such as postgres://user:password@host:5432/database");
    };
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Some("must begin with postgres:// or postgresql://");
    }
    let pgbouncer = url.query_pairs().any(|(name, value)| name == "pgbouncer" && value != "false");
    let port =
        url.query_pairs().find(|(name, _)| name == "port").map(|(_, port)| port.parse() == Ok(TRANSACTION_POOLER_PORT));
    (port.unwrap_or(url.port() == Some(TRANSACTION_POOLER_PORT)) || pgbouncer).then_some(
        "names a transaction-mode pooler (port 6543 or pgbouncer=true), which mixes up answers: use the direct or the session-mode URL (port 5432)",
    )
}
