//! The push: paced, counted, and at least once. A crash between Clay's answer and the note of it sends that one lead again, since Clay's
//! webhook has no key to tell a repetition by; `lead_id` is in every record for the table to do so.

use std::time::Duration;

use chrono::TimeDelta;
use futures::{StreamExt as _, future::join_all, stream};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::{ClayDestinationService, facts, payload::payload, token_of};
use crate::{
    errors::{Kind, Result},
    integrations::clay::ClayOutcome,
    models::{AuditEntry, ClayDestinationStatus, ClayLimits, Lead, LeadId},
    repositories::{BaseRepository, ClaimedDestination, ClaySlot, PushEnd},
};

/// Destinations claimed in one look.
const DESTINATIONS: i64 = 20;
/// Destinations pushed to at the same time.
const AT_ONCE: usize = 4;
/// Records on their way to one destination at the same time, so that the pace does not hang on how fast Clay answers.
const ON_THE_WAY: usize = 4;
/// After how long a push begins no more records, so that a process can stop in time.
const LONGEST: Duration = Duration::from_secs(10);
/// How long to wait for a place in the pace.
const PAUSE: TimeDelta = TimeDelta::seconds(1);
/// How long to wait after a first failure; twice as long after each further one.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(5);
/// How long to wait, in ms, each time that what Clay has taken cannot be noted: a database that is restarted is back within them all.
const NOTED_WITHIN: [u64; 6] = [100, 400, 1_000, 2_000, 4_000, 8_000];
/// The longest wait, whatever Clay asks for.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(1);

/// What one round of pushes came to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pushing {
    /// Leads that Clay has taken, or never takes.
    pub leads: u64,
    /// Whether there may be more to do at once.
    pub more: bool,
}

/// Why a push ends before all leads are sent.
enum Halt {
    /// The pace is used up.
    Pace,
    /// Clay does not take it now.
    Later { reason: String, after: Option<Duration> },
    /// Clay takes nothing more.
    Over { status: ClayDestinationStatus, reason: String },
    /// The destination is in other hands.
    Lost,
}

impl ClayDestinationService {
    /// Pushes to every destination that has leads to send, as far as the pace lets it now.
    ///
    /// # Errors
    /// The last one met, after every other destination was pushed to: what is on its way is not dropped.
    pub async fn push(&self) -> Result<Pushing> {
        let claimed = self.context.db.claim_clay_destinations(self.context.clock.now(), DESTINATIONS).await?;
        let more = i64::try_from(claimed.len()).is_ok_and(|found| found == DESTINATIONS);
        let (mut pushing, mut failed) = (Pushing { leads: 0, more }, None);
        let mut pushes = stream::iter(claimed).map(|claim| self.push_to(claim)).buffer_unordered(AT_ONCE);
        while let Some(pushed) = pushes.next().await {
            match pushed {
                Ok(leads) => pushing.leads += leads,
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(pushing), Err)
    }

    async fn push_to(&self, claim: ClaimedDestination) -> Result<u64> {
        let mut settled = 0;
        let halt = match self.target(&claim) {
            Err(halt) => Some(halt),
            Ok((url, token)) => self.send_waiting(&claim, &url, token.as_ref(), &mut settled).await?,
        };
        let now = self.context.clock.now();
        let anything = settled > 0;
        let end = match halt {
            None => PushEnd::Done { again: now, anything },
            Some(Halt::Pace) => PushEnd::Done { again: now + PAUSE, anything },
            Some(Halt::Later { reason, after }) => {
                let before = if anything { 0 } else { claim.failures() };
                PushEnd::Failed { reason, again: now + wait(before, after), failures: before.saturating_add(1) }
            }
            Some(Halt::Over { status, reason }) => PushEnd::Over { status, reason },
            Some(Halt::Lost) => return Ok(settled),
        };
        self.end(&claim, &end).await?;
        Ok(settled)
    }

    /// Sends the leads that come next, some at a time, and counts those that need not be sent again.
    async fn send_waiting(
        &self,
        claim: &ClaimedDestination,
        url: &Url,
        token: Option<&SecretString>,
        settled: &mut u64,
    ) -> Result<Option<Halt>> {
        let began = self.context.clock.monotonic();
        for some in self.waiting(claim).await?.chunks(ON_THE_WAY) {
            if self.context.clock.monotonic().saturating_sub(began) > LONGEST {
                break;
            }
            let sent = join_all(some.iter().map(|lead| self.send(claim, url, token, lead))).await;
            let mut halts = Vec::new();
            for one in sent {
                match one? {
                    None => *settled += 1,
                    Some(halt) => halts.push(halt),
                }
            }
            if let Some(worst) = halts.into_iter().max_by_key(Halt::weight) {
                return Ok(Some(worst));
            }
        }
        Ok(None)
    }

    /// Where the records go and by what token.
    fn target(&self, claim: &ClaimedDestination) -> Result<(Url, Option<SecretString>), Halt> {
        let over = |reason: &str| Halt::Over { status: ClayDestinationStatus::Disabled, reason: reason.to_owned() };
        let url = claim.url().parse().map_err(|_| over("The URL cannot be read."))?;
        let place = token_of(claim.organization_id(), claim.id());
        let token = claim.auth_token().map(|sealed| self.cipher.open(place, sealed)).transpose();
        let token = token.map_err(|error| {
            tracing::error!(destination = %claim.id(), %error, "a token for Clay cannot be opened");
            over("The token cannot be opened any more: give it again.")
        })?;
        let text = token.map(|token| String::from_utf8_lossy(token.expose_secret()).into_owned());
        Ok((url, text.map(SecretString::from)))
    }

    /// The leads that come next, in their order.
    async fn waiting(&self, claim: &ClaimedDestination) -> Result<Vec<Lead>> {
        let mut conn = self.context.db.read_claimed(claim).await?;
        let ids = conn.clay_destinations().waiting(claim, ClayLimits::BURST.into()).await?;
        let mut leads = conn.leads().find_many(&ids).await?;
        leads.sort_by_key(|lead| ids.iter().position(|id| *id == lead.id));
        Ok(leads)
    }

    /// Sends one lead, if there is a place for it, and notes what became of it; nothing if it need not be sent again. No connection of
    /// the database is held meanwhile.
    async fn send(
        &self,
        claim: &ClaimedDestination,
        url: &Url,
        token: Option<&SecretString>,
        lead: &Lead,
    ) -> Result<Option<Halt>> {
        let (db, clock) = (&self.context.db, &self.context.clock);
        let slot = db.read_claimed(claim).await?.clay_destinations().take_slot(claim, clock.now()).await?;
        if let Some(halt) = Halt::without(slot) {
            return Ok(Some(halt));
        }
        let outcome = self.clay.send(url, token, &payload(lead, claim.lead_list_id())).await;
        let halt = match outcome {
            ClayOutcome::Accepted => return self.settle(claim, lead.id, None).await,
            ClayOutcome::Rejected { reason } => return self.settle(claim, lead.id, Some(&reason)).await,
            ClayOutcome::Later { reason, after, perhaps_accepted: true } => {
                return Ok(Some(Halt::Later { reason, after }));
            }
            ClayOutcome::Later { reason, after, perhaps_accepted: false } => Halt::Later { reason, after },
            ClayOutcome::Closed { reason } => Halt::Over { status: ClayDestinationStatus::Disabled, reason },
        };
        db.read_claimed(claim).await?.clay_destinations().uncount(claim).await?;
        Ok(Some(halt))
    }

    /// Notes that a lead need not be sent again. Clay has it: what is not noted is sent twice, so passing trouble is waited out.
    async fn settle(&self, claim: &ClaimedDestination, lead: LeadId, refused: Option<&str>) -> Result<Option<Halt>> {
        let mut tries = NOTED_WITHIN.iter();
        loop {
            let noted = async {
                let mut conn = self.context.db.read_claimed(claim).await?;
                conn.clay_destinations().settle_lead(claim, lead, refused, self.context.clock.now()).await
            };
            match (noted.await, tries.next()) {
                (Err(error), Some(pause)) if error.kind() == Kind::Unavailable => {
                    tokio::time::sleep(Duration::from_millis(*pause)).await;
                }
                (noted, _) => return noted.map(|()| None),
            }
        }
    }

    /// Writes how the push ended; what ends it for good is a change of the destination, and audited as such.
    async fn end(&self, claim: &ClaimedDestination, end: &PushEnd) -> Result<()> {
        let now = self.context.clock.now();
        let mut tx = self.context.db.begin_claimed(claim, now).await?;
        let before = tx.clay_destinations().find(claim.id()).await?;
        let ended = tx.clay_destinations().end_push(claim, end, now).await?;
        if let (true, PushEnd::Over { status, reason }, Some(before)) = (ended, end, before) {
            let before = facts(&before);
            let mut after = before.clone();
            after["status"] = status.as_str().into();
            after["status_reason"] = reason.as_str().into();
            let entry = AuditEntry::new("clay_destination.stopped", "clay_destination", claim.id().0);
            tx.audit(entry.change(before, after));
            tracing::warn!(organization = %claim.organization_id(), destination = %claim.id(), %status, reason, "a push to Clay stopped");
        }
        tx.commit().await
    }
}

impl Halt {
    /// Why nothing may be sent, if so.
    fn without(slot: ClaySlot) -> Option<Self> {
        match slot {
            ClaySlot::Granted => None,
            ClaySlot::Wait => Some(Self::Pace),
            ClaySlot::Lost => Some(Self::Lost),
            ClaySlot::Full => Some(Self::Over {
                status: ClayDestinationStatus::Full,
                reason: "The webhook has had the 50,000 records that Clay lets it take.".to_owned(),
            }),
        }
    }

    /// Of several reasons the heaviest counts: the one that ends the push for longest.
    fn weight(&self) -> u8 {
        match self {
            Self::Pace => 0,
            Self::Later { .. } => 1,
            Self::Over { .. } => 2,
            Self::Lost => 3,
        }
    }
}

/// How long to wait after a failure: as long as Clay says, or twice as long each time.
fn wait(failures: u32, asked: Option<Duration>) -> TimeDelta {
    let doubled = FIRST_WAIT * 2_i32.saturating_pow(failures.min(16));
    let asked = asked.and_then(|asked| TimeDelta::from_std(asked).ok()).unwrap_or_default();
    doubled.max(asked).min(LONGEST_WAIT)
}
