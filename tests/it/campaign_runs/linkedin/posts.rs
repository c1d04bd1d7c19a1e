//! Which post is taken, and that none is taken twice.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{MONDAY, Stage, act, at, only, paused_before_the_wire};
use crate::support::unipile::Act;

#[tokio::test]
async fn the_newest_of_the_leads_own_recent_posts_is_taken() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(1).await;
    let now = at(MONDAY);
    let wanted = {
        let mut world = stage.fake.world();
        world.post("person-0", now - TimeDelta::days(8));
        let wanted = world.post("person-0", now - TimeDelta::days(6)).social_id.clone();
        world.post("person-0", now - TimeDelta::days(3)).is_repost = true;
        world.post("person-0", now - TimeDelta::days(2)).can_react = false;
        wanted
    };
    stage.start(&list, &[&account], only("like_post", &json!({"max_post_age_days": 7}))).await;
    stage.pass(3).await;
    assert_eq!(stage.done(Act::Like), [("A1".into(), wanted)]);
}

#[tokio::test]
async fn no_recent_post_is_a_reason_and_no_failure() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(1).await;
    stage.fake.world().post("person-0", at(MONDAY) - TimeDelta::days(8));
    stage.start(&list, &[&account], only("comment_post", &json!({"message": "Hm", "max_post_age_days": 7}))).await;
    stage.pass(3).await;
    assert_eq!(stage.done(Act::Comment), []);
    assert_eq!(stage.attempts().await, ["it skipped no_recent_post"]);
    assert_eq!(stage.standing().await, ["it completed"]);
    assert_eq!(stage.texts("select sum(used)::text from account_usage").await, ["0"]);
}

/// Runs the same workflow twice over one list, from one account.
async fn twice(stage: &Stage, workflow: Value) {
    let account = stage.account("A1", false).await;
    let list = stage.people(1).await;
    for _ in 0..2 {
        stage.start(&list, &[&account], workflow.clone()).await;
        stage.pass(26).await;
    }
}

#[tokio::test]
async fn no_post_is_liked_or_commented_on_twice_whichever_campaigns_want_it() {
    for (kind, act) in [("like_post", Act::Like), ("comment_post", Act::Comment)] {
        let config = if act == Act::Comment { json!({"message": "Well said"}) } else { json!({}) };
        let stage = Stage::set().await;
        stage.fake.world().post("person-0", at(MONDAY));
        twice(&stage, only(kind, &config)).await;
        assert_eq!(stage.done(act).len(), 1, "{kind}");
        assert_eq!(stage.attempts().await, ["it sent", "it skipped post_done_already"]);

        // With another recent post, that one is taken.
        let stage = Stage::set().await;
        stage.fake.world().post("person-0", at(MONDAY));
        stage.fake.world().post("person-0", at(MONDAY) - TimeDelta::days(1));
        twice(&stage, only(kind, &config)).await;
        let done = stage.done(act);
        assert!(done.len() == 2 && done[0] != done[1], "{kind}: {done:?}");
    }
}

#[tokio::test]
async fn a_post_that_cannot_be_commented_on_is_left_out() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(1).await;
    let social = stage.fake.world().post("person-0", at(MONDAY)).social_id.clone();
    stage.fake.trouble(
        crate::support::unipile::On::post(&format!("/posts/{social}/comments")),
        crate::support::unipile::Trouble::Refuse(422, "comments_disabled"),
    );
    stage.start(&list, &[&account], only("comment_post", &json!({"message": "Hm"}))).await;
    stage.pass(3).await;
    assert_eq!(stage.attempts().await, ["it skipped comments_disabled"]);
    assert_eq!(stage.standing().await, ["it completed"]);
}

#[tokio::test]
async fn what_a_pause_kept_back_is_not_taken_for_done_when_the_campaign_goes_on_at_once() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(1).await;
    stage.fake.world().post("person-0", at(MONDAY));
    let id = stage.start(&list, &[&account], only("like_post", &json!({}))).await;
    // It goes on right after the attempt has found that it must not begin.
    let resumes = "create function resumes() returns trigger language plpgsql as
                     $$ begin update campaigns set status = 'running'; return null; end $$;
                   create trigger resumes after insert on linkedin_acts for each statement execute function resumes()";
    sqlx::raw_sql(resumes).execute(&stage.app.pool).await.unwrap();
    paused_before_the_wire(&stage.app, &id, "linkedin_acts", Box::pin(stage.pass(24))).await;
    assert_eq!((stage.done(Act::Like), stage.attempts().await), (vec![], vec!["it not_sent not_begun".to_owned()]));
    sqlx::raw_sql("drop trigger resumes on linkedin_acts").execute(&stage.app.pool).await.unwrap();
    act(&stage.app.member(), &id, "resume").await;
    stage.pass(24).await;
    assert_eq!(stage.done(Act::Like).len(), 1);
}
