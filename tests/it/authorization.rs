//! Every operation of the published document, held against every kind of caller. A route that is added without its guards, or without
//! a line in `EXPECTED`, fails here.

use std::collections::BTreeMap;

use clento::{
    config::{Config, Vars},
    models::{MailMark, Scope},
    services::{UnsubscribeLinks, mail_reads::ReadLinks},
};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::{
    Answer, Caller, FakeUnipile, ManualClock, TestApp,
    app::{ADMIN, MEMBER, OUTSIDER, Person},
    fake_clerk::FakeClerk,
    unipile::WEBHOOK_SECRET,
};

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Public,
    Signed,
    Secret,
    User,
    Member,
    Admin,
}

/// Every operation there is and who may call it, said once more, independently of the routers.
const EXPECTED: &[(&str, Access)] = &[
    ("GET /api/v1/activities", Access::Member),
    ("GET /api/v1/activities/export.csv", Access::Member),
    ("GET /api/v1/api-keys", Access::Admin),
    ("POST /api/v1/api-keys", Access::Admin),
    ("DELETE /api/v1/api-keys/{id}", Access::Admin),
    ("GET /api/v1/api-keys/{id}", Access::Admin),
    ("PATCH /api/v1/api-keys/{id}", Access::Admin),
    ("POST /api/v1/api-keys/{id}/rotate", Access::Admin),
    ("GET /api/v1/audit-logs", Access::Admin),
    ("GET /api/v1/audit-logs/export.csv", Access::Admin),
    ("GET /api/v1/audit-logs/verify", Access::Admin),
    ("GET /api/v1/campaign-executions/{id}", Access::Member),
    ("POST /api/v1/campaign-executions/{id}/retry", Access::Member),
    ("POST /api/v1/campaign-executions/{id}/skip", Access::Member),
    ("POST /api/v1/campaign-executions/{id}/stop", Access::Member),
    ("GET /api/v1/campaigns", Access::Member),
    ("POST /api/v1/campaigns", Access::Member),
    ("DELETE /api/v1/campaigns/{id}", Access::Member),
    ("GET /api/v1/campaigns/{id}", Access::Member),
    ("PATCH /api/v1/campaigns/{id}", Access::Member),
    ("POST /api/v1/campaigns/{id}/duplicate", Access::Member),
    ("GET /api/v1/campaigns/{id}/events", Access::Member),
    ("GET /api/v1/campaigns/{id}/executions", Access::Member),
    ("POST /api/v1/campaigns/{id}/pause", Access::Member),
    ("POST /api/v1/campaigns/{id}/preview", Access::Member),
    ("POST /api/v1/campaigns/{id}/resume", Access::Member),
    ("POST /api/v1/campaigns/{id}/simulate", Access::Member),
    ("POST /api/v1/campaigns/{id}/start", Access::Member),
    ("GET /api/v1/campaigns/{id}/statistics", Access::Member),
    ("POST /api/v1/campaigns/{id}/stop", Access::Member),
    ("POST /api/v1/campaigns/{id}/test-send", Access::Member),
    ("POST /api/v1/campaigns/{id}/validate", Access::Member),
    ("DELETE /api/v1/clay-destinations/{id}", Access::Member),
    ("GET /api/v1/clay-destinations/{id}", Access::Member),
    ("PATCH /api/v1/clay-destinations/{id}", Access::Member),
    ("GET /api/v1/connected-accounts", Access::Member),
    ("POST /api/v1/connected-accounts", Access::Member),
    ("DELETE /api/v1/connected-accounts/{id}", Access::Member),
    ("GET /api/v1/connected-accounts/{id}", Access::Member),
    ("POST /api/v1/connected-accounts/{id}/sync", Access::Member),
    ("GET /api/v1/connected-accounts/{id}/sending-domain", Access::Member),
    ("GET /api/v1/connected-accounts/{id}/usage", Access::Member),
    ("POST /api/v1/connected-accounts/{id}/reconnect-link", Access::Member),
    ("POST /api/v1/connected-accounts/connect-link", Access::Member),
    ("PATCH /api/v1/connected-accounts/{id}", Access::Member),
    ("GET /api/v1/conversations", Access::Member),
    ("GET /api/v1/conversations/{id}", Access::Member),
    ("PATCH /api/v1/conversations/{id}", Access::Member),
    ("GET /api/v1/conversations/{id}/messages", Access::Member),
    ("POST /api/v1/conversations/{id}/messages", Access::Member),
    ("POST /api/v1/conversations/{id}/read", Access::Member),
    ("GET /api/v1/imports/{id}", Access::Member),
    ("POST /api/v1/imports/{id}/cancel", Access::Member),
    ("GET /api/v1/imports/{id}/events", Access::Member),
    ("GET /api/v1/imports/{id}/rejected.csv", Access::Member),
    ("POST /api/v1/imports/{id}/undo", Access::Member),
    ("GET /api/v1/lead-lists", Access::Member),
    ("POST /api/v1/lead-lists", Access::Member),
    ("DELETE /api/v1/lead-lists/{id}", Access::Member),
    ("GET /api/v1/lead-lists/{id}", Access::Member),
    ("PATCH /api/v1/lead-lists/{id}", Access::Member),
    ("POST /api/v1/lead-lists/{id}/archive", Access::Member),
    ("GET /api/v1/lead-lists/{id}/clay-destinations", Access::Member),
    ("POST /api/v1/lead-lists/{id}/clay-destinations", Access::Member),
    ("POST /api/v1/lead-lists/{id}/duplicate", Access::Member),
    ("POST /api/v1/lead-lists/{id}/imports", Access::Member),
    ("POST /api/v1/lead-lists/{id}/imports/preview", Access::Member),
    ("GET /api/v1/lead-lists/{id}/statistics", Access::Member),
    ("POST /api/v1/lead-lists/{id}/unarchive", Access::Member),
    ("GET /api/v1/leads", Access::Member),
    ("POST /api/v1/leads", Access::Member),
    ("POST /api/v1/leads/batch", Access::Member),
    ("POST /api/v1/leads/batch-delete", Access::Member),
    ("GET /api/v1/leads/export.csv", Access::Member),
    ("POST /api/v1/leads/upsert", Access::Member),
    ("DELETE /api/v1/leads/{id}", Access::Member),
    ("GET /api/v1/leads/{id}", Access::Member),
    ("PATCH /api/v1/leads/{id}", Access::Member),
    ("GET /api/v1/leads/{id}/timeline", Access::Member),
    ("GET /api/v1/me", Access::User),
    ("PATCH /api/v1/me", Access::User),
    ("GET /api/v1/organizations", Access::User),
    ("GET /api/v1/organizations/{id}", Access::Member),
    ("PATCH /api/v1/organizations/{id}", Access::Admin),
    ("GET /api/v1/organizations/{id}/invitations", Access::Admin),
    ("POST /api/v1/organizations/{id}/invitations", Access::Admin),
    ("DELETE /api/v1/organizations/{id}/invitations/{invitation_id}", Access::Admin),
    ("GET /api/v1/organizations/{id}/members", Access::Member),
    ("DELETE /api/v1/organizations/{id}/members/{member_id}", Access::Admin),
    ("PATCH /api/v1/organizations/{id}/members/{member_id}", Access::Admin),
    ("GET /api/v1/suppressions", Access::Member),
    ("POST /api/v1/suppressions", Access::Member),
    ("POST /api/v1/suppressions/import", Access::Member),
    ("DELETE /api/v1/suppressions/{id}", Access::Member),
    ("GET /api/v1/suppressions/{id}", Access::Member),
    ("GET /api/v1/webhook-secret", Access::Admin),
    ("POST /api/v1/webhook-secret/rotate", Access::Admin),
    ("POST /api/v1/webhooks/clerk", Access::Signed),
    ("POST /api/v1/webhooks/unipile", Access::Secret),
    ("GET /.well-known/clento/{challenge}", Access::Public),
    ("GET /connected", Access::Public),
    ("POST /connected/{state}", Access::Public),
    ("GET /health", Access::Public),
    ("GET /l/{token}", Access::Public),
    ("GET /metrics", Access::Public),
    ("GET /not-connected", Access::Public),
    ("GET /o/{token}", Access::Public),
    ("GET /ready", Access::Public),
    ("GET /u/{token}", Access::Public),
    ("POST /u/{token}", Access::Public),
];

/// Of these, what API keys work on, with the scope that they need.
const KEYED: &[(&str, &str)] = &[
    ("GET /api/v1/activities", "activities:read"),
    ("GET /api/v1/activities/export.csv", "activities:read"),
    ("GET /api/v1/campaigns", "campaigns:read"),
    ("POST /api/v1/campaigns", "campaigns:write"),
    ("DELETE /api/v1/campaigns/{id}", "campaigns:write"),
    ("GET /api/v1/campaigns/{id}", "campaigns:read"),
    ("PATCH /api/v1/campaigns/{id}", "campaigns:write"),
    ("POST /api/v1/campaigns/{id}/duplicate", "campaigns:write"),
    ("GET /api/v1/campaigns/{id}/events", "campaigns:read"),
    ("GET /api/v1/campaigns/{id}/executions", "campaigns:read"),
    ("GET /api/v1/campaigns/{id}/statistics", "campaigns:read"),
    ("GET /api/v1/connected-accounts", "connected_accounts:read"),
    ("DELETE /api/v1/connected-accounts/{id}", "connected_accounts:write"),
    ("GET /api/v1/connected-accounts/{id}", "connected_accounts:read"),
    ("PATCH /api/v1/connected-accounts/{id}", "connected_accounts:write"),
    ("GET /api/v1/imports/{id}", "leads:read"),
    ("POST /api/v1/imports/{id}/cancel", "leads:write"),
    ("GET /api/v1/imports/{id}/events", "leads:read"),
    ("GET /api/v1/imports/{id}/rejected.csv", "leads:read"),
    ("POST /api/v1/imports/{id}/undo", "leads:write"),
    ("GET /api/v1/lead-lists", "lead_lists:read"),
    ("POST /api/v1/lead-lists", "lead_lists:write"),
    ("DELETE /api/v1/lead-lists/{id}", "lead_lists:write"),
    ("GET /api/v1/lead-lists/{id}", "lead_lists:read"),
    ("PATCH /api/v1/lead-lists/{id}", "lead_lists:write"),
    ("POST /api/v1/lead-lists/{id}/archive", "lead_lists:write"),
    ("POST /api/v1/lead-lists/{id}/duplicate", "lead_lists:write"),
    ("POST /api/v1/lead-lists/{id}/imports", "leads:write"),
    ("POST /api/v1/lead-lists/{id}/imports/preview", "leads:write"),
    ("GET /api/v1/lead-lists/{id}/statistics", "lead_lists:read"),
    ("POST /api/v1/lead-lists/{id}/unarchive", "lead_lists:write"),
    ("GET /api/v1/leads", "leads:read"),
    ("POST /api/v1/leads", "leads:write"),
    ("POST /api/v1/leads/batch", "leads:write"),
    ("POST /api/v1/leads/batch-delete", "leads:write"),
    ("GET /api/v1/leads/export.csv", "leads:read"),
    ("POST /api/v1/leads/upsert", "leads:write"),
    ("DELETE /api/v1/leads/{id}", "leads:write"),
    ("GET /api/v1/leads/{id}", "leads:read"),
    ("PATCH /api/v1/leads/{id}", "leads:write"),
    ("GET /api/v1/leads/{id}/timeline", "leads:read"),
    ("GET /api/v1/suppressions", "suppressions:read"),
    ("POST /api/v1/suppressions", "suppressions:write"),
    ("POST /api/v1/suppressions/import", "suppressions:write"),
    ("DELETE /api/v1/suppressions/{id}", "suppressions:write"),
    ("GET /api/v1/suppressions/{id}", "suppressions:read"),
];

/// Every scope there is.
fn scopes() -> Vec<&'static str> {
    Scope::ALL.iter().map(|scope| scope.as_str()).collect()
}

/// What a table may be.
const TABLE: &str = "email\njane@example.com\n";

/// An operation of the document, with a body that fits.
#[derive(Debug)]
struct Operation {
    name: String,
    method: Method,
    path: String,
    body: Option<Value>,
    security: Value,
    /// Whether it takes a table as well.
    takes_table: bool,
}

impl Operation {
    fn access(&self) -> Access {
        EXPECTED.iter().find(|(name, _)| *name == self.name).expect("checked by the_table_is_complete").1
    }

    /// The scope that a key needs; none if no key works here.
    fn scope(&self) -> Option<&'static str> {
        KEYED.iter().find(|(name, _)| *name == self.name).map(|(_, scope)| *scope)
    }

    /// The nouns whose ids the path names.
    fn nouns(&self) -> Vec<&str> {
        let parts: Vec<&str> = self.path.split('/').collect();
        parts.windows(2).filter(|pair| pair[1].starts_with('{')).map(|pair| pair[0]).collect()
    }

    /// The path with each id taken from `ids`, by the noun before it.
    fn path_for(&self, ids: &BTreeMap<&str, String>) -> String {
        let mut noun = "";
        let parts = self.path.split('/').map(|part| {
            if !part.starts_with('{') {
                noun = part;
                return part.to_owned();
            }
            ids.get(noun).unwrap_or_else(|| panic!("no id for {noun} in {}", self.path)).clone()
        });
        parts.collect::<Vec<_>>().join("/")
    }

    async fn call(&self, caller: &Caller, ids: &BTreeMap<&str, String>, headers: &[(&str, &str)]) -> Answer {
        let mut call = caller.request(self.method.clone(), &self.path_for(ids));
        for (name, value) in headers {
            call = call.header(name, value);
        }
        if self.path.ends_with("/campaigns/{id}/events") {
            return begun(call.open().await).await;
        }
        match &self.body {
            // Written with the data of a lead that is there.
            Some(body) if self.path.ends_with("/test-send") => {
                let mut body = body.clone();
                body["lead_id"] = json!(ids["leads"]);
                call.json(body)
            }
            Some(body) => call.json(body.clone()),
            None if self.takes_table => call.header("content-type", "text/csv").body(TABLE),
            None => call,
        }
        .send()
        .await
    }
}

/// The answer, of a stream that does not end only its beginning.
async fn begun(response: reqwest::Response) -> Answer {
    let (status, headers) = (response.status(), response.headers().clone());
    let text = if status.is_success() { String::new() } else { response.text().await.unwrap() };
    Answer { status, headers, body: serde_json::from_str(&text).unwrap_or_default(), text }
}

async fn operations(app: &TestApp) -> Vec<Operation> {
    let document = app.anonymous().get("/api-docs/openapi.json").await.expect(200);
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let schema = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str();
            let body = schema.map(|reference| {
                let schema = &document["components"]["schemas"][reference.rsplit('/').next().unwrap()];
                assert!(!schema["example"].is_null(), "{reference} has no example");
                schema["example"].clone()
            });
            let security = operation["security"].clone();
            let takes_table = !operation["requestBody"]["content"]["text/csv"].is_null();
            found.push(Operation {
                name: format!("{method} {path}"),
                method,
                path: path.clone(),
                body,
                security,
                takes_table,
            });
        }
    }
    found
}

/// A token that leads the lead out.
fn way_out(organization: &Uuid, ids: &BTreeMap<&str, String>) -> String {
    let keys = Config::from_vars(Vars::given([])).unwrap().encryption;
    let links = UnsubscribeLinks::new(&keys.0).unwrap();
    let base = "https://api.example/".parse().unwrap();
    let id = |noun: &str| ids[noun].parse::<Uuid>().unwrap();
    let ids = ((*organization).into(), id("leads").into(), id("campaign-executions").into());
    let link = links.link(&base, &links.leaver(ids, "leaver@lead.example")).unwrap();
    link.path().trim_start_matches("/u/").to_owned()
}

/// Tokens of a picture and a link in a mail.
fn read_marks(organization: &Uuid, app: &str) -> [(&'static str, String); 2] {
    let keys = Config::from_vars(Vars::given([])).unwrap().encryption;
    let (links, base) = (ReadLinks::new(&keys.0).unwrap(), "https://api.example/".parse().unwrap());
    let mark = |link| MailMark { organization: (*organization).into(), step: Uuid::new_v4().into(), link };
    let picture = links.picture(&base, &mark(0)).unwrap().path().trim_start_matches("/o/").to_owned();
    let link = links.link(&base, &mark(1), &format!("{app}/health")).unwrap();
    [("o", picture), ("l", link.path().trim_start_matches("/l/").to_owned())]
}

/// The service with Clerk and Unipile behind it, where both organizations and their people are known too.
struct Story {
    clerk: FakeClerk,
    unipile: FakeUnipile,
    app: TestApp,
}

impl Story {
    async fn begin() -> Self {
        let clerk = FakeClerk::start().await;
        let clock = ManualClock::new();
        let unipile = FakeUnipile::start(clock.clone()).await;
        let app = TestApp::start_with_clerk_by(&clerk, clock, |server| unipile.set_up(server)).await;
        // As many accounts as one likes.
        sqlx::query("update organizations set plan = 'enterprise'").execute(&app.pool).await.unwrap();
        {
            let mut world = clerk.world();
            for organization in [ADMIN.clerk_organization, OUTSIDER.clerk_organization] {
                world.add_organization(organization, organization);
            }
            for Person { clerk_user, clerk_organization, role } in [ADMIN, MEMBER, OUTSIDER] {
                world.add_user(clerk_user, &format!("{clerk_user}@clento.test"), "Test", clerk_user);
                world.add_member(clerk_organization, clerk_user, role);
            }
        }
        let story = Self { clerk, unipile, app };
        story.deliver_all().await;
        story
    }

    /// Delivers the webhooks that Clerk has sent so far.
    async fn deliver_all(&self) {
        for event in self.clerk.take_events() {
            self.app.deliver(&format!("msg_{}", Uuid::new_v4().simple()), &event).await.expect(200);
        }
    }

    async fn ours(&self) -> BTreeMap<&'static str, String> {
        self.resources(ADMIN, "Secret").await
    }

    async fn theirs(&self) -> BTreeMap<&'static str, String> {
        self.resources(OUTSIDER, "Open").await
    }

    /// One fresh resource of every noun that ids in paths name, made by an administrator in their organization; `word` is in every name.
    async fn resources(&self, admin: Person, word: &str) -> BTreeMap<&'static str, String> {
        let caller = self.app.caller(admin);
        let organization_id = self.app.organization_id(admin.clerk_organization).await;
        let organization = organization_id.to_string();
        let made = async |path: &str, body: Value| id_of(&caller.post(path, body).await.expect(201));
        let unique = Uuid::new_v4().simple();
        let list = made("/api/v1/lead-lists", json!({"name": format!("{word} list")})).await;
        let lead = json!({"first_name": word, "email": format!("{word}.{unique}@clento.test"), "lead_list_id": list});
        let account = json!({"provider": "sandbox", "channel": "linkedin", "display_name": format!("{word} profile")});
        let invitation = json!({"email": format!("{unique}@clento.test")});
        let key = json!({"name": format!("{word} key"), "scopes": ["leads:read"]});
        let hook = json!({"url": format!("https://{}.clay.example/{unique}", word.to_lowercase())});
        let suppression = json!({"value": format!("{word}.{unique}@suppressed.test"), "reason": word});
        let mut ids = BTreeMap::from([
            ("api-keys", made("/api/v1/api-keys", key).await),
            ("clay-destinations", made(&format!("/api/v1/lead-lists/{list}/clay-destinations"), hook).await),
            ("leads", made("/api/v1/leads", lead).await),
            ("connected-accounts", made("/api/v1/connected-accounts", account).await),
            ("suppressions", made("/api/v1/suppressions", suppression).await),
            ("campaigns", made("/api/v1/campaigns", json!({"name": format!("{word} campaign")})).await),
            ("invitations", made(&format!("/api/v1/organizations/{organization}/invitations"), invitation).await),
            ("members", self.newcomer(admin.clerk_organization, &format!("user_{unique}")).await),
            ("lead-lists", list),
            ("organizations", organization),
        ]);
        ids.insert("campaign-executions", execution(&self.app, &ids).await);
        ids.insert("u", way_out(&organization_id, &ids));
        ids.insert("clento", "0123456789abcdef".repeat(2));
        ids.extend(read_marks(&organization_id, &self.app.base));
        made_link(&caller).await;
        ids.insert("connected", self.unipile.world().last_secret());
        ids.insert("imports", import(&caller, &ids, word).await);
        ids.insert("conversations", conversation(&self.app, &ids).await);
        ids
    }

    /// The membership of somebody whom nobody will miss.
    async fn newcomer(&self, clerk_organization: &str, clerk_user: &str) -> String {
        {
            let mut world = self.clerk.world();
            world.add_user(clerk_user, &format!("{clerk_user}@clento.test"), "New", "Comer");
            world.add_member(clerk_organization, clerk_user, "org:member");
        }
        self.deliver_all().await;
        let id: Uuid = sqlx::query_scalar(
            "select m.id from organization_members m join users u on u.id = m.user_id where u.clerk_user_id = $1",
        )
        .bind(clerk_user)
        .fetch_one(&self.app.pool)
        .await
        .unwrap();
        id.to_string()
    }
}

/// A link to connect an account by.
async fn made_link(caller: &Caller) {
    caller.post("/api/v1/connected-accounts/connect-link", json!({"provider": "linkedin"})).await.expect(201);
}

/// An execution, which only the engine makes: a lead in a campaign.
async fn execution(app: &TestApp, ids: &BTreeMap<&str, String>) -> String {
    let id: Uuid = sqlx::query_scalar(
        "insert into campaign_executions (id, organization_id, campaign_id, lead_id, status, created_at, updated_at)
         values (gen_random_uuid(), $1, $2, $3, 'pending', now(), now()) returning id",
    )
    .bind(ids["organizations"].parse::<Uuid>().unwrap())
    .bind(ids["campaigns"].parse::<Uuid>().unwrap())
    .bind(ids["leads"].parse::<Uuid>().unwrap())
    .fetch_one(&app.pool)
    .await
    .unwrap();
    id.to_string()
}

/// A conversation, which only a lead begins: by an answer to the account.
async fn conversation(app: &TestApp, ids: &BTreeMap<&str, String>) -> String {
    let id: Uuid = sqlx::query_scalar(
        "insert into conversations (id, organization_id, lead_id, channel, account_id, preview, last_message_at, last_direction, created_at, updated_at)
         values (gen_random_uuid(), $1, $2, 'linkedin', $3, 'Hello', now(), 'inbound', now(), now()) returning id",
    )
    .bind(ids["organizations"].parse::<Uuid>().unwrap())
    .bind(ids["leads"].parse::<Uuid>().unwrap())
    .bind(ids["connected-accounts"].parse::<Uuid>().unwrap())
    .fetch_one(&app.pool)
    .await
    .unwrap();
    id.to_string()
}

/// An import that waits to be worked on.
async fn import(caller: &Caller, ids: &BTreeMap<&str, String>, word: &str) -> String {
    let call =
        caller.request(Method::POST, &format!("/api/v1/lead-lists/{}/imports?file_name={word}", ids["lead-lists"]));
    id_of(&call.header("content-type", "text/csv").body(TABLE).send().await.expect(202))
}

/// Brings the campaign in the story to where `verb` can be done, and its lead too if it is done to that.
async fn prepare_campaign(app: &TestApp, verb: &str, to_lead: bool, ids: &BTreeMap<&str, String>) {
    let (member, path) = (app.caller(ADMIN), format!("/api/v1/campaigns/{}", ids["campaigns"]));
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let complete = json!({
        "lead_list_ids": [ids["lead-lists"]], "account_ids": [ids["connected-accounts"]],
        "workflow": {"nodes": [{"id": "visit", "type": "profile_visit"}]},
        "schedule": {"timezone": "UTC", "days": days, "start_time": "00:00", "end_time": "24:00"}
    });
    member.patch(&path, complete).await.expect(200);
    if to_lead || ["pause", "resume", "stop"].contains(&verb) {
        member.post(&format!("{path}/start"), json!({})).await.expect(200);
    }
    if verb == "resume" {
        member.post(&format!("{path}/pause"), json!({})).await.expect(200);
    }
    if to_lead {
        let held =
            "update campaign_executions set status = 'waiting', node_id = 'visit', hold = 'too_long' where id = $1";
        sqlx::query(held).bind(ids["campaign-executions"].parse::<Uuid>().unwrap()).execute(&app.pool).await.unwrap();
    }
}

/// Gives the campaign a mail and a mailbox to send it from.
async fn prepare_trial(app: &TestApp, ids: &BTreeMap<&str, String>) {
    let admin = app.caller(ADMIN);
    let mailbox = json!({"provider": "sandbox", "channel": "email", "display_name": "Mailbox"});
    let mailbox = id_of(&admin.post("/api/v1/connected-accounts", mailbox).await.expect(201));
    let variants = json!([{"subject": "Hello", "text": "Hello"}]);
    let workflow = json!({"nodes": [{"id": "mail", "type": "send_email", "config": {"variants": variants}}]});
    let path = format!("/api/v1/campaigns/{}", ids["campaigns"]);
    admin.patch(&path, json!({"account_ids": [mailbox], "workflow": workflow})).await.expect(200);
}

/// Does what the import in the story needs to be done before the operation can succeed.
async fn prepare(app: &TestApp, operation: &Operation, ids: &BTreeMap<&str, String>) {
    let verb = operation.path.rsplit('/').next().unwrap();
    let runs = ["simulate", "preview", "start", "pause", "resume", "stop", "retry", "skip"];
    if operation.path.starts_with("/api/v1/campaign") && runs.contains(&verb) {
        return prepare_campaign(app, verb, operation.nouns() == ["campaign-executions"], ids).await;
    }
    if verb == "test-send" {
        return prepare_trial(app, ids).await;
    }
    if verb == "reconnect-link" {
        let unipile = json!({"account_id": ids["connected-accounts"], "wire": "v1"});
        let at_unipile = sqlx::query("update connected_accounts set unipile = $2 where id = $1::uuid");
        at_unipile.bind(&ids["connected-accounts"]).bind(unipile).execute(&app.pool).await.unwrap();
    }
    if operation.nouns() != ["imports"] || operation.path.ends_with("/cancel") {
        return;
    }
    let job = json!({"organization_id": ids["organizations"], "import_id": ids["imports"]});
    let job = serde_json::from_value(job).unwrap();
    app.state.imports().work(&job, &CancellationToken::new()).await.unwrap();
}

fn id_of(resource: &Value) -> String {
    resource["id"].as_str().unwrap().to_owned()
}

/// `ids` with those of `nouns` taken from `others`.
fn swapped<'a>(
    ids: &BTreeMap<&'a str, String>,
    nouns: &[&str],
    others: &BTreeMap<&'a str, String>,
) -> BTreeMap<&'a str, String> {
    ids.iter().map(|(noun, id)| (*noun, if nouns.contains(noun) { &others[noun] } else { id }.clone())).collect()
}

/// A fingerprint of everything that an organization has.
async fn fingerprint(app: &TestApp, organization: Uuid) -> String {
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.columns where column_name = 'organization_id' and table_schema = 'public'
         order by 1",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    let mut all = String::new();
    for table in tables {
        // Sealing an audit row is no change of the tenant's.
        let row = if table == "audit_logs" { "t.id::text" } else { "t::text" };
        let sql = format!(
            "select md5(coalesce(string_agg({row}, '' order by {row}), '')) from {table} t where organization_id = $1"
        );
        let sum: String =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(organization).fetch_one(&app.pool).await.unwrap();
        all += &[table.as_str(), " ", &sum, "\n"].concat();
    }
    all
}

#[tokio::test]
async fn the_table_is_complete() {
    let app = TestApp::start().await;
    let mut documented: Vec<String> = operations(&app).await.into_iter().map(|operation| operation.name).collect();
    let mut expected: Vec<String> = EXPECTED.iter().map(|(name, _)| (*name).to_owned()).collect();
    documented.sort();
    expected.sort();
    assert_eq!(documented, expected);
}

#[tokio::test]
async fn without_a_valid_token_nothing_but_the_public_is_reached() {
    let story = Story::begin().await;
    let app = &story.app;
    let ids = story.ours().await;
    let organization = app.organization_id("org_ours").await;
    let before = fingerprint(app, organization).await;
    let forged = {
        let mut caller = app.admin();
        let token = caller.token.take().unwrap();
        let (signed, _) = token.rsplit_once('.').unwrap();
        caller.token = Some(format!("{signed}.{}", "A".repeat(342)));
        caller
    };
    for operation in operations(app).await {
        if matches!(operation.access(), Access::Public | Access::Signed | Access::Secret) {
            continue;
        }
        let anonymous = operation.call(&app.anonymous(), &ids, &[]).await;
        assert_eq!(anonymous.header("www-authenticate"), "Bearer", "{}", operation.name);
        anonymous.expect_problem(401, "token_missing");
        operation.call(&forged, &ids, &[]).await.expect_problem(401, "token_invalid_signature");
    }
    assert_eq!(fingerprint(app, organization).await, before);
}

#[tokio::test]
async fn an_outsider_finds_nothing_changes_nothing_and_learns_nothing() {
    let story = Story::begin().await;
    let app = &story.app;
    let (ours, theirs) = (story.ours().await, story.theirs().await);
    let nobodys: BTreeMap<_, _> = ours.keys().map(|noun| (*noun, Uuid::new_v4().to_string())).collect();
    let organization = app.organization_id("org_ours").await;
    let before = fingerprint(app, organization).await;
    let outsider = app.outsider();
    for operation in operations(app).await {
        if matches!(operation.access(), Access::Public | Access::Signed | Access::Secret) {
            continue;
        }
        let nouns = operation.nouns();
        // Each id alone among ids of the outsider's own, and all together.
        for swap in nouns.iter().map(std::slice::from_ref).chain([nouns.as_slice()]).filter(|swap| !swap.is_empty()) {
            let foreign = operation.call(&outsider, &swapped(&theirs, swap, &ours), &[]).await;
            let unknown = operation.call(&outsider, &swapped(&theirs, swap, &nobodys), &[]).await;
            let name = format!("{} with {swap:?}", operation.name);
            assert_eq!(foreign.status, 404, "{name}: {}", foreign.text);
            assert_eq!(told(&foreign), told(&unknown), "{name}: a foreign id and an unknown one are told apart");
        }
        if nouns.is_empty() {
            let answer = operation.call(&outsider, &ours, &[]).await;
            assert!(!answer.text.contains("Secret"), "{} leaks: {}", operation.name, answer.text);
        }
        if matches!(operation.access(), Access::Member | Access::Admin) && !operation.path.contains("/organizations/") {
            let named = operation.call(&outsider, &ours, &[("x-organization-id", &organization.to_string())]).await;
            assert_eq!(named.status, 404, "{}: {}", operation.name, named.text);
            let clerks = operation.call(&outsider, &ours, &[("x-organization-id", "org_ours")]).await;
            assert_eq!(told(&named), told(&clerks), "{}", operation.name);
        }
    }
    assert_eq!(fingerprint(app, organization).await, before);
}

/// What an answer tells, less what differs in every answer.
fn told(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    if let Some(fields) = body.as_object_mut() {
        fields.remove("request_id");
    }
    body
}

#[tokio::test]
async fn what_is_an_administrators_is_refused_to_members() {
    let story = Story::begin().await;
    let app = &story.app;
    let ids = story.ours().await;
    let organization = app.organization_id("org_ours").await;
    let before = fingerprint(app, organization).await;
    for operation in operations(app).await.iter().filter(|operation| operation.access() == Access::Admin) {
        operation.call(&app.member(), &ids, &[]).await.expect_problem(403, "admin_required");
    }
    assert_eq!(fingerprint(app, organization).await, before);
}

#[tokio::test]
async fn who_may_call_is_served() {
    let story = Story::begin().await;
    let app = &story.app;
    for operation in operations(app).await {
        // Fresh resources for each operation, since some delete what others need.
        let ids = story.ours().await;
        prepare(app, &operation, &ids).await;
        let answer = match operation.access() {
            Access::Public => operation.call(&app.anonymous(), &ids, &[]).await,
            Access::Signed => app.deliver("msg_example", operation.body.as_ref().unwrap()).await,
            Access::Secret => operation.call(&app.anonymous(), &ids, &[("unipile-auth", WEBHOOK_SECRET)]).await,
            Access::User | Access::Member => operation.call(&app.member(), &ids, &[]).await,
            Access::Admin => operation.call(&app.admin(), &ids, &[]).await,
        };
        if operation.name == NEEDS_A_MAILBOX {
            answer.expect_problem(409, "not_a_mailbox");
            continue;
        }
        assert!(answer.status.is_success(), "{}: {} {}", operation.name, answer.status, answer.text);
    }
}

/// What the story's account, which rehearses, does not have; whoever may ask is told so.
const NEEDS_A_MAILBOX: &str = "GET /api/v1/connected-accounts/{id}/sending-domain";

#[tokio::test]
async fn the_document_says_where_keys_work_and_what_they_need() {
    let app = TestApp::start().await;
    for operation in operations(&app).await {
        let expected = match (operation.access(), operation.scope()) {
            (Access::Public | Access::Signed | Access::Secret, _) => Value::Null,
            (_, None) => json!([{"session": []}]),
            (_, Some(scope)) => json!([{"session": []}, {"x_api_key": [scope]}]),
        };
        assert_eq!(operation.security, expected, "{}", operation.name);
    }
}

#[tokio::test]
async fn every_scope_opens_something() {
    let app = TestApp::start().await;
    let operations = operations(&app).await;
    let mut opening: Vec<_> = operations.iter().filter_map(Operation::scope).collect();
    opening.sort_unstable();
    opening.dedup();
    let mut all = scopes();
    all.sort_unstable();
    assert_eq!(opening, all);
}

#[tokio::test]
async fn a_key_with_all_scopes_does_what_is_marked_for_keys_and_nothing_else() {
    let story = Story::begin().await;
    let app = &story.app;
    let program = app.program(&scopes()).await;
    for operation in operations(app).await {
        if matches!(operation.access(), Access::Public | Access::Signed | Access::Secret) {
            continue;
        }
        let ids = story.ours().await;
        prepare(app, &operation, &ids).await;
        let answer = operation.call(&program, &ids, &[]).await;
        if operation.scope().is_none() {
            answer.expect_problem(403, "api_key_not_allowed");
            continue;
        }
        assert!(answer.status.is_success(), "{}: {} {}", operation.name, answer.status, answer.text);
    }
}

#[tokio::test]
async fn a_key_without_the_scope_is_refused_with_its_name() {
    let story = Story::begin().await;
    let app = &story.app;
    let ids = story.ours().await;
    let organization = app.organization_id("org_ours").await;
    let mut lacking = BTreeMap::new();
    for scope in scopes() {
        let others: Vec<_> = scopes().into_iter().filter(|other| *other != scope).collect();
        let program = app.program(&others).await;
        program.get("/api/v1/me").await.expect_problem(403, "api_key_not_allowed");
        lacking.insert(scope, program);
    }
    // That they were used is written by now, and not again within a minute.
    app.state.api_keys().settle().await;
    let before = fingerprint(app, organization).await;
    for operation in operations(app).await {
        let Some(scope) = operation.scope() else { continue };
        let problem = operation.call(&lacking[scope], &ids, &[]).await.expect_problem(403, "scope_missing");
        assert_eq!(problem["scope"], scope, "{}", operation.name);
    }
    assert_eq!(fingerprint(app, organization).await, before);
}

#[tokio::test]
async fn another_organizations_key_finds_nothing_changes_nothing_and_learns_nothing() {
    let story = Story::begin().await;
    let app = &story.app;
    let (ours, theirs) = (story.ours().await, story.theirs().await);
    let nobodys: BTreeMap<_, _> = ours.keys().map(|noun| (*noun, Uuid::new_v4().to_string())).collect();
    let organization = app.organization_id("org_ours").await;
    let before = fingerprint(app, organization).await;
    let program = app.program_of(&app.outsider(), &scopes()).await;
    for operation in operations(app).await.iter().filter(|operation| operation.scope().is_some()) {
        let nouns = operation.nouns();
        if nouns.is_empty() {
            let answer = operation.call(&program, &ours, &[]).await;
            assert!(!answer.text.contains("Secret"), "{} leaks: {}", operation.name, answer.text);
        } else {
            let foreign = operation.call(&program, &swapped(&theirs, &nouns, &ours), &[]).await;
            let unknown = operation.call(&program, &swapped(&theirs, &nouns, &nobodys), &[]).await;
            assert_eq!(foreign.status, 404, "{}: {}", operation.name, foreign.text);
            assert_eq!(
                told(&foreign),
                told(&unknown),
                "{}: a foreign id and an unknown one are told apart",
                operation.name
            );
        }
        let unknown = operation.call(&program, &ours, &[("x-organization-id", "org_unknown")]).await;
        assert_eq!(unknown.status, 404, "{}: {}", operation.name, unknown.text);
        for named in [organization.to_string().as_str(), "org_ours"] {
            let named = operation.call(&program, &ours, &[("x-organization-id", named)]).await;
            assert_eq!(told(&named), told(&unknown), "{}", operation.name);
        }
    }
    assert_eq!(fingerprint(app, organization).await, before);
}
