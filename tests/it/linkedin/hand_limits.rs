//! What the provider of a mailbox takes at all holds for what is written by hand too.

use std::time::Duration;

use chrono::{NaiveDate, Timelike as _};
use clento::utils::clock::Clock as _;
use serde_json::json;

use super::mailboxes::Story;
use crate::support::unipile::{On, Trouble};

impl Story {
    /// One has answered; answers where that is answered.
    async fn answered(&self) -> String {
        self.pass(30).await;
        let id = self.world.fake.world().mails[0].message_id.clone();
        let (about, header) = (("Re: Hello First0", "<p>Yes.</p>"), [("In-Reply-To", id.as_str())]);
        let told = self.world.fake.world().mail_in("box", "person0@lead.example", about, &header);
        self.world.webhook(&told).await;
        self.look().await;
        let list = self.world.app.member().get("/api/v1/conversations").await.expect(200);
        format!("/api/v1/conversations/{}/messages", list["data"][0]["id"].as_str().unwrap())
    }

    /// The mailbox turns out to be of this provider.
    async fn is_of(&self, provider: &str) {
        let update = sqlx::query("update connected_accounts set provider = $1").bind(provider);
        update.execute(&self.world.app.pool).await.unwrap();
    }

    /// The mailbox has sent so many mails in this hour, and nothing before.
    async fn has_sent(&self, mails: i32) {
        let now = self.world.app.clock.now();
        let (day, hour): (NaiveDate, i16) = (now.date_naive(), now.hour().try_into().unwrap());
        sqlx::query("delete from account_usage").execute(&self.world.app.pool).await.unwrap();
        let insert = "insert into account_usage (organization_id, account_id, action, day, hour, used)
                      select organization_id, id, 'send_email', $2, $3, $4 from connected_accounts where id = $1";
        let insert = sqlx::query(insert).bind(self.account.parse::<uuid::Uuid>().unwrap());
        insert.bind(day).bind(hour).bind(mails).execute(&self.world.app.pool).await.unwrap();
    }
}

#[tokio::test]
async fn of_two_answers_at_once_one_is_above_what_the_provider_takes_in_24_hours() {
    let story = Story::begin(1).await;
    let path = story.answered().await;
    // Google takes 2,000 of a mailbox with a domain of its own.
    story.is_of("gmail").await;
    story.has_sent(1_999).await;
    let member = story.world.app.member();
    let (one, two) = (json!({"text": "Tuesday?"}), json!({"text": "Wednesday?"}));
    let (one, two) = tokio::join!(member.post(&path, one), member.post(&path, two));
    let (sent, refused) = if one.status.is_success() { (one, two) } else { (two, one) };
    assert_eq!(sent.expect(201)["state"], "sent");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    refused.expect_problem(429, "provider_limit_reached");
    assert!((23 * 3_600..=25 * 3_600).contains(&wait), "{wait}");
    assert_eq!(story.world.count("select count(*) from messages where direction = 'outbound'").await, 1);
    assert_eq!(story.world.count("select sum(used)::int8 from account_usage").await, 2_000);
    story.world.app.clock.advance(Duration::from_secs(wait - 60));
    let member = story.world.app.member();
    member.post(&path, json!({"text": "Early."})).await.expect_problem(429, "provider_limit_reached");
    story.world.app.clock.advance(Duration::from_mins(1));
    let member = story.world.app.member();
    assert_eq!(member.post(&path, json!({"text": "In time."})).await.expect(201)["state"], "sent");
}

#[tokio::test]
async fn what_the_provider_refused_is_given_back_and_what_nobody_can_tell_of_is_not() {
    let story = Story::begin(1).await;
    let path = story.answered().await;
    story.has_sent(1).await;
    let used = "select sum(used)::int8 from account_usage";
    for (trouble, state, count) in [(Trouble::CutAfter, "sending", 2), (Trouble::Busy(Some(120)), "failed", 2)] {
        story.world.fake.trouble(On::post("/emails"), trouble);
        let written = story.world.app.member().post(&path, json!({"text": "Tuesday?"})).await.expect(201);
        assert_eq!(written["state"], state, "{written}");
        assert_eq!(story.world.count(used).await, count, "{state}");
    }
}

#[tokio::test]
async fn where_the_provider_counts_by_days_the_next_day_begins_anew() {
    let story = Story::begin(1).await;
    let path = story.answered().await;
    story.is_of("outlook").await;
    story.has_sent(10_000).await;
    let member = story.world.app.member();
    let refused = member.post(&path, json!({"text": "Tuesday?"})).await;
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    refused.expect_problem(429, "provider_limit_reached");
    let now = story.world.app.clock.now();
    let midnight = u64::from(86_400 - now.num_seconds_from_midnight());
    assert!((midnight..=midnight + 1).contains(&wait), "{wait} {midnight}");
    story.has_sent(9_999).await;
    assert_eq!(member.post(&path, json!({"text": "Tuesday?"})).await.expect(201)["state"], "sent");
}

#[tokio::test]
async fn a_mailbox_that_is_reached_through_unipile_gets_no_limit_above_its_providers() {
    let story = Story::begin(1).await;
    story.is_of("gmail").await;
    let path = format!("/api/v1/connected-accounts/{}", story.account);
    let limits = |per_day: i32| json!({"limits": {"send_email": {"per_day": per_day}}});
    let refused = story.world.app.member().patch(&path, limits(2_001)).await.expect_problem(422, "validation_failed");
    assert_eq!(refused["errors"][0]["code"], "above_provider_limit", "{refused}");
    story.world.app.member().patch(&path, limits(2_000)).await.expect(200);
}
