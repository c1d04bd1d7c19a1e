//! Floor 4: the campaign engine. Nothing in here reads a clock, a database or the network: what it needs is handed to it.

pub mod book;
pub mod calendar;
pub mod caps;
pub mod condition;
pub mod fields;
pub mod message;
pub mod planner;
pub mod route;
pub mod simulate;
pub mod template;
pub mod workflow;
