//! How fast a file must come: whoever sends one has a place that others wait for.

use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};

use crate::{
    errors::{AppError, Kind, Result},
    utils::clock::SharedClock,
};

/// After so much waiting for its sender it is looked at what of a file has come.
const LOOK: Duration = Duration::from_secs(30);
/// So many bytes must have come by then, 6.5 kB in a second: any line is faster that a file of leads is sent over.
const LEAST: usize = 192 * 1024;

/// The bytes of a file, which end in an error if they come too slowly. Only the time counts in which its sender is waited for, not what the
/// database takes for its rows.
pub(super) fn paced(
    bytes: impl Stream<Item = Result<Bytes>> + Unpin + Send,
    clock: SharedClock,
) -> impl Stream<Item = Result<Bytes>> + Unpin + Send {
    let paced = stream::try_unfold((bytes, Pace::default()), move |(mut bytes, mut pace)| {
        let clock = clock.clone();
        async move {
            let asked = clock.monotonic();
            let Some(part) = bytes.next().await.transpose()? else { return Ok(None) };
            pace.came(part.len(), clock.monotonic().saturating_sub(asked))?;
            Ok(Some((part, (bytes, pace))))
        }
    });
    Box::pin(paced)
}

/// What has come since it was looked at last, and how long it was waited for.
#[derive(Debug, Default)]
struct Pace {
    waited: Duration,
    came: usize,
}

impl Pace {
    fn came(&mut self, bytes: usize, waited: Duration) -> Result<()> {
        self.waited += waited;
        self.came = self.came.saturating_add(bytes);
        if self.waited < LOOK {
            return Ok(());
        }
        // As much for each of them, however long the wait.
        let looks = usize::try_from(self.waited.as_millis() / LOOK.as_millis()).unwrap_or(usize::MAX);
        if self.came < LEAST.saturating_mul(looks) {
            let detail = "The file comes too slowly: at least 192 KiB in 30 seconds. Nothing was kept; send it over a faster line, or in parts.";
            return Err(AppError::new(Kind::BadRequest, "upload_too_slow", detail));
        }
        *self = Self::default();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn who_keeps_the_pace_may_send_for_ever() {
        let mut pace = Pace::default();
        for _ in 0..1_000 {
            pace.came(LEAST / 30 + 1, SECOND).unwrap();
        }
    }

    #[test]
    fn who_trickles_is_refused_at_the_first_look() {
        let mut pace = Pace::default();
        pace.came(LEAST, SECOND).unwrap();
        pace.came(1, SECOND * 29).unwrap();
        pace.came(LEAST, SECOND * 29).unwrap();
        assert!(pace.came(0, SECOND).is_ok());
        pace.came(LEAST - 1, SECOND * 29).unwrap();
        assert_eq!(pace.came(0, SECOND).unwrap_err().code(), "upload_too_slow");
    }

    #[test]
    fn one_part_does_not_make_up_for_a_long_silence() {
        assert!(Pace::default().came(LEAST, SECOND * 59).is_ok());
        assert!(Pace::default().came(LEAST, SECOND * 60).is_err());
    }
}
