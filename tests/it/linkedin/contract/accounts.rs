//! Links to sign in by, accounts, and webhooks.

use clento::integrations::unipile::{HostedPurpose, NewHostedLink, NewWebhook, PageQuery, Unipile, UnipileError};
use serde_json::{Value, json};
use url::Url;

use super::{Row, hold};

async fn link(unipile: Unipile, purpose: HostedPurpose<'static>) -> Result<Value, UnipileError> {
    let ours = |path: &str| -> Url { format!("https://api.clento.test/{path}").parse().unwrap() };
    let (notify, success, failure) = (ours("notify"), ours("done"), ours("failed"));
    let new = NewHostedLink {
        purpose,
        expires_on: "2026-11-22T13:00:00Z".parse().unwrap(),
        name: "link-1",
        notify_url: &notify,
        success_redirect_url: &success,
        failure_redirect_url: &failure,
    };
    // Where it is reached is the address of the server, which differs each time.
    unipile.hosted_link(&new).await.map(|url| url.to_string().into())
}

#[tokio::test]
async fn accounts() {
    let account = json!({
        "object": "Account", "id": "A1", "type": "LINKEDIN", "name": "Ada", "created_at": "2026-11-22T12:00:00.000Z",
        "connection_params": {}, "sources": [{"id": "A1_MESSAGING", "status": "CREDENTIALS"}]
    });
    let rows = vec![
        Row {
            call: |it| {
                Box::pin(async move {
                    let account = it.account("A1").await?;
                    let created = account.created_at.map(|at| at.to_rfc3339());
                    Ok(json!([account.id, account.is_linkedin(), account.name, created, account.status().as_str()]))
                })
            },
            asked: "GET /api/v1/accounts/A1",
            body: Value::Null,
            answer: (200, account),
            read: json!(["A1", true, "Ada", "2026-11-22T12:00:00+00:00", "CREDENTIALS"]),
        },
        Row {
            call: |it| Box::pin(async move { it.delete_account("A1").await.map(|()| Value::Null) }),
            asked: "DELETE /api/v1/accounts/A1",
            body: Value::Null,
            answer: (200, json!({"object": "AccountDeleted"})),
            read: Value::Null,
        },
    ];
    hold(rows).await;
}

#[tokio::test]
async fn webhooks() {
    let headers = json!([
        {"key": "Content-Type", "value": "application/json"}, {"key": "Unipile-Auth", "value": "a secret"}
    ]);
    let rows = vec![
        Row {
            call: |it| {
                Box::pin(async move {
                    let request_url = "https://api.clento.test/hook".parse().unwrap();
                    let new =
                        NewWebhook { source: "users", request_url: &request_url, name: "clento", secret: "a secret" };
                    it.create_webhook(new).await.map(|webhook| json!(webhook.id))
                })
            },
            asked: "POST /api/v1/webhooks",
            body: json!({
                "source": "users", "request_url": "https://api.clento.test/hook", "name": "clento", "enabled": true,
                "headers": headers
            }),
            answer: (201, json!({"object": "WebhookCreated", "webhook_id": "we_1"})),
            read: json!("we_1"),
        },
        Row {
            call: |it| {
                Box::pin(async move {
                    let page = it.webhooks(PageQuery::at(250, Some("a+b"))).await?;
                    Ok(json!([page.items.into_iter().map(|webhook| webhook.id).collect::<Vec<_>>(), page.cursor]))
                })
            },
            asked: "GET /api/v1/webhooks?limit=250&cursor=a%2Bb",
            body: Value::Null,
            answer: (200, json!({"object": "WebhookList", "items": [{"id": "we_1"}, {"id": "we_2"}], "cursor": null})),
            read: json!([["we_1", "we_2"], null]),
        },
        Row {
            call: |it| Box::pin(async move { it.delete_webhook("we_1").await.map(|()| Value::Null) }),
            asked: "DELETE /api/v1/webhooks/we_1",
            body: Value::Null,
            answer: (200, json!({"object": "WebhookDeleted"})),
            read: Value::Null,
        },
    ];
    hold(rows).await;
}

#[tokio::test]
async fn hosted_links() {
    let recorder = super::recorder::Recorder::start().await;
    let ours = |it: &str| format!("https://api.clento.test/{it}");
    for (purpose, object, own) in [
        (HostedPurpose::Linkedin, "HostedAuthUrl", json!({"type": "create", "providers": ["LINKEDIN"]})),
        (HostedPurpose::Mailbox, "HostedAuthURL", json!({"type": "create", "providers": "*:MAILING"})),
        (HostedPurpose::Reconnect("A1"), "HostedAuthUrl", json!({"type": "reconnect", "reconnect_account": "A1"})),
    ] {
        recorder.answers(201, &json!({"object": object, "url": "https://account.unipile.com/abc"}), None);
        let url = link(recorder.client(), purpose).await.unwrap();
        assert_eq!(url, "https://account.unipile.com/abc");
        let mut asked = recorder.asked();
        assert_eq!(
            (asked.line.as_str(), asked.content_type.as_str()),
            ("POST /api/v1/hosted/accounts/link", "application/json")
        );
        let dsn = asked.body["api_url"].take();
        assert!(dsn.as_str().unwrap().starts_with("http://127.0.0.1:"), "{dsn}");
        let mut expected = json!({
            "api_url": null, "expiresOn": "2026-11-22T13:00:00.000Z", "name": "link-1", "notify_url": ours("notify"),
            "success_redirect_url": ours("done"), "failure_redirect_url": ours("failed")
        });
        expected.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        assert_eq!(asked.body, expected);
    }
    // Nowhere that somebody else could listen.
    for url in ["http://account.unipile.com/abc", "javascript:alert(1)", ""] {
        recorder.answers(201, &json!({"object": "HostedAuthUrl", "url": url}), None);
        assert!(link(recorder.client(), HostedPurpose::Linkedin).await.is_err(), "{url}");
    }
}
