//! Floor 3: the outside world. Each neighbour is a trait or a client of its own and knows nothing of tables.

pub mod clay;
pub mod clerk;
pub mod dns;
pub mod mail;
pub mod outbound;
pub mod postgres;
pub mod sandbox;
pub mod unipile;
pub mod webhooks;
