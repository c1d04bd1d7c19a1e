//! The whole service on a port of its own, over a database of its own.

use std::{
    sync::{Arc, LazyLock, OnceLock},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clento::{
    app,
    config::{Config, DEMO_ISSUER, Environment, JwtKey, ServerConfig, Vars, WebhookSecret},
    integrations::clerk::{
        BackendSettings, ClerkApi, ClerkBackend, DemoOrganization, DemoSession, DemoSigner, KeySource, SessionVerifier,
        VerifierSettings, WebhookVerifier, http_client,
    },
    repositories::Database,
    state::{AppState, ClerkParts},
    utils::clock::{Clock, SharedClock},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use super::{
    caller::{Answer, Caller},
    clock::ManualClock,
    fake_clerk::{FakeClerk, SECRET_KEY},
    kept_keys::rsa_key,
    postgres::TestDatabase,
    svix_sign,
};

/// Where requests' pages come from.
pub(crate) const ORIGIN: &str = "https://app.clento.test";

static SIGNER: LazyLock<DemoSigner> = LazyLock::new(|| {
    let development = Environment::Development.development().expect("development");
    DemoSigner::from_pem(development, DEMO_ISSUER, &rsa_key("demo").into()).expect("a key")
});
/// The secrets that webhooks may be signed with, as while one is being rotated.
const SECRETS: [&str; 2] = [svix_sign::SECRET, svix_sign::OTHER_SECRET];
static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// A person of the story that every test begins with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Person {
    pub(crate) clerk_user: &'static str,
    pub(crate) clerk_organization: &'static str,
    pub(crate) role: &'static str,
}

pub(crate) const ADMIN: Person = Person { clerk_user: "user_admin", clerk_organization: "org_ours", role: "org:admin" };
pub(crate) const MEMBER: Person =
    Person { clerk_user: "user_member", clerk_organization: "org_ours", role: "org:member" };
pub(crate) const OUTSIDER: Person =
    Person { clerk_user: "user_outsider", clerk_organization: "org_theirs", role: "org:admin" };

/// A running service.
pub(crate) struct TestApp {
    pub(crate) base: String,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) pool: PgPool,
    pub(crate) state: AppState,
    pub(crate) http: reqwest::Client,
    /// Stops the service, as SIGTERM would.
    pub(crate) stop: CancellationToken,
    pub(crate) database: TestDatabase,
    _stop_with_test: DropGuard,
}

impl TestApp {
    /// A service with two organizations: ours, with an administrator and a member, and theirs, with an outsider who administers it.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// The same, with other settings.
    pub(crate) async fn start_with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        Self::start_over(TestDatabase::create().await, change).await
    }

    /// The same, over a database that is given.
    pub(crate) async fn start_over(database: TestDatabase, change: impl FnOnce(&mut ServerConfig)) -> Self {
        for person in [ADMIN, MEMBER, OUTSIDER] {
            introduce(&database.pool, person).await;
        }
        let db = database.open();
        Self::start_on(database, db, ManualClock::new(), change).await
    }

    /// The same as at the start, by `clock` and with other settings.
    pub(crate) async fn start_by(clock: Arc<ManualClock>, change: impl FnOnce(&mut ServerConfig)) -> Self {
        let database = TestDatabase::create().await;
        for person in [ADMIN, MEMBER, OUTSIDER] {
            introduce(&database.pool, person).await;
        }
        let db = database.open();
        Self::start_on(database, db, clock, change).await
    }

    /// The same, with `clerk`'s Backend API behind it.
    pub(crate) async fn start_with_clerk(clerk: &FakeClerk) -> Self {
        Self::start_with_clerk_by(clerk, ManualClock::new(), |_| {}).await
    }

    /// The same, by `clock` and with other settings.
    pub(crate) async fn start_with_clerk_by(
        clerk: &FakeClerk,
        clock: Arc<ManualClock>,
        change: impl FnOnce(&mut ServerConfig),
    ) -> Self {
        let database = TestDatabase::create().await;
        for person in [ADMIN, MEMBER, OUTSIDER] {
            introduce(&database.pool, person).await;
        }
        let db = database.open();
        let settings = BackendSettings { api_url: clerk.url(), secret_key: SECRET_KEY.into() };
        let backend = ClerkBackend::new(settings, http_client().expect("a client")).expect("a usable URL");
        Self::serve(database, db, clock, change, &SECRETS, Some(Arc::new(backend)), "").await
    }

    /// The same, with other signing secrets of webhooks.
    pub(crate) async fn start_with_webhook_secrets(secrets: &[&str]) -> Self {
        let database = TestDatabase::create().await;
        let db = database.open();
        Self::serve(database, db, ManualClock::new(), |_| {}, secrets, None, "").await
    }

    /// Another service over `database`, reached through `db`: a replica, or one behind a proxy.
    pub(crate) async fn start_on(
        database: TestDatabase,
        db: Database,
        clock: Arc<ManualClock>,
        change: impl FnOnce(&mut ServerConfig),
    ) -> Self {
        Self::serve(database, db, clock, change, &SECRETS, None, "").await
    }

    /// The same as at the start, with these in `ENCRYPTION_KEY`.
    pub(crate) async fn start_with_keys(keys: &str) -> Self {
        let database = TestDatabase::create().await;
        for person in [ADMIN, MEMBER, OUTSIDER] {
            introduce(&database.pool, person).await;
        }
        let db = database.open();
        Self::serve(database, db, ManualClock::new(), |_| {}, &SECRETS, None, keys).await
    }

    /// Another service over the same database, by the same clock, with these in `ENCRYPTION_KEY`.
    pub(crate) async fn replica_with_keys(&self, keys: &str) -> Self {
        let database = self.database.share();
        let db = database.open();
        Self::serve(database, db, Arc::clone(&self.clock), |_| {}, &SECRETS, None, keys).await
    }

    /// Another service over the same database, by the same clock.
    pub(crate) async fn replica(&self) -> Self {
        let database = self.database.share();
        let db = database.open();
        Self::start_on(database, db, Arc::clone(&self.clock), |_| {}).await
    }

    async fn serve(
        database: TestDatabase,
        db: Database,
        clock: Arc<ManualClock>,
        change: impl FnOnce(&mut ServerConfig),
        secrets: &[&str],
        api: Option<Arc<dyn ClerkApi>>,
        keys: &str,
    ) -> Self {
        let vars = Vars::given([("CORS_ALLOWED_ORIGINS", ORIGIN), ("ENCRYPTION_KEY", keys)]);
        let Config { mut server, encryption, .. } = Config::from_vars(vars).expect("settings");
        change(&mut server);
        let shared: SharedClock = clock.clone();
        let settings = VerifierSettings {
            issuer: DEMO_ISSUER.to_owned(),
            authorized_parties: vec![],
            keys: KeySource::Pem(JwtKey::from_pem(SIGNER.public_key_pem()).expect("a key")),
        };
        let verifier =
            SessionVerifier::new(settings, Arc::clone(&shared), http_client().expect("a client")).expect("a verifier");
        let secrets = secrets.iter().map(|secret| WebhookSecret::parse(secret).expect("a secret")).collect();
        let webhooks = WebhookVerifier::new(secrets, Arc::clone(&shared));
        let clerk = ClerkParts { verifier: Some(verifier), webhooks: Some(webhooks), api };
        let metrics = METRICS.get_or_init(|| PrometheusBuilder::new().build_recorder().handle()).clone();
        let listening = server.clone();
        let (state, router) = app::compose(server, db, shared, &encryption, clerk, metrics).expect("a service");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        tokio::spawn(async move { app::serve_on(listener, router, stopping, &listening).await });
        Self {
            base,
            clock,
            pool: database.pool.clone(),
            state,
            http: http(),
            _stop_with_test: stop.clone().drop_guard(),
            stop,
            database,
        }
    }

    /// An administrator of ours.
    pub(crate) fn admin(&self) -> Caller {
        self.caller(ADMIN)
    }

    /// Lets somebody be no member of any organization any more, as Clerk's webhook would leave it.
    pub(crate) async fn remove(&self, clerk_user: &str) {
        sqlx::query(
            "update organization_members set deleted_at = now(), clerk_role = null
             where user_id = (select id from users where clerk_user_id = $1)",
        )
        .bind(clerk_user)
        .execute(&self.pool)
        .await
        .unwrap();
    }

    /// An ordinary member of ours.
    pub(crate) fn member(&self) -> Caller {
        self.caller(MEMBER)
    }

    /// An administrator of another organization.
    pub(crate) fn outsider(&self) -> Caller {
        self.caller(OUTSIDER)
    }

    /// Nobody.
    pub(crate) fn anonymous(&self) -> Caller {
        Caller { base: self.base.clone(), http: self.http.clone(), token: None }
    }

    /// `person`, with a token whose active organization is theirs.
    pub(crate) fn caller(&self, person: Person) -> Caller {
        Caller {
            token: Some(self.token(person.clerk_user, Some((person.clerk_organization, person.role)))),
            ..self.anonymous()
        }
    }

    /// A program of ours, with a key that has these scopes.
    pub(crate) async fn program(&self, scopes: &[&str]) -> Caller {
        self.program_of(&self.admin(), scopes).await
    }

    /// A program of `admin`'s organization, with a key that has these scopes.
    pub(crate) async fn program_of(&self, admin: &Caller, scopes: &[&str]) -> Caller {
        let made = admin.post("/api/v1/api-keys", json!({"name": "A program", "scopes": scopes})).await.expect(201);
        Caller { token: made["key"].as_str().map(str::to_owned), ..self.anonymous() }
    }

    /// A token issued now for ten minutes.
    pub(crate) fn token(&self, clerk_user: &str, organization: Option<(&str, &str)>) -> String {
        let organization =
            organization.map(|(id, role)| DemoOrganization { id: id.to_owned(), slug: None, role: role.to_owned() });
        let session = DemoSession {
            user_id: clerk_user.to_owned(),
            organization,
            authorized_party: None,
            lifetime: Duration::from_mins(10),
        };
        SIGNER.mint(&session, self.clock.now()).expect("a token")
    }

    /// Now, in milliseconds since 1970.
    pub(crate) fn now_millis(&self) -> i64 {
        self.clock.now().timestamp_millis()
    }

    /// Delivers an event as Clerk does, signed now.
    pub(crate) async fn deliver(&self, id: &str, event: &Value) -> Answer {
        let body = event.to_string();
        let headers = svix_sign::headers(svix_sign::SECRET, id, self.clock.now().timestamp(), body.as_bytes());
        let mut call = self.anonymous().request(reqwest::Method::POST, "/api/v1/webhooks/clerk");
        for (name, value) in &headers {
            call = call.header(name.as_str(), value.to_str().expect("text"));
        }
        call.header("content-type", "application/json").body(body).send().await
    }

    /// Somebody else, with a token whose active organization is as given.
    pub(crate) fn somebody(&self, clerk_user: &str, organization: Option<(&str, &str)>) -> Caller {
        Caller { token: Some(self.token(clerk_user, organization)), ..self.anonymous() }
    }

    /// `person`, with `impersonator` acting as them.
    pub(crate) fn impersonated(&self, person: Person, impersonator: &str) -> Caller {
        let mut caller = self.caller(person);
        let token = caller.token.take().expect("a token");
        let claims = token.split('.').nth(1).expect("claims");
        let mut claims: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).expect("base64")).expect("an object");
        claims["act"] = json!({"sub": impersonator});
        let key = EncodingKey::from_rsa_pem(SIGNER.private_key_pem().expose_secret().as_bytes()).expect("a key");
        caller.token = Some(encode(&Header::new(Algorithm::RS256), &claims, &key).expect("a token"));
        caller
    }

    /// Our id of Clerk's organization.
    pub(crate) async fn organization_id(&self, clerk_id: &str) -> Uuid {
        sqlx::query_scalar("select id from organizations where clerk_organization_id = $1")
            .bind(clerk_id)
            .fetch_one(&self.pool)
            .await
            .expect("the organization")
    }
}

/// A client of the service, which speaks plain HTTP: reading this machine's certificate authorities would only take time.
fn http() -> reqwest::Client {
    reqwest::Client::builder().tls_certs_only([]).timeout(Duration::from_mins(1)).build().expect("a client")
}

async fn introduce(pool: &PgPool, person: Person) {
    let Person { clerk_user, clerk_organization, role } = person;
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
        "insert into organizations (id, clerk_organization_id, name, slug, created_at, updated_at)
           values (gen_random_uuid(), '{clerk_organization}', 'Organization {clerk_organization}', '{clerk_organization}', now(), now())
           on conflict do nothing;
         insert into users (id, clerk_user_id, email, first_name, last_name, created_at, updated_at)
           values (gen_random_uuid(), '{clerk_user}', '{clerk_user}@clento.test', 'Test', '{clerk_user}', now(), now());
         insert into organization_members (id, organization_id, user_id, clerk_membership_id, clerk_role, created_at, updated_at)
           select gen_random_uuid(), o.id, u.id, 'orgmem_{clerk_user}', '{role}', now(), now()
           from organizations o, users u where o.clerk_organization_id = '{clerk_organization}' and u.clerk_user_id = '{clerk_user}';"
    )))
    .execute(pool)
    .await
    .expect("the people of the story");
}
