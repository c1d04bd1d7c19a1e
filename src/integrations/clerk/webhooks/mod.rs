//! Clerk's webhooks: who sent it ([`verifier`]) and what it says ([`event`], [`entities`]).

mod entities;
mod event;
mod verifier;

pub use entities::{ClerkMembership, ClerkOrganization, ClerkUser, MemberProfile};
pub use event::{ClerkEvent, Deleted, Envelope, EventError};
pub use verifier::{Delivery, WebhookError, WebhookSecretError, WebhookVerifier};
