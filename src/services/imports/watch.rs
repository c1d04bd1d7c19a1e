//! Watching an import.

use std::time::Duration;

use futures::{Stream, StreamExt as _, stream};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::ImportService;
use crate::{
    errors::{AppError, Result},
    models::{Import, ImportId, Scope},
    repositories::{BaseRepository as _, Need, OrgMember},
    services::Context,
    utils::keyed_limit::Place,
};

/// How often it is looked whether there is something new.
const EVERY: Duration = Duration::from_secs(1);

/// Somebody who watches an import.
struct Watcher {
    service: ImportService,
    member: OrgMember,
    id: ImportId,
    told: Option<Import>,
    ticks: Interval,
    _place: Place,
}

impl ImportService {
    /// The import as it is now, and as it is after each change, until it comes to its end, is deleted, whoever watches is no member any more,
    /// or the process is to stop.
    ///
    /// # Errors
    /// `import_not_found`; `too_many_watchers`.
    pub async fn watch(&self, member: OrgMember, id: ImportId) -> Result<impl Stream<Item = Import> + Send + use<>> {
        let place = self.watching.try_enter(member.organization_id()).ok_or_else(too_many)?;
        self.get(&member, id).await?;
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let watcher = Watcher { service: self.clone(), member, id, told: None, ticks, _place: place };
        let imports =
            stream::unfold(watcher, |mut watcher| async move { watcher.next().await.map(|import| (import, watcher)) });
        Ok(imports.take_until(self.watched_until.clone().cancelled_owned()))
    }

    /// Ends every stream of [`Self::watch`]: a stop would otherwise wait for those who watch.
    pub fn end_watching(&self) {
        self.watched_until.cancel();
    }
}

fn too_many() -> AppError {
    AppError::unavailable("too_many_watchers", "Too many imports of the organization are being watched.")
}

impl Watcher {
    async fn next(&mut self) -> Option<Import> {
        if self.told.as_ref().is_some_and(|told| !told.is_under_way() && !told.is_being_undone()) {
            return None;
        }
        loop {
            self.ticks.tick().await;
            // Whoever was let in once stays in for as long as the stream lasts, unless that is asked again.
            let Context { db, clock, .. } = &self.service.context;
            let Ok(admitted) = db.still_admits(&self.member, Need::Scope(Scope::LeadsRead), clock.now()).await else {
                continue;
            };
            let Ok(mut conn) = db.read(&self.member).await else { continue };
            let Ok(import) = conn.imports().find(self.id).await else { continue };
            conn.give_back();
            let import = import.filter(|_| admitted)?;
            if self
                .told
                .as_ref()
                .is_none_or(|told| told.updated_at != import.updated_at || told.status != import.status)
            {
                self.told = Some(import.clone());
                return Some(import);
            }
        }
    }
}
