//! What the settings must be, and what production never accepts.

use std::{process::Stdio, time::Duration};

use clento::{
    config::{Config, ConfigFaults, DEMO_ISSUER, Environment, IdentitySettings, Vars},
    utils::rate_limiter::RateLimiter,
};
use secrecy::ExposeSecret as _;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
};

use crate::support::postgres::TestDatabase;

/// Settings that production accepts.
const PRODUCTION: [(&str, &str); 9] = [
    ("APP_ENV", "production"),
    ("DATABASE_URL", "postgres://clento:secret@db.example:5432/clento"),
    ("CORS_ALLOWED_ORIGINS", "https://app.example.com"),
    ("TRUSTED_PROXY_HOPS", "1"),
    ("CLERK_ISSUER", "https://clerk.example.com"),
    ("CLERK_AUTHORIZED_PARTIES", "https://app.example.com"),
    ("CLERK_SECRET_KEY", "sk_live_0123456789"),
    ("CLERK_WEBHOOK_SIGNING_SECRET", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
    ("ENCRYPTION_KEY", "q83vEjRWeJC6m9z+ESIzRFVmd4iZqrvM3e7/ABEiM0Q="),
];

fn production_but<'a>(changes: &[(&'a str, &'a str)]) -> Result<Config, ConfigFaults> {
    let kept = PRODUCTION.into_iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    Config::from_vars(Vars::given(kept.chain(changes.iter().copied())))
}

fn variables(result: Result<Config, ConfigFaults>) -> Vec<&'static str> {
    let mut variables: Vec<_> = result.unwrap_err().0.into_iter().map(|fault| fault.variable).collect();
    variables.sort_unstable();
    variables
}

#[test]
fn development_needs_nothing_and_signs_in_by_itself() {
    let config = Config::from_vars(Vars::given([])).unwrap();
    assert!(matches!(config.identity, IdentitySettings::Demo(_)));
    assert!(config.database.url.is_none());
}

#[test]
fn production_lists_everything_that_it_lacks_at_once() {
    let lacking = Config::from_vars(Vars::given([("APP_ENV", "production")]));
    assert_eq!(
        variables(lacking),
        [
            "CLERK_AUTHORIZED_PARTIES",
            "CLERK_ISSUER",
            "CLERK_SECRET_KEY",
            "CLERK_WEBHOOK_SIGNING_SECRET",
            "CORS_ALLOWED_ORIGINS",
            "DATABASE_URL",
            "ENCRYPTION_KEY",
            "TRUSTED_PROXY_HOPS",
        ]
    );
    let config = production_but(&[]).unwrap();
    assert!(matches!(config.identity, IdentitySettings::Clerk(_)));
}

#[test]
fn each_malformed_value_is_named_and_never_repeated() {
    let wrong = [
        ("DATABASE_URL", "mysql://root:hunter2@db/x"),
        ("CORS_ALLOWED_ORIGINS", "https://app.example.com/path"),
        ("CLERK_ISSUER", "http://clerk.example.com"),
        ("CLERK_WEBHOOK_SIGNING_SECRET", "hunter2"),
        ("ENCRYPTION_KEY", "hunter2"),
        ("PORT", "70000"),
        ("DATABASE_MAX_CONNECTIONS", "many"),
    ];
    let faults = production_but(&wrong).unwrap_err();
    assert!(!faults.to_string().contains("hunter2"), "{faults}");
    let mut named: Vec<_> = wrong.iter().map(|(name, _)| *name).collect();
    named.sort_unstable();
    let mut told = variables(Err(faults));
    told.dedup();
    assert_eq!(told, named);
}

#[test]
fn what_comes_from_clerk_is_parsed_before_anything_starts() {
    let live = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";
    let test = live.replace("live", "test");
    let short_key = "-----BEGIN PUBLIC KEY-----\nhunter2\n-----END PUBLIC KEY-----";
    let wrong = [
        ("CLERK_PUBLISHABLE_KEY", test.as_str()),
        ("CLERK_SECRET_KEY", "sk_test_hunter2"),
        ("CLERK_JWT_KEY", short_key),
        ("CLERK_JWKS_URL", "http://clerk.example.com/jwks"),
        ("CLERK_API_URL", "https://hunter2@api.clerk.example"),
        ("CLERK_WEBHOOK_SIGNING_SECRET", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD,whsec_hunter2!"),
    ];
    let faults = production_but(&wrong).unwrap_err();
    assert!(!faults.to_string().contains("hunter2"), "{faults}");
    let mut named: Vec<_> = wrong.iter().map(|(name, _)| *name).collect();
    named.sort_unstable();
    assert_eq!(variables(Err(faults)), named);
    for (name, value) in [("CLERK_SECRET_KEY", live), ("CLERK_PUBLISHABLE_KEY", "sk_live_0123")] {
        assert_eq!(variables(production_but(&[(name, value)])), [name]);
    }
    production_but(&[("CLERK_PUBLISHABLE_KEY", live)]).unwrap();
    // Development talks to a development instance, and to a stand-in on this very machine.
    let development = [
        ("CLERK_PUBLISHABLE_KEY", test.as_str()),
        ("CLERK_SECRET_KEY", "sk_test_0123"),
        ("CLERK_JWKS_URL", "http://127.0.0.1:9/jwks"),
        ("CLERK_API_URL", "http://localhost:9"),
    ];
    Config::from_vars(Vars::given(development)).unwrap();
}

#[test]
fn a_live_instance_is_not_served_as_in_development() {
    let live = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";
    for key in [("CLERK_PUBLISHABLE_KEY", live), ("CLERK_SECRET_KEY", "sk_live_0123456789")] {
        let named = ("CLERK_ISSUER", "https://clerk.example.com");
        for environment in ["", "development"] {
            let vars = Vars::given([key, named, ("APP_ENV", environment)]);
            let faults = Config::from_vars(vars).unwrap_err();
            assert!(!faults.to_string().contains(key.1), "{faults}");
            assert_eq!(variables(Err(faults)), ["APP_ENV"], "{}", key.0);
        }
    }
    // All of production's settings but the one that says so.
    let forgotten = PRODUCTION.into_iter().filter(|(name, _)| *name != "APP_ENV");
    assert_eq!(variables(Config::from_vars(Vars::given(forgotten))), ["APP_ENV"]);
}

#[test]
fn a_key_that_everybody_knows_on_another_machines_database_is_warned_of() {
    let warns = |vars: &[(&'static str, &'static str)]| {
        Config::from_vars(Vars::given(vars.iter().copied())).unwrap().warning().is_some()
    };
    let key = ("ENCRYPTION_KEY", "q83vEjRWeJC6m9z+ESIzRFVmd4iZqrvM3e7/ABEiM0Q=");
    let placeholder = ("ENCRYPTION_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let elsewhere = ("DATABASE_URL", "postgres://clento@db.example:5432/clento");
    assert!(warns(&[elsewhere]) && warns(&[elsewhere, placeholder]) && !warns(&[elsewhere, key]));
    for here in ["postgres://clento@localhost/c", "postgres://clento@127.0.0.1/c", "postgres://clento@[::1]:5432/c"] {
        assert!(!warns(&[("DATABASE_URL", here)]), "{here}");
    }
    assert!(!warns(&[]));
}

#[test]
fn a_transaction_pooler_is_refused_everywhere() {
    for url in [
        "postgres://postgres.x:p@aws-0-eu-central-1.pooler.supabase.com:6543/postgres",
        "postgresql://clento:p@db.example:5432/clento?pgbouncer=true",
        "postgres://clento:p@db.example:5432/clento?sslmode=require&pgbouncer=1",
    ] {
        assert_eq!(variables(production_but(&[("DATABASE_URL", url)])), ["DATABASE_URL"], "{url}");
        assert_eq!(variables(Config::from_vars(Vars::given([("DATABASE_URL", url)]))), ["DATABASE_URL"], "{url}");
    }
    let session_mode = "postgres://postgres.x:p@aws-0-eu-central-1.pooler.supabase.com:5432/postgres";
    production_but(&[("DATABASE_URL", session_mode)]).unwrap();
}

#[test]
fn the_demo_issuer_is_nobodys_setting() {
    for issuer in [DEMO_ISSUER, &format!("{DEMO_ISSUER}/")] {
        assert_eq!(variables(production_but(&[("CLERK_ISSUER", issuer)])), ["CLERK_ISSUER"]);
        assert_eq!(variables(Config::from_vars(Vars::given([("CLERK_ISSUER", issuer)]))), ["CLERK_ISSUER"]);
    }
    // What mints demo tokens asks for leave that production never grants.
    assert!(Environment::Production.development().is_none());
}

#[test]
fn keys_that_are_placeholders_are_refused() {
    for key in ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "Y2xlbnRvIGRldmVsb3BtZW50IGtleSBubyBzZWNyZXQ="] {
        assert_eq!(variables(production_but(&[("ENCRYPTION_KEY", key)])), ["ENCRYPTION_KEY"], "{key}");
    }
}

/// Starts the very program in production on `database`; answers what it tells until it serves or ends, and whether it serves.
async fn start_in_production(database: &TestDatabase) -> (String, bool) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_clento"))
        .env_clear()
        .envs(PRODUCTION)
        .env("DATABASE_URL", database.url.expose_secret())
        .env("PORT", "0")
        .env("LOG_FORMAT", "text")
        .current_dir(std::env::temp_dir())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stderr.take().unwrap()).lines();
    let mut told = String::new();
    let reading = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            told.push_str(&line);
            if line.contains("listening") {
                return true;
            }
        }
        false
    };
    let serves = tokio::time::timeout(Duration::from_mins(1), reading).await.unwrap();
    (told, serves)
}

#[tokio::test]
async fn production_does_not_serve_a_database_that_a_demo_has_lived_in() {
    let database = TestDatabase::create().await;
    let (told, serves) = start_in_production(&database).await;
    assert!(serves, "{told}");
    sqlx::query("insert into users (id, clerk_user_id, created_at, updated_at) values (gen_random_uuid(), 'user_demo', now(), now())")
        .execute(&database.pool)
        .await
        .unwrap();
    let (told, serves) = start_in_production(&database).await;
    assert!(!serves && told.contains("demo"), "{told}");
}

#[test]
fn only_development_may_send_to_any_address() {
    assert!(Config::from_vars(Vars::given([])).unwrap().server.outbound_anywhere);
    assert!(!production_but(&[]).unwrap().server.outbound_anywhere);
}

/// Clay's windows may fall so that two of them are spent at once.
#[test]
fn the_pace_that_is_documented_for_clay_is_what_production_grants() {
    let documented = include_str!("../../docs/clay.md");
    let number = |field: &str| -> u32 {
        let row = documented.lines().find(|line| line.starts_with(&format!("| {field} |"))).unwrap();
        row.split('`').nth(1).unwrap().parse().unwrap()
    };
    let (requests, millis) = (number("Request Limit"), number("Duration (ms)"));
    let per_second = production_but(&[]).unwrap().server.rate_limit_per_second;
    assert_eq!(requests * 1_000 / millis, per_second);
    let limiter = RateLimiter::new(per_second);
    assert_eq!(limiter.policy(), (2 * requests, 2));
    let granted = (0..2 * requests).filter(|_| limiter.count(&"key".to_owned()).is_ok()).count();
    assert_eq!(granted, 2 * requests as usize);
}

#[test]
fn unipile_needs_all_its_settings_and_all_well_formed() {
    let (dsn, key) = (("UNIPILE_DSN", "https://api1.unipile.com:13111"), ("UNIPILE_API_KEY", "abc+/="));
    let secret = ("UNIPILE_WEBHOOK_SECRET", "a-secret-of-thirty-two-characters-or-more");
    let url = ("PUBLIC_URL", "https://api.example.com");
    assert!(production_but(&[]).unwrap().server.unipile.is_none());
    let unipile = production_but(&[dsn, key, secret, url]).unwrap().server.unipile.unwrap();
    assert_eq!((unipile.dsn.as_str(), unipile.api_key.expose_secret()), ("https://api1.unipile.com:13111/", "abc+/="));
    assert_eq!(unipile.webhook_secret.unwrap().expose_secret(), secret.1);
    assert_eq!(variables(production_but(&[dsn, secret, url])), ["UNIPILE_API_KEY"]);
    assert_eq!(variables(production_but(&[key, secret, url])), ["UNIPILE_DSN"]);
    // Nor is what its webhooks prove themselves by left out by accident, or guessed.
    assert_eq!(variables(production_but(&[dsn, key])), ["PUBLIC_URL", "UNIPILE_WEBHOOK_SECRET"]);
    for wrong in ["hunter2", "hunter2 with as many as thirty-two characters"] {
        let faults = production_but(&[dsn, key, url, ("UNIPILE_WEBHOOK_SECRET", wrong)]).unwrap_err();
        assert!(!faults.to_string().contains("hunter2"), "{faults}");
        assert_eq!(variables(Err(faults)), ["UNIPILE_WEBHOOK_SECRET"]);
    }
    for wrong in
        ["http://api1.unipile.com:13111", "https://api1.unipile.com/api/v1", "api1.unipile.com:13111", "hunter2"]
    {
        let faults = production_but(&[("UNIPILE_DSN", wrong), key, secret, url]).unwrap_err();
        assert!(!faults.to_string().contains("hunter2"), "{faults}");
        assert_eq!(variables(Err(faults)), ["UNIPILE_DSN"], "{wrong}");
    }
    assert_eq!(variables(production_but(&[dsn, ("UNIPILE_API_KEY", "two words"), secret, url])), ["UNIPILE_API_KEY"]);
    // In development too: a half is a mistake, but webhooks can be done without.
    assert_eq!(variables(Config::from_vars(Vars::given([key]))), ["UNIPILE_DSN"]);
    assert!(Config::from_vars(Vars::given([dsn, key])).unwrap().server.unipile.unwrap().webhook_secret.is_none());
}

/// What is no text is not as good as not there.
#[test]
fn a_variable_that_is_not_utf_8_is_named() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

    let not_text = OsStr::from_bytes(b"\xff\xfe");
    let told = std::process::Command::new(env!("CARGO_BIN_EXE_clento"))
        .arg("dev-token")
        .env_clear()
        .env("PORT", not_text)
        .env("ENCRYPTION_KEY", not_text)
        .env("NONE_OF_OURS", not_text)
        .current_dir(std::env::temp_dir())
        .output()
        .unwrap();
    let told = String::from_utf8(told.stderr).unwrap();
    assert!(told.contains("2 fault(s)") && told.contains("PORT: is not UTF-8"), "{told}");
    assert!(told.contains("ENCRYPTION_KEY: is not UTF-8") && !told.contains("NONE_OF_OURS"), "{told}");
}
