//! Domains of mailboxes' own that links lead through: used once it is proved that they lead to this server, and no longer.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use clento::{
    config::{Config, Vars},
    models::{MailMark, OrganizationId},
    services::mail_reads::ReadLinks,
};
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    PATH, faults, replica,
    sending::{account, campaign, states, tick, two_mails},
};
use crate::support::{Caller, MailServer, NameServer, TestApp, mail_server::TestMailbox};

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
        Self::at(Some("https://api.sender.example/")).await
    }

    async fn at(public_url: Option<&str>) -> Self {
        Self::with(public_url, Vec::new()).await
    }

    async fn with(public_url: Option<&str>, dns_servers: Vec<SocketAddr>) -> Self {
        let server = MailServer::start().await;
        let app = TestApp::start_with(|config| {
            server.trust(&mut config.mail);
            config.mail.public_url = public_url.map(|url| url.parse().unwrap());
            config.mail.dns_servers = dns_servers;
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
    let through = format!("http://{}", name(&elsewhere));
    mails.sort_by_key(|mail| mail.contains(&through));
    let [before, after] = mails;
    assert!(before.contains("https://api.sender.example/o/"), "{before}");
    assert!(after.contains(&format!("{through}/o/")) && !after.contains("https://api.sender.example/o/"), "{after}");
    // The way out outlives the domain.
    for mail in [&before, &after] {
        assert!(mail.contains("List-Unsubscribe: <https://api.sender.example/u/"), "{mail}");
    }

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
        copies.iter().filter(|copy| copy.text().replace("=\r\n", "").contains(&format!("{through}/o/"))).count(),
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
async fn the_way_out_leads_through_a_proved_domain_where_there_is_no_other() {
    let story = Story::at(None).await;
    let (app, server) = (&story.app, &story.server);
    let domain = name(app);
    story.set(domain.as_str()).await;
    assert_eq!(story.looked_at().await["status"], "proved");
    let ben = server.mailbox("ben@lead.example");
    let id = story.account.trim_start_matches(PATH).trim_start_matches('/');
    campaign(app, id, &[&ben], two_mails()).await;
    sent(app, 1).await;
    let mail = server.await_messages(&ben, "INBOX", 1).await.remove(0).text().replace("=\r\n", "");
    let way_out = mail.split("List-Unsubscribe: <").nth(1).unwrap().split_once('>').unwrap().0;
    assert!(way_out.starts_with(&format!("http://{domain}/u/")), "{way_out}");
    assert!(app.http.get(way_out).send().await.unwrap().text().await.unwrap().contains("<form method=\"post\">"));
}

/// A link in a mail of an organization's, which leads to a shop.
async fn link_of(app: &TestApp, organization: &str) -> String {
    let links = ReadLinks::new(&Config::from_vars(Vars::given([])).unwrap().encryption.0).unwrap();
    let organization = OrganizationId(app.organization_id(organization).await);
    let mark = MailMark { organization, step: Uuid::new_v4().into(), link: 1 };
    let base = "https://api.sender.example/".parse().unwrap();
    links.link(&base, &mark, "https://shop.example/").unwrap().path().to_owned()
}

/// Follows a link at a host, as servers before us tell it; whether it leads on.
async fn followed(app: &TestApp, link: &str, headers: &[(&str, &str)]) -> u16 {
    let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let reader = Caller { http, ..app.anonymous() };
    let call =
        headers.iter().fold(reader.request(reqwest::Method::GET, link), |call, (name, value)| call.header(name, value));
    call.send().await.status.as_u16()
}

#[tokio::test]
async fn only_an_organizations_own_links_lead_on_from_its_domain() {
    let story = Story::begin().await;
    let app = &story.app;
    let domain = name(app);
    story.set(domain.as_str()).await;
    let [ours, theirs] = [link_of(app, "org_ours").await, link_of(app, "org_theirs").await];
    let at = |link, host| async move { followed(app, link, &[("host", host)]).await };
    assert_eq!(at(&theirs, &domain).await, 302, "it is nobody's yet");
    assert_eq!(story.looked_at().await["status"], "proved");
    app.clock.advance(Duration::from_mins(2));
    assert_eq!((at(&ours, &domain).await, at(&theirs, &domain).await), (302, 404));
    // Whoever stands before us may have put another name in its place.
    for (host, forwarded, status) in [
        ("api.sender.example", domain.as_str(), 404),
        (domain.as_str(), "api.sender.example", 404),
        ("backend", &format!("{domain}, api.sender.example"), 404),
        ("api.sender.example", "api.sender.example:443", 302),
        ("API.sender.example.", "backend", 302),
        ("api.sender.example", "a, b, c, api.sender.example, a:443, B", 302),
    ] {
        let led = followed(app, &theirs, &[("host", host), ("x-forwarded-host", forwarded)]).await;
        assert_eq!(led, status, "{host} {forwarded}");
        assert_eq!(followed(app, &ours, &[("host", host), ("x-forwarded-host", forwarded)]).await, 302);
    }
    // Nobody has so many names, and each would be a question to the database.
    let many = followed(app, &ours, &[("host", "api.sender.example"), ("x-forwarded-host", "a,b,c,d")]).await;
    assert_eq!(many, 404);
    // Ways out and pictures lead nowhere else, and work under every name.
    assert_eq!(followed(app, &theirs.replace("/l/", "/o/"), &[("host", &domain)]).await, 200);
    // Given up, the domain still leads on what was sent.
    story.set(Value::Null).await;
    app.clock.advance(Duration::from_mins(2));
    assert_eq!((at(&ours, &domain).await, at(&theirs, &domain).await), (302, 404));
    // While nobody can tell whose a name is, what was known of it holds, and no link is followed by one that is new.
    sqlx::query("alter table link_domains rename to away").execute(&app.pool).await.unwrap();
    app.clock.advance(Duration::from_mins(2));
    assert_eq!((at(&ours, &domain).await, at(&theirs, &domain).await), (302, 404));
    assert_eq!((at(&ours, "new.sender.example").await, at(&ours, "api.sender.example").await), (503, 302));
}

#[tokio::test]
async fn a_domain_is_whoevers_proved_it_first_until_that_has_long_ended() {
    let story = Story::begin().await;
    let app = &story.app;
    let domain = name(app);
    story.set(domain.as_str()).await;
    assert_eq!(story.looked_at().await["status"], "proved");
    let mut request = story.server.mailbox("mallory@other.example").request();
    request["tracking_domain"] = json!(domain);
    let theirs = app.outsider().post(PATH, request).await.expect(201)["id"].as_str().unwrap().to_owned();
    let theirs = format!("{PATH}/{theirs}");
    let looked_at = || async {
        while app.state.runs().look_at_link_domains().await.unwrap().done > 0 {}
        app.outsider().get(&theirs).await.expect(200)["mailbox"]["tracking_domain"].clone()
    };
    let found = looked_at().await;
    assert_eq!(found["status"], "failed");
    assert!(found["reason"].as_str().unwrap().contains("another organization"), "{found}");
    // As long as ours is seen to lead here, and for 90 days after.
    for _ in 0..3 {
        app.clock.advance(Duration::from_hours(24 * 60));
        assert_eq!(looked_at().await["status"], "failed");
    }
    story.set(Value::Null).await;
    app.clock.advance(Duration::from_hours(24 * 89));
    assert_eq!(looked_at().await["status"], "failed");
    app.clock.advance(Duration::from_hours(24 * 2));
    assert_eq!(looked_at().await["status"], "proved");
}

#[tokio::test]
async fn a_domain_that_fails_is_looked_at_ever_more_seldom_until_somebody_asks() {
    let story = Story::begin().await;
    story.set("127.0.0.1:1").await;
    let pause = async || {
        let due = sqlx::query_scalar::<_, chrono::DateTime<chrono::Utc>>("select links_due_at from connected_accounts");
        (due.fetch_one(&story.app.pool).await.unwrap() - clento::utils::clock::Clock::now(&*story.app.clock))
            .num_minutes()
    };
    let mut pauses = Vec::new();
    for _ in 0..7 {
        assert_eq!(story.looked_at().await["status"], "failed");
        pauses.push(pause().await);
        story.app.clock.advance(Duration::from_mins(pauses.last().unwrap().unsigned_abs()));
    }
    assert_eq!(pauses, [5, 5, 10, 20, 40, 60, 60]);
    story.app.clock.advance(Duration::from_hours(24 * 7));
    story.looked_at().await;
    assert_eq!(pause().await, 24 * 60);
    story.app.member().post(&format!("{}/sync", story.account), json!({})).await.expect(200);
    assert!(pause().await <= 0, "whoever asks waits for nothing");
    story.looked_at().await;
    assert_eq!(pause().await, 5);
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

#[tokio::test]
async fn a_domain_is_its_whose_record_stands_there_whoever_came_first() {
    let dns = NameServer::start().await;
    let story = Story::with(Some("https://api.sender.example/"), vec![dns.address]).await;
    let app = &story.app;
    let domain = name(app);
    story.set(domain.as_str()).await;
    assert_eq!(story.looked_at().await["status"], "proved", "of who came first, without a record");

    let mut request = story.server.mailbox("olga@owner.example").request();
    request["tracking_domain"] = domain.as_str().into();
    let made = app.outsider().post(PATH, request).await.expect(201);
    let theirs = format!("{PATH}/{}", made["id"].as_str().unwrap());
    let record = made["mailbox"]["tracking_domain"]["owner_record"].clone();
    assert_eq!(record["name"], "_clento.127.0.0.1");
    let looked_at = async || {
        let owner = app.outsider();
        owner.post(&format!("{theirs}/sync"), json!({})).await.expect(200);
        app.state.runs().look_at_link_domains().await.unwrap();
        owner.get(&theirs).await.expect(200)["mailbox"]["tracking_domain"].clone()
    };
    let found = looked_at().await;
    assert!(found["reason"].as_str().unwrap().contains("another organization"), "{found}");
    dns.text("_clento.127.0.0.1", "clento-domain=0123456789abcdef0123456789abcdef");
    assert_eq!(looked_at().await["status"], "failed", "that is nobody's record");
    dns.text("_clento.127.0.0.1", record["value"].as_str().unwrap());
    assert_eq!(looked_at().await["status"], "proved");
    let [our_link, their_link] = [link_of(app, "org_ours").await, link_of(app, "org_theirs").await];
    let at = |link, host| async move { followed(app, link, &[("host", host)]).await };
    assert_eq!((at(&our_link, &domain).await, at(&their_link, &domain).await), (404, 302));

    // Whoever came first sees it, and has it again only by a record of its own where there is no other.
    app.clock.advance(Duration::from_mins(61));
    let lost = story.looked_at().await;
    assert_eq!(lost["status"], "failed", "{lost}");
    dns.text("_clento.127.0.0.1", lost["owner_record"]["value"].as_str().unwrap());
    app.clock.advance(Duration::from_mins(61));
    assert_eq!(story.looked_at().await["status"], "failed", "both have one: it stays");
    assert_eq!(looked_at().await["status"], "proved");
}
