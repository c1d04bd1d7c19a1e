//! What a database error means to a caller. Constraint names are mapped here, so that no check has to be made twice.

use std::time::Duration;

use crate::errors::{AppError, Fault, Kind};

/// Constraint name → (JSON pointer, code, sentence) of a conflict.
const CONFLICTS: &[(&str, &str, &str, &str)] = &[
    ("leads_email", "/email", "lead_exists", "The organization already has a lead with this e-mail address."),
    (
        "leads_linkedin_url",
        "/linkedin_url",
        "lead_exists",
        "The organization already has a lead with this LinkedIn URL.",
    ),
    ("leads_external_id", "/external_id", "lead_exists", "The organization already has a lead with this external id."),
    (
        "clay_destinations_url",
        "/url",
        "clay_destination_exists",
        "The list's leads are pushed to this webhook already.",
    ),
    (
        "connected_accounts_address_once",
        "/email",
        "mailbox_exists",
        "The organization has connected this mailbox already.",
    ),
    (
        "connected_accounts_mailbox_once",
        "/email",
        "mailbox_exists",
        "The organization has connected this mailbox already.",
    ),
    (
        "campaign_lead_lists_organization_id_lead_list_id_fkey",
        "",
        "lead_list_in_use",
        "A campaign draws on this lead list.",
    ),
    ("campaign_accounts_organization_id_account_id_fkey", "", "account_in_use", "A campaign sends from this account."),
    (
        "campaign_executions_organization_id_account_id_fkey",
        "",
        "account_in_use",
        "A campaign sends from this account.",
    ),
];

/// Constraint name → (JSON pointer, code, sentence) of a reference to what the organization does not have.
const DANGLING: &[(&str, &str, &str, &str)] = &[
    (
        "leads_organization_id_lead_list_id_fkey",
        "/lead_list_ids",
        "lead_list_not_found",
        "There is no lead list with this id.",
    ),
    (
        "lead_list_members_organization_id_lead_list_id_fkey",
        "/lead_list_ids",
        "lead_list_not_found",
        "There is no lead list with this id.",
    ),
];

/// Whether a transaction failed only because of another at the same time: both at once wrote the same person, or each waited for the
/// other. Nothing was written, and the second try sees what the other wrote.
#[must_use]
pub fn lost_race(error: &AppError) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<sqlx::Error>());
    let state = source.and_then(sqlx::Error::as_database_error).and_then(sqlx::error::DatabaseError::code);
    matches!(state.as_deref(), Some("23505" | "40001" | "40P01"))
}

/// Others are in the way for now.
#[track_caller]
#[must_use]
pub fn database_busy() -> AppError {
    AppError::unavailable("database_busy", "The database is busy. Nothing was changed; try again.")
}

impl From<sqlx::Error> for AppError {
    #[track_caller]
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_) => away(error),
            sqlx::Error::Database(database) => {
                let constraint = database.constraint().unwrap_or_default();
                if let Some((_, pointer, code, detail)) = CONFLICTS.iter().find(|(name, ..)| *name == constraint) {
                    let faults = if pointer.is_empty() { vec![] } else { vec![Fault::new(*pointer, *code, *detail)] };
                    return AppError::conflict(code, *detail).with_faults(faults).with_source(error);
                }
                if let Some((_, pointer, code, detail)) = DANGLING.iter().find(|(name, ..)| *name == constraint) {
                    return AppError::fault(*pointer, code, *detail).with_source(error);
                }
                let state = database.code().unwrap_or_default().into_owned();
                by_state(&state, error)
            }
            _ => AppError::internal(error),
        }
    }
}

/// What a SQLSTATE means (PostgreSQL, appendix A).
#[track_caller]
fn by_state(state: &str, error: sqlx::Error) -> AppError {
    match state {
        // Untranslatable, invalid or out-of-range text and numbers that the edge let through.
        "22P05" | "22021" | "22003" | "22008" => {
            AppError::new(Kind::Invalid, "value_not_storable", "A value cannot be stored.").with_source(error)
        }
        // Serialization failure, deadlock, lock not available, statement time-out: nothing was written, trying again is right.
        "40001" | "40P01" | "55P03" | "57014" | "25P03" => database_busy().with_source(error),
        state if state.starts_with("08") || state.starts_with("53") || state.starts_with("57P") => away(error),
        _ => AppError::internal(error),
    }
}

#[track_caller]
fn away(error: sqlx::Error) -> AppError {
    AppError::new(
        Kind::Unavailable,
        "database_unavailable",
        "The database cannot be reached right now. Try again shortly.",
    )
    .with_retry_after(Duration::from_secs(2))
    .with_source(error)
}
