//! Replacing a key's secret.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use clento::utils::clock::Clock as _;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{LISTS, holder, make, path_of, rotate, secret_of};
use crate::support::TestApp;

async fn works(app: &TestApp, key: &Value) {
    holder(app, secret_of(key)).get(LISTS).await.expect(200);
}

async fn is_dead(app: &TestApp, key: &Value) {
    holder(app, secret_of(key)).get(LISTS).await.expect_problem(401, "api_key_expired");
}

#[tokio::test]
async fn the_old_secret_works_beside_the_new_one_until_the_overlap_is_over() {
    let app = TestApp::start().await;
    let old = make(&app).await;
    works(&app, &old).await;
    let new = rotate(&app, &old, 60).await;
    assert_eq!(new.header("etag"), "\"2\"");
    let new = new.expect(200);
    assert_ne!(secret_of(&old), secret_of(&new));
    assert_eq!(new["earlier_secrets"][0]["last_four"], old["last_four"]);
    let end = app.clock.now() + TimeDelta::seconds(60);
    assert_eq!(new["earlier_secrets"][0]["expires_at"], json!(end));
    app.clock.advance(Duration::from_secs(59));
    works(&app, &old).await;
    works(&app, &new).await;
    app.clock.advance(Duration::from_secs(1));
    is_dead(&app, &old).await;
    works(&app, &new).await;
    let shown = app.admin().get(&path_of(&old)).await.expect(200);
    assert_eq!((&shown["earlier_secrets"], &shown["last_four"]), (&json!([]), &new["last_four"]));
}

#[tokio::test]
async fn without_an_overlap_every_earlier_secret_dies_at_once() {
    let app = TestApp::start().await;
    let first = make(&app).await;
    let second = rotate(&app, &first, 604_800).await.expect(200);
    for key in [&first, &second] {
        works(&app, key).await;
    }
    let third = rotate(&app, &first, 0).await.expect(200);
    assert_eq!(third["earlier_secrets"], json!([]));
    app.clock.advance(Duration::from_secs(2));
    for key in [&first, &second] {
        is_dead(&app, key).await;
    }
    works(&app, &third).await;
}

#[tokio::test]
async fn a_second_rotation_does_not_lengthen_what_the_first_has_cut() {
    let app = TestApp::start().await;
    let first = make(&app).await;
    let second = rotate(&app, &first, 60).await.expect(200);
    let third = rotate(&app, &first, 3_600).await.expect(200);
    assert_eq!(third["earlier_secrets"].as_array().unwrap().len(), 2);
    assert_eq!(third["earlier_secrets"][0]["last_four"], second["last_four"], "the latest to die comes first");
    app.clock.advance(Duration::from_mins(1));
    is_dead(&app, &first).await;
    works(&app, &second).await;
    works(&app, &third).await;
}

#[tokio::test]
async fn the_default_is_a_day() {
    let app = TestApp::start().await;
    let old = make(&app).await;
    let path = format!("{}/rotate", path_of(&old));
    let new = app.admin().post(&path, json!({})).await.expect(200);
    assert_eq!(new["earlier_secrets"][0]["expires_at"], json!(app.clock.now() + TimeDelta::days(1)));
}

#[tokio::test]
async fn ten_secrets_are_enough() {
    let app = TestApp::start().await;
    let key = make(&app).await;
    for _ in 0..9 {
        rotate(&app, &key, 600).await.expect(200);
    }
    rotate(&app, &key, 600).await.expect_problem(409, "too_many_secrets");
    let last = rotate(&app, &key, 0).await.expect(200);
    works(&app, &last).await;
    rotate(&app, &key, 600).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotations_at_once_each_make_a_secret_that_works() {
    let app = Arc::new(TestApp::start().await);
    let key = make(&app).await;
    let mut tasks = JoinSet::new();
    for _ in 0..6 {
        let (app, key) = (Arc::clone(&app), key.clone());
        tasks.spawn(async move { rotate(&app, &key, 60).await.expect(200) });
    }
    let rotated = tasks.join_all().await;
    for key in rotated.iter().chain([&key]) {
        works(&app, key).await;
    }
    let shown = app.admin().get(&path_of(&key)).await.expect(200);
    assert_eq!((&shown["version"], shown["earlier_secrets"].as_array().unwrap().len()), (&json!(7), 6));
    let current = rotated.iter().find(|key| key["version"] == 7).unwrap();
    assert_eq!(current["last_four"], shown["last_four"]);
    app.clock.advance(Duration::from_mins(1));
    works(&app, current).await;
    for key in rotated.iter().filter(|key| key["version"] != 7).chain([&key]) {
        is_dead(&app, key).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_and_a_revocation_at_once_leave_nothing_that_works() {
    let app = Arc::new(TestApp::start().await);
    let key = make(&app).await;
    let rotation = {
        let (app, key) = (Arc::clone(&app), key.clone());
        tokio::spawn(async move { rotate(&app, &key, 60).await })
    };
    app.admin().delete(&path_of(&key)).await.expect(204);
    let rotated = rotation.await.unwrap();
    app.clock.advance(Duration::from_secs(2));
    for key in [Some(&key), (rotated.status == 200).then_some(&rotated.body)].into_iter().flatten() {
        holder(&app, secret_of(key)).get(LISTS).await.expect_problem(401, "api_key_invalid");
    }
}
