//! Profiles, the account's own, and its connections.

use clento::integrations::unipile::PageQuery;
use serde_json::{Value, json};

use super::{Row, hold};

fn profile() -> Value {
    json!({
        "object": "UserProfile", "provider_id": "ACoAnna", "public_identifier": "anna", "network_distance": "SECOND_DEGREE",
        "is_relationship": false, "invitation": {"type": "SENT", "status": "PENDING"}, "work_experience": [{"company": "x"}]
    })
}

#[tokio::test]
async fn people() {
    let rows = vec![
        Row {
            call: |it| {
                Box::pin(async move {
                    let profile = it.profile("A1", "anna", false).await?;
                    let standing = [profile.is_connected(), profile.is_invited(), profile.was_withdrawn()];
                    Ok(json!([profile.provider_id, profile.public_identifier, standing]))
                })
            },
            asked: "GET /api/v1/users/anna?account_id=A1",
            body: Value::Null,
            answer: (200, profile()),
            read: json!(["ACoAnna", "anna", [false, true, false]]),
        },
        // A visit that leaves a trace.
        Row {
            call: |it| {
                Box::pin(async move { it.profile("A1", "ACoAnna", true).await.map(|it| json!(it.is_connected())) })
            },
            asked: "GET /api/v1/users/ACoAnna?account_id=A1&notify=true",
            body: Value::Null,
            answer: (200, json!({"object": "UserProfile", "provider_id": "ACoAnna", "is_relationship": true})),
            read: json!(true),
        },
        Row {
            call: |it| {
                Box::pin(async move {
                    let own = it.own_profile("A1").await?;
                    let name = [own.first_name, own.last_name, own.email];
                    Ok(json!([
                        own.provider_id,
                        own.public_identifier,
                        name,
                        own.premium,
                        own.recruiter,
                        own.sales_navigator
                    ]))
                })
            },
            asked: "GET /api/v1/users/me?account_id=A1",
            body: Value::Null,
            answer: (
                200,
                json!({
                    "object": "AccountOwnerProfile", "provider_id": "ACoAda", "public_identifier": "ada", "first_name": "Ada",
                    "last_name": "Own", "email": "ada@example.com", "premium": true, "recruiter": null, "sales_navigator": {"id": 1}
                }),
            ),
            read: json!(["ACoAda", "ada", ["Ada", "Own", "ada@example.com"], true, null, {"id": 1}]),
        },
        Row {
            call: |it| {
                Box::pin(async move {
                    let page = it.relations("A1", PageQuery::at(100, Some("next page"))).await?;
                    let one = |it: clento::integrations::unipile::Relation| {
                        json!([it.member_id, it.public_identifier, it.created_at.map(|at| at.timestamp())])
                    };
                    Ok(json!([page.items.into_iter().map(one).collect::<Vec<_>>(), page.cursor]))
                })
            },
            asked: "GET /api/v1/users/relations?account_id=A1&limit=100&cursor=next+page",
            body: Value::Null,
            answer: (
                200,
                json!({
                    "object": "UserRelationsList", "cursor": "on=1", "items": [
                        {"object": "UserRelation", "member_id": "ACoAnna", "public_identifier": "anna", "first_name": "Anna",
                         "last_name": "Ann", "headline": null, "created_at": "2026-11-22T12:00:00.000Z", "member_urn": "urn:li:x"},
                        {"object": "UserRelation", "member_id": "ACoBen", "public_identifier": null, "created_at": null}
                    ]
                }),
            ),
            read: json!([[["ACoAnna", "anna", 1_795_348_800], ["ACoBen", null, null]], "on=1"]),
        },
    ];
    hold(rows).await;
}
