//! Domains of mailboxes' own that links lead through: used once it is proved that they lead to this server, and no longer.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::{
    PATH, faults, replica,
    sending::{account, campaign, states, tick, two_mails},
};
use crate::support::{MailServer, TestApp, mail_server::TestMailbox};

/// Somebody else's server.
const KEYS: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

struct Story {
    server: MailServer,
    app: TestApp,
    anna: TestMailbox,
    account: String,
}

impl Story {
    async fn begin() -> Self {
        let server = MailServer::start().await;
        let app = TestApp::start_with(|config| {
            server.trust(&mut config.mail);
            config.mail.public_url = Some("https://api.sender.example/".parse().unwrap());
        })
        .await;
        let anna = server.mailbox("anna@sender.example");
        let account = format!("{PATH}/{}", account(&app, &anna, json!({})).await);
        Self { server, app, anna, account }
    }

    async fn set(&self, domain: impl Into<Value>) -> Value {
        let changed = self.app.member().patch(&self.account, json!({"tracking_domain": domain.into()})).await;
        changed.expect(200)["mailbox"]["tracking_domain"].clone()
    }

    /// What is shown of the domain after it was looked at.
    async fn looked_at(&self) -> Value {
        self.app.state.runs().look_at_link_domains().await.unwrap();
        self.app.member().get(&self.account).await.expect(200)["mailbox"]["tracking_domain"].clone()
    }
}

/// Host and port of a service.
fn name(app: &TestApp) -> String {
    app.base.trim_start_matches("http://").to_owned()
}

#[tokio::test]
async fn links_lead_through_a_mailboxes_own_domain_while_it_leads_here() {
    let story = Story::begin().await;
    let (app, server) = (&story.app, &story.server);
    let elsewhere = replica(app, server).await;
    let set = story.set(name(&elsewhere)).await;
    assert_eq!(
        (&set["name"], &set["status"], &set["checked_at"]),
        (&json!(name(&elsewhere)), &json!("unchecked"), &json!(null))
    );
    let (ben, cleo) = (server.mailbox("ben@lead.example"), server.mailbox("cleo@lead.example"));
    let id = story.account.trim_start_matches(PATH).trim_start_matches('/');
    let campaign = campaign(app, id, &[&ben, &cleo], two_mails()).await;
    let tracked = json!({"settings": {"track_opens": true}});
    app.member().patch(&format!("/api/v1/campaigns/{campaign}"), tracked).await.expect(200);

    // Not yet: nobody has looked.
    sent(app, 1).await;
    let found = story.looked_at().await;
    assert_eq!((&found["status"], &found["reason"]), (&json!("proved"), &json!(null)));
    assert!(found["checked_at"].is_string());
    sent(app, 2).await;
    let [before, after] = [server.await_messages(&ben, "INBOX", 1), server.await_messages(&cleo, "INBOX", 1)]
        .map(|mails| async { mails.await.remove(0).text().replace("=\r\n", "") });
    let mut mails = [before.await, after.await];
    mails.sort_by_key(|mail| mail.contains("List-Unsubscribe: <http://127"));
    let [before, after] = mails;
    assert!(before.contains("List-Unsubscribe: <https://api.sender.example/u/"), "{before}");
    assert!(before.contains("https://api.sender.example/o/"), "{before}");
    let through = format!("http://{}", name(&elsewhere));
    assert!(after.contains(&format!("List-Unsubscribe: <{through}/u/")), "{after}");
    assert!(after.contains(&format!("{through}/o/")) && !after.contains("api.sender.example"), "{after}");
    let way_out = after.split("List-Unsubscribe: <").nth(1).unwrap().split_once('>').unwrap().0;
    assert!(app.http.get(way_out).send().await.unwrap().text().await.unwrap().contains("<form method=\"post\">"));

    // Another change leaves it as it is; it is looked at again now and then, and is used no longer when nobody answers there.
    let other = app.member().patch(&story.account, json!({"signature": "Anna"})).await.expect(200);
    assert_eq!(other["mailbox"]["tracking_domain"]["status"], "proved");
    elsewhere.stop.cancel();
    drop(elsewhere);
    app.clock.advance(Duration::from_mins(61));
    let found = story.looked_at().await;
    assert_eq!(found["status"], "failed", "{found}");
    // What was sent through it has its copy as it was sent.
    app.state.runs().copy_sent().await.unwrap();
    let copies = server.await_messages(&story.anna, "Sent", 2).await;
    assert_eq!(
        copies.iter().filter(|copy| copy.text().contains(&format!("List-Unsubscribe: <{through}/u/"))).count(),
        1
    );
    assert_eq!(story.set(Value::Null).await, Value::Null);
    assert_eq!(story.looked_at().await, Value::Null);
}

/// Has so many mails sent.
async fn sent(app: &TestApp, count: usize) {
    for _ in 0..240 {
        tick(app).await;
        if states(app).await.len() >= count {
            return;
        }
        app.clock.advance(Duration::from_secs(1));
    }
    panic!("nothing was sent");
}

#[tokio::test]
async fn a_domain_that_leads_elsewhere_is_told_why_and_not_used() {
    let story = Story::begin().await;
    let stranger = TestApp::start_with_keys(KEYS).await;
    let cases =
        [(name(&stranger), "Something else than this server"), ("127.0.0.1:1".to_owned(), "cannot be connected to")];
    for (domain, reason) in cases {
        story.set(domain.as_str()).await;
        let found = story.looked_at().await;
        assert_eq!((&found["name"], &found["status"]), (&json!(domain), &json!("failed")));
        assert!(found["reason"].as_str().unwrap().contains(reason), "{found}");
    }
    // Whoever has mended it has it looked at again at once.
    let due = "select links_due_at <= $1 from connected_accounts";
    let is_due = async || {
        let now = clento::utils::clock::Clock::now(&*story.app.clock);
        sqlx::query_scalar::<_, bool>(due).bind(now).fetch_one(&story.app.pool).await.unwrap()
    };
    assert!(!is_due().await);
    story.app.member().post(&format!("{}/sync", story.account), json!({})).await.expect(200);
    assert!(is_due().await);
    let challenge = "0123456789abcdef".repeat(2);
    let proof =
        async |app: &TestApp, challenge: &str| app.anonymous().get(&format!("/.well-known/clento/{challenge}")).await;
    let (ours, theirs) = (proof(&story.app, &challenge).await, proof(&stranger, &challenge).await);
    assert!(ours.status == 200 && theirs.status == 200 && ours.text != theirs.text && ours.text.len() == 64);
    proof(&story.app, "x").await.expect_problem(404, "challenge_not_found");
}

#[tokio::test]
async fn only_names_are_taken_where_others_can_reach_us() {
    let story = Story::begin().await;
    let database = story.app.database.share();
    let db = database.open();
    let strict =
        TestApp::start_on(database, db, Arc::clone(&story.app.clock), |server| server.mail.anywhere = false).await;
    for (wrong, code) in [
        ("127.0.0.1:3000", "domain_invalid"),
        ("go.sender.example:8443", "domain_invalid"),
        ("10.0.0.1", "domain_not_public"),
        ("localhost", "domain_not_public"),
        ("go.sender.example/path", "domain_invalid"),
        ("https://go.sender.example", "domain_invalid"),
        ("anna@sender.example", "domain_invalid"),
    ] {
        let refused = strict.member().patch(&story.account, json!({"tracking_domain": wrong})).await;
        let problem = refused.expect_problem(422, "validation_failed");
        assert_eq!(faults(&problem), [("/tracking_domain".to_owned(), code.to_owned())], "{wrong}");
    }
    let set = strict.member().patch(&story.account, json!({"tracking_domain": "Go.Sender.example."})).await.expect(200);
    assert_eq!(set["mailbox"]["tracking_domain"]["name"], "go.sender.example");
}
