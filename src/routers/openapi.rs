//! The OpenAPI document. Handlers say what is their own; what a whole zone shares — security, headers, error answers — is stamped here
//! once, by walking the zone's operations.

use serde_json::{Map, Value, json};
use utoipa::openapi::{Info, OpenApi, OpenApiBuilder};

use super::{
    OrganizationSource::{Context, Path},
    Routes, Zone, bulk_zones,
    problem_examples::example,
    public, response_headers, security, upload_zones, zones,
};
use crate::{
    dto::problem::{Problem, ProblemFault},
    middleware::only_reads,
};

/// What every page of the documentation begins with.
const DESCRIPTION: &str = include_str!("openapi.md");

/// The headings, in the order in which a newcomer needs them.
const TAGS: &[(&str, &str)] = &[
    ("Me", "The caller, their settings and memberships."),
    ("Organizations", "Who works together: details, members, invitations."),
    ("Connected accounts", "The mailboxes and LinkedIn accounts that messages are sent from."),
    ("Lead lists", "Named sets of leads, for a campaign to draw on."),
    ("Clay destinations", "Webhooks in Clay that a list's new leads are pushed to."),
    ("Leads", "The people to be reached, alone and by the thousand."),
    ("Imports", "Leads from files: how far the work is, and undoing it."),
    ("Suppressions", "Whom nobody may write to: addresses, profiles, whole domains."),
    ("Campaigns", "Who is to receive what, when, from which account."),
    ("Campaign executions", "One lead's way through one campaign."),
    ("Conversations", "What leads and the organization have written to each other, over both channels."),
    ("Activities", "What happened, to whom and when; nothing is ever changed here."),
    ("API keys", "By which programs call, in place of a person's session token."),
    ("Webhook secret", "What webhook steps of campaigns are signed with."),
    ("Audit logs", "Who changed what, in a chain that shows any tampering."),
    ("Webhooks", "What other services tell us."),
    ("Service", "Signs of life and measurements, for those who run the server."),
];

#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(Problem, ProblemFault)))]
struct Shared;

/// The whole document, OpenAPI 3.1.
#[must_use]
pub fn document() -> Value {
    let mut paths = Map::new();
    let mut schemas = schemas_of(&<Shared as utoipa::OpenApi>::openapi());
    let links_in_mails = [(Zone::Public, public::links_in_mails())];
    for (zone, routes) in zones().into_iter().chain(bulk_zones()).chain(upload_zones()).chain(links_in_mails) {
        let api = under_base(zone, routes).into_openapi();
        schemas.extend(schemas_of(&api));
        for (path, item) in value(&api.paths).as_object_mut().map(std::mem::take).unwrap_or_default() {
            add(&mut paths, path, item, zone);
        }
    }
    let mut document = value(&OpenApiBuilder::new().info(Info::new("Clento", env!("CARGO_PKG_VERSION"))).build());
    document["info"]["description"] = DESCRIPTION.into();
    document["info"]["license"] = json!({"name": "Apache-2.0", "identifier": "Apache-2.0"});
    document["servers"] = json!([{"url": "/", "description": "This server"}]);
    paths.sort_keys();
    schemas.sort_keys();
    document["tags"] = tags(&paths);
    response_headers::stamp(&mut paths, &schemas);
    document["paths"] = paths.into();
    document["components"] = json!({
        "headers": response_headers::components(),
        "schemas": schemas,
        "securitySchemes": security::schemes(),
    });
    document
}

/// Schemas of the parts of a form that are JSON.
const PARTS: [&str; 1] = ["ImportOptionsRequest"];

/// The names of all schemas that a request body has, or a part of a form.
#[must_use]
pub fn body_schemas(document: &Value) -> Vec<&str> {
    let operations =
        document["paths"].as_object().into_iter().flatten().filter_map(|(_, item)| item.as_object()).flatten();
    let bodies = operations
        .filter_map(|(_, operation)| operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str())
        .filter_map(|reference| reference.rsplit('/').next());
    let mut names: Vec<&str> = bodies.chain(PARTS).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// A zone's routes where they are served: the API below its base path, the rest at the root.
pub(super) fn under_base(zone: Zone, routes: Routes) -> Routes {
    if zone == Zone::Public { routes } else { Routes::default().nest("/api/v1", routes) }
}

fn value(part: &impl serde::Serialize) -> Value {
    serde_json::to_value(part).unwrap_or_default()
}

fn schemas_of(api: &OpenApi) -> Map<String, Value> {
    value(&api.components)["schemas"].as_object().cloned().unwrap_or_default()
}

fn add(paths: &mut Map<String, Value>, path: String, mut item: Value, zone: Zone) {
    let tag = tag_of(&path);
    let noun = if path.contains('{') { noun_of(&tag) } else { "organization".to_owned() };
    let Some(operations) = item.as_object_mut() else { return };
    for (method, operation) in operations.iter_mut() {
        stamp((method, &path), operation, zone, &noun);
        operation["tags"] = json!([tag]);
        let name = operation["operationId"].as_str().unwrap_or_default().to_owned();
        operation["operationId"] = format!("{}_{name}", tag.replace(' ', "_").to_lowercase()).into();
    }
    match paths.entry(path).or_insert_with(|| json!({})) {
        Value::Object(present) => present.extend(std::mem::take(operations)),
        _ => unreachable!("an item of paths is an object"),
    }
}

/// The headings that have operations.
fn tags(paths: &Map<String, Value>) -> Value {
    let used = |name: &str| paths.keys().any(|path| tag_of(path) == name);
    let tags = TAGS.iter().filter(|(name, _)| used(name));
    tags.map(|(name, description)| json!({"name": name, "description": description})).collect()
}

/// The first word of the path after the base, as a heading.
fn tag_of(path: &str) -> String {
    let Some(rest) = path.strip_prefix("/api/v1/") else { return "Service".to_owned() };
    let noun = rest.split('/').next().unwrap_or(rest).replace('-', " ");
    let heading = TAGS.iter().find(|(name, _)| name.eq_ignore_ascii_case(&noun));
    heading.map_or(noun, |(name, _)| (*name).to_owned())
}

/// A heading's noun for one thing.
fn noun_of(tag: &str) -> String {
    let noun = if tag.starts_with("API") { tag.to_owned() } else { tag.to_lowercase() };
    match noun.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => noun.trim_end_matches('s').to_owned(),
    }
}

fn stamp((method, path): (&str, &str), operation: &mut Value, zone: Zone, noun: &str) {
    if !matches!(zone, Zone::Public | Zone::Webhooks | Zone::Secret) {
        security::stamp(method, operation, zone);
    }
    let mut parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    if matches!(zone, Zone::Organization(Path) | Zone::Admin(Path)) {
        parameters.iter_mut().filter(|parameter| parameter["name"] == "id").for_each(by_either_id);
    }
    parameters.extend(headers(method, path, zone));
    let names: Vec<_> = parameters.iter().filter_map(|parameter| parameter["name"].as_str()).collect();
    let told = problems(method, zone, operation.get("requestBody").is_some(), &names);
    operation["parameters"] = parameters.into();
    for (status, description) in told {
        let responses = &mut operation["responses"];
        if responses.get(status).is_none() {
            responses[status] = problem(description, example(method, status, zone, noun));
        }
    }
}

/// The organization in a path is named as in a header: by our id, or Clerk's.
fn by_either_id(parameter: &mut Value) {
    parameter["description"] = "The organization, by our id or Clerk's.".into();
    parameter["schema"] =
        json!({"type": "string", "examples": ["01933b6e-8f2a-7c31-9d55-0a4b7c1e2f90", "org_2abcDEF"]});
}

/// The headers that every operation of `zone` with `method` reads. A POST that reads `If-Match` says so itself.
fn headers(method: &str, path: &str, zone: Zone) -> Vec<Value> {
    let mut parameters = Vec::new();
    if zone.is_of_an_organization() && zone.source() == Some(Context) {
        parameters.push(header(
            "X-Organization-Id",
            "The organization, by our id or Clerk's; else the session's active one.",
        ));
    }
    if zone == Zone::Webhooks {
        parameters.extend(SIGNATURE.map(|(name, description)| {
            let mut parameter = header(name, description);
            parameter["required"] = true.into();
            parameter
        }));
    }
    if zone == Zone::Secret {
        let mut parameter = header("Unipile-Auth", "The secret that this server has told Unipile.");
        parameter["required"] = true.into();
        parameters.push(parameter);
    }
    if method == "post" && zone.is_of_an_organization() && !only_reads(path) {
        parameters.push(header("Idempotency-Key", "Up to 255 characters: the same key and body within 24 h act once."));
    }
    if matches!(method, "patch" | "delete") {
        parameters
            .push(header("If-Match", "The `ETag` you have seen; if it has changed since, 412 and nothing happens."));
    }
    parameters
}

/// The headers that prove a webhook's sender (svix.com's, also known as Standard Webhooks).
const SIGNATURE: [(&str, &str); 3] = [
    ("svix-id", "The delivery's id, the same in every repetition."),
    ("svix-timestamp", "When this attempt was signed, in seconds since 1970; at most 300 s ago."),
    (
        "svix-signature",
        "`v1,` and the base64 HMAC-SHA256 of `{id}.{timestamp}.{body}`; several are separated by spaces.",
    ),
];

fn header(name: &str, description: &str) -> Value {
    json!({"name": name, "in": "header", "required": false, "description": description, "schema": {"type": "string"}})
}

fn problem(description: &str, example: Option<Value>) -> Value {
    let mut content = json!({"schema": {"$ref": "#/components/schemas/Problem"}});
    if let Some(example) = example {
        content["example"] = example;
    }
    json!({"description": description, "content": {"application/problem+json": content}})
}

const NOT_UNDERSTOOD: (&str, &str) = ("400", "The request cannot be understood.");
const OF_WEBHOOKS: [(&str, &str); 6] = [
    NOT_UNDERSTOOD,
    ("401", "Not proved to be the sender's, or not lately."),
    ("413", "The body is too large."),
    ("422", "Proved, and not understood."),
    ("500", "A fault of ours."),
    ("503", "No secret is configured to prove it by, or something we need is away."),
];

const OF_BODIES: [(&str, &str); 3] = [
    ("413", "The body is too large."),
    ("415", "The body is of another kind than this reads."),
    ("422", "The body has faults; all are listed."),
];

const OF_NO_BODY: (&str, &str) = ("422", "There is something in the body, which this does not read.");
const OF_ANOTHER_BODY: (&str, &str) = (
    "422",
    "There is something in the body, which this does not read; or the `Idempotency-Key` was used with another.",
);

fn problems(method: &str, zone: Zone, has_body: bool, parameters: &[&str]) -> Vec<(&'static str, &'static str)> {
    if zone == Zone::Public {
        return vec![NOT_UNDERSTOOD, ("500", "A fault of ours."), ("503", "Something we need is away.")];
    }
    if matches!(zone, Zone::Webhooks | Zone::Secret) {
        return OF_WEBHOOKS.to_vec();
    }
    let mut told = vec![
        NOT_UNDERSTOOD,
        ("401", "No valid session token or API key."),
        ("403", "The caller may not do this."),
        ("429", "Too many requests: wait as long as `Retry-After` says."),
        ("500", "A fault of ours."),
        ("503", "Something we need is away: try again after `Retry-After`."),
    ];
    if zone == Zone::Admin(Path) {
        told.push(("502", "Clerk, who owns this, failed or refused."));
    }
    if zone != Zone::Session {
        told.push(("404", "There is no such thing in this organization."));
    }
    if has_body {
        told.extend(OF_BODIES);
    } else if method != "get" {
        told.push(("413", "The body is too large."));
        told.push(if parameters.contains(&"Idempotency-Key") { OF_ANOTHER_BODY } else { OF_NO_BODY });
    }
    if method != "get" {
        told.push(("409", "The present state forbids it."));
    }
    if parameters.contains(&"If-Match") {
        told.push(("412", "It has changed since the version in `If-Match`."));
    }
    told
}
