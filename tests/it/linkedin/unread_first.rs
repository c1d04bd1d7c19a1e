//! Unread answers go first, to whichever account that has written to the lead.

use chrono::TimeDelta;
use clento::models::WatchKind;
use serde_json::json;
use sqlx::AssertSqlSafe;

use super::{ACCOUNTS, answers::Stage};
use crate::support::unipile::Act;

/// Leads that wait since an account of theirs is unread.
const HELD: &str =
    "select count(*) from campaign_executions where status = 'waiting' and moves -> 0 ->> 'rule' = 'linkedin_unread'";

impl Stage {
    /// The chats of the first account were last read so many hours ago.
    async fn unread_for(&self, hours: u32) {
        let query = format!(
            "update account_watches set read_at = clock_timestamp() - make_interval(hours => {hours})
             where kind = 'messages' and account_id = '{}'",
            self.account
        );
        sqlx::query(AssertSqlSafe(query)).execute(&self.app().pool).await.unwrap();
    }

    /// Another account begins to invite the same people.
    async fn another_begins(&self) {
        let member = self.app().member();
        let account = self.world.connect(&member, "acc2").await;
        self.look(WatchKind::Messages).await;
        let open =
            json!({"limits": {"send_connection_request": {"per_day": 1000, "per_week": 1000}}, "spacing_seconds": 0});
        member.patch(&format!("{ACCOUNTS}/{account}"), open).await.expect(200);
        let list = member.get("/api/v1/lead-lists").await.expect(200)["data"][0]["id"].clone();
        let body = json!({
            "name": "Another", "lead_list_ids": [list], "account_ids": [account], "stop_on": ["reply"],
            "settings": {"skip_in_another_campaign": false},
            "schedule": {"timezone": "UTC", "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start_time": "00:00", "end_time": "24:00"},
            "workflow": {"nodes": [{"id": "invite", "type": "send_connection_request", "config": {}}], "edges": []}
        });
        let campaign = member.post("/api/v1/campaigns", body).await.expect(201)["id"].as_str().unwrap().to_owned();
        member.post(&format!("/api/v1/campaigns/{campaign}/start"), json!({})).await.expect(200);
    }

    /// Whom the other account has invited.
    fn invited_by_another(&self) -> usize {
        self.done(Act::Invite).iter().filter(|(account, _)| account == "acc2").count()
    }
}

#[tokio::test]
async fn nobody_is_written_to_while_another_accounts_chats_are_unread() {
    let stage = Stage::set(2).await;
    stage.another_begins().await;
    stage.unread_for(1).await;
    stage.campaigns().await;
    assert_eq!((stage.invited_by_another(), stage.world.count(HELD).await), (0, 2));
    // One of them had answered there.
    stage.write(0, "Let us talk.");
    stage.pass(TimeDelta::minutes(13)).await;
    stage.look(WatchKind::Messages).await;
    stage.pass(TimeDelta::minutes(2)).await;
    assert_eq!((stage.invited_by_another(), stage.ways("replied").await), (1, 2));
}

#[tokio::test]
async fn nobody_is_written_to_while_a_webhook_of_a_message_is_not_followed() {
    let stage = Stage::set(1).await;
    let answer = stage.write(0, "Let us talk.");
    stage.world.webhook(&answer).await;
    stage.another_begins().await;
    stage.campaigns().await;
    assert_eq!((stage.invited_by_another(), stage.world.count(HELD).await), (0, 1));
    stage.follow().await;
    stage.pass(TimeDelta::hours(1)).await;
    assert_eq!((stage.invited_by_another(), stage.ways("replied").await), (0, 2));
}

#[tokio::test]
async fn an_account_that_is_out_holds_its_leads_for_a_day_and_not_for_ever() {
    let stage = Stage::set(1).await;
    stage.another_begins().await;
    let told = stage.world.fake.world().set_source("acc", "CREDENTIALS");
    stage.world.webhook(&told).await;
    stage.world.work().await;
    stage.unread_for(23).await;
    stage.pass(TimeDelta::hours(23)).await;
    assert_eq!((stage.invited_by_another(), stage.world.count(HELD).await), (0, 1));
    stage.unread_for(25).await;
    stage.pass(TimeDelta::hours(2)).await;
    assert_eq!(stage.invited_by_another(), 1);
}
