//! Mails.

use clento::integrations::unipile::{EmailQuery, NewEmail, PageQuery};
use serde_json::{Value, json};

use super::{Row, hold};

#[tokio::test]
async fn emails() {
    let mail = json!({
        "object": "Email", "id": "e1", "provider_id": "p1", "message_id": "<m1@x.example>", "date": "2026-11-22T12:00:00.000Z", "role": "sent",
        "from_attendee": {"identifier": "ada@x.example", "display_name": "Ada"}, "to_attendees": [{"identifier": "anna@y.example"}],
        "subject": "Hello", "body": "<p>Hi</p>", "in_reply_to": null, "tracking_id": "t1", "origin": "unipile", "thread_id": "th1",
        "headers": [{"name": "x-clento-send-id", "value": " s1 "}]
    });
    let rows = vec![
        Row {
            call: |it| {
                Box::pin(async move {
                    let to = (Some("Anna"), "anna@y.example");
                    let new = NewEmail { to, subject: "Hello", html: "<p>Hi</p>", reply_to: Some("e0"), send_id: "s1" };
                    it.send_email("A1", new).await.map(|it| json!(it.tracking_id))
                })
            },
            asked: "POST /api/v1/emails",
            body: json!({"form": [
                ["account_id", "A1"], ["to", r#"[{"display_name":"Anna","identifier":"anna@y.example"}]"#], ["subject", "Hello"],
                ["body", "<p>Hi</p>"], ["custom_headers", r#"[{"name":"X-Clento-Send-Id","value":"s1"}]"#],
                ["tracking_options", r#"{"label":"s1","links":false,"opens":false}"#], ["reply_to", "e0"]
            ]}),
            answer: (201, json!({"object": "EmailSent", "tracking_id": "t1"})),
            read: json!("t1"),
        },
        Row {
            call: |it| {
                Box::pin(async move {
                    let after = Some("2026-11-21T12:00:00Z".parse().unwrap());
                    let query = EmailQuery { sent: true, to: Some("anna@y.example"), with: None, after };
                    let page = it.emails("A1", query, PageQuery::at(250, Some("p2"))).await?;
                    let one = |it: &clento::integrations::unipile::Email| {
                        let from = it.from_attendee.as_ref().and_then(|who| who.identifier.clone());
                        json!([it.id, it.bare_message_id(), it.send_id(), it.role, from, it.subject, it.in_reply_to])
                    };
                    Ok(json!([page.items.iter().map(one).collect::<Vec<_>>(), page.cursor]))
                })
            },
            asked: "GET /api/v1/emails?account_id=A1&include_headers=true&role=sent&to=anna%40y.example&after=2026-11-21T12%3A00%3A00.000Z&limit=250&cursor=p2",
            body: Value::Null,
            answer: (200, json!({"object": "EmailList", "cursor": null, "items": [mail]})),
            read: json!([[["e1", "m1@x.example", "s1", "sent", "ada@x.example", "Hello", null]], null]),
        },
    ];
    hold(rows).await;
}
