//! Floor 2: what may be put into the queue. A job is enqueued in the transaction that makes it necessary, and says only where to look: what is
//! to be done is read from the database when it is done, so that a job that comes twice finds nothing to do.

mod imports;

pub use imports::WorkOnImport;
use serde::{Serialize, de::DeserializeOwned};

/// Something to be done later, at least once.
pub trait Job: Serialize + DeserializeOwned + Send + Sync {
    /// Its name in the queue.
    const NAME: &'static str;

    /// What it is about: of two jobs of one name about the same, the later takes the earlier one's place, unless that is being worked on.
    fn about(&self) -> String;

    /// What tells it from other jobs.
    fn key(&self) -> String {
        format!("{}:{}", Self::NAME, self.about())
    }

    /// Whose turn it is: of jobs with the same, one is worked on after the other.
    fn turn(&self) -> String;
}
