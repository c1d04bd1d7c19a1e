//! Inviting, what waits, and taking back.

use clento::integrations::unipile::PageQuery;
use serde_json::{Value, json};

use super::{Row, hold};

#[tokio::test]
async fn invitations() {
    let rows = vec![
        Row {
            call: |it| {
                Box::pin(
                    async move { it.invite("A1", "ACoAnna", Some("Hi, Anna")).await.map(|it| json!(it.invitation_id)) },
                )
            },
            asked: "POST /api/v1/users/invite",
            body: json!({"account_id": "A1", "provider_id": "ACoAnna", "message": "Hi, Anna"}),
            answer: (201, json!({"object": "UserInvitationSent", "invitation_id": "7", "usage": 12.5})),
            read: json!("7"),
        },
        Row {
            call: |it| {
                Box::pin(
                    async move { it.invite("A1", "ACoAnna", None).await.map(|it| json!([it.invitation_id, it.usage])) },
                )
            },
            asked: "POST /api/v1/users/invite",
            body: json!({"account_id": "A1", "provider_id": "ACoAnna"}),
            answer: (201, json!({"object": "UserInvitationSent", "invitation_id": null})),
            read: json!([null, null]),
        },
        Row {
            call: |it| {
                Box::pin(async move {
                    let page = it.invitations_sent("A1", PageQuery::first(100)).await?;
                    let one = |it: clento::integrations::unipile::Invitation| {
                        json!([it.id, it.invited_user_id, it.invited_user_public_id, it.invitation_text])
                    };
                    Ok(json!([page.items.into_iter().map(one).collect::<Vec<_>>(), page.cursor]))
                })
            },
            asked: "GET /api/v1/users/invite/sent?account_id=A1&limit=100",
            body: Value::Null,
            answer: (
                200,
                json!({
                    "object": "InvitationList", "cursor": null, "items": [
                        {"id": "7", "invited_user_id": "ACoAnna", "invited_user_public_id": "anna", "parsed_datetime": "2026-11-22T12:00:00.000Z",
                         "invitation_text": "Hi, Anna"},
                        {"id": "8", "invited_user_id": "ACoBen", "invited_user_public_id": null, "parsed_datetime": null, "invitation_text": null}
                    ]
                }),
            ),
            read: json!([[["7", "ACoAnna", "anna", "Hi, Anna"], ["8", "ACoBen", null, null]], null]),
        },
        Row {
            call: |it| Box::pin(async move { it.cancel_invitation("A1", "7").await.map(|()| Value::Null) }),
            asked: "DELETE /api/v1/users/invite/sent/7?account_id=A1",
            body: Value::Null,
            answer: (200, json!({})),
            read: Value::Null,
        },
    ];
    hold(rows).await;
}
