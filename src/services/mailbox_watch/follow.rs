//! One mailbox, for as long as it is this process's: opened, read, and waited on, until it ends.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Inner;
use crate::{
    errors::{AppError, Kind, Result},
    integrations::mail::{ImapClient, MailError, MailFault, Survey},
    models::{ClaimedMailbox, ConnectedAccount, MailFolder},
    repositories::BaseRepository as _,
    services::mailboxes::Unopened,
};

/// So many folders besides the inbox and junk are looked into as often as these.
const FEW: usize = 4;
/// How often more of them are.
const LOOK_AROUND: Duration = Duration::from_mins(10);
/// How long it is left alone after it could not be read once; twice as long after each time more.
const PAUSE: Duration = Duration::from_secs(1);
/// How long at the longest.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// How long opening a mailbox may take: few are opened at a time.
const OPENING: Duration = Duration::from_secs(30);

/// So many failures in a row may pass by themselves; more are told of.
const PASSING: i32 = 3;

/// A mailbox that is being read.
pub(super) struct Following<'f> {
    pub(super) inner: &'f Inner,
    pub(super) of: ClaimedMailbox,
    pub(super) worker: Uuid,
    pub(super) account: ConnectedAccount,
    pub(super) reader: ImapClient,
    /// How far its folders have been read.
    pub(super) folders: Vec<MailFolder>,
    /// At which mail it is.
    pub(super) at: Option<(String, u32)>,
    /// Whether it is in another folder than those that mail comes into.
    pub(super) elsewhere: bool,
}

/// Why a mailbox is not read any longer.
#[derive(Debug, thiserror::Error)]
pub(super) enum End {
    /// It cannot be.
    #[error(transparent)]
    Unopened(#[from] Unopened),
    /// It is another's now, or nobody's.
    #[error("the mailbox is no longer this worker's")]
    Lost,
}

impl From<AppError> for End {
    fn from(error: AppError) -> Self {
        Self::Unopened(error.into())
    }
}

impl From<MailError> for End {
    fn from(error: MailError) -> Self {
        Self::Unopened(error.into())
    }
}

impl Inner {
    /// Reads a mailbox until it ends or `stop` is cancelled, and leaves it to others.
    pub(super) async fn follow(&self, of: ClaimedMailbox, worker: Uuid, stop: CancellationToken) {
        let ended = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            ended = self.read_on(of, worker) => Some(ended),
        };
        let (pause, failure) = match ended {
            None | Some(End::Lost) => (Duration::ZERO, None),
            Some(End::Unopened(why)) => {
                tracing::warn!(organization = %of.organization, account = %of.account, code = why.code(), "a mailbox cannot be read");
                self.tell(of, &why).await;
                (pause(of.failures), Some(told(&why)))
            }
        };
        if let Err(error) = self.leave(of, worker, pause, failure.as_deref()).await {
            tracing::warn!(account = %of.account, code = error.code(), "a mailbox is left by the end of its lease only");
        }
    }

    async fn read_on(&self, of: ClaimedMailbox, worker: Uuid) -> End {
        let (mut following, survey) = match self.open(of, worker).await {
            Ok(opened) => opened,
            Err(end) => return end,
        };
        let Err(end) = following.go_on(&survey).await;
        if let (Some((folder, uid)), End::Unopened(_)) = (following.at.take(), &end) {
            following.is_stuck(&folder, uid).await;
        }
        end
    }

    async fn open(&self, of: ClaimedMailbox, worker: Uuid) -> Result<(Following<'_>, Survey), End> {
        let _opening = self.opening.acquire().await.map_err(AppError::internal)?;
        let mut conn = self.context.db.engine_conn(of.organization).await?;
        let account = conn.accounts().get(of.account).await?;
        let folders = conn.mailbox_watches().folders(of.account).await?;
        conn.give_back();
        // Whoever lets others wait for its turn is let go of.
        let opened = tokio::time::timeout(OPENING, async {
            let mut reader = self.mailboxes.imap(&account).await?;
            let survey = reader.survey().await?;
            Ok::<_, End>((reader, survey))
        });
        let (reader, survey) = opened.await.map_err(|_| MailError::from(MailFault::TimedOut))??;
        Ok((Following { inner: self, of, worker, account, reader, folders, at: None, elsewhere: false }, survey))
    }

    /// The account says why it cannot be read, if a person must mend that or it does not pass.
    async fn tell(&self, of: ClaimedMailbox, why: &Unopened) {
        let Unopened::Mail(error) = why else { return };
        let noted = async {
            let mut tx = self.context.db.begin_engine(of.organization, self.context.clock.now()).await?;
            let now = tx.now();
            if error.fault.needs_reconnect() {
                tx.accounts().shut_out((of.account, of.version), &told(why), now).await?;
            } else if of.failures >= PASSING {
                tx.accounts().give_reason(of.account, Some(&told(why))).await?;
            }
            tx.commit().await
        };
        if let Err(error) = noted.await {
            tracing::warn!(account = %of.account, code = error.code(), "it could not be noted why an account cannot be read");
        }
    }

    async fn leave(&self, of: ClaimedMailbox, worker: Uuid, pause: Duration, failure: Option<&str>) -> Result<()> {
        let mut conn = self.context.db.engine_conn(of.organization).await?;
        conn.mailbox_watches().leave(of.account, worker, pause, failure).await?;
        conn.give_back();
        Ok(())
    }
}

impl Following<'_> {
    /// Reads all folders, and waits for more, again and again.
    async fn go_on(&mut self, survey: &Survey) -> Result<std::convert::Infallible, End> {
        let (mut looked_around, poll): (Option<Instant>, _) = (None, self.inner.mailboxes.mail.poll());
        loop {
            let begun = Instant::now();
            if survey.others.len() <= FEW || looked_around.is_none_or(|at| at.elapsed() >= LOOK_AROUND) {
                self.read_others(&survey.others).await?;
                looked_around = Some(Instant::now());
            }
            // The inbox last, so that it is the one that is waited on.
            for folder in survey.junk.iter().map(String::as_str).chain(["INBOX"]) {
                self.read_folder(folder).await?;
            }
            if !self.was_read(begun.elapsed()).await? {
                return Err(End::Lost);
            }
            if survey.tells_by_itself {
                self.reader.wait(jittered(poll)).await?;
            } else {
                tokio::time::sleep(jittered(poll)).await;
            }
        }
    }

    async fn was_read(&mut self, ago: Duration) -> Result<bool> {
        let mut conn = self.inner.context.db.engine_conn(self.of.organization).await?;
        let ours = conn.mailbox_watches().was_read(self.of.account, self.worker, ago).await?;
        if ours && self.of.failures > PASSING {
            conn.accounts().give_reason(self.of.account, None).await?;
        }
        conn.give_back();
        // From now on, what fails is the first of its kind again.
        self.of.failures = 0;
        Ok(ours)
    }
}

/// About as long as that, so that not everybody looks at once.
fn jittered(long: Duration) -> Duration {
    long.mul_f64(rand::random_range(0.75..1.0))
}

fn pause(failures: i32) -> Duration {
    let times = 1_u32.checked_shl(failures.try_into().unwrap_or(0)).unwrap_or(u32::MAX);
    jittered(PAUSE.saturating_mul(times).min(LONGEST_PAUSE))
}

/// Why a mailbox cannot be read, in words for its owner.
fn told(why: &Unopened) -> String {
    let told = match why {
        Unopened::Mail(error) => error.told(),
        Unopened::Ours(error) if error.kind() == Kind::Unavailable => "The database could not be reached.".to_owned(),
        Unopened::Ours(_) => "Something went wrong on our side.".to_owned(),
    };
    told.chars().take(1_000).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit() {
        for (failures, most) in [(0, 1), (1, 2), (2, 4), (8, 256), (9, 300), (40, 300), (i32::MAX, 300)] {
            let pause = pause(failures).as_secs_f64();
            assert!(pause <= f64::from(most) && pause >= f64::from(most) * 0.7, "{failures}: {pause}");
        }
    }
}
