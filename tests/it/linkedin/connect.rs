//! Signing in by a link, again, and leaving.

use std::time::Duration;

use serde_json::json;

use super::{ACCOUNTS, LINK, World};
use crate::support::{
    ManualClock, TestApp,
    clerk_events::deleted,
    unipile::{On, Trouble},
};

#[tokio::test]
async fn whoever_signs_in_has_an_account_once_unipile_confirms_it() {
    let world = World::begin().await;
    let member = world.app.member();
    let answer = member.post(LINK, json!({"provider": "linkedin"})).await;
    let link = answer.expect(201);
    assert_eq!(link["url"], "https://account.unipile.test/1");
    let asked = world.fake.world().upkeep.links[0].clone();
    let text = |name: &str| asked[name].as_str().unwrap().to_owned();
    assert_eq!((asked["type"].as_str(), &asked["providers"]), (Some("create"), &json!(["LINKEDIN"])));
    assert_eq!(text("api_url"), world.fake.dsn().as_str().trim_end_matches('/'));
    assert_eq!(text("expiresOn"), "2026-11-22T13:00:00.000Z");
    let secret = text("notify_url").strip_prefix("https://api.clento.test/connected/").unwrap().to_owned();
    assert_eq!(secret.len(), 43, "256 bits in base64");
    assert_eq!(text("success_redirect_url"), "https://api.clento.test/connected");
    assert_eq!(text("failure_redirect_url"), "https://api.clento.test/not-connected");
    let kept = "select count(*) from connect_links where connect_links::text like '%' || $1 || '%'";
    let kept: i64 = sqlx::query_scalar(kept).bind(&secret).fetch_one(&world.app.pool).await.unwrap();
    assert_eq!(kept, 0, "the secret is nowhere");

    let report = world.fake.world().sign_in("acc");
    world.report(&report).await.expect(204);
    assert_eq!(member.get(ACCOUNTS).await.expect(200)["data"], json!([]), "a report alone makes nothing");
    world.work().await;
    let accounts = member.get(ACCOUNTS).await.expect(200);
    let account = &accounts["data"][0];
    let shown = ["provider", "channel", "display_name", "email", "status"].map(|name| account[name].as_str().unwrap());
    assert_eq!(shown, ["linkedin", "linkedin", "Ada Own", "ada@example.com", "connected"]);
    assert_eq!(
        account["linkedin"],
        json!({"url": "https://www.linkedin.com/in/acc", "premium": false, "recruiter": false, "sales_navigator": false, "wire": "v1", "source_status": "OK"})
    );
    assert!(account["created_by"].is_string());

    // Unipile repeats what was not answered in time.
    for _ in 0..3 {
        world.report(&report).await.expect(204);
        world.work().await;
    }
    assert_eq!(member.get(ACCOUNTS).await.expect(200)["data"].as_array().unwrap().len(), 1);
    assert_eq!(world.links().await, [("done".into(), None)]);
    let told = world
        .count("select count(*) from audit_logs where action = 'connected_account.created' and actor_type = 'system'");
    assert_eq!(told.await, 1);
}

#[tokio::test]
async fn a_report_is_looked_up_again_while_unipile_is_away() {
    let world = World::begin().await;
    world.app.member().post(LINK, json!({"provider": "linkedin"})).await.expect(201);
    let report = world.fake.world().sign_in("acc");
    world.report(&report).await.expect(204);
    for _ in 0..3 {
        world.fake.trouble(On::get("/accounts"), Trouble::Refuse(503, "service_unavailable"));
    }
    for _ in 0..3 {
        world.work().await;
        assert_eq!(world.count("select count(*) from connected_accounts").await, 0);
        world.app.clock.advance(Duration::from_mins(1));
    }
    world.work().await;
    assert_eq!(world.count("select count(*) from connected_accounts").await, 1);
}

#[tokio::test]
async fn an_account_that_was_signed_out_is_connected_again_and_no_other_in_its_place() {
    let world = World::begin().await;
    let member = world.app.member();
    let id = world.connect(&member, "acc").await;
    let told = world.fake.world().set_source("acc", "CREDENTIALS");
    world.webhook(&told).await;
    world.work().await;
    assert_eq!(world.account(&id).await["status"], "needs_reconnect");

    let path = format!("{ACCOUNTS}/{id}/reconnect-link");
    member.post(&path, json!({})).await.expect(200);
    let asked = world.fake.world().upkeep.links[1].clone();
    assert_eq!((asked["type"].as_str(), asked["reconnect_account"].as_str()), (Some("reconnect"), Some("acc")));
    let mut report = world.fake.world().sign_in("acc");
    // Somebody signs in as somebody else.
    world.fake.world().account("stranger");
    report.1["account_id"] = "stranger".into();
    world.report(&report).await.expect(204);
    world.work().await;
    assert_eq!(world.links().await[1], ("failed".into(), Some("another_account".into())));
    assert_eq!(world.account(&id).await["status"], "needs_reconnect");

    member.post(&path, json!({})).await.expect(200);
    world.fake.world().set_source("acc", "OK");
    let report = world.fake.world().sign_in("acc");
    world.report(&report).await.expect(204);
    world.work().await;
    let account = world.account(&id).await;
    assert_eq!((account["status"].as_str(), &account["status_reason"]), (Some("connected"), &json!(null)));
}

#[tokio::test]
async fn whoever_signs_in_anew_keeps_the_account_and_the_old_sign_in_is_deleted() {
    let world = World::begin().await;
    let member = world.app.member();
    let id = world.connect(&member, "acc").await;
    // The same person on LinkedIn, and another account at Unipile.
    let person = world.fake.world().account("acc").provider_id.clone();
    world.fake.world().account("acc2").provider_id = person;
    assert_eq!(world.connect(&member, "acc2").await, id);
    assert_eq!(world.fake.world().upkeep.deleted, ["acc"]);
    assert_eq!(world.count("select count(*) from connected_accounts").await, 1);
    world.work().await;
    assert_eq!(world.account(&id).await["status"], "connected");
    let looked_back = "select count(*) from account_watches where gap_closes_at is not null and read_at is null";
    assert_eq!(world.count(looked_back).await, 2, "connections and chats");
}

#[tokio::test]
async fn an_account_that_is_disconnected_is_deleted_at_unipile_however_long_that_takes() {
    let world = World::begin().await;
    let member = world.app.member();
    let id = world.connect(&member, "acc").await;
    member.delete(&format!("{ACCOUNTS}/{id}")).await.expect(204);
    world.fake.trouble(On::delete("/accounts"), Trouble::Refuse(500, "unexpected_error"));
    world.work().await;
    assert!(world.fake.world().upkeep.deleted.is_empty());
    world.app.clock.advance(Duration::from_mins(1));
    world.work().await;
    assert_eq!(world.fake.world().upkeep.deleted, ["acc"]);
    assert_eq!(world.count("select count(*) from unipile_departures").await, 0);
}

#[tokio::test]
async fn there_are_as_many_accounts_as_the_plan_has_seats() {
    let world = World::begin().await;
    let member = world.app.member();
    // A sandbox takes none, before some of them become what does.
    for number in 0..4 {
        let sandbox = json!({"provider": "sandbox", "channel": "linkedin", "display_name": number.to_string()});
        member.post(ACCOUNTS, sandbox).await.expect(201);
    }
    member.post(LINK, json!({"provider": "linkedin"})).await.expect(201);
    sqlx::query("update connected_accounts set provider = 'linkedin' where display_name < '2'")
        .execute(&world.app.pool)
        .await
        .unwrap();
    let problem = member.post(LINK, json!({"provider": "linkedin"})).await.expect_problem(409, "plan_limit_reached");
    assert_eq!(problem["limit"], 2);
    // The seat was taken while somebody signed in: what Unipile holds costs nothing for long.
    let report = world.fake.world().sign_in("acc");
    world.report(&report).await.expect(204);
    world.work().await;
    assert_eq!(world.links().await, [("failed".into(), Some("plan_limit_reached".into()))]);
    assert_eq!(world.count("select count(*) from connected_accounts where provider = 'linkedin'").await, 2);
    assert_eq!(world.fake.world().upkeep.deleted, ["acc"]);
}

#[tokio::test]
async fn what_cannot_be_connected_by_a_link_is_said() {
    let world = World::begin().await;
    let member = world.app.member();
    member.post(LINK, json!({"provider": "fax"})).await.expect_problem(422, "validation_failed");
    member.post(ACCOUNTS, json!({"provider": "linkedin"})).await.expect_problem(422, "provider_not_available");
    let sandbox = json!({"provider": "sandbox", "channel": "linkedin", "display_name": "One"});
    let id = member.post(ACCOUNTS, sandbox).await.expect(201)["id"].as_str().unwrap().to_owned();
    let again = member.post(&format!("{ACCOUNTS}/{id}/reconnect-link"), json!({})).await;
    again.expect_problem(409, "account_not_at_unipile");
    world.fake.trouble(On::post("/hosted"), Trouble::CutAfter);
    member.post(LINK, json!({"provider": "linkedin"})).await.expect_problem(503, "unipile_unavailable");
    world.fake.trouble(
        On::post("/hosted"),
        Trouble::Say(201, r#"{"object": "HostedAuthURL", "url": "javascript:alert(1)"}"#),
    );
    member.post(LINK, json!({"provider": "linkedin"})).await.expect_problem(503, "unipile_unavailable");
    assert_eq!(world.links().await, []);

    let bare = TestApp::start().await;
    bare.member().post(LINK, json!({"provider": "linkedin"})).await.expect_problem(503, "unipile_not_configured");
    let hidden = TestApp::start_by(ManualClock::new(), |server| {
        world.fake.set_up(server);
        server.mail.public_url = None;
    });
    hidden
        .await
        .member()
        .post(LINK, json!({"provider": "linkedin"}))
        .await
        .expect_problem(503, "public_url_not_configured");
}

#[tokio::test]
async fn the_pages_that_signing_in_ends_at_bear_whatever_is_added_to_their_addresses() {
    let world = World::begin().await;
    for (path, says) in
        [("/connected?account_id=acc&x=1", "is being connected"), ("/not-connected?error=1", "was not connected")]
    {
        let page = world.app.anonymous().get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.text.contains(says), "{}", page.text);
    }
}

#[tokio::test]
async fn a_link_that_cannot_be_settled_for_a_reason_of_ours_is_given_up() {
    let world = World::begin().await;
    world.app.member().post(LINK, json!({"provider": "linkedin"})).await.expect(201);
    let breaks = "create function breaks() returns trigger language plpgsql as $$ begin raise exception 'full'; end $$;
                  create trigger breaks before insert on connected_accounts for each row execute function breaks()";
    sqlx::raw_sql(breaks).execute(&world.app.pool).await.unwrap();
    let report = world.fake.world().sign_in("acc");
    world.report(&report).await.expect(204);
    for _ in 0..59 {
        world.work().await;
        world.app.clock.advance(Duration::from_mins(3));
    }
    assert_eq!(world.links().await, [("reported".into(), None)], "it may pass");
    world.work().await;
    assert_eq!(world.links().await, [("failed".into(), Some("internal_error".into()))]);
    let asked = world.fake.world().requests.len();
    world.app.clock.advance(Duration::from_mins(30));
    world.work().await;
    assert_eq!(world.fake.world().requests.len(), asked, "nothing is tried any more");
}

#[tokio::test]
async fn accounts_of_an_organization_that_has_ended_are_deleted_at_unipile_and_looked_at_no_more() {
    let world = World::begin().await;
    world.connect(&world.app.member(), "acc").await;
    world.connect(&world.app.outsider(), "theirs").await;
    world.app.member().post(LINK, json!({"provider": "linkedin"})).await.expect(201);
    let mailbox = json!({"provider": "sandbox", "channel": "email", "display_name": "Mailbox"});
    let mailbox = world.app.member().post(ACCOUNTS, mailbox).await.expect(201)["id"].as_str().unwrap().to_owned();
    let watched = "insert into mailbox_watches (organization_id, account_id, reads_from, next_at)
                   select organization_id, id, now(), now() from connected_accounts where id = $1::uuid";
    sqlx::query(watched).bind(mailbox).execute(&world.app.pool).await.unwrap();
    let late = world.fake.world().sign_in("late");
    let ended = deleted("organization.deleted", "org_ours", world.app.now_millis());
    world.app.deliver("msg_1", &ended).await.expect(200);
    world.work().await;
    assert_eq!(world.fake.world().accounts.keys().collect::<Vec<_>>(), ["late", "theirs"]);
    assert_eq!(world.count("select count(*) from account_watches").await, 4, "only the others' is looked at");
    assert_eq!(world.count("select count(*) from mailbox_watches").await, 0);
    assert_eq!(world.count("select count(*) from unipile_departures").await, 0);
    // Whoever signs in by a link of theirs after that connects nothing.
    world.report(&late).await.expect(404);
    world.work().await;
    assert_eq!(world.count("select count(*) from connected_accounts where unipile is not null").await, 1);
    let links = world.links().await;
    assert!(links.contains(&("failed".into(), Some("organization_deleted".into()))), "{links:?}");
}
