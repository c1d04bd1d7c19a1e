//! What a failure means for what was asked: Unipile's catalogue of error types, sorted by what may be concluded from each.

/// What may be concluded from a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// No byte of it left: the connection was never made. It may be tried again.
    NotSent,
    /// It may have been carried out. It must be looked up, and never be repeated on a guess.
    Unknown,
    /// The account is not let in: it was not carried out, and nothing else will be before a person acts.
    AccountOut,
    /// It was not carried out, and the account must be left alone for a time.
    Cooldown,
    /// It had been done before.
    Done,
    /// It cannot be done to this person.
    Lead,
    /// The person or thing is not there.
    Gone,
    /// It will never be accepted as it is.
    Permanent,
    /// The catalogue does not have it: a person must look, and nothing is repeated.
    Parked,
}

const WRONG: &[&str] = &[
    "invalid_parameters",
    "missing_parameters",
    "invalid_request",
    "malformed_request",
    "content_too_large",
    "too_many_characters",
    "unescaped_characters",
    "limit_too_high",
    "invalid_action",
];
const REFUSED: &[&str] = &[
    "insufficient_permissions",
    "feature_not_subscribed",
    "subscription_required",
    "action_required",
    "resource_access_restricted",
];
const GONE: &[&str] = &["resource_not_found", "invalid_resource_identifier"];
const DONE: &[&str] = &["already_invited_recently", "already_connected", "action_already_performed"];
const LIMIT: &[&str] = &["cannot_resend_yet", "cannot_resend_within_24hrs", "limit_exceeded", "insufficient_credits"];
const LEAD: &[&str] = &[
    "invalid_recipient",
    "no_connection_with_recipient",
    "blocked_recipient",
    "user_unreachable",
    "cannot_invite_attendee",
    "comments_disabled",
    "invalid_post",
    "not_allowed_inmail",
    "unprocessable_entity",
];

/// The type, if the catalogue has it under any status whose types are listed there.
pub(super) fn known(kind: &str) -> Option<&'static str> {
    let all = [WRONG, REFUSED, GONE, DONE, LIMIT, LEAD].into_iter().flatten();
    all.copied().find(|known| *known == kind)
}

impl Class {
    /// The class of an answer with this status and error type (without its `errors/`).
    ///
    /// A 401 shuts the account out whatever its type, because the catalogue's list of those is open; of the others a type that is not listed
    /// is parked. A server's failure, and what is no error's status at all, proves nothing.
    #[must_use]
    pub fn of(status: u16, kind: Option<&str>) -> Self {
        let is = |kinds: &[&str]| kind.is_some_and(|kind| kinds.contains(&kind));
        match status {
            400 if is(WRONG) => Self::Permanent,
            401 => Self::AccountOut,
            403 if is(&["account_restricted"]) => Self::AccountOut,
            403 if is(REFUSED) => Self::Permanent,
            404 if is(GONE) => Self::Gone,
            422 if is(DONE) => Self::Done,
            422 if is(LIMIT) => Self::Cooldown,
            422 if is(LEAD) => Self::Lead,
            429 => Self::Cooldown,
            400..=499 => Self::Parked,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(status: u16, kinds: &[&str], class: Class) {
        for kind in kinds {
            assert_eq!(Class::of(status, Some(kind)), class, "{status} {kind}");
        }
    }

    #[test]
    fn every_listed_type_has_its_class() {
        all(400, WRONG, Class::Permanent);
        let out = [
            "missing_credentials",
            "invalid_credentials",
            "expired_credentials",
            "disconnected_account",
            "disconnected_feature",
            "checkpoint_error",
            "multiple_sessions",
            "insufficient_privileges",
            "wrong_account",
        ];
        all(401, &out, Class::AccountOut);
        all(403, &["account_restricted"], Class::AccountOut);
        all(403, REFUSED, Class::Permanent);
        all(404, GONE, Class::Gone);
        all(422, DONE, Class::Done);
        all(422, LIMIT, Class::Cooldown);
        all(422, LEAD, Class::Lead);
        all(429, &["too_many_requests"], Class::Cooldown);
        all(500, &["unexpected_error", "provider_error"], Class::Unknown);
        let away = ["no_client_session", "no_channel", "no_handler", "network_down", "service_unavailable"];
        all(503, &away, Class::Unknown);
        all(504, &["request_timeout"], Class::Unknown);
        assert_eq!(Class::of(502, None), Class::Unknown);
    }

    #[test]
    fn what_is_not_listed_is_never_taken_for_unsent() {
        for status in [400, 402, 403, 404, 405, 408, 409, 410, 413, 422] {
            for kind in [None, Some("brand_new"), Some("ALREADY_CONNECTED")] {
                assert_eq!(Class::of(status, kind), Class::Parked, "{status} {kind:?}");
            }
        }
        // A type under another status than its own is not the one that the catalogue knows.
        all(400, DONE, Class::Parked);
        all(422, GONE, Class::Parked);
        all(500, &["already_connected", "too_many_requests"], Class::Unknown);
        // A success that cannot be read, and a redirect, which is not followed.
        for status in [200, 201, 204, 301, 307, 599] {
            assert_eq!(Class::of(status, None), Class::Unknown, "{status}");
        }
    }
}
