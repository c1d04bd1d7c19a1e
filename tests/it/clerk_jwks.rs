//! Fetching the issuer's keys: once, not too often, and going on without it.

use std::{sync::Arc, time::Duration};

use clento::{
    errors::{AppError, Kind},
    integrations::clerk::{KeySource, SessionVerifier, TokenError, VerifierSettings, http_client},
    utils::clock::Clock as _,
};
use futures::future::join_all;
use serde_json::json;

use crate::support::{
    clerk_tokens::{ISSUER, TestKey, claims_v2, header},
    clock::ManualClock,
    fake_issuer::{FakeIssuer, Mood},
};

struct Scene {
    clock: Arc<ManualClock>,
    issuer: FakeIssuer,
    verifier: SessionVerifier,
}

impl Scene {
    async fn new() -> Self {
        let (clock, issuer) = (ManualClock::new(), FakeIssuer::start(vec![TestKey::nth(0).jwk("ins_1")]).await);
        let verifier = verifier(&clock, KeySource::Jwks(issuer.url()));
        Self { clock, issuer, verifier }
    }

    /// A token that was never seen before, so that nothing is remembered of it.
    fn fresh(&self, key: usize, kid: &str) -> String {
        let mut claims = claims_v2(self.clock.now());
        claims["jti"] = json!(rand::random::<u64>().to_string());
        TestKey::nth(key).sign(&header(kid), &claims)
    }

    async fn verify(&self, key: usize, kid: &str) -> &'static str {
        match self.verifier.verify(&self.fresh(key, kid)).await {
            Ok(_) => "ok",
            Err(error) => error.reason(),
        }
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

fn verifier(clock: &Arc<ManualClock>, keys: KeySource) -> SessionVerifier {
    let settings = VerifierSettings { issuer: ISSUER.into(), authorized_parties: vec![], keys };
    SessionVerifier::new(settings, clock.clone(), http_client().unwrap()).unwrap()
}

#[tokio::test]
async fn keys_are_fetched_when_first_needed_and_kept_for_five_minutes() {
    let scene = Scene::new().await;
    assert_eq!(scene.issuer.hits(), 0);
    for _ in 0..3 {
        assert_eq!(scene.verify(0, "ins_1").await, "ok");
    }
    scene.pass(299);
    assert_eq!(scene.verify(0, "ins_1").await, "ok");
    assert_eq!(scene.issuer.hits(), 1);
    scene.pass(1);
    assert_eq!(scene.verify(0, "ins_1").await, "ok");
    assert_eq!(scene.issuer.hits(), 2);
}

#[tokio::test]
async fn a_hundred_at_once_cause_one_fetch() {
    for (key, kid, expected) in [(0, "ins_1", "ok"), (1, "ins_9", "jwk-kid-mismatch")] {
        let scene = Scene::new().await;
        scene.issuer.become_(Mood::Slow(Duration::from_millis(200)));
        let outcomes = join_all((0..100).map(|_| scene.verify(key, kid))).await;
        assert!(outcomes.iter().all(|outcome| *outcome == expected), "{outcomes:?}");
        assert_eq!(scene.issuer.hits(), 1, "{kid}");
    }
}

#[tokio::test]
async fn random_key_ids_are_no_amplifier() {
    let scene = Scene::new().await;
    assert_eq!(scene.verify(0, "ins_1").await, "ok");
    scene.pass(10);
    let kids: Vec<String> = (0..100).map(|index| format!("ins_random{index}")).collect();
    let outcomes = join_all(kids.iter().map(|kid| scene.verify(1, kid))).await;
    assert!(outcomes.iter().all(|outcome| *outcome == "jwk-kid-mismatch"));
    assert_eq!(scene.issuer.hits(), 2);
    scene.pass(9);
    assert_eq!(scene.verify(1, "ins_another").await, "jwk-kid-mismatch");
    assert_eq!(scene.issuer.hits(), 2, "one fetch in ten seconds");
    assert_eq!(scene.verify(0, "ins_1").await, "ok");
}

#[tokio::test]
async fn an_unknown_key_id_stays_unknown_for_half_a_minute() {
    let scene = Scene::new().await;
    assert_eq!(scene.verify(1, "ins_9").await, "jwk-kid-mismatch");
    scene.pass(29);
    assert_eq!(scene.verify(1, "ins_9").await, "jwk-kid-mismatch");
    assert_eq!(scene.issuer.hits(), 1);
    scene.pass(1);
    assert_eq!(scene.verify(1, "ins_9").await, "jwk-kid-mismatch");
    assert_eq!(scene.issuer.hits(), 2);
}

#[tokio::test]
async fn a_rotation_is_picked_up_at_once() {
    let scene = Scene::new().await;
    assert_eq!(scene.verify(0, "ins_1").await, "ok");
    scene.issuer.publish(vec![TestKey::nth(0).jwk("ins_1"), TestKey::nth(1).jwk("ins_2")]);
    scene.pass(10);
    assert_eq!(scene.verify(1, "ins_2").await, "ok");
    assert_eq!(scene.verify(0, "ins_1").await, "ok", "the old key while it is published");
    assert_eq!(scene.issuer.hits(), 2);
}

#[tokio::test]
async fn a_withdrawn_key_stops_working() {
    let scene = Scene::new().await;
    assert_eq!(scene.verify(0, "ins_1").await, "ok");
    scene.issuer.publish(vec![TestKey::nth(1).jwk("ins_2")]);
    scene.pass(300);
    assert_eq!(scene.verify(0, "ins_1").await, "jwk-kid-mismatch");
    assert_eq!(scene.verify(1, "ins_2").await, "ok");
}

#[tokio::test]
async fn a_key_under_another_id_does_not_fit() {
    let scene = Scene::new().await;
    assert_eq!(scene.verify(1, "ins_1").await, "token-invalid-signature");
}

#[tokio::test]
async fn stale_keys_serve_while_the_issuer_is_away() {
    let scene = Scene::new().await;
    assert_eq!(scene.verify(0, "ins_1").await, "ok");
    let moods = [
        Mood::Failing(500),
        Mood::Failing(404),
        Mood::Saying("<html>".into()),
        Mood::Saying(json!({ "keys": [] }).to_string()),
        Mood::Saying(" ".repeat(200_000)),
        Mood::Redirecting,
    ];
    for (index, mood) in moods.into_iter().enumerate() {
        scene.issuer.become_(mood);
        scene.pass(3_600);
        for _ in 0..3 {
            assert_eq!(scene.verify(0, "ins_1").await, "ok");
        }
        assert_eq!(scene.issuer.hits(), 2 + index, "one attempt, then rest");
    }
    assert_eq!(scene.verify(1, "ins_2").await, "jwk-remote-failed-to-load", "we cannot know");
    scene.issuer.become_(Mood::Well);
    scene.pass(10);
    assert_eq!(scene.verify(1, "ins_2").await, "jwk-kid-mismatch");
}

#[tokio::test]
async fn only_one_waits_for_a_slow_issuer() {
    let scene = Scene::new().await;
    assert_eq!(scene.verify(0, "ins_1").await, "ok");
    scene.issuer.become_(Mood::Slow(Duration::from_mins(1)));
    scene.pass(300);
    let patient = tokio::spawn({
        let (verifier, token) = (scene.verifier.clone(), scene.fresh(0, "ins_1"));
        async move { verifier.verify(&token).await.is_ok() }
    });
    while scene.issuer.hits() < 2 {
        tokio::task::yield_now().await;
    }
    let others = join_all((0..20).map(|_| scene.verify(0, "ins_1")));
    let others = tokio::time::timeout(Duration::from_secs(2), others).await.unwrap();
    assert!(others.iter().all(|outcome| *outcome == "ok"));
    patient.abort();
}

#[tokio::test]
async fn without_any_key_sessions_cannot_be_checked() {
    let scene = Scene::new().await;
    scene.issuer.become_(Mood::Failing(503));
    let error = scene.verifier.verify(&scene.fresh(0, "ins_1")).await.unwrap_err();
    assert!(matches!(error, TokenError::KeysUnavailable(_)));
    let error = AppError::from(error);
    assert_eq!((error.kind(), error.code()), (Kind::Unavailable, "identity_unavailable"));
    assert!(error.retry_after().is_some());
    scene.issuer.become_(Mood::Well);
    assert_eq!(scene.verify(0, "ins_1").await, "jwk-remote-failed-to-load", "it rests a second");
    assert_eq!(scene.issuer.hits(), 1);
    scene.pass(1);
    assert_eq!(scene.verify(0, "ins_1").await, "ok");
}

#[tokio::test]
async fn a_caller_who_hangs_up_does_not_undo_the_fetch() {
    let scene = Scene::new().await;
    scene.issuer.become_(Mood::Slow(Duration::from_millis(200)));
    let token = scene.fresh(0, "ins_1");
    let hung_up = tokio::time::timeout(Duration::from_millis(50), scene.verifier.verify(&token)).await;
    assert!(hung_up.is_err());
    assert_eq!(scene.verify(0, "ins_1").await, "ok");
    assert_eq!(scene.issuer.hits(), 1);
}

#[tokio::test]
async fn keys_of_other_kinds_are_passed_over() {
    let (clock, issuer) = (ManualClock::new(), FakeIssuer::start(vec![]).await);
    let mut encrypting = TestKey::nth(1).jwk("ins_enc");
    encrypting["use"] = json!("enc");
    let mut other = TestKey::nth(1).jwk("ins_512");
    other["alg"] = json!("RS512");
    let elliptic = json!({ "kty": "EC", "crv": "P-256", "kid": "ins_ec", "x": "AA", "y": "AA" });
    let mut anonymous = TestKey::nth(1).jwk("");
    anonymous.as_object_mut().unwrap().remove("kid");
    issuer.publish(vec![json!("nonsense"), elliptic, encrypting, other, anonymous, TestKey::nth(0).jwk("ins_1")]);
    let verifier = verifier(&clock, KeySource::Jwks(issuer.url()));
    assert!(verifier.verify(&TestKey::nth(0).session("ins_1", clock.now())).await.is_ok());
    for kid in ["ins_enc", "ins_512", "ins_ec"] {
        let token = TestKey::nth(1).session(kid, clock.now());
        assert!(matches!(verifier.verify(&token).await, Err(TokenError::UnknownKey)), "{kid}");
    }
}

#[tokio::test]
async fn a_token_without_a_key_id_causes_no_fetch() {
    let scene = Scene::new().await;
    let mut head = header("ins_1");
    head.as_object_mut().unwrap().remove("kid");
    let token = TestKey::nth(0).sign(&head, &claims_v2(scene.clock.now()));
    assert!(matches!(scene.verifier.verify(&token).await, Err(TokenError::UnknownKey)));
    assert_eq!(scene.issuer.hits(), 0);
}
