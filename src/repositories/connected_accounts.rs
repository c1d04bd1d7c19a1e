//! Sending accounts.

use super::base::base_repository;

base_repository!(
    /// The sending accounts of one organization.
    AccountRepository,
    ConnectedAccount,
    AccountId,
    "connected account",
    "connected_accounts",
    "id, organization_id, provider, channel, display_name, email, avatar_url, status, status_reason, limits, sending_window, \
     version, created_by, created_at, updated_at"
);
