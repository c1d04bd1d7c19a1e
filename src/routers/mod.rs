//! Floor 9: route tables, one file per noun, gathered into zones. A zone's guards are stacked here, once, and nowhere else.

mod activities;
mod api_keys;
mod audit_logs;
mod campaign_executions;
mod campaigns;
mod clay_destinations;
mod connected_accounts;
mod conversations;
mod docs;
mod imports;
mod invitations;
mod lead_lists;
mod leads;
mod members;
mod openapi;
mod organizations;
mod problem_examples;
mod public;
mod response_headers;
mod security;
mod shared;
mod suppressions;
mod users;
mod webhook_secrets;
mod webhooks;

use std::time::Duration;

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    cors::{AllowOrigin, CorsLayer},
};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    errors::{AppError, Kind},
    middleware::{
        AROUND_A_FILE, BodyReaders, BulkTurns, OrganizationSource, QueryReaders, admit_api_key, few_at_once,
        idempotency, idempotency_of_uploads, load_user, observe, panic_response, rate_limit, refuse_unread_body,
        refuse_unread_query, require_auth, require_organization, require_organization_admin,
        verify_organization_membership,
    },
    models::ApiResource,
    repositories::Need,
    state::AppState,
};

pub use openapi::{body_schemas, document};

/// A JSON body's largest size, in bytes.
const MAX_BODY: usize = 1024 * 1024;
/// The same where many records are taken at once.
const MAX_BULK_BODY: usize = 8 * 1024 * 1024;

/// A router that documents itself.
type Routes = OpenApiRouter<AppState>;

/// Who may enter a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    /// Anybody.
    Public,
    /// Who signs what they send.
    Webhooks,
    /// Who shows a secret that we gave them.
    Secret,
    /// A user.
    Session,
    /// A member of the organization that the request names.
    Organization(OrganizationSource),
    /// A member likewise, or one of the organization's API keys, if it has the scope to read or write this.
    Keyed(ApiResource),
    /// An administrator of it.
    Admin(OrganizationSource),
}

impl Zone {
    /// Where its requests name their organization; none if nobody signs in here.
    fn source(self) -> Option<OrganizationSource> {
        match self {
            Self::Public | Self::Webhooks | Self::Secret => None,
            Self::Session | Self::Keyed(_) => Some(OrganizationSource::Context),
            Self::Organization(source) | Self::Admin(source) => Some(source),
        }
    }

    /// Whether its requests are about an organization.
    fn is_of_an_organization(self) -> bool {
        matches!(self, Self::Organization(_) | Self::Keyed(_) | Self::Admin(_))
    }

    /// What a person must be allowed to do here, as long as their request lasts.
    fn need(self) -> Need {
        if matches!(self, Self::Admin(_)) { Need::Admin } else { Need::Member }
    }

    /// What API keys are let at here.
    fn resource(self) -> Option<ApiResource> {
        match self {
            Self::Keyed(resource) => Some(resource),
            _ => None,
        }
    }
}

/// Every zone with its routes.
fn zones() -> Vec<(Zone, Routes)> {
    use ApiResource::{Activities, Campaigns, ConnectedAccounts, LeadLists, Leads, Suppressions};
    use OrganizationSource::{Context, Path};
    vec![
        (Zone::Public, public::routes()),
        (Zone::Webhooks, webhooks::routes()),
        (Zone::Secret, webhooks::unipile_routes()),
        (Zone::Session, users::routes()),
        (Zone::Organization(Context), campaign_executions::routes()),
        (Zone::Organization(Context), campaigns::person_routes()),
        (Zone::Organization(Context), clay_destinations::routes()),
        (Zone::Organization(Context), connected_accounts::person_routes()),
        (Zone::Organization(Context), conversations::routes()),
        (Zone::Keyed(Activities), activities::routes()),
        (Zone::Keyed(Campaigns), campaigns::routes()),
        (Zone::Keyed(ConnectedAccounts), connected_accounts::routes()),
        (Zone::Keyed(Leads), imports::routes()),
        (Zone::Keyed(LeadLists), lead_lists::routes()),
        (Zone::Keyed(Leads), leads::routes()),
        (Zone::Keyed(Suppressions), suppressions::routes()),
        (Zone::Organization(Path), members::routes()),
        (Zone::Organization(Path), organizations::routes()),
        (Zone::Admin(Context), api_keys::routes()),
        (Zone::Admin(Context), audit_logs::routes()),
        (Zone::Admin(Context), webhook_secrets::routes()),
        (Zone::Admin(Path), invitations::routes()),
        (Zone::Admin(Path), members::admin_routes()),
        (Zone::Admin(Path), organizations::admin_routes()),
    ]
}

/// The zones with routes that take or change many records at once: their bodies may be larger, and few of them are worked on at a time.
fn bulk_zones() -> Vec<(Zone, Routes)> {
    vec![
        (Zone::Keyed(ApiResource::Leads), leads::bulk_routes()),
        (Zone::Keyed(ApiResource::Suppressions), suppressions::bulk_routes()),
    ]
}

/// The zones with routes that take a file of any size, and read it as it comes.
fn upload_zones() -> Vec<(Zone, Routes)> {
    vec![(Zone::Keyed(ApiResource::Leads), imports::upload_routes())]
}

/// What each operation reads, by the OpenAPI document.
struct Readers {
    queries: QueryReaders,
    bodies: BodyReaders,
}

impl Readers {
    fn of(document: &serde_json::Value) -> Self {
        Self { queries: QueryReaders::of(document), bodies: BodyReaders::of(document) }
    }

    /// The routes of a zone, which refuse what they do not read. Whoever signs what they send may send more than we know of.
    fn guarding(&self, zone: Zone, routes: Routes) -> Router<AppState> {
        let (routes, _) = openapi::under_base(zone, routes).split_for_parts();
        let routes = routes.route_layer(shared::layer(self.queries.clone(), refuse_unread_query));
        match zone {
            Zone::Public | Zone::Webhooks | Zone::Secret => routes,
            _ => routes.route_layer(shared::layer(self.bodies.clone(), refuse_unread_body)),
        }
    }
}

/// The whole service.
pub fn router(state: &AppState, document: serde_json::Value) -> Router {
    let readers = Readers::of(&document);
    let mut router = Router::new();
    for (zone, routes) in zones() {
        let routes = readers.guarding(zone, routes);
        router = router.merge(guarded(zone, with_idempotency(zone, routes, state), state));
    }
    let turns = BulkTurns::default();
    for (zone, routes) in bulk_zones() {
        let routes = with_idempotency(zone, readers.guarding(zone, routes), state).route_layer(
            ServiceBuilder::new()
                .layer(DefaultBodyLimit::max(MAX_BULK_BODY))
                .layer(shared::layer(turns.clone(), few_at_once)),
        );
        router = router.merge(guarded(zone, routes, state));
    }
    let (links_in_mails, _) = public::links_in_mails().split_for_parts();
    router
        .merge(links_in_mails)
        .merge(uploads(state, &readers))
        .merge(docs::routes(document))
        .fallback(|| async { AppError::new(Kind::NotFound, "no_such_path", "There is nothing at this path.") })
        .method_not_allowed_fallback(|| async {
            AppError::new(Kind::MethodNotAllowed, "method_not_allowed", "This path does not answer to this method.")
        })
        .layer(
            ServiceBuilder::new()
                .layer(shared::layer(state.clone(), observe))
                .layer(cors(&state.server().cors_allowed_origins))
                .layer(CatchPanicLayer::custom(panic_response))
                .layer(shared::layer(state.clone(), limit_time))
                .layer(CompressionLayer::new())
                .layer(DefaultBodyLimit::max(MAX_BODY)),
        )
        .with_state(state.clone())
}

/// What a process that does nothing but work answers: signs of life and measurements, at their usual paths.
pub fn worker_router(state: &AppState) -> Router {
    let (routes, _) = public::signs_of_life().split_for_parts();
    routes.layer(shared::layer(state.clone(), observe)).with_state(state.clone())
}

/// The routes that take files.
fn uploads(state: &AppState, readers: &Readers) -> Router<AppState> {
    let most = usize::try_from(state.server().import_limits.max_bytes).unwrap_or(usize::MAX);
    let mut router = Router::new();
    for (zone, routes) in upload_zones() {
        let routes = readers.guarding(zone, routes).route_layer(
            ServiceBuilder::new()
                .layer(DefaultBodyLimit::max(most.saturating_add(AROUND_A_FILE)))
                .layer(shared::layer(state.clone(), idempotency_of_uploads)),
        );
        router = router.merge(guarded(zone, routes, state));
    }
    router
}

/// Answers of an organization's routes are remembered under their `Idempotency-Key`.
fn with_idempotency(zone: Zone, routes: Router<AppState>, state: &AppState) -> Router<AppState> {
    if zone.is_of_an_organization() { routes.route_layer(shared::layer(state.clone(), idempotency)) } else { routes }
}

/// A zone's routes behind its guards, outermost first.
fn guarded(zone: Zone, routes: Router<AppState>, state: &AppState) -> Router<AppState> {
    let Some(source) = zone.source() else { return routes };
    // Before a remembered answer is given again: who is no administrator any more does not see it.
    let routes = match zone {
        Zone::Admin(_) => routes.route_layer(shared::layer((), require_organization_admin)),
        _ => routes,
    };
    let routes = if zone.is_of_an_organization() {
        routes.route_layer(
            ServiceBuilder::new()
                .layer(shared::layer((), require_organization))
                .layer(shared::layer((state.clone(), zone.need()), verify_organization_membership)),
        )
    } else {
        routes
    };
    routes.route_layer(
        ServiceBuilder::new()
            .layer(shared::layer(state.clone(), require_auth))
            .layer(shared::layer(state.clone(), rate_limit))
            .layer(shared::layer((state.clone(), zone.resource()), admit_api_key))
            .layer(shared::layer((state.clone(), source), load_user)),
    )
}

/// The routes of [`upload_zones`].
const UPLOADS: [&str; 2] = ["/api/v1/lead-lists/{id}/imports", "/api/v1/lead-lists/{id}/imports/preview"];

/// Gives up waiting for a request that takes too long. Whether it took effect is not known: it may have been committing.
async fn limit_time(State(state): State<AppState>, request: Request, next: Next) -> Response {
    // A file may take as long as its way takes; whoever is silent meanwhile is cut off elsewhere.
    let is_upload = request.method() == Method::POST
        && request.extensions().get::<MatchedPath>().is_some_and(|path| UPLOADS.contains(&path.as_str()));
    let server = state.server();
    let most = if is_upload { server.upload_timeout } else { server.request_timeout };
    if let Ok(response) = tokio::time::timeout(most, next.run(request)).await {
        response
    } else {
        let detail = "The request took too long and may still take effect: read before you repeat it.";
        AppError::unavailable("request_timeout", detail).into_response()
    }
}

fn cors(origins: &[String]) -> CorsLayer {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    let named = |name: &'static str| HeaderName::from_static(name);
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            named("idempotency-key"),
            named("last-event-id"),
            named("x-organization-id"),
            named("x-request-id"),
        ])
        .expose_headers([
            header::CONTENT_DISPOSITION,
            header::ETAG,
            header::LOCATION,
            header::RETRY_AFTER,
            named("idempotent-replayed"),
            named("ratelimit"),
            named("ratelimit-policy"),
            named("x-request-id"),
        ])
        .max_age(Duration::from_hours(1))
}
