//! Imports of leads from files. A file is read once, as it comes, and kept in pieces (`receive`); a job takes piece after piece, each in one
//! transaction with its progress (`work`), so that whatever stops it loses nothing and repeats nothing; and what it made can be taken
//! away again (`undo`). Whoever sends one has a place that is one of few, and must keep a pace (`pace`).

mod earlier;
mod file;
mod pace;
mod piece;
mod preview;
mod receive;
mod rejected;
mod tidy;
mod undo;
mod watch;
mod work;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use self::{
    file::{ImportFile, Reading},
    preview::{ColumnPreview, ImportPreview, PreviewedRow},
    receive::ImportOptions,
    rejected::RejectedRows,
    work::Worked,
};
use super::Context;
use crate::{
    errors::{AppError, Result},
    models::{Import, ImportId, OrganizationId},
    repositories::{BaseRepository as _, OrgMember},
    utils::{
        keyed_limit::{KeyedLimit, Place},
        sheet::Limits,
    },
};

/// Files that one organization may send at a time, and one user or API key in all organizations together.
const OF_ONE: usize = 2;
/// Imports of one organization that are watched at a time.
const WATCHING: usize = 20;
/// Files that are received at a time, of all organizations together.
const AT_ONCE: usize = 8;

/// Imports of leads from files.
#[derive(Clone)]
pub struct ImportService {
    context: Context,
    limits: Limits,
    of_one: KeyedLimit<OrganizationId>,
    /// Counted by what a user or a key has of itself, wherever it is a member.
    of_caller: KeyedLimit<Uuid>,
    at_once: Arc<Semaphore>,
    watching: KeyedLimit<OrganizationId>,
    watched_until: CancellationToken,
}

/// Leave to send a file, until it is dropped.
struct Turn {
    _of_one: Place,
    _of_caller: Place,
    _at_once: OwnedSemaphorePermit,
}

impl ImportService {
    /// Imports over a database, of files within these limits.
    #[must_use]
    pub fn new(context: Context, limits: Limits) -> Self {
        Self {
            context,
            limits,
            of_one: KeyedLimit::new(OF_ONE),
            of_caller: KeyedLimit::new(OF_ONE),
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
            watching: KeyedLimit::new(WATCHING),
            watched_until: CancellationToken::new(),
        }
    }

    /// An import.
    pub async fn get(&self, member: &OrgMember, id: ImportId) -> Result<Import> {
        self.context.db.read(member).await?.imports().get(id).await
    }

    /// The time, by which it is told how fast an import is.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.context.clock.now()
    }

    fn turn(&self, member: &OrgMember) -> Result<Turn> {
        self.free_turn(member).ok_or_else(|| {
            let detail = "Too many files are being received. Nothing was kept; try again when one of them is done.";
            AppError::unavailable("too_many_uploads", detail)
        })
    }

    fn free_turn(&self, member: &OrgMember) -> Option<Turn> {
        let (_, caller) = member.acts_as();
        Some(Turn {
            _of_one: self.of_one.try_enter(member.organization_id())?,
            _of_caller: self.of_caller.try_enter(caller)?,
            _at_once: Arc::clone(&self.at_once).try_acquire_owned().ok()?,
        })
    }
}
