//! What the tests stand on: a real PostgreSQL, the whole service over real HTTP, clocks that are told the time, signers, and the
//! outside world's stand-ins.

pub(crate) mod app;
pub(crate) mod browser;
pub(crate) mod caller;
pub(crate) mod clerk_events;
pub(crate) mod clerk_tokens;
pub(crate) mod clock;
pub(crate) mod cut_imap;
pub(crate) mod cut_smtp;
pub(crate) mod dns;
pub(crate) mod documented;
pub(crate) mod fake_clay;
pub(crate) mod fake_clerk;
pub(crate) mod fake_hook;
pub(crate) mod fake_issuer;
pub(crate) mod kept_keys;
pub(crate) mod mail_server;
pub(crate) mod own_postgres;
pub(crate) mod postgres;
pub(crate) mod proxy;
pub(crate) mod svix_sign;
pub(crate) mod unipile;

pub(crate) use app::TestApp;
pub(crate) use browser::Browser;
pub(crate) use caller::{Answer, Caller};
pub(crate) use clock::ManualClock;
pub(crate) use dns::NameServer;
pub(crate) use mail_server::MailServer;
pub(crate) use unipile::FakeUnipile;
