//! Making, reading, changing and deleting destinations.

use clento::{
    config::{Config, Vars},
    utils::crypto::{Cipher, Place, Sealed},
};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{LISTS, destinations_of, make, make_list, path_of, shown};
use crate::support::TestApp;

const URL: &str = "https://api.clay.com/v3/sources/webhook/pull-in-data-from-a-webhook-1a2b3c4d";

/// (place, code) of each fault.
fn told(problem: &Value) -> Vec<(&str, &str)> {
    problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| (fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap()))
        .collect()
}

#[tokio::test]
async fn a_destination_is_made_read_changed_and_deleted() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = make_list(&app).await;
    let made = member.post(&destinations_of(&list), json!({"url": URL, "auth_token": "s3cret"})).await;
    let path = made.header("location").to_owned();
    assert_eq!(made.header("etag"), "\"1\"");
    assert!(!made.text.contains("s3cret"), "{}", made.text);
    let made = made.expect(201);
    assert_eq!(path, path_of(&made));
    assert_eq!(
        (&made["url"], &made["has_auth_token"], &made["status"], &made["lead_list_id"]),
        (&json!(URL), &json!(true), &json!("active"), &json!(list))
    );
    assert_eq!((&made["webhook_remaining"], &made["warning"]), (&json!(50_000), &json!(null)));
    assert_eq!(member.get(&path).await.expect(200), made);
    assert_eq!(member.get(&destinations_of(&list)).await.expect(200)["data"], json!([made]));

    let paused = member.patch(&path, json!({"status": "paused"})).await.expect(200);
    assert_eq!((&paused["status"], &paused["version"]), (&json!("paused"), &json!(2)));
    let same = member.patch(&path, json!({"status": "paused"})).await.expect(200);
    assert_eq!(same["version"], 2, "a patch that changes nothing makes no version");
    let silent = member.patch(&path, json!({"auth_token": null, "status": "active"})).await.expect(200);
    assert_eq!((&silent["has_auth_token"], &silent["version"]), (&json!(false), &json!(3)));
    let other = member.patch(&path, json!({"url": "https://API.clay.com:443/other"})).await.expect(200);
    assert_eq!(other["url"], "https://api.clay.com/other");
    let outsider = app.outsider();
    outsider.get(&path).await.expect_problem(404, "clay_destination_not_found");
    outsider.get(&destinations_of(&list)).await.expect_problem(404, "lead_list_not_found");
    member.delete(&path).await.expect(204);
    member.get(&path).await.expect_problem(404, "clay_destination_not_found");
    make(&app, &list, URL).await;
    member.delete(&format!("{LISTS}/{list}")).await.expect(204);
}

#[tokio::test]
async fn every_fault_is_named_at_once() {
    let app = TestApp::start().await;
    let member = app.member();
    let path = destinations_of(&make_list(&app).await);
    let problem = member.post(&path, json!({"auth_token": "", "include_existing": "yes", "colour": 1})).await;
    let problem = problem.expect_problem(422, "validation_failed");
    let mut places: Vec<_> = told(&problem).into_iter().map(|(pointer, _)| pointer).collect();
    places.sort_unstable();
    assert_eq!(places, ["/auth_token", "/colour", "/include_existing", "/url"]);
    let body = json!({"url": "ftp://files.acme.com/", "auth_token": "two words"});
    let problem = member.post(&path, body).await.expect_problem(422, "validation_failed");
    assert_eq!(told(&problem), [("/url", "url_not_https"), ("/auth_token", "wrong_form")]);
    let problem = member.post(&path, json!({"url": "not an address"})).await.expect_problem(422, "validation_failed");
    assert_eq!(told(&problem)[0].0, "/url");
    let made = member.post(&path, json!({"url": URL})).await;
    let patch = member.patch(made.header("location"), json!({"status": "full", "url": null})).await;
    let problem = patch.expect_problem(422, "validation_failed");
    let mut places: Vec<_> = told(&problem).into_iter().map(|(pointer, _)| pointer).collect();
    places.sort_unstable();
    assert_eq!(places, ["/status", "/url"]);
}

#[tokio::test]
async fn in_production_only_a_public_address_by_https_will_do() {
    let app = TestApp::start_with(|server| server.outbound_anywhere = false).await;
    let member = app.member();
    let list = make_list(&app).await;
    let path = destinations_of(&list);
    let made = make(&app, &list, "https://93.184.215.14/hook").await;
    for (url, code) in [
        ("http://93.184.215.14/hook", "url_not_https"),
        ("https://127.0.0.1/hook", "url_not_public"),
        ("https://0x7f.1/hook", "url_not_public"),
        ("https://169.254.169.254/latest/meta-data", "url_not_public"),
        ("https://[::ffff:10.0.0.1]/hook", "url_not_public"),
        ("https://localhost/hook", "url_not_public"),
        ("https://user:secret@93.184.215.14/hook", "url_with_credentials"),
        ("https://93.184.215.14:5432/", "url_wrong_port"),
    ] {
        let problem = member.post(&path, json!({"url": url})).await.expect_problem(422, "validation_failed");
        assert_eq!(told(&problem), [("/url", code)], "{url}");
        let problem = member.patch(&path_of(&made), json!({"url": url})).await.expect_problem(422, "validation_failed");
        assert_eq!(told(&problem), [("/url", code)], "{url}");
    }
    assert_eq!(shown(&app, &made).await["url"], "https://93.184.215.14/hook");
}

#[tokio::test]
async fn a_list_has_a_webhook_once() {
    let app = TestApp::start().await;
    let member = app.member();
    let (list, other) = (make_list(&app).await, make_list(&app).await);
    make(&app, &list, URL).await;
    let twice = member.post(&destinations_of(&list), json!({"url": URL})).await;
    let problem = twice.expect_problem(409, "clay_destination_exists");
    assert_eq!(told(&problem), [("/url", "clay_destination_exists")]);
    let second = make(&app, &list, "https://api.clay.com/second").await;
    let patch = member.patch(&path_of(&second), json!({"url": URL})).await;
    patch.expect_problem(409, "clay_destination_exists");
    // Two lists may fill one table.
    make(&app, &other, URL).await;
    let page = member.get(&format!("{}?limit=1&include_total=true", destinations_of(&list))).await.expect(200);
    assert_eq!((&page["total"], page["data"].as_array().unwrap().len()), (&json!(2), 1));
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = member.get(&format!("{}?limit=1&cursor={cursor}", destinations_of(&list))).await.expect(200);
    assert_eq!((rest["data"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &json!(null)));
    assert_ne!(rest["data"][0]["id"], page["data"][0]["id"]);
}

#[tokio::test]
async fn the_token_is_stored_sealed_and_masked_in_the_audit_log() {
    let app = TestApp::start().await;
    let list = make_list(&app).await;
    let body = json!({"url": URL, "auth_token": "s3cret"});
    let made = app.member().post(&destinations_of(&list), body).await.expect(201);
    app.clock.advance(std::time::Duration::from_millis(1));
    app.member().patch(&path_of(&made), json!({"auth_token": "n3wer"})).await.expect(200);
    let (organization, id, ciphertext, data_key, key_id): (Uuid, Uuid, Vec<u8>, Vec<u8>, String) = sqlx::query_as(
        "select organization_id, id, auth_token, auth_token_key, auth_token_key_id from clay_destinations",
    )
    .fetch_one(&app.pool)
    .await
    .unwrap();
    let cipher = Cipher::new(&Config::from_vars(Vars::given([])).unwrap().encryption.0).unwrap();
    let place = Place { organization, table: "clay_destinations", row: id, column: "auth_token" };
    let opened = cipher.open(place, &Sealed { ciphertext, data_key, key_id }).unwrap();
    assert_eq!(opened.expose_secret(), b"n3wer");
    let query = format!("/api/v1/audit-logs?entity_id={id}&sort=created_at");
    let lines = app.admin().get(&query).await;
    assert!(!lines.text.contains("s3cret") && !lines.text.contains("n3wer"), "{}", lines.text);
    let lines = lines.expect(200);
    assert_eq!(
        (&lines["data"][0]["action"], &lines["data"][0]["after"]["auth_token"]),
        (&json!("clay_destination.created"), &json!("***"))
    );
    assert_eq!(lines["data"][1]["after"]["auth_token_changed"], true);
}
