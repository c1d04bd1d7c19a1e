//! One person who is several leads, whose profile has another address by now, or whom several accounts approach: what they do comes to the leads
//! that were approached, and to the ways on which they were.

use std::time::Duration;

use chrono::TimeDelta;
use clento::models::WatchKind;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use super::{World, answers::Stage};
use crate::support::unipile::Act;

const LEADS: &str = "/api/v1/leads";

fn profile(name: &str) -> String {
    format!("https://www.linkedin.com/in/{name}")
}

/// A lead, that was there before all others, has the address that person 0's profile gets later.
async fn older_lead(world: &World) -> String {
    let lead = world.app.member().post(LEADS, json!({"first_name": "Jane", "linkedin_url": profile("jane")})).await;
    world.app.clock.advance(Duration::from_secs(1));
    lead.expect(201)["id"].as_str().unwrap().to_owned()
}

/// Person 0 is called Jane by now.
fn rename(stage: &Stage) {
    stage.world.fake.world().person("person-0").public_identifier = "jane".into();
}

async fn lead_of(stage: &Stage, name: &str) -> String {
    let query = "select id::text from leads where linkedin_url = $1";
    sqlx::query_scalar(query).bind(profile(name)).fetch_one(&stage.app().pool).await.unwrap()
}

/// Person 0 writes, which is learnt by a webhook or in turn.
async fn answer(stage: &Stage, text: &str, by_webhook: bool) {
    let told = stage.write(0, text);
    if by_webhook {
        stage.world.webhook(&told).await;
        stage.follow().await;
    } else {
        stage.app().clock.advance(Duration::from_mins(15));
        stage.look(WatchKind::Messages).await;
    }
}

async fn status(stage: &Stage, lead: &str) -> Value {
    stage.app().member().get(&format!("{LEADS}/{lead}")).await.expect(200)["status"].clone()
}

#[tokio::test]
async fn an_acceptance_comes_to_the_lead_that_was_invited_though_another_has_the_persons_address() {
    for by_webhook in [true, false] {
        let world = World::begin().await;
        let older = older_lead(&world).await;
        let stage = Stage::set_in(world, 1, json!({})).await;
        rename(&stage);
        stage.world.fake.world().accept("acc", "jane");
        if by_webhook {
            let told = json!({
                "event": "new_relation", "account_id": "acc", "account_type": "LINKEDIN", "webhook_name": "clento-users",
                "user_full_name": "Jane", "user_provider_id": "ACo_person-0", "user_public_identifier": "jane",
                "user_profile_url": null, "user_picture_url": null
            });
            stage.world.webhook(&told).await;
            stage.follow().await;
        } else {
            stage.pass(TimeDelta::hours(6)).await;
            stage.look(WatchKind::Relations).await;
        }
        let invited = lead_of(&stage, "person-0").await;
        assert_eq!((status(&stage, &invited).await, status(&stage, &older).await), (json!("connected"), json!("new")));
        stage.pass(TimeDelta::hours(3)).await;
        assert_eq!(stage.done(Act::Message).len(), 1, "it goes on as one who has accepted");
    }
}

#[tokio::test]
async fn who_has_another_address_by_now_is_known_by_what_was_done_to_them() {
    for by_webhook in [true, false] {
        let stage = Stage::set(1).await;
        let lead = lead_of(&stage, "person-0").await;
        let body = json!({"linkedin_url": profile("somebody-else")});
        stage.app().member().patch(&format!("{LEADS}/{lead}"), body).await.expect(200);
        let told = stage.accept(0);
        stage.world.webhook(&told).await;
        stage.follow().await;
        assert_eq!(status(&stage, &lead).await, "connected");
        stage.app().clock.advance(Duration::from_mins(10));
        answer(&stage, "Thank you. When do we talk?", by_webhook).await;
        assert_eq!((status(&stage, &lead).await, stage.ways("replied").await), (json!("replied"), 1));
    }
}

/// Two leads turn out to be one person, and have accepted. Both are written to, the second last.
async fn two_leads_of_one_person() -> (Stage, [String; 2]) {
    let stage = Stage::set(2).await;
    for table in ["linkedin_people set provider_id", "linkedin_acts set person"] {
        let column = table.rsplit(' ').next().unwrap();
        let query = format!("update {table} = 'ACo_person-0' where {column} = 'ACo_person-1'");
        sqlx::query(AssertSqlSafe(query)).execute(&stage.app().pool).await.unwrap();
    }
    let told = stage.accept(0);
    stage.world.webhook(&told).await;
    stage.follow().await;
    assert_eq!((stage.leads("connected").await, stage.told("connection_accepted").await), (2, 2));
    stage.pass(TimeDelta::hours(3)).await;
    assert_eq!(stage.done(Act::Message).len(), 2);
    let leads = [lead_of(&stage, "person-0").await, lead_of(&stage, "person-1").await];
    let later = "update execution_steps set sending_at = sending_at + interval '1 minute' where lead_id::text = $1";
    sqlx::query(later).bind(&leads[1]).execute(&stage.app().pool).await.unwrap();
    stage.app().clock.advance(Duration::from_mins(10));
    (stage, leads)
}

/// The lead in whose conversation the only message is.
async fn written_by(stage: &Stage) -> String {
    let query = "select lead_id::text from messages where direction = 'inbound'";
    sqlx::query_scalar(query).fetch_one(&stage.app().pool).await.unwrap()
}

#[tokio::test]
async fn an_answer_is_that_leads_who_was_last_written_to_and_no_other_lead_of_the_person_is_written_to_again() {
    for by_webhook in [true, false] {
        let (stage, [_, last]) = two_leads_of_one_person().await;
        answer(&stage, "Please call me on Monday.", by_webhook).await;
        assert_eq!(written_by(&stage).await, last);
        assert_eq!((stage.leads("replied").await, stage.ways("replied").await), (2, 2));
        assert_eq!(stage.told("lead_replied").await, 1, "one answer is told of once");
        stage.pass(TimeDelta::hours(60)).await;
        assert_eq!(stage.done(Act::Message).len(), 2, "nobody who has answered is written to again");
    }
}

#[tokio::test]
async fn a_lead_whose_profile_was_only_looked_at_neither_gets_the_answer_nor_ends_by_it() {
    let (stage, [visited, last]) = two_leads_of_one_person().await;
    let query = "update execution_steps set action = 'profile_visit' where lead_id::text = $1";
    sqlx::query(query).bind(&visited).execute(&stage.app().pool).await.unwrap();
    answer(&stage, "Please call me on Monday.", true).await;
    assert_eq!(written_by(&stage).await, last);
    assert_eq!((status(&stage, &visited).await, status(&stage, &last).await), (json!("connected"), json!("replied")));
}

#[tokio::test]
async fn an_acceptance_is_told_of_the_ways_alone_on_which_that_account_has_begun() {
    let stage = Stage::set(1).await;
    let member = stage.app().member();
    let other = stage.world.connect(&member, "acc-2").await;
    stage.look(WatchKind::Messages).await;
    let list = member.get("/api/v1/lead-lists").await.expect(200)["data"][0]["id"].clone();
    let body = json!({
        "name": "Another", "lead_list_ids": [list], "account_ids": [other], "settings": {"skip_in_another_campaign": false},
        "schedule": {"timezone": "UTC", "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start_time": "00:00", "end_time": "24:00"},
        "workflow": {"nodes": [{"id": "invite", "type": "send_connection_request"}], "edges": []}
    });
    let campaign = member.post("/api/v1/campaigns", body).await.expect(201)["id"].as_str().unwrap().to_owned();
    member.post(&format!("/api/v1/campaigns/{campaign}/start"), json!({})).await.expect(200);
    stage.pass(TimeDelta::minutes(10)).await;
    let ways = "select count(*) from campaign_executions where linkedin_account_id is not null";
    assert_eq!(stage.world.count(ways).await, 2, "each account has begun with the lead");
    let told = stage.accept(0);
    stage.world.webhook(&told).await;
    stage.follow().await;
    let elsewhere =
        format!("select count(*) from activities where type = 'connection_accepted' and campaign_id = '{campaign}'");
    assert_eq!((stage.told("connection_accepted").await, stage.world.count(&elsewhere).await), (1, 0));
}
