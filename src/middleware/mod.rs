//! Floor 7: what stands between the wire and a controller. The guards leave witnesses with private fields in the request; a controller
//! that needs one names it in its signature.

mod api_key;
mod auth;
mod few_at_once;
mod idempotency;
mod membership;
mod observe;
mod query;
mod rate_limit;
mod unread_body;
mod upload_hash;
mod watched_body;
mod whole_body;
mod witness;

pub use api_key::admit_api_key;
pub use auth::{MISSING, require_auth};
pub use few_at_once::{BulkTurns, few_at_once};
pub use idempotency::{AROUND_A_FILE, idempotency, idempotency_of_uploads, only_reads};
pub use membership::{
    OrganizationSource, load_user, require_organization, require_organization_admin, verify_organization_membership,
};
pub use observe::{RequestId, observe, panic_response};
pub use query::{QueryReaders, refuse_unread_query};
pub use rate_limit::rate_limit;
pub use unread_body::{BodyReaders, refuse_unread_body};
pub use witness::{CurrentUser, PresentedKey, Session};
