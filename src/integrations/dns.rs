//! Names of the internet, looked up.

use std::{net::SocketAddr, time::Duration};

use hickory_resolver::{
    Resolver, TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts},
    net::runtime::TokioRuntimeProvider,
    proto::rr::{Name, RData, RecordType},
};

/// How long a name server may take, and how often it is asked.
const PATIENCE: (Duration, usize) = (Duration::from_secs(2), 2);
/// How long an answer may take in all.
const TOTAL: Duration = Duration::from_secs(5);

/// Looks names up. Without a name server, no question is answered.
#[derive(Clone)]
pub struct Dns(Option<TokioResolver>);

/// No name server answered. That there is no such record is an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no name server answered")]
pub struct Unanswered;

impl Dns {
    /// Asks these name servers, or those of the system if there are none.
    #[must_use]
    pub fn new(servers: &[SocketAddr]) -> Self {
        let builder = if servers.is_empty() {
            Resolver::builder_tokio()
        } else {
            let config = ResolverConfig::from_name_servers(servers.iter().map(name_server).collect());
            Ok(Resolver::builder_with_config(config, TokioRuntimeProvider::default()))
        };
        let resolver = builder.and_then(|mut builder| {
            careful(builder.options_mut());
            builder.build()
        });
        Self(resolver.inspect_err(|error| tracing::warn!(%error, "no name server is known")).ok())
    }

    /// The texts that stand under `name`, each in one piece.
    ///
    /// # Errors
    /// No name server answered.
    pub async fn texts(&self, name: &str) -> Result<Vec<String>, Unanswered> {
        let one = |data: RData| match data {
            RData::TXT(text) => Some(String::from_utf8_lossy(&text.txt_data.concat()).into_owned()),
            _ => None,
        };
        Ok(self.look_up(name, RecordType::TXT).await?.into_iter().filter_map(one).collect())
    }

    /// The servers that take the mail of `name`, the first choice first. `.` is how a domain says that it takes none (RFC 7505).
    ///
    /// # Errors
    /// No name server answered.
    pub async fn mail_exchangers(&self, name: &str) -> Result<Vec<String>, Unanswered> {
        let one = |data: RData| match data {
            RData::MX(mx) => Some((mx.preference, mx.exchange.to_ascii())),
            _ => None,
        };
        let mut found: Vec<_> = self.look_up(name, RecordType::MX).await?.into_iter().filter_map(one).collect();
        found.sort();
        Ok(found.into_iter().map(|(_, exchange)| exchange).collect())
    }

    async fn look_up(&self, name: &str, kind: RecordType) -> Result<Vec<RData>, Unanswered> {
        let Some(resolver) = &self.0 else { return Err(Unanswered) };
        // Nothing can stand under what is no name.
        let Ok(mut name) = Name::from_ascii(name) else { return Ok(Vec::new()) };
        name.set_fqdn(true);
        let Ok(found) = tokio::time::timeout(TOTAL, resolver.lookup(name, kind)).await else { return Err(Unanswered) };
        match found {
            Ok(found) => Ok(found.answers().iter().map(|record| record.data.clone()).collect()),
            Err(error) if error.is_no_records_found() => Ok(Vec::new()),
            Err(error) => {
                tracing::info!(%error, "a name could not be looked up");
                Err(Unanswered)
            }
        }
    }
}

/// UDP, and TCP for what does not fit.
fn name_server(address: &SocketAddr) -> NameServerConfig {
    let on_port = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(on_port);
    NameServerConfig::new(address.ip(), true, connections.into())
}

fn careful(options: &mut ResolverOpts) {
    (options.timeout, options.attempts) = PATIENCE;
    // Little is asked, and by people who have just published what they were told to.
    options.cache_size = 0;
}
