//! Clerk's Backend API: the changes of organizations, members and invitations that Clerk owns.
//!
//! What changes there comes back to us by webhook; the answers only tell the caller at once what Clerk now says.

mod api;
mod client;
mod refusal;

pub use api::{ClerkApi, Invitation, InvitationPage, MembershipPage, NewInvitation};
pub use client::{BackendSettings, ClerkBackend};
pub use refusal::changed_nothing;
