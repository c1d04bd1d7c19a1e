//! Connecting mailboxes: both servers must let us in, and what opens them is shown nowhere.

use std::time::Duration;

use serde_json::{Value, json};

use super::{PATH, app_with, faults, plan};
use crate::support::{
    MailServer, TestApp,
    mail_server::{IMAP, PASSWORD, SMTP},
};

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned())).collect()
}

#[tokio::test]
async fn a_mailbox_is_connected_when_both_servers_let_us_in() {
    let server = MailServer::start().await;
    let anna = server.mailbox("anna@sender.example");
    let app = app_with(&server).await;
    let made = app.member().post(PATH, anna.request()).await;
    let account = made.expect(201);
    assert_eq!((&account["provider"], &account["status"]), (&json!("mailbox"), &json!("connected")));
    assert_eq!((&account["channel"], &account["display_name"]), (&json!("email"), &json!("anna@sender.example")));
    assert_eq!(account["capabilities"], json!(["send_email"]));
    assert_eq!(account["mailbox"]["smtp"]["username"], "anna@sender.example");
    assert_eq!((&account["mailbox"]["auth"], &account["mailbox"]["sent_copy"]), (&json!("password"), &json!("append")));
    let again = app.member().post(PATH, anna.request()).await;
    again.expect_problem(409, "mailbox_exists");

    let row: Vec<String> =
        sqlx::query_scalar("select a::text from connected_accounts a union all select l::text from audit_logs l")
            .fetch_all(&app.pool)
            .await
            .unwrap();
    assert!(!row.concat().contains("correct horse") && !account.to_string().contains("correct horse"), "{row:?}");
}

#[tokio::test]
async fn a_connection_may_be_secured_after_it_is_made_or_in_development_not_at_all() {
    let server = MailServer::start().await;
    let app = app_with(&server).await;
    for (name, security) in [("starttls", "starttls"), ("plain", "none")] {
        let mut request = server.mailbox(&format!("{name}@sender.example")).request();
        for (field, port) in [("smtp", SMTP), ("imap", IMAP)] {
            request[field]["port"] = port.into();
            request[field]["security"] = security.into();
        }
        let account = app.member().post(PATH, request).await.expect(201);
        assert_eq!(account["mailbox"]["imap"]["security"], security);
    }
}

#[tokio::test]
async fn a_refusal_names_the_server_and_the_field() {
    let server = MailServer::start().await;
    let anna = server.mailbox("anna@sender.example");
    let app = app_with(&server).await;
    let refused = async |change: &dyn Fn(&mut Value)| {
        let mut request = anna.request();
        change(&mut request);
        app.member().post(PATH, request).await.expect_problem(422, "validation_failed")
    };
    let problem = refused(&|request| request["password"] = "wrong".into()).await;
    assert_eq!(
        faults(&problem),
        pairs(&[("/smtp/password", "mail_login_refused"), ("/imap/password", "mail_login_refused")])
    );
    let told = problem["errors"][0]["detail"].as_str().unwrap();
    assert!(told.starts_with(&format!("The SMTP server {}:10465 ", server.address)) && told.contains("535"), "{told}");

    let problem = refused(&|request| request["imap"]["password"] = "wrong".into()).await;
    assert_eq!(faults(&problem), pairs(&[("/imap/password", "mail_login_refused")]));
    let problem = refused(&|request| request["smtp"]["host"] = "nowhere.invalid".into()).await;
    assert_eq!(faults(&problem), pairs(&[("/smtp/host", "mail_host_unknown")]));
    let problem = refused(&|request| request["imap"]["port"] = 1.into()).await;
    assert_eq!(faults(&problem), pairs(&[("/imap/port", "mail_unreachable")]));
    // TLS at once where none is spoken, and the other way round.
    let problem = refused(&|request| request["imap"]["port"] = IMAP.into()).await;
    assert_eq!(faults(&problem), pairs(&[("/imap/security", "mail_tls_failed")]));
    let stored: i64 = sqlx::query_scalar("select count(*) from connected_accounts").fetch_one(&app.pool).await.unwrap();
    assert_eq!(stored, 0, "nothing is kept of what was refused");
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let server = MailServer::start().await;
    let anna = server.mailbox("anna@sender.example");
    let app = TestApp::start().await;
    let problem = app.member().post(PATH, anna.request()).await.expect_problem(422, "validation_failed");
    assert_eq!(
        faults(&problem),
        pairs(&[("/smtp/security", "mail_tls_failed"), ("/imap/security", "mail_tls_failed")])
    );
}

#[tokio::test]
async fn production_goes_to_public_addresses_only_and_never_without_tls() {
    let server = MailServer::start().await;
    let anna = server.mailbox("anna@sender.example");
    let app = TestApp::start_with(|settings| {
        server.trust(&mut settings.mail);
        settings.mail.anywhere = false;
    })
    .await;
    let problem = app.member().post(PATH, anna.request()).await.expect_problem(422, "validation_failed");
    assert_eq!(
        faults(&problem),
        pairs(&[("/smtp/host", "mail_host_not_public"), ("/imap/host", "mail_host_not_public")])
    );
    let mut plain = anna.request();
    plain["smtp"]["security"] = "none".into();
    let problem = app.member().post(PATH, plain).await.expect_problem(422, "validation_failed");
    assert_eq!(faults(&problem), pairs(&[("/smtp/security", "mail_not_secure")]));
    assert!(server.log().is_empty() || !server.log().contains("anna@sender.example"), "{}", server.log());
}

#[tokio::test]
async fn what_is_not_said_is_known_of_the_provider_or_asked_for() {
    let app = TestApp::start().await;
    let asked =
        async |request: Value| faults(&app.member().post(PATH, request).await.expect_problem(422, "validation_failed"));
    assert_eq!(
        asked(json!({"provider": "mailbox", "email": "a@sender.example", "password": "x"})).await,
        pairs(&[
            ("/smtp/host", "required"),
            ("/smtp/port", "required"),
            ("/smtp/security", "required"),
            ("/imap/host", "required"),
            ("/imap/port", "required"),
            ("/imap/security", "required"),
        ])
    );
    // The servers of Gmail are known, so that nothing is missing but what opens them.
    let missing = pairs(&[("/smtp/password", "required"), ("/imap/password", "required")]);
    for (provider, email) in
        [("gmail", "a@sender.example"), ("mailbox", "a@gmail.com"), ("outlook", "a@sender.example")]
    {
        assert_eq!(asked(json!({"provider": provider, "email": email})).await, missing, "{provider} {email}");
    }
    let oauth = json!({"provider": "gmail", "email": "a@gmail.com", "oauth": {"refresh_token": "x"}});
    assert_eq!(asked(oauth).await, pairs(&[("/oauth/client_id", "required")]));
    let limits = json!({"provider": "gmail", "email": "a@gmail.com", "password": "x", "limits": {"send_email": {"per_day": 501}}});
    assert_eq!(asked(limits).await, pairs(&[("/limits/send_email/per_day", "above_provider_limit")]));
    let wrong = json!({"provider": "mailbox", "email": "nobody", "reply_to": "a b@c.example", "smtp": {"host": "a b"}});
    let wrong = asked(wrong).await;
    assert!(wrong.contains(&("/email".into(), "email_without_at".into())), "{wrong:?}");
    assert!(wrong.contains(&("/reply_to".into(), "email_invalid_local_part".into())), "{wrong:?}");
    assert!(wrong.contains(&("/smtp/host".into(), "wrong_form".into())), "{wrong:?}");
}

#[tokio::test]
async fn a_refresh_token_opens_both_servers_and_is_replaced_as_its_server_wants() {
    let server = MailServer::start().await;
    let anna = server.mailbox("anna@sender.example");
    let app = app_with(&server).await;
    server.tokens.rotate();
    let mut request = anna.request();
    request.as_object_mut().unwrap().remove("password");
    let refresh = server.tokens.refresh_token(&anna.email);
    request["oauth"] = json!({"token_url": server.tokens.url(), "client_id": "client-1", "client_secret": "hush", "refresh_token": refresh});
    let account = app.member().post(PATH, request.clone()).await.expect(201);
    assert_eq!(account["mailbox"]["auth"], "oauth");
    assert_eq!(server.tokens.asked()[0]["client_secret"], "hush");
    // The first refresh token is spent; what was stored is its successor.
    let sync = format!("{PATH}/{}/sync", account["id"].as_str().unwrap());
    for _ in 0..2 {
        let synced = app.member().post(&sync, json!({})).await.expect(200);
        assert_eq!((&synced["status"], &synced["status_reason"]), (&json!("connected"), &json!(null)));
    }
    let asked: Vec<_> = server.tokens.asked().into_iter().map(|form| form["refresh_token"].clone()).collect();
    assert_eq!(asked.len(), 3);
    assert!(asked[0] != asked[1] && asked[1] != asked[2], "{asked:?}");

    // A token server that is away says nothing of the account.
    server.tokens.set_away(true);
    let away = app.member().post(&sync, json!({})).await.expect(200);
    assert_eq!(away["status"], "connected");
    server.tokens.set_away(false);
    server.tokens.revoke_all();
    let out = app.member().post(&sync, json!({})).await.expect(200);
    assert_eq!(out["status"], "needs_reconnect");
    assert!(out["status_reason"].as_str().unwrap().contains("invalid_grant"), "{out}");
    request["oauth"]["refresh_token"] = server.tokens.refresh_token(&anna.email).into();
    let path = format!("{PATH}/{}", account["id"].as_str().unwrap());
    let mended = app.member().patch(&path, json!({"oauth": request["oauth"]})).await.expect(200);
    assert_eq!((&mended["status"], &mended["status_reason"]), (&json!("connected"), &json!(null)));
}

#[tokio::test]
async fn a_changed_password_shuts_the_account_out_until_it_is_mended() {
    let server = MailServer::start().await;
    let anna = server.mailbox("anna@sender.example");
    let app = app_with(&server).await;
    let made = app.member().post(PATH, anna.request()).await.expect(201);
    let path = format!("{PATH}/{}", made["id"].as_str().unwrap());
    server.change_password(&anna, "another");
    let out = app.member().post(&format!("{path}/sync"), json!({})).await.expect(200);
    assert_eq!(out["status"], "needs_reconnect");
    assert!(out["status_reason"].as_str().unwrap().contains("does not let us in"), "{out}");

    let problem =
        app.member().patch(&path, json!({"password": PASSWORD})).await.expect_problem(422, "validation_failed");
    assert_eq!(faults(&problem)[0].1, "mail_login_refused");
    let mended =
        app.member().patch(&path, json!({"password": "another", "signature": "Anna\nSender Ltd"})).await.expect(200);
    assert_eq!((&mended["status"], &mended["status_reason"]), (&json!("connected"), &json!(null)));
    assert_eq!(mended["mailbox"]["signature"], "Anna\nSender Ltd");
    let audit: String =
        sqlx::query_scalar("select string_agg(l::text, ' ') from audit_logs l").fetch_one(&app.pool).await.unwrap();
    assert!(audit.contains("credentials_changed") && !audit.contains("another"), "{audit}");

    // Back by itself: a sync takes up again what lets us in.
    server.change_password(&anna, "third");
    app.member().post(&format!("{path}/sync"), json!({})).await.expect(200);
    server.change_password(&anna, "another");
    let back = app.member().post(&format!("{path}/sync"), json!({})).await.expect(200);
    assert_eq!(back["status"], "connected");
}

#[tokio::test]
async fn a_stored_password_is_not_told_to_another_server() {
    let server = MailServer::start().await;
    let thief = MailServer::start().await;
    let anna = server.mailbox("anna@sender.example");
    let app = app_with(&server).await;
    let made = app.member().post(PATH, anna.request()).await.expect(201);
    let path = format!("{PATH}/{}", made["id"].as_str().unwrap());
    let elsewhere = json!({"smtp": {"host": thief.address.to_string(), "port": SMTP, "security": "none"}});
    let problem = app.member().patch(&path, elsewhere).await.expect_problem(422, "validation_failed");
    assert_eq!(faults(&problem), pairs(&[("/smtp/password", "required")]));
    let sandbox = json!({"provider": "sandbox", "channel": "email", "display_name": "x"});
    let sandbox = app.member().post(PATH, sandbox).await.header("location").to_owned();
    app.member().patch(&sandbox, json!({"signature": "x"})).await.expect_problem(409, "account_not_a_mailbox");
}

#[tokio::test]
async fn passwords_of_others_cannot_be_tried_out() {
    let server = MailServer::start().await;
    let (anna, ben) = (server.mailbox("anna@sender.example"), server.mailbox("ben@lead.example"));
    let app = app_with(&server).await;
    let made = app.member().post(PATH, ben.request()).await.expect(201);
    let path = format!("{PATH}/{}", made["id"].as_str().unwrap());
    let mut guess = anna.request();
    guess["password"] = "wrong".into();
    for _ in 0..5 {
        app.member().post(PATH, guess.clone()).await.expect_problem(422, "validation_failed");
        app.member().patch(&path, json!({"password": "wrong"})).await.expect_problem(422, "validation_failed");
    }
    let refused = app.member().post(PATH, anna.request()).await;
    assert_eq!(refused.header("retry-after"), "600");
    refused.expect_problem(429, "too_many_failed_sign_ins");
    let refused = app.member().patch(&path, json!({"password": PASSWORD})).await;
    refused.expect_problem(429, "too_many_failed_sign_ins");
    app.member().patch(&path, json!({"signature": "Ben"})).await.expect(200);
    app.outsider().post(PATH, guess).await.expect_problem(422, "validation_failed");
    app.clock.advance(Duration::from_mins(10));
    app.member().post(PATH, anna.request()).await.expect(201);
}

#[tokio::test]
async fn a_key_does_not_lead_a_mailbox_to_other_servers() {
    let server = MailServer::start().await;
    let anna = server.mailbox("anna@sender.example");
    let app = app_with(&server).await;
    let made = app.member().post(PATH, anna.request()).await.expect(201);
    let path = format!("{PATH}/{}", made["id"].as_str().unwrap());
    let program = app.program(&["connected_accounts:read", "connected_accounts:write"]).await;
    let request = anna.request();
    for change in [
        json!({"smtp": request["smtp"], "password": PASSWORD}),
        json!({"imap": {"port": 993}}),
        json!({"password": PASSWORD}),
        json!({"oauth": {"refresh_token": "x"}}),
    ] {
        program.patch(&path, change.clone()).await.expect_problem(403, "api_key_not_allowed");
    }
    assert_eq!(program.get(&path).await.expect(200)["version"], made["version"]);
    program.patch(&path, json!({"signature": "Anna", "status": "paused"})).await.expect(200);
}

#[tokio::test]
async fn a_mailbox_takes_a_seat_of_the_plan_and_a_sandbox_none() {
    let server = MailServer::start().await;
    let app = app_with(&server).await;
    plan(&app, "free").await;
    let member = app.member();
    let sandbox = json!({"provider": "sandbox", "channel": "email", "display_name": "Rehearsal"});
    for name in ["anna", "ben"] {
        member.post(PATH, sandbox.clone()).await.expect(201);
        member.post(PATH, server.mailbox(&format!("{name}@sender.example")).request()).await.expect(201);
    }
    let third = server.mailbox("cleo@sender.example").request();
    let problem = member.post(PATH, third.clone()).await.expect_problem(409, "plan_limit_reached");
    assert_eq!(problem["limit"], 2);
    assert!(!server.log().contains("cleo"), "nobody is asked for whom there is no seat: {}", server.log());
    member.post(PATH, sandbox).await.expect(201);
    let ours = member.get("/api/v1/organizations/org_ours").await.expect(200);
    assert_eq!(ours["usage"]["connected_accounts"], 2);
    plan(&app, "pro").await;
    member.post(PATH, third).await.expect(201);
}
