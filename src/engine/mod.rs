//! Floor 4: the campaign engine. Nothing in here reads a clock, a database or the network: what it needs is handed to it.

pub mod fields;
pub mod template;
pub mod workflow;
