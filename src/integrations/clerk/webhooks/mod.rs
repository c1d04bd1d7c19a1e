//! Clerk's webhooks: who sent it ([`verifier`]), what it says ([`event`], [`entities`]), and what that tells us ([`news`]).

mod entities;
mod event;
mod news;
mod verifier;

pub use entities::{ClerkMembership, ClerkOrganization, ClerkUser, MemberProfile};
pub use event::{ClerkEvent, Deleted, Envelope, EventError};
pub use verifier::{Delivery, WebhookError, WebhookVerifier};
