//! What every repository stands on. The pool is private to this module: a query that names no organization does not compile elsewhere.

mod constraints;
mod database;
mod entity;
mod scope;
mod sync;
mod tx;
mod user;

pub use constraints::lost_race;
pub use database::{Database, DatabaseSettings, Migrations};
pub use entity::BaseRepository;
pub(in crate::repositories) use entity::base_repository;
pub(in crate::repositories) use scope::Actor;
pub use scope::{IdempotencyToken, OrgAdmin, OrgMember, OrgPerson, OrgScope, RequestContext, UserScope};
pub use sync::SyncTx;
pub use tx::{OrgConn, OrgTx};
pub use user::{UserConn, UserTx};
