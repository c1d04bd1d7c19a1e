//! Session tokens, case by case: the measured table of what Clerk's SDK does and what we decide.

use std::{sync::Arc, time::Duration};

use clento::{
    config::{JwtKey, JwtKeyError},
    errors::{AppError, Kind},
    integrations::clerk::{
        KeySource, SessionToken, SessionVerifier, TokenError, VerifierError, VerifierSettings, http_client,
    },
    utils::clock::Clock as _,
};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::support::{
    clerk_tokens::{ISSUER, ORIGIN, TestKey, claims_v1, claims_v2, header},
    clock::ManualClock,
};

/// A verifier that knows one key beforehand and serves one page.
fn verifier(clock: &Arc<ManualClock>) -> SessionVerifier {
    verifier_for(clock, vec![ORIGIN.into(), "http://localhost:5173".into()])
}

fn verifier_for(clock: &Arc<ManualClock>, authorized_parties: Vec<String>) -> SessionVerifier {
    let keys = KeySource::Pem(JwtKey::from_pem(TestKey::nth(0).public_pem()).unwrap());
    let settings = VerifierSettings { issuer: ISSUER.into(), authorized_parties, keys };
    SessionVerifier::new(settings, clock.clone(), http_client().unwrap()).unwrap()
}

fn outcome(result: &Result<Arc<SessionToken>, TokenError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(error) => error.reason(),
    }
}

/// Header and claims after `edit`, signed with the right key.
fn edited(now: i64, v1: bool, edit: impl FnOnce(&mut Value, &mut Value)) -> String {
    let now = chrono::DateTime::from_timestamp(now, 0).unwrap();
    let (mut head, mut claims) = (header("ins_1"), if v1 { claims_v1(now) } else { claims_v2(now) });
    edit(&mut head, &mut claims);
    TestKey::nth(0).sign(&head, &claims)
}

fn without(object: &mut Value, name: &str) {
    object.as_object_mut().unwrap().remove(name);
}

type Edit = Box<dyn FnOnce(&mut Value, &mut Value)>;

fn header_cases() -> Vec<(&'static str, Edit, &'static str)> {
    vec![
        ("as Clerk writes it", Box::new(|_, _| {}), "ok"),
        ("alg none", Box::new(|h, _| h["alg"] = json!("none")), "token-invalid-algorithm"),
        ("alg HS256", Box::new(|h, _| h["alg"] = json!("HS256")), "token-invalid-algorithm"),
        ("alg RS512", Box::new(|h, _| h["alg"] = json!("RS512")), "token-invalid-algorithm"),
        ("alg rs256", Box::new(|h, _| h["alg"] = json!("rs256")), "token-invalid-algorithm"),
        ("alg missing", Box::new(|h, _| without(h, "alg")), "token-invalid-algorithm"),
        ("alg a number", Box::new(|h, _| h["alg"] = json!(256)), "token-invalid-algorithm"),
        ("typ missing", Box::new(|h, _| without(h, "typ")), "ok"),
        ("typ jwt", Box::new(|h, _| h["typ"] = json!("jwt")), "token-invalid"),
        ("typ at+jwt", Box::new(|h, _| h["typ"] = json!("at+jwt")), "token-invalid"),
        ("typ null", Box::new(|h, _| h["typ"] = Value::Null), "token-invalid"),
        ("crit", Box::new(|h, _| h["crit"] = json!(["exp"])), "token-invalid"),
        ("crit empty", Box::new(|h, _| h["crit"] = json!([])), "token-invalid"),
        ("crit null", Box::new(|h, _| h["crit"] = Value::Null), "token-invalid"),
        ("cat missing", Box::new(|h, _| without(h, "cat")), "ok"),
        ("cat ignored by the SDK", Box::new(|h, _| h["cat"] = json!("cl_I7d4PD111III")), "ok"),
        ("cat of a JWT template", Box::new(|h, _| h["cat"] = json!("cl_B7d4PD222AAA")), "token-type-mismatch"),
        ("cat of a machine token", Box::new(|h, _| h["cat"] = json!("cl_B7d4PD333AAA")), "token-type-mismatch"),
        ("cat unknown", Box::new(|h, _| h["cat"] = json!("x")), "token-type-mismatch"),
        ("cat null", Box::new(|h, _| h["cat"] = Value::Null), "token-type-mismatch"),
        ("unknown parameters", Box::new(|h, _| h["oiat"] = json!(1)), "ok"),
        ("another kid, with one known key", Box::new(|h, _| h["kid"] = json!("ins_9")), "ok"),
        ("no kid, with one known key", Box::new(|h, _| without(h, "kid")), "ok"),
        ("kid a number", Box::new(|h, _| h["kid"] = json!(7)), "token-invalid"),
        ("kid too long", Box::new(|h, _| h["kid"] = json!("x".repeat(129))), "token-invalid"),
    ]
}

fn time_cases(now: i64) -> Vec<(&'static str, Edit, &'static str)> {
    vec![
        ("exp 4 s ago", Box::new(move |_, c| c["exp"] = json!(now - 4)), "ok"),
        ("exp 5 s ago", Box::new(move |_, c| c["exp"] = json!(now - 5)), "token-expired"),
        ("exp 6 s ago", Box::new(move |_, c| c["exp"] = json!(now - 6)), "token-expired"),
        ("exp with a fraction", Box::new(|_, c| c["exp"] = json!(c["exp"].as_f64().unwrap() + 0.5)), "ok"),
        ("exp missing", Box::new(|_, c| without(c, "exp")), "token-verification-failed"),
        ("exp null", Box::new(|_, c| c["exp"] = Value::Null), "token-verification-failed"),
        ("exp a text", Box::new(move |_, c| c["exp"] = json!((now + 60).to_string())), "token-verification-failed"),
        ("exp negative", Box::new(|_, c| c["exp"] = json!(-1)), "token-verification-failed"),
        ("exp absurd", Box::new(|_, c| c["exp"] = json!(1e300)), "token-verification-failed"),
        ("exp beyond i64", Box::new(|_, c| c["exp"] = json!(u64::MAX)), "token-verification-failed"),
        ("nbf in 4 s", Box::new(move |_, c| c["nbf"] = json!(now + 4)), "ok"),
        ("nbf in 5 s", Box::new(move |_, c| c["nbf"] = json!(now + 5)), "ok"),
        ("nbf in 7 s", Box::new(move |_, c| c["nbf"] = json!(now + 7)), "token-not-active-yet"),
        ("nbf missing", Box::new(|_, c| without(c, "nbf")), "ok"),
        ("nbf a text", Box::new(|_, c| c["nbf"] = json!("soon")), "token-verification-failed"),
        ("iat in 4 s", Box::new(move |_, c| c["iat"] = json!(now + 4)), "ok"),
        ("iat in 8 s", Box::new(move |_, c| c["iat"] = json!(now + 8)), "token-iat-in-the-future"),
        ("iat missing", Box::new(|_, c| without(c, "iat")), "ok"),
    ]
}

fn claim_cases() -> Vec<(&'static str, Edit, &'static str)> {
    vec![
        ("sub missing", Box::new(|_, c| without(c, "sub")), "token-verification-failed"),
        ("sub empty", Box::new(|_, c| c["sub"] = json!("")), "token-verification-failed"),
        ("sub a number", Box::new(|_, c| c["sub"] = json!(1)), "token-verification-failed"),
        ("sub with odd characters", Box::new(|_, c| c["sub"] = json!("user_1\u{0}")), "token-verification-failed"),
        ("sub of a machine", Box::new(|_, c| c["sub"] = json!("mch_1")), "token-type-mismatch"),
        ("sid missing", Box::new(|_, c| without(c, "sid")), "token-verification-failed"),
        ("iss wrong", Box::new(|_, c| c["iss"] = json!("https://evil.example")), "token-invalid-issuer"),
        ("iss with a slash", Box::new(|_, c| c["iss"] = json!(format!("{ISSUER}/"))), "token-invalid-issuer"),
        ("iss missing", Box::new(|_, c| without(c, "iss")), "token-invalid-issuer"),
        ("azp second of the list", Box::new(|_, c| c["azp"] = json!("http://localhost:5173")), "ok"),
        ("azp wrong", Box::new(|_, c| c["azp"] = json!("https://evil.example")), "token-invalid-authorized-parties"),
        (
            "azp with a slash",
            Box::new(|_, c| c["azp"] = json!(format!("{ORIGIN}/"))),
            "token-invalid-authorized-parties",
        ),
        ("azp missing", Box::new(|_, c| without(c, "azp")), "token-invalid-authorized-parties"),
        ("azp null", Box::new(|_, c| c["azp"] = Value::Null), "token-invalid-authorized-parties"),
        ("aud, where we have none", Box::new(|_, c| c["aud"] = json!("anything")), "ok"),
        ("sts pending", Box::new(|_, c| c["sts"] = json!("pending")), "session-pending"),
        ("sts unknown", Box::new(|_, c| c["sts"] = json!("frozen")), "session-pending"),
        ("sts missing", Box::new(|_, c| without(c, "sts")), "ok"),
        ("v 3", Box::new(|_, c| c["v"] = json!(3)), "token-verification-failed"),
        ("v 1", Box::new(|_, c| c["v"] = json!(1)), "token-verification-failed"),
        ("v a text", Box::new(|_, c| c["v"] = json!("2")), "token-verification-failed"),
        ("v null", Box::new(|_, c| c["v"] = Value::Null), "token-verification-failed"),
        ("o without id", Box::new(|_, c| without(&mut c["o"], "id")), "token-verification-failed"),
        ("o a text", Box::new(|_, c| c["o"] = json!("org_1")), "token-verification-failed"),
        ("fea without scope", Box::new(|_, c| c["fea"] = json!("dashboard,o:teams")), "token-verification-failed"),
        ("fea a list", Box::new(|_, c| c["fea"] = json!(["o:teams"])), "token-verification-failed"),
        ("act a text", Box::new(|_, c| c["act"] = json!("user_9")), "token-verification-failed"),
        ("act without sub", Box::new(|_, c| c["act"] = json!({})), "token-verification-failed"),
    ]
}

#[tokio::test]
async fn every_case_of_the_table() {
    let clock = ManualClock::new();
    let verifier = verifier(&clock);
    let now = clock.now().timestamp();
    let mut wrong = Vec::new();
    for (name, edit, expected) in header_cases().into_iter().chain(time_cases(now)).chain(claim_cases()) {
        let token = edited(now, false, edit);
        let (first, second) = (verifier.verify(&token).await, verifier.verify(&token).await);
        if outcome(&first) != expected || outcome(&second) != expected {
            wrong.push(format!("{name}: {} then {}, not {expected}", outcome(&first), outcome(&second)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn without_a_list_any_page_is_served() {
    let clock = ManualClock::new();
    let verifier = verifier_for(&clock, vec![]);
    let now = clock.now().timestamp();
    for edit in [|c: &mut Value| without(c, "azp"), |c: &mut Value| c["azp"] = json!("https://evil.example")] {
        let token = edited(now, false, |_, claims| edit(claims));
        assert!(verifier.verify(&token).await.is_ok());
    }
}

#[tokio::test]
async fn what_is_no_jwt_is_refused() {
    let clock = ManualClock::new();
    let verifier = verifier(&clock);
    let good = TestKey::nth(0).session("ins_1", clock.now());
    let claims = claims_v2(clock.now()).to_string();
    let (head, rest) = good.split_once('.').unwrap();
    let cases = [
        ("empty", String::new(), "token-invalid"),
        ("one part", "abc".into(), "token-invalid"),
        ("two parts", format!("{head}.abc"), "token-invalid"),
        ("four parts", format!("{good}.abc"), "token-invalid"),
        ("five parts, a JWE", format!("{head}.a.b.c.d"), "token-invalid"),
        ("header not base64", format!("%%%.{rest}"), "token-invalid"),
        ("header padded", format!("{head}==.{rest}"), "token-invalid"),
        ("header not JSON", TestKey::nth(0).sign_raw("{", &claims), "token-invalid"),
        ("header a list", TestKey::nth(0).sign_raw("[]", &claims), "token-invalid"),
        ("payload not JSON", TestKey::nth(0).sign_raw(&header("ins_1").to_string(), "{"), "token-invalid"),
        ("payload a list", TestKey::nth(0).sign_raw(&header("ins_1").to_string(), "[]"), "token-invalid"),
        ("no signature", format!("{}.", good.rsplit_once('.').unwrap().0), "token-invalid-signature"),
        ("signature not base64", format!("{}.%%", good.rsplit_once('.').unwrap().0), "token-invalid-signature"),
        ("leading space", format!(" {good}"), "token-invalid"),
        ("too long", format!("{good}{}", "A".repeat(8 * 1024)), "token-invalid"),
        ("not ASCII", "ü.ü.ü".into(), "token-invalid"),
        ("an API key of Clerk's", "ak_0123".into(), "token-type-mismatch"),
        ("a machine token", "mt_0123".into(), "token-type-mismatch"),
        ("an OAuth token", "oat_0123".into(), "token-type-mismatch"),
        ("an API key of ours", "clento_sk_0123".into(), "token-type-mismatch"),
    ];
    for (name, token, expected) in cases {
        assert_eq!(outcome(&verifier.verify(&token).await), expected, "{name}");
    }
}

#[tokio::test]
async fn the_signature_is_checked_before_the_claims() {
    let clock = ManualClock::new();
    let verifier = verifier(&clock);
    let mut claims = claims_v2(clock.now());
    claims["exp"] = json!(1);
    claims["iss"] = json!("https://evil.example");
    let head = header("ins_1");
    let forged = TestKey::nth(1).sign(&head, &claims);
    let garbage = TestKey::nth(1).sign_raw(&head.to_string(), "not even JSON");
    let other_hash = TestKey::nth(0).sign_as(Algorithm::RS512, &head.to_string(), &claims_v2(clock.now()).to_string());
    let pss = TestKey::nth(0).sign_as(Algorithm::PS256, &head.to_string(), &claims_v2(clock.now()).to_string());
    for token in [forged, garbage, other_hash, pss] {
        assert_eq!(outcome(&verifier.verify(&token).await), "token-invalid-signature");
    }
}

#[tokio::test]
async fn changing_any_part_breaks_the_signature() {
    let clock = ManualClock::new();
    let verifier = verifier(&clock);
    let good = TestKey::nth(0).session("ins_1", clock.now());
    let other = TestKey::nth(0).sign(&header("ins_2"), &claims_v1(clock.now()));
    let (good, other): (Vec<&str>, Vec<&str>) = (good.split('.').collect(), other.split('.').collect());
    for swapped in 0..3 {
        let mut parts = good.clone();
        parts[swapped] = other[swapped];
        assert_eq!(outcome(&verifier.verify(&parts.join(".")).await), "token-invalid-signature", "part {swapped}");
    }
}

#[tokio::test]
async fn both_versions_tell_the_same() {
    let clock = ManualClock::new();
    let verifier = verifier(&clock);
    let now = clock.now().timestamp();
    for v1 in [true, false] {
        let read = verifier.verify(&edited(now, v1, |_, _| {})).await.unwrap();
        assert_eq!(read.user_id, "user_1");
        assert_eq!(read.expires_at.timestamp(), now + 60);
        assert_eq!(read.impersonator, None);
        let organization = read.organization.as_ref().unwrap();
        assert_eq!((organization.id.as_str(), organization.slug.as_deref()), ("org_1", Some("acme")));
        assert_eq!(organization.role.as_deref(), Some("org:admin"));
        let expected: &[&str] =
            if v1 { &["org:teams:read"] } else { &["org:dashboard:manage", "org:dashboard:read", "org:teams:read"] };
        assert_eq!(organization.permissions, expected);
    }
}

#[tokio::test]
async fn an_organization_is_there_only_if_its_version_says_so() {
    let clock = ManualClock::new();
    let verifier = verifier(&clock);
    let now = clock.now().timestamp();
    let v2_with_v1_claims = edited(now, true, |_, claims| claims["v"] = json!(2));
    let v1_with_v2_claims = edited(now, false, |_, claims| without(claims, "v"));
    let v1_without = edited(now, true, |_, claims| without(claims, "org_id"));
    let v2_without = edited(now, false, |_, claims| without(claims, "o"));
    for token in [v2_with_v1_claims, v1_with_v2_claims, v1_without, v2_without] {
        assert_eq!(verifier.verify(&token).await.unwrap().organization, None);
    }
    let bare = edited(now, false, |_, claims| claims["o"] = json!({ "id": "org_1" }));
    let organization = verifier.verify(&bare).await.unwrap().organization.clone().unwrap();
    assert_eq!((organization.role, organization.slug, organization.permissions), (None, None, vec![]));
    let odd = edited(now, false, |_, claims| claims["o"]["rol"] = json!("org:admin"));
    let organization = verifier.verify(&odd).await.unwrap().organization.clone().unwrap();
    assert_eq!(organization.role.as_deref(), Some("org:org:admin"), "a prefix is never stripped");
}

#[tokio::test]
async fn who_acts_as_the_user_is_told() {
    let clock = ManualClock::new();
    let act = json!({ "iss": "https://dashboard.clerk.com", "sid": "sess_9", "sub": "user_9", "type": "agent" });
    let token = edited(clock.now().timestamp(), false, |_, claims| claims["act"] = act);
    let read = verifier(&clock).verify(&token).await.unwrap();
    assert_eq!((read.user_id.as_str(), read.impersonator.as_deref()), ("user_1", Some("user_9")));
}

#[tokio::test]
async fn a_remembered_token_dies_on_time() {
    let clock = ManualClock::new();
    let verifier = verifier(&clock);
    let token = TestKey::nth(0).session("ins_1", clock.now());
    let first = verifier.verify(&token).await.unwrap();
    let second = verifier.verify(&token).await.unwrap();
    assert!(Arc::ptr_eq(&first, &second), "it was remembered");
    clock.advance(Duration::from_millis(64_999));
    assert!(Arc::ptr_eq(&first, &verifier.verify(&token).await.unwrap()), "4.999 s late is within the skew");
    clock.advance(Duration::from_millis(1));
    assert_eq!(outcome(&verifier.verify(&token).await), "token-expired");
}

#[tokio::test]
async fn a_long_lived_token_is_verified_anew_after_five_minutes() {
    let clock = ManualClock::new();
    let verifier = verifier(&clock);
    let now = clock.now().timestamp();
    let token = edited(now, false, |_, claims| claims["exp"] = json!(now + 3_600));
    let first = verifier.verify(&token).await.unwrap();
    clock.advance(Duration::from_secs(299));
    assert!(Arc::ptr_eq(&first, &verifier.verify(&token).await.unwrap()));
    clock.advance(Duration::from_secs(1));
    assert!(!Arc::ptr_eq(&first, &verifier.verify(&token).await.unwrap()));
}

#[tokio::test]
async fn a_key_survives_what_environments_do_to_it() {
    let clock = ManualClock::new();
    let pem = TestKey::nth(0).public_pem();
    let token = TestKey::nth(0).session("ins_1", clock.now());
    for spelling in [pem.replace('\n', "\\n"), pem.replace('\n', ""), pem.replace('\n', "\r\n"), format!(" {pem}\n\n")]
    {
        let keys = KeySource::Pem(JwtKey::from_pem(&spelling).unwrap());
        let settings = VerifierSettings { issuer: ISSUER.into(), authorized_parties: vec![], keys };
        let verifier = SessionVerifier::new(settings, clock.clone(), http_client().unwrap()).unwrap();
        assert!(verifier.verify(&token).await.is_ok());
    }
}

#[test]
fn settings_that_cannot_work_are_refused_at_once() {
    let make = |issuer: &str, keys: KeySource| {
        let settings = VerifierSettings { issuer: issuer.into(), authorized_parties: vec![], keys };
        SessionVerifier::new(settings, ManualClock::new(), http_client().unwrap())
    };
    let jwks = |url: &str| KeySource::Jwks(url.parse().unwrap());
    for pem in ["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"] {
        assert_eq!(JwtKey::from_pem(pem).err(), Some(JwtKeyError));
    }
    let key = JwtKey::from_pem(TestKey::nth(0).public_pem()).unwrap();
    assert!(matches!(make("", KeySource::Pem(key)), Err(VerifierError::NoIssuer)));
    assert!(matches!(make(ISSUER, jwks("http://clerk.example/jwks")), Err(VerifierError::Client(_))));
}

#[test]
fn every_refusal_has_its_code() {
    let expired = AppError::from(TokenError::Expired);
    assert_eq!((expired.kind(), expired.code()), (Kind::Unauthenticated, "token_expired"));
    let malformed = AppError::from(TokenError::Malformed("it is too long"));
    assert_eq!((malformed.kind(), malformed.code()), (Kind::Unauthenticated, "token_invalid"));
    let mismatch = AppError::from(TokenError::WrongType);
    assert_eq!((mismatch.kind(), mismatch.code()), (Kind::Unauthenticated, "token_type_mismatch"));
}
