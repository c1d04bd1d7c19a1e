//! Reports that are made up, late, or about what is somebody else's.

use std::time::Duration;

use chrono::TimeDelta;
use clento::utils::clock::Clock as _;
use serde_json::json;

use super::{ACCOUNTS, LINK, World};

#[tokio::test]
async fn nobody_reports_who_does_not_know_a_link_that_is_open() {
    let world = World::begin().await;
    world.app.member().post(LINK, json!({"provider": "linkedin"})).await.expect(201);
    let (path, body) = world.fake.world().sign_in("acc");
    let report = async |path: &str, body: &serde_json::Value| world.report(&(path.to_owned(), body.clone())).await;
    let guessed = format!("/connected/{}", "A".repeat(43));
    report(&guessed, &body).await.expect_problem(404, "connect_link_not_found");
    report(&format!("/connected/{}", "A".repeat(4_000)), &body).await.expect_problem(404, "connect_link_not_found");
    let misnamed = json!({"status": "CREATION_SUCCESS", "account_id": "acc", "name": "another link"});
    report(&path, &misnamed).await.expect_problem(404, "connect_link_not_found");
    report(&path, &json!("nonsense")).await.expect_problem(422, "webhook_malformed");
    let other = json!({"status": "SOMETHING_ELSE", "account_id": "acc", "name": null});
    report(&path, &other).await.expect(204);
    assert_eq!(world.links().await, [("open".into(), None)], "nothing of that is a report");
    world.app.clock.advance(Duration::from_hours(2));
    report(&path, &body).await.expect_problem(404, "connect_link_not_found");
    world.work().await;
    assert_eq!(world.count("select count(*) from connected_accounts").await, 0);
}

#[tokio::test]
async fn a_report_of_what_unipile_does_not_have_leaves_the_link_open_for_the_true_one() {
    let world = World::begin().await;
    world.app.member().post(LINK, json!({"provider": "linkedin"})).await.expect(201);
    let report = world.fake.world().sign_in("acc");
    let mut forged = report.clone();
    forged.1["account_id"] = "made-up".into();
    world.report(&forged).await.expect(204);
    world.work().await;
    assert_eq!(world.links().await, [("open".into(), None)]);
    forged.1["account_id"] = "../users/me".into();
    world.report(&forged).await.expect(204);
    world.work().await;
    assert_eq!(world.count("select count(*) from connected_accounts").await, 0);
    world.report(&report).await.expect(204);
    world.work().await;
    assert_eq!(world.links().await, [("done".into(), None)]);
}

#[tokio::test]
async fn another_organizations_account_is_not_taken_by_whoever_knows_its_id() {
    let world = World::begin().await;
    let theirs = world.connect(&world.app.outsider(), "theirs").await;
    world.app.member().post(LINK, json!({"provider": "linkedin"})).await.expect(201);
    let (path, mut body) = world.fake.world().sign_in("ours");
    body["account_id"] = "theirs".into();
    world.report(&(path, body)).await.expect(204);
    world.work().await;
    let refused = ("failed".to_owned(), Some("account_of_another_organization".to_owned()));
    assert_eq!(world.links().await[1], refused);
    assert_eq!(world.app.member().get(ACCOUNTS).await.expect(200)["data"], json!([]));
    let account = world.app.outsider().get(&format!("{ACCOUNTS}/{theirs}")).await.expect(200);
    assert_eq!((account["status"].as_str(), account["version"].as_i64()), (Some("connected"), Some(1)));
    let again = world.app.member().post(&format!("{ACCOUNTS}/{theirs}/reconnect-link"), json!({})).await;
    again.expect_problem(404, "connected_account_not_found");
    // Nor can it be stored, whatever the program does.
    let stolen = sqlx::query(
        "update connected_accounts set organization_id = (select id from organizations where clerk_organization_id = 'org_ours')
         where id = $1::uuid",
    );
    assert!(stolen.bind(&theirs).execute(&world.app.pool).await.is_err());
}

#[tokio::test]
async fn an_account_that_was_there_before_its_link_or_is_of_another_kind_did_not_come_by_it() {
    let world = World::begin().await;
    for (account, reason) in [("older", "account_not_of_this_link"), ("mail", "not_a_linkedin_account")] {
        world.app.member().post(LINK, json!({"provider": "linkedin"})).await.expect(201);
        let report = world.fake.world().sign_in(account);
        {
            let long_ago = world.app.clock.now() - TimeDelta::days(3);
            let mut fake = world.fake.world();
            fake.upkeep.created.insert("older".into(), long_ago);
            fake.upkeep.kinds.insert("mail".into(), "GOOGLE_OAUTH");
        }
        world.report(&report).await.expect(204);
        world.work().await;
        assert_eq!(world.links().await.last().unwrap(), &("failed".to_owned(), Some(reason.to_owned())));
        world.app.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(world.count("select count(*) from connected_accounts").await, 0);
    assert!(world.fake.world().upkeep.deleted.is_empty(), "what is not ours is not deleted");
}
