//! A wait for an acceptance that is over. Connections are read at a slow pace, and not at all while an account is out: nobody is taken for one who
//! has not accepted before those were read who have.

use std::{collections::HashMap, time::Duration};

use chrono::TimeDelta;

use super::fate::{Fate, Judge};
use crate::{
    engine::route::Answer,
    errors::Result,
    models::{AccountStatus, Awaiting, ExecutionId, FailedLooks, Lead, Move, Rule, Stand, Walk, workflow::Node},
    repositories::{OrgTx, UnreadWait},
};

/// How long such a wait goes on at a time.
const UNTIL_READ: TimeDelta = TimeDelta::minutes(5);
/// The same while the account is out. Once it is in order again connections are read for an hour before they count as read.
const UNTIL_BACK: TimeDelta = TimeDelta::hours(1);
/// How often the connections of an account are read at most because somebody's wait is over; without that they are about every four hours.
const PACE: Duration = Duration::from_hours(1);

/// Why a wait ended: the account is not at Unipile any more.
const ACCOUNT_GONE: &str = "account_gone";
/// Why a wait ended: for days Unipile has not shown the account's connections, though it says that the account is in order.
const UNREADABLE: &str = "connections_unreadable";

/// The waits that are over though nobody knows yet who has accepted. Connections are read soon for them.
pub(super) async fn unread_waits(tx: &mut OrgTx, walks: &[Walk]) -> Result<HashMap<ExecutionId, UnreadWait>> {
    let awaiting = walks.iter().filter(|walk| walk.awaiting == Some(Awaiting::Acceptance));
    let ids: Vec<_> = awaiting.map(|walk| walk.id).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let now = tx.now();
    let waits = tx.unipile().unread_waits(&ids).await?;
    let read = waits.iter().filter(|wait| is_read(wait.status));
    let mut accounts: Vec<_> = read.map(|wait| wait.account_id).collect();
    accounts.sort_unstable();
    accounts.dedup();
    if !accounts.is_empty() {
        tx.unipile().read_relations_soon(&accounts, PACE, now).await?;
    }
    Ok(waits.into_iter().map(|wait| (wait.execution_id, wait)).collect())
}

/// Whether the connections of such an account are read.
fn is_read(status: AccountStatus) -> bool {
    matches!(status, AccountStatus::Connected | AccountStatus::Paused)
}

/// Why nobody will know in time whether a lead has accepted, if that is so.
fn never_known(wait: &UnreadWait) -> Option<&'static str> {
    match wait.status {
        AccountStatus::Disconnected => Some(ACCOUNT_GONE),
        status if is_read(status) && wait.failures >= FailedLooks::ENDS_WAITS => Some(UNREADABLE),
        _ => None,
    }
}

impl Judge<'_> {
    /// What becomes of a lead whose wait is over: it waits on if it is not known yet whether it has accepted. If nobody will know, it counts as one
    /// who has not, and why is told.
    pub(super) fn is_not_accepted(&mut self, walk: &Walk, lead: &Lead, node: &Node) -> Fate {
        let (answer, kind) = (Answer::NotAccepted, "connection_not_accepted");
        let Some(wait) = self.unread_waits.get(&walk.id) else {
            return self.goes_on(walk, lead, node, answer, kind);
        };
        let (status, over) = (wait.status, wait.over_at);
        if let Some(reason) = never_known(wait) {
            let mut fate = self.goes_on(walk, lead, node, answer, kind);
            if let Fate::Stands(_, told) = &mut fate
                && let Some(first) = told.first_mut()
            {
                first.data.0.insert("reason".to_owned(), reason.into());
            }
            return fate;
        }
        let until = self.tx.now() + if is_read(status) { UNTIL_READ } else { UNTIL_BACK };
        let moves = vec![Move { rule: Rule::ConnectionsUnread, until }];
        let (next_run_at, ready_at) = (Some(until), Some(over));
        let stand = Stand { next_run_at, ready_at, awaiting: walk.awaiting, moves, ..Stand::of(walk) };
        Fate::Stands(stand, Vec::new())
    }
}
