//! Webhooks: whom to believe, and what they say.

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderMap, HeaderValue};
use chrono::DateTime;
use clento::{
    config::WebhookSecret,
    errors::{AppError, Kind},
    integrations::clerk::{ClerkEvent, Delivery, Envelope, EventError, WebhookError, WebhookVerifier},
    utils::clock::Clock as _,
};
use serde_json::{Value, json};

use crate::support::{
    clock::ManualClock,
    svix_sign::{OTHER_SECRET, SECRET, headers, signature, with_signature},
};

const BODY: &[u8] = br#"{"type":"user.created","data":{"id":"user_1"}}"#;

fn verifier(secrets: &[&str], clock: &Arc<ManualClock>) -> WebhookVerifier {
    let secrets = secrets.iter().map(|secret| WebhookSecret::parse(secret).unwrap()).collect();
    WebhookVerifier::new(secrets, clock.clone())
}

#[test]
fn svix_own_vector() {
    let clock = ManualClock::new();
    clock.set(DateTime::from_timestamp(1_649_367_553, 0).unwrap());
    let body = br#"{"email":"test@example.com","username":"test_user"}"#;
    let (id, signature) = ("msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
    for family in ["svix", "webhook"] {
        let delivery =
            verifier(&[SECRET], &clock).verify(&with_signature(family, id, "1649367553", signature), body).unwrap();
        assert_eq!((delivery.id.as_str(), delivery.signed_at), (id, clock.now()));
    }
}

#[test]
fn every_signature_of_the_table() {
    let clock = ManualClock::new();
    let verifier = verifier(&[SECRET], &clock);
    let now = clock.now().timestamp();
    let at = now.to_string();
    let good = signature(SECRET, "msg_1", now, BODY);
    let other = signature(OTHER_SECRET, "msg_1", now, BODY);
    let raw = good.strip_prefix("v1,").unwrap();
    let cases = [
        ("good", good.clone(), true),
        ("good among others", format!("{other} {good}"), true),
        ("good after an asymmetric one", format!("v1a,{raw} {good}"), true),
        ("good after another version", format!("v2,{raw} {good}"), true),
        ("only asymmetric", format!("v1a,{raw}"), false),
        ("only another version", format!("v2,{raw}"), false),
        ("without a version", raw.to_owned(), false),
        ("of another secret", other, false),
        ("not base64", "v1,%%%".to_owned(), false),
        ("shortened", good[..good.len() - 1].to_owned(), false),
        ("empty after the version", "v1,".to_owned(), false),
        ("commas for spaces", format!("v1,x,{good}"), false),
    ];
    for (name, signature, believed) in cases {
        let result = verifier.verify(&with_signature("svix", "msg_1", &at, &signature), BODY);
        assert_eq!(result.is_ok(), believed, "{name}: {result:?}");
        assert!(believed || result == Err(WebhookError::Signature), "{name}");
    }
}

#[test]
fn what_is_signed_cannot_be_changed() {
    let clock = ManualClock::new();
    let verifier = verifier(&[SECRET], &clock);
    let now = clock.now().timestamp();
    let good = signature(SECRET, "msg_1", now, BODY);
    let spaced = serde_json::to_vec_pretty(&serde_json::from_slice::<Value>(BODY).unwrap()).unwrap();
    for body in [spaced, [BODY, b"\n"].concat(), vec![], vec![0xff, 0xfe]] {
        let result = verifier.verify(&headers(SECRET, "msg_1", now, BODY), &body);
        assert_eq!(result, Err(WebhookError::Signature));
    }
    let later = (now + 1).to_string();
    for (id, at) in [("msg_2", now.to_string()), ("msg_1", later)] {
        assert_eq!(verifier.verify(&with_signature("svix", id, &at, &good), BODY), Err(WebhookError::Signature));
    }
}

#[test]
fn five_minutes_either_way() {
    let clock = ManualClock::new();
    clock.advance(Duration::from_millis(999));
    let verifier = verifier(&[SECRET], &clock);
    let now = clock.now().timestamp();
    let cases = [
        (0, Ok(())),
        (-300, Ok(())),
        (-301, Err(WebhookError::TooOld)),
        (300, Ok(())),
        (301, Err(WebhookError::TooNew)),
        (-now, Err(WebhookError::TooOld)),
    ];
    for (offset, expected) in cases {
        let result = verifier.verify(&headers(SECRET, "msg_1", now + offset, BODY), BODY);
        assert_eq!(result.map(drop), expected, "{offset}");
    }
    for at in ["123abc", "1.9", "", " ", "now", "9223372036854775808"] {
        let result = verifier.verify(&with_signature("svix", "msg_1", at, "v1,x"), BODY);
        assert_eq!(result, Err(WebhookError::InvalidHeader("timestamp")), "{at:?}");
    }
    for at in [i64::MAX, i64::MIN] {
        assert!(verifier.verify(&headers(SECRET, "msg_1", at, BODY), BODY).is_err());
    }
}

#[test]
fn a_retry_is_signed_anew_under_the_same_id() {
    let clock = ManualClock::new();
    let verifier = verifier(&[SECRET], &clock);
    let first = verifier.verify(&headers(SECRET, "msg_1", clock.now().timestamp(), BODY), BODY).unwrap();
    clock.advance(Duration::from_hours(5));
    let second = verifier.verify(&headers(SECRET, "msg_1", clock.now().timestamp(), BODY), BODY).unwrap();
    assert_eq!(first.id, second.id);
    assert_ne!(first.signed_at, second.signed_at);
}

#[test]
fn either_secret_serves_while_rotating() {
    let clock = ManualClock::new();
    let now = clock.now().timestamp();
    let both = verifier(&[SECRET, OTHER_SECRET], &clock);
    for secret in [SECRET, OTHER_SECRET] {
        assert!(both.verify(&headers(secret, "msg_1", now, BODY), BODY).is_ok());
    }
    let two = format!("{} {}", signature(SECRET, "msg_1", now, BODY), signature(OTHER_SECRET, "msg_1", now, BODY));
    let only_new = verifier(&[OTHER_SECRET], &clock);
    assert!(only_new.verify(&with_signature("svix", "msg_1", &now.to_string(), &two), BODY).is_ok());
    assert!(only_new.verify(&headers(SECRET, "msg_1", now, BODY), BODY).is_err());
}

#[test]
fn headers_may_be_missing_or_doubled() {
    let clock = ManualClock::new();
    let verifier = verifier(&[SECRET], &clock);
    let now = clock.now().timestamp();
    let whole = headers(SECRET, "msg_1", now, BODY);
    for (name, purpose) in [("svix-id", "id"), ("svix-timestamp", "timestamp"), ("svix-signature", "signature")] {
        let mut partial = whole.clone();
        partial.remove(name);
        assert_eq!(verifier.verify(&partial, BODY), Err(WebhookError::MissingHeader(purpose)));
        let mut opaque = whole.clone();
        opaque.insert(name, HeaderValue::from_bytes(&[0xff]).unwrap());
        assert_eq!(verifier.verify(&opaque, BODY), Err(WebhookError::InvalidHeader(purpose)));
    }
    assert_eq!(verifier.verify(&HeaderMap::new(), BODY), Err(WebhookError::MissingHeader("id")));

    let wrong = with_signature("webhook", "msg_2", &now.to_string(), "v1,wrong");
    let mut both = whole.clone();
    both.extend(wrong.clone());
    assert_eq!(verifier.verify(&both, BODY).unwrap().id, "msg_1", "svix-* wins");
    let mut mixed = with_signature("webhook", "msg_1", &now.to_string(), &signature(SECRET, "msg_1", now, BODY));
    mixed.insert("svix-id", HeaderValue::from_static("msg_1"));
    assert_eq!(verifier.verify(&mixed, BODY), Err(WebhookError::MissingHeader("timestamp")), "never mixed");
}

#[test]
fn without_a_secret_nobody_is_believed() {
    let clock = ManualClock::new();
    let none = verifier(&[], &clock);
    let result = none.verify(&headers(SECRET, "msg_1", clock.now().timestamp(), BODY), BODY);
    assert_eq!(result, Err(WebhookError::NotConfigured));
    assert_eq!(AppError::from(WebhookError::NotConfigured).kind(), Kind::Unavailable);
    let forged = AppError::from(WebhookError::Signature);
    assert_eq!((forged.kind(), forged.code()), (Kind::Unauthenticated, "webhook_signature_invalid"));
    assert!(!format!("{:?}", verifier(&[SECRET], &clock)).contains("C2FV"));
}

fn delivery() -> Delivery {
    Delivery { id: "msg_1".into(), signed_at: DateTime::from_timestamp(1_700_000_300, 0).unwrap() }
}

fn read(kind: &str, data: &Value) -> Result<ClerkEvent, EventError> {
    let body = json!({
        "type": kind, "object": "event", "data": data, "timestamp": 1_700_000_000_123_i64, "instance_id": "ins_1",
        "event_attributes": { "http_request": { "client_ip": "192.0.2.1", "user_agent": "x" } },
    });
    Envelope::read(body.to_string().as_bytes(), &delivery()).map(|envelope| envelope.event)
}

fn user() -> Value {
    json!({
        "id": "user_1", "object": "user", "first_name": "Ada", "last_name": "Byron", "username": null,
        "image_url": "https://img.example/1", "has_image": true, "primary_email_address_id": "idn_2",
        "email_addresses": [
            { "id": "idn_1", "email_address": "old@example.com", "verification": { "status": "verified" } },
            { "id": "idn_2", "email_address": "Ada@example.com", "verification": null, "linked_to": [] },
        ],
        "phone_numbers": [], "external_accounts": [{ "x": 1 }], "external_id": null, "public_metadata": {}, "banned": false,
        "created_at": 1_600_000_000_000_i64, "updated_at": 1_650_000_000_000_i64,
    })
}

fn organization() -> Value {
    json!({
        "id": "org_1", "object": "organization", "name": "Acme", "slug": "acme", "image_url": "https://img.example/2",
        "has_image": false, "max_allowed_memberships": 5, "admin_delete_enabled": true, "public_metadata": {},
        "created_at": 1_600_000_000_000_i64, "updated_at": 1_650_000_000_001_i64,
    })
}

fn membership() -> Value {
    json!({
        "id": "orgmem_1", "object": "organization_membership", "role": "org:admin", "permissions": [],
        "public_metadata": {}, "created_at": 1_600_000_000_000_i64, "updated_at": 1_650_000_000_002_i64,
        "organization": organization(),
        "public_user_data": {
            "user_id": "user_1", "identifier": "ada@example.com", "first_name": "Ada", "last_name": null,
            "image_url": "https://img.example/1", "has_image": true,
        },
    })
}

#[test]
fn users_come_with_their_primary_address_and_version() {
    for kind in ["user.created", "user.updated"] {
        let Ok(ClerkEvent::UserUpserted(read)) = read(kind, &user()) else { panic!("{kind}") };
        assert_eq!((read.id.as_str(), read.email.as_deref()), ("user_1", Some("Ada@example.com")));
        assert_eq!(read.first_name.as_deref(), Some("Ada"));
        assert_eq!((read.version, read.banned), (1_650_000_000_000, false));
    }
}

#[test]
fn only_the_chosen_address_is_primary() {
    let edits: [fn(&mut Value); 4] = [
        |user| user["primary_email_address_id"] = Value::Null,
        |user| user["primary_email_address_id"] = json!("idn_9"),
        |user| user["email_addresses"] = Value::Null,
        |user| drop(user.as_object_mut().unwrap().remove("email_addresses")),
    ];
    for edit in edits {
        let mut user = user();
        edit(&mut user);
        let Ok(ClerkEvent::UserUpserted(read)) = read("user.updated", &user) else { panic!() };
        assert_eq!(read.email, None);
    }
}

#[test]
fn a_user_of_nothing_but_an_id_is_a_user() {
    let Ok(ClerkEvent::UserUpserted(read)) = read("user.created", &json!({ "id": "user_1" })) else { panic!() };
    assert_eq!((read.email, read.first_name, read.version), (None, None, 0));
    let old = json!({ "id": "user_1", "updated_at": -5, "banned": null, "first_name": "", "last_name": "A\u{0}B" });
    let Ok(ClerkEvent::UserUpserted(read)) = self::read("user.created", &old) else { panic!() };
    assert_eq!((read.version, read.first_name, read.last_name.as_deref()), (0, None, Some("AB")));
}

#[test]
fn organizations_and_memberships_come_whole() {
    let Ok(ClerkEvent::OrganizationUpserted(read)) = read("organization.updated", &organization()) else { panic!() };
    assert_eq!((read.id.as_str(), read.name.as_str(), read.version), ("org_1", "Acme", 1_650_000_000_001));
    for kind in ["organizationMembership.created", "organizationMembership.updated"] {
        let Ok(ClerkEvent::MembershipUpserted(read)) = self::read(kind, &membership()) else { panic!("{kind}") };
        assert_eq!((read.id.as_str(), read.role.as_str(), read.version), ("orgmem_1", "org:admin", 1_650_000_000_002));
        assert_eq!((read.organization.id.as_str(), read.user.user_id.as_str()), ("org_1", "user_1"));
        assert_eq!(read.user.identifier.as_deref(), Some("ada@example.com"));
    }
}

#[test]
fn deletions_are_dated_by_the_event() {
    let gone = json!({ "object": "user", "id": "user_1", "deleted": true, "external_id": "x" });
    let Ok(ClerkEvent::UserDeleted(read)) = read("user.deleted", &gone) else { panic!() };
    assert_eq!((read.id.as_str(), read.version), ("user_1", 1_700_000_000_123));
    let gone = json!({ "object": "organization", "id": "org_1", "slug": "acme", "deleted": true });
    let Ok(ClerkEvent::OrganizationDeleted(read)) = self::read("organization.deleted", &gone) else { panic!() };
    assert_eq!((read.id.as_str(), read.version), ("org_1", 1_700_000_000_123));
    let kind = "organizationMembership.deleted";
    let Ok(ClerkEvent::MembershipDeleted(read)) = self::read(kind, &membership()) else { panic!() };
    assert_eq!((read.id.as_str(), read.version), ("orgmem_1", 1_700_000_000_123));
    let undated = json!({ "type": "user.deleted", "data": { "id": "user_1" } });
    let read = Envelope::read(undated.to_string().as_bytes(), &delivery()).unwrap();
    let ClerkEvent::UserDeleted(read) = read.event else { panic!() };
    assert_eq!(read.version, 1_700_000_300_000, "the time of signing stands in");
}

#[test]
fn other_events_are_acknowledged() {
    for kind in ["session.created", "organizationInvitation.accepted", "role.updated", "subscriptionItem.active", ""] {
        assert_eq!(read(kind, &json!({ "anything": 1 })), Ok(ClerkEvent::Other), "{kind}");
        assert_eq!(read(kind, &Value::Null), Ok(ClerkEvent::Other), "{kind}");
    }
}

#[test]
fn the_envelope_names_kind_and_instance() {
    let body = json!({ "type": "user.deleted", "data": { "id": "user_1" }, "instance_id": "ins_1" }).to_string();
    let read = Envelope::read(body.as_bytes(), &delivery()).unwrap();
    assert_eq!((read.kind.as_str(), read.instance_id.as_deref()), ("user.deleted", Some("ins_1")));
}

#[test]
fn what_is_missing_is_named() {
    let missing = |kind, data: Value| match read(kind, &data) {
        Err(EventError::Missing(place)) => place,
        other => panic!("{other:?}"),
    };
    assert_eq!(missing("user.created", json!({})), "data.id");
    assert_eq!(missing("user.deleted", json!({ "deleted": true })), "data.id");
    assert_eq!(missing("user.created", Value::Null), "data");
    assert_eq!(missing("organization.created", json!({ "id": "org_1" })), "data.name");
    let mut partial = membership();
    partial["public_user_data"].as_object_mut().unwrap().remove("user_id");
    assert_eq!(missing("organizationMembership.created", partial), "data.public_user_data.user_id");
    let mut partial = membership();
    partial.as_object_mut().unwrap().remove("organization");
    assert_eq!(missing("organizationMembership.deleted", partial), "data.organization");
    assert_eq!(Envelope::read(b"{}", &delivery()), Err(EventError::Missing("type".into())));
}

#[test]
fn what_is_malformed_is_named_and_not_repeated() {
    let malformed = |kind, data: Value| match read(kind, &data) {
        Err(error @ EventError::Malformed(_)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(malformed("user.created", json!({ "id": "user 1" })), "the event's data.id is malformed");
    assert_eq!(malformed("user.created", json!({ "id": 7 })), "the event's data.id is malformed");
    assert_eq!(malformed("user.created", json!("secret")), "the event's data is malformed");
    let mut odd = membership();
    odd["organization"]["name"] = json!({ "secret": 1 });
    assert_eq!(malformed("organizationMembership.updated", odd), "the event's data.organization.name is malformed");
    for body in [&b"[]"[..], b"", b"{", b"\xff", b"1"] {
        assert_eq!(Envelope::read(body, &delivery()), Err(EventError::Format));
    }
}
