//! What is kept of accounts that are connected through Unipile: `accounts` themselves, the `links` by which they are connected, the `watches` by
//! which they are looked at again, the `events` that webhooks hint at, in `acceptances` whether it is known who has accepted, in `unread` where something
//! is unread, in `touch` what an account has had to do with a lead, and in `upkeep` what is to be put right at Unipile.
//!
//! One key of ours sees all tenants' accounts. What comes from outside is therefore no organization's until the account it names is found here.

mod acceptances;
mod accounts;
mod events;
mod links;
mod touch;
mod unread;
mod upkeep;
mod watches;

use sqlx::PgConnection;

pub use self::{
    acceptances::UnreadWait,
    accounts::AccountOwner,
    events::{DueEvent, HintedEvent},
    links::Reported,
    unread::ReadWithin,
    upkeep::{Departure, RegisteredWebhook},
    watches::{DueWatch, Looked, Watched},
};
use super::base::OrgScope;

/// What one organization has at Unipile.
#[derive(Debug)]
pub struct UnipileRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}
