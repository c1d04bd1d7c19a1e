//! Clerk's Backend API, against a server that behaves like it.

use std::time::Duration;

use clento::{
    errors::{AppError, Kind},
    integrations::clerk::{
        BackendSettings, ClerkApi, ClerkBackend, ClerkEvent, Delivery, Envelope, NewInvitation, changed_nothing,
        http_client,
    },
};
use serde_json::{Value, json};

use crate::support::fake_clerk::{FakeClerk, SECRET_KEY, Trouble};

/// A fake with one organization, an administrator and a member, and a client for it.
async fn scene() -> (FakeClerk, Box<dyn ClerkApi>) {
    let fake = FakeClerk::start().await;
    {
        let mut world = fake.world();
        world.add_user("user_admin", "ada@example.com", "Ada", "Byron");
        world.add_user("user_member", "bob@example.com", "Bob", "Jones");
        world.add_organization("org_1", "Acme");
        world.add_member("org_1", "user_admin", "org:admin");
        world.add_member("org_1", "user_member", "org:member");
    }
    fake.take_events();
    let client = client(&fake, SECRET_KEY);
    (fake, client)
}

fn client(fake: &FakeClerk, key: &str) -> Box<dyn ClerkApi> {
    let settings = BackendSettings { api_url: fake.url(), secret_key: key.into() };
    Box::new(ClerkBackend::new(settings, http_client().unwrap()).unwrap())
}

fn invitation(email: &str) -> NewInvitation {
    NewInvitation {
        email_address: email.into(),
        role: "org:member".into(),
        inviter_user_id: "user_admin".into(),
        redirect_url: None,
    }
}

fn kind_and_code(error: &AppError) -> (Kind, &str) {
    (error.kind(), error.code())
}

#[tokio::test]
async fn an_organization_is_renamed() {
    let (fake, clerk) = scene().await;
    let renamed = clerk.rename_organization("org_1", "Acme & Söhne").await.unwrap();
    assert_eq!((renamed.id.as_str(), renamed.name.as_str()), ("org_1", "Acme & Söhne"));
    let requests = fake.take_requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].line, "PATCH /v1/organizations/org_1");
    assert_eq!(requests[0].body, json!({ "name": "Acme & Söhne" }));
    assert_eq!(requests[0].api_version.as_deref(), Some("2025-11-10"));
}

#[tokio::test]
async fn roles_change_and_members_go() {
    let (fake, clerk) = scene().await;
    let changed = clerk.change_role("org_1", "user_member", "org:admin").await.unwrap();
    assert_eq!((changed.user.user_id.as_str(), changed.role.as_str()), ("user_member", "org:admin"));
    clerk.remove_member("org_1", "user_admin").await.unwrap();
    let requests = fake.take_requests();
    assert_eq!(requests[0].line, "PATCH /v1/organizations/org_1/memberships/user_member");
    assert_eq!(requests[0].body, json!({ "role": "org:admin" }));
    assert_eq!(requests[1].line, "DELETE /v1/organizations/org_1/memberships/user_admin");
    assert_eq!(requests[1].body, Value::Null);
}

#[tokio::test]
async fn what_changes_comes_back_as_events() {
    let (fake, clerk) = scene().await;
    let renamed = clerk.rename_organization("org_1", "New").await.unwrap();
    let changed = clerk.change_role("org_1", "user_member", "org:admin").await.unwrap();
    clerk.remove_member("org_1", "user_member").await.unwrap();
    let delivery = Delivery { id: "msg_1".into(), signed_at: chrono::DateTime::UNIX_EPOCH };
    let read = |body: Value| Envelope::read(body.to_string().as_bytes(), &delivery).unwrap().event;
    let events: Vec<ClerkEvent> = fake.take_events().into_iter().map(read).collect();
    assert_eq!(events[0], ClerkEvent::OrganizationUpserted(renamed));
    assert_eq!(events[1], ClerkEvent::MembershipUpserted(changed.clone()));
    let ClerkEvent::MembershipDeleted(gone) = &events[2] else { panic!("{events:?}") };
    assert!(gone.id == changed.id && gone.version > changed.version);
}

#[tokio::test]
async fn invitations_are_sent_listed_and_revoked() {
    let (fake, clerk) = scene().await;
    let mut sent = Vec::new();
    for email in ["one@example.com", "two@example.com", "three@example.com"] {
        sent.push(clerk.invite("org_1", &invitation(email)).await.unwrap());
    }
    let with_page =
        NewInvitation { redirect_url: Some("https://app.example/join".into()), ..invitation("4@example.com") };
    clerk.invite("org_1", &with_page).await.unwrap();
    let page = clerk.pending_invitations("org_1", 2, 1).await.unwrap();
    assert_eq!(page.total_count, 4);
    let emails: Vec<&str> = page.data.iter().map(|one| one.email_address.as_str()).collect();
    assert_eq!(emails, ["three@example.com", "two@example.com"]);
    let revoked = clerk.revoke_invitation("org_1", &sent[0].id, "user_admin").await.unwrap();
    assert_eq!((revoked.status.as_str(), &revoked.id), ("revoked", &sent[0].id));
    assert_eq!(clerk.pending_invitations("org_1", 500, 0).await.unwrap().data.len(), 3);
    let requests = fake.take_requests();
    assert_eq!(requests[0].line, "POST /v1/organizations/org_1/invitations");
    let body = json!({ "email_address": "one@example.com", "role": "org:member", "inviter_user_id": "user_admin" });
    assert_eq!(requests[0].body, body);
    assert_eq!(requests[3].body["redirect_url"], "https://app.example/join");
    assert_eq!(requests[4].line, "GET /v1/organizations/org_1/invitations?status=pending&limit=2&offset=1");
    assert_eq!(requests[5].line, format!("POST /v1/organizations/org_1/invitations/{}/revoke", sent[0].id));
    assert_eq!(requests[5].body, json!({ "requesting_user_id": "user_admin" }));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let (_fake, clerk) = scene().await;
    let errors = [
        (clerk.rename_organization("org_9", "x").await.unwrap_err(), "organization_not_found"),
        (clerk.change_role("org_1", "user_9", "org:admin").await.unwrap_err(), "member_not_found"),
        (clerk.remove_member("org_1", "user_9").await.unwrap_err(), "member_not_found"),
        (clerk.revoke_invitation("org_1", "orginv_9", "user_admin").await.unwrap_err(), "invitation_not_found"),
        (clerk.invite("org_9", &invitation("a@example.com")).await.unwrap_err(), "organization_not_found"),
    ];
    for (error, code) in errors {
        assert_eq!(kind_and_code(&error), (Kind::NotFound, code));
    }
}

#[tokio::test]
async fn an_id_that_cannot_be_one_never_leaves_the_house() {
    let (fake, clerk) = scene().await;
    for id in ["", "..", "org_1/../org_2", "org_1?x=y", "org_1#", "org%2f1", "org_1 ", "ü", "org_1\r\nx: y"] {
        assert_eq!(clerk.rename_organization(id, "x").await.unwrap_err().kind(), Kind::NotFound, "{id:?}");
        assert_eq!(clerk.remove_member("org_1", id).await.unwrap_err().kind(), Kind::NotFound, "{id:?}");
        let revoked = clerk.revoke_invitation("org_1", id, "user_admin").await;
        assert_eq!(revoked.unwrap_err().kind(), Kind::NotFound, "{id:?}");
    }
    assert_eq!(fake.take_requests(), []);
}

#[tokio::test]
async fn complaints_about_the_content_are_passed_on() {
    let (_fake, clerk) = scene().await;
    let error = clerk.invite("org_1", &invitation("nobody")).await.unwrap_err();
    assert_eq!(kind_and_code(&error), (Kind::Invalid, "validation_failed"));
    let fault = &error.faults()[0];
    assert_eq!((fault.pointer.as_str(), &*fault.code), ("/email_address", "form_param_format_invalid"));
    assert_eq!(fault.detail, "email_address must be a valid email address.");
    clerk.invite("org_1", &invitation("twice@example.com")).await.unwrap();
    let error = clerk.invite("org_1", &invitation("twice@example.com")).await.unwrap_err();
    assert_eq!(error.faults()[0].code, "duplicate_record");
    let error = clerk.change_role("org_1", "user_admin", "org:member").await.unwrap_err();
    assert_eq!(error.faults()[0].code, "organization_minimum_permissions_needed");
    let error = clerk.change_role("org_1", "user_member", "org:pirate").await.unwrap_err();
    assert_eq!(error.faults()[0].pointer, "/role");
}

#[tokio::test]
async fn what_the_organization_forbids_is_a_conflict() {
    let (_fake, clerk) = scene().await;
    let by_a_member = NewInvitation { inviter_user_id: "user_member".into(), ..invitation("a@example.com") };
    let error = clerk.invite("org_1", &by_a_member).await.unwrap_err();
    assert_eq!(kind_and_code(&error), (Kind::Conflict, "not_an_admin_in_organization"));
}

#[tokio::test]
async fn a_key_that_is_not_accepted_is_our_fault() {
    let (fake, _) = scene().await;
    let error = client(&fake, "sk_test_wrong").rename_organization("org_1", "x").await.unwrap_err();
    assert_eq!(kind_and_code(&error), (Kind::BadGateway, "clerk_refused"));
    assert!(!error.detail().contains("Secret"), "Clerk's sentence about our key is not passed on");
}

#[tokio::test]
async fn a_busy_clerk_says_when_to_come_back() {
    let (fake, clerk) = scene().await;
    for (said, expected) in [(7, 7), (86_400, 60)] {
        fake.trouble(Some(Trouble::Busy(said)));
        let error = clerk.remove_member("org_1", "user_member").await.unwrap_err();
        assert_eq!(kind_and_code(&error), (Kind::Unavailable, "clerk_unavailable"));
        assert_eq!(error.retry_after(), Some(Duration::from_secs(expected)));
    }
}

#[tokio::test]
async fn a_failing_clerk_is_a_bad_gateway() {
    let (fake, clerk) = scene().await;
    let huge = format!("\"{}\"", "x".repeat(3 << 20));
    let troubles = [
        (Trouble::Answer(500, "oops".into()), "clerk_failed"),
        (Trouble::Answer(503, String::new()), "clerk_failed"),
        (Trouble::Answer(200, "{".into()), "clerk_failed"),
        (Trouble::Answer(200, "{}".into()), "clerk_failed"),
        (Trouble::Answer(200, huge), "clerk_failed"),
        (Trouble::Answer(418, String::new()), "clerk_refused"),
        (Trouble::Answer(403, "{}".into()), "clerk_refused"),
        (Trouble::Answer(422, "no JSON".into()), "clerk_refused"),
        (Trouble::Redirect("/v1/elsewhere".into()), "clerk_refused"),
    ];
    for (trouble, code) in troubles {
        fake.trouble(Some(trouble));
        fake.take_requests();
        let error = clerk.rename_organization("org_1", "x").await.unwrap_err();
        assert_eq!(kind_and_code(&error), (Kind::BadGateway, code));
        assert_eq!(fake.take_requests().len(), 1, "nothing is retried, no redirect is followed");
    }
}

#[tokio::test]
async fn foreign_text_is_made_harmless() {
    let (fake, clerk) = scene().await;
    let body = json!({ "errors": [
        { "code": "Bad Code\n", "long_message": format!("line one\r\n\u{0}line two {}", "x".repeat(1_000)),
          "meta": { "param_name": "../x" } },
        { "code": "fine", "message": "short" },
        {},
    ] });
    fake.trouble(Some(Trouble::Answer(422, body.to_string())));
    let error = clerk.rename_organization("org_1", "x").await.unwrap_err();
    let faults = error.faults();
    assert_eq!(faults.len(), 3);
    assert_eq!((faults[0].pointer.as_str(), &*faults[0].code), ("", "clerk_refused"));
    assert!(faults[0].detail.starts_with("line one line two x") && faults[0].detail.len() <= 300);
    assert_eq!((&*faults[1].code, &*faults[1].detail), ("fine", "short"));
    assert_eq!((&*faults[2].code, &*faults[2].detail), ("clerk_refused", "Clerk refused it."));
}

#[tokio::test]
async fn a_silent_clerk_is_not_waited_for_for_ever() {
    let (fake, clerk) = scene().await;
    fake.trouble(Some(Trouble::Stall(Duration::from_mins(1))));
    let started = tokio::time::Instant::now();
    let error = clerk.rename_organization("org_1", "x").await.unwrap_err();
    assert_eq!(kind_and_code(&error), (Kind::Unavailable, "clerk_silent"));
    assert!(!changed_nothing(&error));
    assert!(started.elapsed() < Duration::from_secs(20));
    drop(fake);
    let error = clerk.rename_organization("org_1", "x").await.unwrap_err();
    assert_eq!(kind_and_code(&error), (Kind::Unavailable, "clerk_unavailable"));
    assert!(changed_nothing(&error), "nobody was there to change anything");
    assert!(!format!("{error:?}").contains(SECRET_KEY));
}

#[test]
fn settings_that_would_leak_the_key_are_refused() {
    for (url, key) in [("http://api.clerk.com", "sk_test_1"), ("https://api.clerk.com", "sk_\ntest")] {
        let settings = BackendSettings { api_url: url.parse().unwrap(), secret_key: key.into() };
        assert!(ClerkBackend::new(settings, http_client().unwrap()).is_err(), "{url}");
    }
}
