//! By which names links may be followed. What stands under a customer's domain speaks with that customer's good name, so that only the mails of
//! the organization that has proved the domain lead on from there. `PUBLIC_URL` is nobody's, and serves all.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use moka::sync::Cache;
use tokio::sync::Semaphore;

use crate::{
    errors::{AppError, Kind, Result},
    models::OrganizationId,
    services::Context,
};

/// How long it is believed whose a name is.
const BELIEVED_FOR: Duration = Duration::from_mins(1);
/// Names of which that is remembered.
const REMEMBERED: u64 = 10_000;
/// How long a reader waits for the answer; after that what was known before holds, for another while.
const PATIENCE: Duration = Duration::from_millis(500);
/// Names that a request may be sent to: its own, and those that a few servers before us had. Whoever sends more makes them up.
const NAMES: usize = 4;
/// Questions at a time: more would take the connections that requests and workers need.
const AT_A_TIME: usize = 2;

/// Whose it is, and when that was asked.
type Known = (Option<OrganizationId>, Duration);

/// Whose the names are that we are asked by.
#[derive(Clone)]
pub(super) struct Hosts {
    context: Context,
    known: Cache<String, Known>,
    places: Arc<Semaphore>,
}

impl Hosts {
    pub(super) fn new(context: Context) -> Self {
        Self { context, known: Cache::new(REMEMBERED), places: Arc::new(Semaphore::new(AT_A_TIME)) }
    }

    /// Whether a mail of the organization's leads on from here, by every name that the request was sent to: a server before us may have put
    /// its own in the place of what the reader saw, and told the other.
    ///
    /// # Errors
    /// It cannot be told now.
    pub(super) async fn serve(&self, organization: OrganizationId, hosts: &[&str]) -> Result<bool> {
        let names: BTreeSet<_> = hosts.iter().map(|host| named(host)).collect();
        if names.len() > NAMES {
            return Ok(false);
        }
        for name in names.iter().filter(|name| !self.context.links.is_public(name)) {
            if self.owner(name).await?.is_some_and(|owner| owner != organization) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn owner(&self, name: &str) -> Result<Option<OrganizationId>> {
        let asking = self.context.clock.monotonic();
        let before = self.known.get(name);
        if let Some((owner, _)) = before.filter(|(_, asked)| asking.saturating_sub(*asked) < BELIEVED_FOR) {
            return Ok(owner);
        }
        let owner = match (tokio::time::timeout(PATIENCE, self.ask(name)).await, before) {
            (Ok(Ok(owner)), _) | (_, Some((owner, _))) => owner,
            (Ok(Err(error)), None) => return Err(error),
            (Err(_), None) => return Err(AppError::new(Kind::Unavailable, "host_unknown", "Try again in a moment.")),
        };
        self.known.insert(name.to_owned(), (owner, asking));
        Ok(owner)
    }

    async fn ask(&self, name: &str) -> Result<Option<OrganizationId>> {
        // Never closed.
        let _place = self.places.acquire().await.map_err(AppError::internal)?;
        self.context.db.owner_of_link_domain(name).await
    }
}

/// A host as names are kept: as browsers send it but for its case, a dot at its end, and the port that its scheme has anyway.
fn named(host: &str) -> String {
    let host = host.trim().to_ascii_lowercase();
    let host = [":443", ":80"].into_iter().find_map(|port| host.strip_suffix(port)).unwrap_or(&host);
    host.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_the_same_however_it_is_written() {
        for host in [
            "go.sender.example",
            "GO.Sender.example",
            "go.sender.example.",
            "go.sender.example:443",
            " go.sender.example.:80",
        ] {
            assert_eq!(named(host), "go.sender.example", "{host}");
        }
        assert_eq!(named("127.0.0.1:3000"), "127.0.0.1:3000");
    }
}
