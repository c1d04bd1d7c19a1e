//! What Clerk's refusals mean to our callers.

use std::time::Duration;

use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use serde::Deserialize;

use crate::errors::{AppError, Fault, Kind};

/// The codes of failures after which a change may have been made.
const SILENT: &str = "clerk_silent";
const FAILED: &str = "clerk_failed";

/// What we ask callers to wait when Clerk does not say, and the most that is passed on.
const WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// The longest sentence of Clerk's that is passed on, in characters.
const LONGEST_SENTENCE: usize = 300;

/// Codes by which Clerk refuses with 403 what the state of the caller's organization forbids, rather than our key.
const ABOUT_THE_ORGANIZATION: [&str; 2] = ["organization_membership_quota_exceeded", "not_an_admin_in_organization"];

/// An answer of Clerk's that is no success.
pub(super) struct Refusal<'a> {
    /// What a 404 is about.
    pub(super) noun: &'static str,
    pub(super) status: StatusCode,
    pub(super) retry_after: Option<Duration>,
    pub(super) body: &'a [u8],
}

/// The body of an error (<https://clerk.com/docs/guides/development/errors/overview>).
#[derive(Deserialize, Default)]
struct Errors {
    #[serde(default)]
    errors: Vec<Complaint>,
    clerk_trace_id: Option<String>,
}

#[derive(Deserialize)]
struct Complaint {
    code: Option<String>,
    message: Option<String>,
    long_message: Option<String>,
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    param_name: Option<String>,
}

impl From<Refusal<'_>> for AppError {
    fn from(refusal: Refusal<'_>) -> Self {
        let Refusal { noun, status, retry_after, body } = refusal;
        let errors: Errors = serde_json::from_slice(body).unwrap_or_default();
        let code = errors.errors.first().map(Complaint::code).unwrap_or_default();
        log(status, &code, errors.clerk_trace_id.as_deref());
        match status {
            StatusCode::NOT_FOUND => Self::not_found(noun),
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY if !errors.errors.is_empty() => {
                Self::invalid(errors.errors.into_iter().map(Fault::from).collect())
            }
            StatusCode::CONFLICT => conflict(errors),
            StatusCode::FORBIDDEN if ABOUT_THE_ORGANIZATION.contains(&code.as_str()) => conflict(errors),
            StatusCode::TOO_MANY_REQUESTS => busy(retry_after),
            status if status.is_server_error() => {
                Self::new(Kind::BadGateway, FAILED, "Clerk failed to carry this out.")
            }
            _ => Self::new(Kind::BadGateway, "clerk_refused", "Clerk does not accept this from us."),
        }
    }
}

fn log(status: StatusCode, code: &str, trace: Option<&str>) {
    let trace = trace.map(clean).unwrap_or_default();
    if status.is_server_error() || matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        tracing::error!(%status, code, clerk_trace_id = trace, "Clerk refused a call");
    } else {
        tracing::info!(%status, code, clerk_trace_id = trace, "Clerk refused a call");
    }
}

fn conflict(errors: Errors) -> AppError {
    let fault = errors.errors.into_iter().next().map(Fault::from);
    let (code, detail) = fault.map_or_else(
        || ("clerk_conflict".into(), "The organization's state at Clerk forbids it.".into()),
        |fault| (fault.code, fault.detail),
    );
    AppError::new(Kind::Conflict, code, detail)
}

fn busy(retry_after: Option<Duration>) -> AppError {
    AppError::unavailable("clerk_unavailable", "Clerk is busy.")
        .with_retry_after(retry_after.unwrap_or(WAIT).min(LONGEST_WAIT))
}

/// No answer, or not a whole one. Whether a change was made is then unknown, unless nothing was ever sent.
pub(super) fn silence(error: reqwest::Error) -> AppError {
    let error = error.without_url();
    tracing::warn!(error = %error, timeout = error.is_timeout(), "Clerk does not answer");
    if error.is_connect() {
        return AppError::unavailable("clerk_unavailable", "Clerk cannot be reached.").with_source(error);
    }
    let detail = "Clerk does not answer. The change may have been made: look before you repeat it.";
    AppError::unavailable(SILENT, detail).with_source(error)
}

/// Whether a call that failed so has changed nothing at Clerk, for sure.
#[must_use]
pub fn changed_nothing(error: &AppError) -> bool {
    ![SILENT, FAILED].contains(&error.code())
}

/// An answer that is not what it should be.
pub(super) fn unreadable() -> AppError {
    AppError::new(Kind::BadGateway, FAILED, "Clerk gave an answer that cannot be read.")
}

/// `Retry-After` in seconds (RFC 9110, 10.2.3), the only form Clerk uses.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

impl Complaint {
    /// A code of Clerk's in our alphabet.
    fn code(&self) -> String {
        let code = self.code.as_deref().unwrap_or_default();
        if is_word(code) { code.to_owned() } else { "clerk_refused".to_owned() }
    }
}

impl From<Complaint> for Fault {
    fn from(complaint: Complaint) -> Self {
        let code = complaint.code();
        let parameter = complaint.meta.and_then(|meta| meta.param_name).filter(|name| is_word(name));
        let pointer = parameter.map_or_else(String::new, |name| format!("/{name}"));
        let sentence = complaint.long_message.or(complaint.message).map(|text| clean(&text));
        let detail = sentence.filter(|text| !text.is_empty()).unwrap_or_else(|| "Clerk refused it.".to_owned());
        Self::new(pointer, code, detail)
    }
}

fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Text of a stranger's, short and on one line.
fn clean(text: &str) -> String {
    let flat = text.split(char::is_control).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    flat.chars().take(LONGEST_SENTENCE).collect::<String>().trim().to_owned()
}
