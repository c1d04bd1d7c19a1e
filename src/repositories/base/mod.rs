//! What every repository stands on. The pools are private to this module: elsewhere a query has a handle, which names its organization or
//! user, or comes through the one door of what belongs to none, `Database::system`, whose users `tests/architecture.rs` lists.

mod constraints;
mod database;
mod entity;
mod export;
mod lease;
mod migrate;
mod page;
mod scope;
mod share;
mod sync;
mod tx;
mod user;

pub use constraints::{database_busy, lost_race};
pub use database::{Database, DatabaseSettings};
pub use entity::BaseRepository;
pub(in crate::repositories) use entity::base_repository;
pub use export::ExportConn;
pub use migrate::Migrations;
pub(in crate::repositories) use page::page;
pub(in crate::repositories) use scope::Actor;
pub use scope::{IdempotencyToken, OrgAdmin, OrgMember, OrgPerson, OrgScope, RequestContext, UserScope};
pub use sync::SyncTx;
pub use tx::{AuditLine, OrgConn, OrgStatement, OrgTx};
pub use user::{UserConn, UserTx};
