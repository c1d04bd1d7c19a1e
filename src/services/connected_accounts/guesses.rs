//! What keeps a new mailbox's sign-in from being a way to try out passwords: a few are under way at a time, and a few may fail.

use std::time::Duration;

use crate::{
    errors::{AppError, Kind, Result},
    integrations::mail::{MailError, MailProtocol},
    models::{Mailbox, OrganizationId},
    utils::{
        clock::SharedClock,
        failures::Failures,
        keyed_limit::{KeyedLimit, Place},
    },
};

/// Sign-ins of one organization that are under way at a time.
const AT_ONCE: usize = 3;
/// How long one waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// Sign-ins of one organization that one host may refuse, and within how long.
const REFUSED: (usize, Duration) = (10, Duration::from_mins(10));

/// Counts sign-ins with credentials that somebody has just given.
#[derive(Clone)]
pub(super) struct Guesses {
    turns: KeyedLimit<OrganizationId>,
    refused: Failures<(OrganizationId, String)>,
}

impl Guesses {
    pub(super) fn new(clock: SharedClock) -> Self {
        let (most, within) = REFUSED;
        Self { turns: KeyedLimit::new(AT_ONCE), refused: Failures::new(most, within, clock) }
    }

    /// Leave to sign in to a mailbox's servers.
    ///
    /// # Errors
    /// 503 `too_many_sign_ins` if too many are under way; 429 `too_many_failed_sign_ins` if one of its hosts has refused too many.
    pub(super) async fn turn(&self, organization: OrganizationId, mailbox: &Mailbox) -> Result<Place> {
        let turn = tokio::time::timeout(PATIENCE, self.turns.enter(organization)).await.ok().flatten();
        let turn = turn.ok_or_else(|| {
            let detail = "Your organization has too many mailboxes being signed in to. Nothing was changed; try again.";
            AppError::unavailable("too_many_sign_ins", detail)
        })?;
        let hosts = [&mailbox.smtp.host, &mailbox.imap.host];
        let waits = hosts.into_iter().filter_map(|host| self.refused.wait(&(organization, named(host))));
        let Some(wait) = waits.max() else { return Ok(turn) };
        let detail =
            "This server has refused too many sign-ins of your organization's. Wait as long as Retry-After says.";
        Err(AppError::new(Kind::RateLimited, "too_many_failed_sign_ins", detail).with_retry_after(wait))
    }

    /// Counts what servers have refused: once for each host. That a server cannot be reached, or lets nobody in now, is nobody's guess.
    pub(super) fn refused(&self, organization: OrganizationId, mailbox: &Mailbox, refusals: &[MailError]) {
        let by = refusals.iter().filter(|error| error.fault.needs_reconnect());
        let mut hosts: Vec<_> = by
            .map(|error| match error.at {
                Some((MailProtocol::Imap, _)) => named(&mailbox.imap.host),
                _ => named(&mailbox.smtp.host),
            })
            .collect();
        hosts.sort_unstable();
        hosts.dedup();
        for host in hosts {
            self.refused.failed((organization, host));
        }
    }
}

fn named(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}
