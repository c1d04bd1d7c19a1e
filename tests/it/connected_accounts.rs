//! Sending accounts.

use clento::{
    config::{Config, Vars},
    utils::crypto::{Cipher, CryptoError, Place, Sealed},
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, TestApp};

const PATH: &str = "/api/v1/connected-accounts";

fn linkedin() -> Value {
    json!({"provider": "sandbox", "channel": "linkedin", "display_name": "Alexandra", "seed": 4_242_424_242_i64})
}

fn mailbox() -> Value {
    json!({"provider": "sandbox", "channel": "email", "display_name": "Sales", "email": "sales@SENDER.example"})
}

/// (place, code) of each fault, sorted.
fn told(answer: Answer) -> Vec<(String, String)> {
    let problem = answer.expect_problem(422, "validation_failed");
    let text = |fault: &Value, name: &str| fault[name].as_str().unwrap().to_owned();
    let mut told: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| (text(fault, "pointer"), text(fault, "code")))
        .collect();
    told.sort();
    told
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned())).collect()
}

#[tokio::test]
async fn a_sandbox_account_is_made_read_changed_and_deleted() {
    let app = TestApp::start().await;
    let member = app.member();
    let made = member.post(PATH, linkedin()).await;
    let path = made.header("location").to_owned();
    assert_eq!(made.header("etag"), "\"1\"");
    let made = made.expect(201);
    assert_eq!(
        (&made["provider"], &made["status"], &made["sending_window"]),
        (&json!("sandbox"), &json!("connected"), &json!(null))
    );
    assert_eq!(
        made["limits"]["send_connection_request"],
        json!({"per_hour": null, "per_day": 20, "per_week": 100}),
        "what nobody set is at its default"
    );
    assert!(made["limits"].get("send_email").is_none(), "a LinkedIn account sends no mail");
    assert!(made["capabilities"].as_array().unwrap().contains(&json!("send_inmail")));
    assert_eq!(member.get(&path).await.expect(200), made);

    let mail = member.post(PATH, mailbox()).await.expect(201);
    assert_eq!(mail["email"], "sales@sender.example");
    assert_eq!(
        (&mail["capabilities"], &mail["limits"]),
        (&json!(["send_email"]), &json!({"send_email": {"per_hour": null, "per_day": 50, "per_week": null}}))
    );
    assert_eq!(member.get(PATH).await.expect(200)["data"].as_array().unwrap().len(), 2);
    assert_eq!(app.outsider().get(PATH).await.expect(200)["data"], json!([]));

    member.delete(&path).await.expect(204);
    member.get(&path).await.expect_problem(404, "connected_account_not_found");
}

#[tokio::test]
async fn what_the_patch_does_not_name_stays_and_null_restores_the_default() {
    let app = TestApp::start().await;
    let member = app.member();
    let made = member.post(PATH, linkedin()).await;
    let path = made.header("location").to_owned();
    let window =
        json!({"timezone": "europe/berlin", "days": ["mon", "fri"], "start_time": "08:00", "end_time": "24:00"});
    let changed = member
        .patch(
            &path,
            json!({"limits": {"send_connection_request": {"per_hour": 2, "per_week": 60}}, "sending_window": window}),
        )
        .await
        .expect(200);
    let invitations = |account: &Value| account["limits"]["send_connection_request"].clone();
    assert_eq!(invitations(&changed), json!({"per_hour": 2, "per_day": 20, "per_week": 60}));
    assert_eq!(changed["limits"]["profile_visit"]["per_day"], 80);
    assert_eq!(changed["sending_window"]["timezone"], "Europe/Berlin");
    assert_eq!((&changed["display_name"], &changed["version"]), (&json!("Alexandra"), &json!(2)));

    let patch = json!({
        "limits": {"send_connection_request": {"per_week": null, "per_day": 5}}, "sending_window": {"end_time": "18:00"}
    });
    let changed = member.patch(&path, patch.clone()).await.expect(200);
    assert_eq!(invitations(&changed), json!({"per_hour": 2, "per_day": 5, "per_week": 100}));
    assert_eq!(
        changed["sending_window"],
        json!({"timezone": "Europe/Berlin", "days": ["mon", "fri"], "start_time": "08:00", "end_time": "18:00"})
    );
    let same = member.patch(&path, patch).await.expect(200);
    assert_eq!(same["version"], 3, "a patch that changes nothing makes no version");

    let changed = member
        .patch(&path, json!({"limits": {"send_connection_request": null}, "sending_window": null}))
        .await
        .expect(200);
    assert_eq!(invitations(&changed), json!({"per_hour": null, "per_day": 20, "per_week": 100}));
    assert_eq!(changed["sending_window"], json!(null));
    member.patch(&path, json!({"limits": {"like_post": {"per_day": 0}}})).await.expect(200);
    let changed = member.patch(&path, json!({"limits": null})).await.expect(200);
    assert_eq!(changed["limits"]["like_post"]["per_day"], 30);
    let places = told(member.patch(&path, json!({"display_name": null, "status": null})).await);
    assert!(places.contains(&("/display_name".into(), "wrong_type".into())), "{places:?}");
    assert!(places.contains(&("/status".into(), "wrong_type".into())), "{places:?}");
}

#[tokio::test]
async fn every_fault_is_named_at_once() {
    let app = TestApp::start().await;
    let member = app.member();
    let shape = json!({
        "provider": "sandbox", "channel": "fax", "colour": "red", "seed": -1,
        "limits": {"send_email": {"per_day": -1, "per_year": 9}, "wait": {}}, "sending_window": {"timezone": "x", "days": []}
    });
    assert_eq!(
        told(member.post(PATH, shape).await),
        pairs(&[
            ("/channel", "not_allowed"),
            ("/colour", "unknown_field"),
            ("/display_name", "required"),
            ("/limits/send_email/per_day", "too_small"),
            ("/limits/send_email/per_year", "unknown_field"),
            ("/limits/wait", "unknown_field"),
            ("/seed", "too_small"),
            ("/sending_window/days", "too_few"),
            ("/sending_window/end_time", "required"),
            ("/sending_window/start_time", "required"),
        ])
    );
    let meaning = json!({
        "provider": "sandbox", "channel": "email", "display_name": "x", "email": "nobody", "limits": {"profile_visit": {}},
        "sending_window": {"timezone": "Europe/Atlantis", "days": ["mon", "mon"], "start_time": "09:00", "end_time": "09:00"}
    });
    assert_eq!(
        told(member.post(PATH, meaning).await),
        pairs(&[
            ("/email", "email_without_at"),
            ("/limits/profile_visit", "not_for_channel"),
            ("/sending_window/days/1", "duplicate_day"),
            ("/sending_window/end_time", "empty_window"),
            ("/sending_window/timezone", "unknown_timezone"),
        ])
    );
    let made = member.post(PATH, linkedin()).await;
    let patch = json!({"limits": {"send_email": {"per_day": 1}}, "sending_window": {"end_time": "18:00"}});
    assert_eq!(
        told(member.patch(made.header("location"), patch).await),
        pairs(&[
            ("/limits/send_email", "not_for_channel"),
            ("/sending_window/days", "required"),
            ("/sending_window/start_time", "required"),
            ("/sending_window/timezone", "required"),
        ])
    );
    assert_eq!(member.get(made.header("location")).await.expect(200)["version"], 1);
}

#[tokio::test]
async fn the_provider_says_which_form_is_meant() {
    let app = TestApp::start().await;
    let member = app.member();
    let body = json!({"provider": "linkedin", "email": "a@b.example", "smtp": {"host": "mail.b.example"}});
    let problem = member.post(PATH, body).await.expect_problem(422, "provider_not_available");
    assert_eq!(problem["errors"][0]["pointer"], "/provider");
    let body = json!({"provider": "gmail", "channel": "email", "seed": 7});
    let places = told(member.post(PATH, body).await);
    assert_eq!(places, pairs(&[("/channel", "unknown_field"), ("/email", "required"), ("/seed", "unknown_field")]));
    assert_eq!(told(member.post(PATH, json!({})).await), pairs(&[("/provider", "required")]));
    assert_eq!(told(member.post(PATH, json!({"provider": "fax"})).await), pairs(&[("/provider", "not_allowed")]));
    assert_eq!(told(member.post(PATH, json!([])).await), pairs(&[("", "wrong_type")]));
}

#[tokio::test]
async fn a_person_pauses_and_takes_up_again_and_nothing_else() {
    let app = TestApp::start().await;
    let member = app.member();
    let made = member.post(PATH, linkedin()).await;
    let path = made.header("location").to_owned();
    for status in ["paused", "paused", "connected"] {
        assert_eq!(member.patch(&path, json!({"status": status})).await.expect(200)["status"], status);
    }
    assert_eq!(told(member.patch(&path, json!({"status": "error"})).await), pairs(&[("/status", "not_allowed")]));
    sqlx::query("update connected_accounts set status = 'needs_reconnect', status_reason = 'signed out'")
        .execute(&app.pool)
        .await
        .unwrap();
    let problem =
        member.patch(&path, json!({"status": "connected"})).await.expect_problem(409, "account_not_connected");
    assert_eq!(problem["state"], "needs_reconnect");
    let renamed = member.patch(&path, json!({"display_name": "Alex"})).await.expect(200);
    assert_eq!((&renamed["status"], &renamed["status_reason"]), (&json!("needs_reconnect"), &json!("signed out")));
}

#[tokio::test]
async fn the_secret_is_stored_sealed_and_shown_nowhere() {
    let app = TestApp::start().await;
    let made = app.member().post(PATH, linkedin()).await;
    let account = made.body["id"].as_str().unwrap().parse::<Uuid>().unwrap();
    assert!(!made.text.contains("4242424242") && !made.text.contains("seed"), "{}", made.text);
    let row: String =
        sqlx::query_scalar("select a::text from connected_accounts a").fetch_one(&app.pool).await.unwrap();
    let audit: Vec<String> = sqlx::query_scalar("select a::text from audit_logs a").fetch_all(&app.pool).await.unwrap();
    assert!(!row.contains("4242424242") && !audit.concat().contains("4242424242"), "{row} {audit:?}");
    assert!(audit.concat().contains("***"), "{audit:?}");

    let (ciphertext, data_key, key_id) = sqlx::query_as::<_, (Vec<u8>, Vec<u8>, String)>(
        "select credentials, credentials_key, credentials_key_id from connected_accounts",
    )
    .fetch_one(&app.pool)
    .await
    .unwrap();
    let sealed = Sealed { ciphertext, data_key, key_id };
    let keys = Config::from_vars(Vars::given([("PORT", "1")])).unwrap().encryption;
    let cipher = Cipher::new(&keys.0).unwrap();
    let organization = app.organization_id("org_ours").await;
    let place = Place { organization, table: "connected_accounts", row: account, column: "credentials" };
    let opened = cipher.open(place, &sealed).unwrap();
    let opened = serde_json::from_slice::<Value>(opened.expose_secret()).unwrap();
    assert_eq!(opened["seed"], 4_242_424_242_i64);
    let theirs = Place { organization: app.organization_id("org_theirs").await, ..place };
    assert_eq!(cipher.open(theirs, &sealed).unwrap_err(), CryptoError::Damaged);
}

#[tokio::test]
async fn a_change_needs_the_version_that_was_seen() {
    let app = TestApp::start().await;
    let member = app.member();
    let made = member.post(PATH, linkedin()).await;
    let path = made.header("location").to_owned();
    member.patch(&path, json!({"display_name": "Second"})).await.expect(200);
    for method in [reqwest::Method::PATCH, reqwest::Method::DELETE] {
        let call = member.request(method.clone(), &path).header("if-match", "\"1\"");
        let call = if method == reqwest::Method::PATCH { call.json(json!({"display_name": "Third"})) } else { call };
        call.send().await.expect_problem(412, "version_mismatch");
    }
    assert_eq!(member.get(&path).await.expect(200)["display_name"], "Second");
    member.request(reqwest::Method::DELETE, &path).header("if-match", "\"2\"").send().await.expect(204);
}

#[tokio::test]
async fn an_account_that_a_campaign_sends_from_stays() {
    let app = TestApp::start().await;
    let member = app.member();
    let made = member.post(PATH, linkedin()).await;
    let path = made.header("location").to_owned();
    let campaign = json!({"name": "c", "account_ids": [made.body["id"]]});
    let campaign = member.post("/api/v1/campaigns", campaign).await.header("location").to_owned();
    member.delete(&path).await.expect_problem(409, "account_in_use");
    member.get(&path).await.expect(200);
    member.patch(&campaign, json!({"account_ids": []})).await.expect(200);
    member.delete(&path).await.expect(204);
}
