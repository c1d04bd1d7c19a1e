//! Clerk, who owns users, organizations and memberships: session tokens in, webhooks in, Backend API calls out.
//!
//! Nothing here knows of tables or routes. What Clerk says is parsed into plain types and, where it can be forged,
//! verified first; what it means for our data is decided above.

mod backend;
mod http;
mod ids;
mod session;
mod signing;
mod webhooks;

pub use backend::{
    BackendSettings, ClerkApi, ClerkBackend, Invitation, InvitationPage, MembershipPage, NewInvitation, changed_nothing,
};
pub use http::{ClientError, http_client};
pub use ids::is_clerk_id;
pub use session::{
    JwksError, KeySource, SessionToken, SessionVerifier, TokenError, TokenOrganization, VerifierError, VerifierSettings,
};
pub use signing::{DemoOrganization, DemoSession, DemoSigner, SigningError};
pub use webhooks::{
    ClerkEvent, ClerkMembership, ClerkOrganization, ClerkUser, Deleted, Delivery, Envelope, EventError, MemberProfile,
    WebhookError, WebhookVerifier,
};
