//! The outermost layer: gives a request its id, writes the problem document of one that failed, and leaves one log line and one
//! measurement of each.

use std::{any::Any, net::SocketAddr, time::Duration};

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use metrics::{counter, histogram};

use super::witness::Session;
use crate::{
    dto::problem::{Failed, Problem},
    errors::{AppError, Kind},
    repositories::{OrgMember, RequestContext},
    state::AppState,
    utils::ids::uuid_at,
};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Headers of every answer: nothing here is to be framed, sniffed, cached or referred to (OWASP ASVS 5.0, 3.4).
const SECURITY_HEADERS: [(HeaderName, HeaderValue); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000; includeSubDomains")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
];

/// A request's id: the caller's if it was well-formed, else ours.
#[derive(Debug, Clone)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only visible ASCII gets into one.
        self.0.to_str().unwrap_or_default()
    }
}

/// Wraps every request.
pub async fn observe(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let started = state.clock().monotonic();
    let id = request_id(&state, request.headers());
    request.extensions_mut().insert(id.clone());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);

    let mut response = next.run(request).await;

    let failed = response.extensions_mut().remove::<Failed>();
    if let Some(Failed(error)) = &failed {
        response = with_problem(response, error, &id);
    }
    let headers = response.headers_mut();
    for (name, value) in &SECURITY_HEADERS {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    headers.insert(REQUEST_ID.clone(), id.0.clone());
    let took = state.clock().monotonic().saturating_sub(started);
    measure(&method, route, &response, took);
    log(&method, route, &response, failed.as_ref(), &id, took);
    response
}

fn request_id(state: &AppState, headers: &HeaderMap) -> RequestId {
    let well_formed = |value: &&HeaderValue| {
        (1..=128).contains(&value.len())
            && value.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
    };
    let given = headers.get(&REQUEST_ID).filter(well_formed).cloned();
    RequestId(given.unwrap_or_else(|| {
        let mut buffer = uuid::Uuid::encode_buffer();
        let text = uuid_at(state.clock().now()).hyphenated().encode_lower(&mut buffer);
        HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("unknown"))
    }))
}

fn with_problem(response: Response, error: &AppError, id: &RequestId) -> Response {
    let (parts, _) = response.into_parts();
    let mut told = Problem::of(error, id.as_str()).into_response();
    for (name, value) in &parts.headers {
        if *name != header::CONTENT_TYPE && *name != header::CONTENT_LENGTH {
            told.headers_mut().append(name, value.clone());
        }
    }
    *told.extensions_mut() = parts.extensions;
    told
}

fn measure(method: &Method, route: &str, response: &Response, took: Duration) {
    let labels = [
        ("method", method_label(method).to_owned()),
        ("route", route.to_owned()),
        ("status", response.status().as_str().to_owned()),
    ];
    counter!("http_requests_total", &labels).increment(1);
    histogram!("http_request_duration_seconds", &labels[..2]).record(took.as_secs_f64());
}

/// The method, if it is one of HTTP's: callers may invent others, and each would be measured for ever.
pub(super) fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::HEAD => "HEAD",
        Method::PUT => "PUT",
        _ => "other",
    }
}

fn log(method: &Method, route: &str, response: &Response, failed: Option<&Failed>, id: &RequestId, took: Duration) {
    let status = response.status().as_u16();
    let member = response.extensions().get::<OrgMember>();
    let organization = member.map(|member| tracing::field::display(member.organization_id()));
    let user = member.and_then(OrgMember::user_id).map(tracing::field::display);
    let api_key = member.and_then(OrgMember::api_key_id).map(tracing::field::display);
    let millis = took.as_secs_f64() * 1e3;
    let request_id = id.as_str();
    match failed.map(|Failed(error)| error) {
        Some(error) if matches!(error.kind(), Kind::Internal | Kind::BadGateway | Kind::Unavailable) => {
            tracing::error!(
                %method, route, status, request_id, organization, user, api_key, millis, code = error.code(), at = %error.location(),
                cause = error.causes(), "request failed"
            );
        }
        Some(error) => {
            tracing::info!(%method, route, status, request_id, organization, user, api_key, millis, code = error.code(), "request refused");
        }
        None => tracing::info!(%method, route, status, request_id, organization, user, api_key, millis, "request"),
    }
}

/// What a caller is told of a panic.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "the signature that CatchPanicLayer calls")]
pub fn panic_response(panic: Box<dyn Any + Send>) -> Response {
    let message = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let message = message.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    AppError::internal(format!("panic: {message}")).into_response()
}

/// Where a request came from, as the audit log keeps it.
pub(super) fn request_context(state: &AppState, request: &Request) -> RequestContext {
    let headers = request.headers();
    let user_agent = headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let session = request.extensions().get::<Session>();
    RequestContext {
        request_id: request.extensions().get::<RequestId>().map(|id| id.as_str().to_owned()),
        ip_address: client_address(state, request),
        user_agent: user_agent.map(|agent| agent.chars().filter(|c| !c.is_control()).take(500).collect()),
        impersonator: session.and_then(|session| session.token().impersonator.clone()),
        idempotency: None,
    }
}

/// The caller's address. `X-Forwarded-For` is believed only as far as our own proxies wrote it.
pub(super) fn client_address(state: &AppState, request: &Request) -> Option<String> {
    let peer =
        request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip().to_string());
    let hops = state.server().trusted_proxy_hops;
    if hops == 0 {
        return peer;
    }
    // By bytes: one that is no text, which anybody may send, must not take with it what our proxies wrote behind it.
    let lines = request.headers().get_all("x-forwarded-for").iter();
    let forwarded: Vec<&[u8]> = lines.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).collect();
    let named = forwarded.len().checked_sub(hops).and_then(|index| forwarded.get(index));
    named
        .and_then(|text| std::str::from_utf8(text).ok()?.trim().parse::<std::net::IpAddr>().ok())
        .map(|address| address.to_string())
        .or(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invented_methods_are_measured_as_one() {
        for (method, label) in [("GET", "GET"), ("DELETE", "DELETE"), ("get", "other"), ("X-77", "other")] {
            assert_eq!(method_label(&Method::from_bytes(method.as_bytes()).unwrap()), label);
        }
    }
}
