//! Exports: many rows on their way from the database to a reader, no faster than the reader takes them.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures::{Stream, TryStreamExt as _, stream::BoxStream};
use tokio::{sync::mpsc, time::timeout};

use crate::{
    errors::{AppError, Result},
    models::AuditEntry,
    repositories::{Need, OrgMember},
};

/// Rows that are handed over together.
const BATCH: usize = 128;
/// Batches that may wait for the reader. With the batch, this bounds what an export keeps in memory.
const WAITING: usize = 2;
/// How often it is asked whether the reader is still let in: as often as of requests.
const ASKED_EVERY: Duration = Duration::from_millis(1500);
/// How long that is believed if the database does not answer.
const BELIEVED_FOR: Duration = Duration::from_secs(30);

/// The rows of an export, in batches. If they end without an error, there are no others.
#[derive(Debug)]
pub struct Rows<T> {
    /// Taken already, to know that there is something to take.
    first: Option<Part<T>>,
    rest: mpsc::Receiver<Result<Part<T>>>,
    ended: bool,
}

/// What is handed over. A channel that closes looks the same whether all was said or its speaker is gone, so the end is said.
#[derive(Debug)]
enum Part<T> {
    Rows(Vec<T>),
    End,
}

/// The end of an export that rows are fed into.
pub(super) struct Feed<T> {
    to: mpsc::Sender<Result<Part<T>>>,
    patience: Duration,
    admission: Option<Admission>,
}

/// Whether who reads an export may still do so.
struct Admission {
    context: super::Context,
    member: OrgMember,
    need: Need,
    /// When it was known last, by the clock that never runs backwards.
    known: Duration,
}

/// Both ends of an export to `member`. After some time with a reader who takes nothing it is given up, and soon after the reader is no longer let
/// in.
pub(super) fn export_to<T>(context: &super::Context, member: &OrgMember, need: Need) -> (Feed<T>, Rows<T>) {
    let (feed, rows) = export(context.export_patience);
    let known = context.clock.monotonic();
    let admission = Admission { context: context.clone(), member: member.clone(), need, known };
    (Feed { admission: Some(admission), ..feed }, rows)
}

/// Waits until an export has begun, and tells the audit log of it before anything is handed out.
pub(super) async fn told<T>(
    context: &super::Context,
    member: &OrgMember,
    rows: Rows<T>,
    entry: AuditEntry,
) -> Result<Rows<T>> {
    let rows = rows.begun().await?;
    let mut tx = context.db.begin(member, context.clock.now()).await?;
    tx.audit(entry);
    tx.commit().await?;
    Ok(rows)
}

/// Both ends of an export. After `patience` with a reader who takes nothing it is given up.
fn export<T>(patience: Duration) -> (Feed<T>, Rows<T>) {
    let (to, rest) = mpsc::channel(WAITING);
    (Feed { to, patience, admission: None }, Rows { first: None, rest, ended: false })
}

impl Admission {
    /// Asks again, if that was not done lately.
    async fn check(&mut self) -> Result<()> {
        let now = self.context.clock.monotonic();
        let age = now.saturating_sub(self.known);
        if age < ASKED_EVERY {
            return Ok(());
        }
        match self.context.db.still_admits(&self.member, self.need, self.context.clock.now()).await {
            Ok(true) => {
                self.known = now;
                Ok(())
            }
            Ok(false) => Err(AppError::forbidden("admission_ended", "You may not read this any more.")),
            // The database is busy: the next batch asks.
            Err(_) if age < BELIEVED_FOR => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl<T: Send> Feed<T> {
    /// Feeds in all rows, until there are no more, one cannot be had, or nobody takes them.
    pub(super) async fn pour(mut self, rows: BoxStream<'_, Result<T>>) {
        let mut batches = rows.try_chunks(BATCH);
        loop {
            let next = tokio::select! {
                () = self.to.closed() => return,
                next = batches.try_next() => next.map_err(|error| error.1),
            };
            let admitted = match &mut self.admission {
                Some(admission) => admission.check().await,
                None => Ok(()),
            };
            let part = match admitted.and(next) {
                Ok(Some(rows)) => Ok(Part::Rows(rows)),
                Ok(None) => Ok(Part::End),
                Err(error) => {
                    tracing::warn!(code = error.code(), at = %error.location(), cause = error.causes(), "an export broke off");
                    Err(error)
                }
            };
            let last = !matches!(part, Ok(Part::Rows(_)));
            match timeout(self.patience, self.to.send(part)).await {
                Ok(Ok(())) if !last => {}
                Ok(_) => return,
                Err(_) => return tracing::info!("an export was given up: its reader has stopped reading"),
            }
        }
    }
}

impl<T> Rows<T> {
    /// The same, once it is known that they can be had.
    ///
    /// # Errors
    /// What keeps the first rows from being read.
    pub(super) async fn begun(mut self) -> Result<Self> {
        self.first = Some(self.rest.recv().await.unwrap_or_else(|| Err(broken_off()))?);
        Ok(self)
    }
}

impl<T: Unpin> Stream for Rows<T> {
    type Item = Result<Vec<T>>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Ready(None);
        }
        let part = match this.first.take() {
            Some(first) => Some(Ok(first)),
            None => std::task::ready!(this.rest.poll_recv(context)),
        };
        let rows = match part.unwrap_or_else(|| Err(broken_off())) {
            Ok(Part::Rows(rows)) => return Poll::Ready(Some(Ok(rows))),
            Ok(Part::End) => None,
            Err(error) => Some(Err(error)),
        };
        this.ended = true;
        Poll::Ready(rows)
    }
}

fn broken_off() -> AppError {
    AppError::unavailable("export_broken_off", "The export broke off before its end.")
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt as _, stream};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    async fn read(mut rows: Rows<usize>) -> (usize, Option<AppError>) {
        let mut count = 0;
        loop {
            match rows.next().await {
                None => return (count, None),
                Some(Ok(batch)) => count += batch.len(),
                Some(Err(error)) => return (count, Some(error)),
            }
        }
    }

    #[tokio::test]
    async fn all_rows_arrive_and_then_the_end() {
        for length in [0, 1, BATCH, 10 * BATCH + 1] {
            let (feed, rows) = export(PATIENCE);
            let pouring = tokio::spawn(async move { feed.pour(stream::iter((0..length).map(Ok)).boxed()).await });
            let (count, error) = read(rows.begun().await.unwrap()).await;
            assert_eq!((count, error.is_none()), (length, true));
            pouring.await.unwrap();
        }
    }

    #[tokio::test]
    async fn what_breaks_off_does_not_look_like_the_end() {
        let failure = || Err(AppError::unavailable("database_unavailable", "away"));
        let (feed, rows) = export(PATIENCE);
        tokio::spawn(async move { feed.pour(stream::iter((0..BATCH).map(Ok).chain([failure()])).boxed()).await });
        let (count, error) = read(rows.begun().await.unwrap()).await;
        assert_eq!((count, error.unwrap().code()), (BATCH, "database_unavailable"));

        let (feed, rows) = export::<usize>(PATIENCE);
        tokio::spawn(async move { feed.pour(stream::iter([failure()]).boxed()).await });
        assert_eq!(rows.begun().await.unwrap_err().code(), "database_unavailable");

        let (feed, rows) = export::<usize>(PATIENCE);
        drop(feed);
        assert_eq!(rows.begun().await.unwrap_err().code(), "export_broken_off");
    }

    #[tokio::test]
    async fn a_reader_who_stops_is_given_up_and_can_tell() {
        let (feed, rows) = export(Duration::ZERO);
        let pouring = tokio::spawn(async move { feed.pour(stream::iter(0..).map(Ok).boxed()).await });
        pouring.await.unwrap();
        let (count, error) = read(rows.begun().await.unwrap()).await;
        assert_eq!((count, error.unwrap().code()), (WAITING * BATCH, "export_broken_off"));
    }

    #[tokio::test]
    async fn a_reader_who_goes_away_ends_it_even_before_the_first_row() {
        let (feed, rows) = export::<usize>(PATIENCE);
        let pouring = tokio::spawn(async move { feed.pour(stream::pending().boxed()).await });
        drop(rows);
        pouring.await.unwrap();
    }
}
