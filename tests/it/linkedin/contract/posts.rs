//! Posts, reactions and comments.

use clento::integrations::unipile::PageQuery;
use serde_json::{Value, json};

use super::{Row, hold};

#[tokio::test]
async fn posts() {
    let rows = vec![
        Row {
            call: |it| {
                Box::pin(async move {
                    let page = it.posts("A1", "ACoAnna", PageQuery::first(100)).await?;
                    let one = |it: clento::integrations::unipile::Post| {
                        let may = it.permissions.map(|may| [may.can_react, may.can_post_comments]);
                        json!([it.social_id, it.parsed_datetime.map(|at| at.timestamp()), it.is_repost, may])
                    };
                    Ok(json!([page.items.into_iter().map(one).collect::<Vec<_>>(), page.cursor]))
                })
            },
            asked: "GET /api/v1/users/ACoAnna/posts?account_id=A1&limit=100",
            body: Value::Null,
            answer: (
                200,
                json!({
                    "object": "PostList", "cursor": "more", "items": [
                        {"object": "Post", "id": "1", "social_id": "urn:li:activity:1", "text": "Hello", "date": "2d",
                         "parsed_datetime": "2026-11-22T12:00:00.000Z", "author": {"public_identifier": "anna"},
                         "permissions": {"can_react": true, "can_post_comments": false, "can_share": true}, "is_repost": false},
                        {"object": "Post", "id": "2", "social_id": "urn:li:activity:2", "parsed_datetime": "2d"}
                    ]
                }),
            ),
            read: json!([
                [["urn:li:activity:1", 1_795_348_800, false, [true, false]], ["urn:li:activity:2", null, null, null]],
                "more"
            ]),
        },
        Row {
            call: |it| Box::pin(async move { it.like("A1", "urn:li:activity:1").await.map(|()| Value::Null) }),
            asked: "POST /api/v1/posts/reaction",
            body: json!({"account_id": "A1", "post_id": "urn:li:activity:1", "reaction_type": "like"}),
            answer: (201, json!({"object": "ReactionAdded"})),
            read: Value::Null,
        },
        Row {
            call: |it| {
                Box::pin(async move { it.comment("A1", "urn:li:activity:1", "Well said").await.map(|()| Value::Null) })
            },
            asked: "POST /api/v1/posts/urn:li:activity:1/comments",
            body: json!({"account_id": "A1", "text": "Well said"}),
            answer: (201, json!({"object": "CommentSent"})),
            read: Value::Null,
        },
        Row {
            call: |it| {
                Box::pin(async move {
                    let page = it.comments("A1", "urn:li:activity:1", PageQuery::at(100, Some("p2"))).await?;
                    let one = |it: clento::integrations::unipile::Comment| {
                        json!([it.id, it.author_details.and_then(|author| author.id), it.text])
                    };
                    Ok(json!([page.items.into_iter().map(one).collect::<Vec<_>>(), page.cursor]))
                })
            },
            asked: "GET /api/v1/posts/urn:li:activity:1/comments?account_id=A1&limit=100&cursor=p2",
            body: Value::Null,
            answer: (
                200,
                json!({
                    "object": "CommentList", "cursor": null, "items": [
                        {"id": "c1", "author": "Ada", "author_details": {"id": "ACoAda"}, "date": "1d", "text": "Well said"}
                    ]
                }),
            ),
            read: json!([[["c1", "ACoAda", "Well said"]], null]),
        },
    ];
    hold(rows).await;
}
