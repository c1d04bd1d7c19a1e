//! What the tests stand on: a real PostgreSQL, the whole service over real HTTP, a clock of our own.

#![expect(dead_code, reason = "each test binary uses its part")]

pub(crate) mod app;
pub(crate) mod caller;
pub(crate) mod clock;
pub(crate) mod postgres;

pub(crate) use app::{ADMIN, MEMBER, ORIGIN, OUTSIDER, Person, TestApp};
pub(crate) use caller::{Answer, Caller};
