//! Whether mails are read: what is put into them, what follows when it is fetched, and who is taken for a person.

use std::time::Duration;

use reqwest::{Method, redirect::Policy};
use serde_json::{Value, json};

use super::sending::{account, campaign, minutes, states, tick};
use crate::support::{
    Answer, Caller, MailServer, TestApp,
    mail_server::{Stored, TestMailbox},
};

/// What people read with.
const PERSON: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
const HTML: &str = r##"<p>Hallo {{ first_name }}, <a href="https://shop.example/a?x=1&amp;y={{ first_name }}">eins</a> und <a href="http://shop.example/b">zwei</a>,
<a href="mailto:anna@sender.example">schreib</a>, <a href="#unten">unten</a> oder <a href="https://api.sender.example/u/abc">ab</a>.</p>"##;

/// A mail with links, and one without HTML an hour later.
fn workflow() -> Value {
    json!({
        "nodes": [
            {"id": "mail", "type": "send_email", "config": {"variants": [{"subject": "Hallo", "text": "Hallo, https://shop.example/a", "html": HTML}]}},
            {"id": "bump", "type": "send_email", "config": {"thread": true, "variants": [{"text": "Noch einmal: https://shop.example/a"}]}}
        ],
        "edges": [{"source": "mail", "target": "bump", "delay": {"value": 1, "unit": "hours"}}]
    })
}

/// A campaign of Anna's to Ben that is to go out.
struct Story {
    server: MailServer,
    app: TestApp,
    anna: TestMailbox,
    ben: TestMailbox,
    campaign: String,
}

impl Story {
    async fn begin(settings: Value) -> Self {
        let server = MailServer::start().await;
        let app = TestApp::start_with(|config| {
            server.trust(&mut config.mail);
            config.mail.public_url = Some("https://api.sender.example/".parse().unwrap());
        })
        .await;
        let (anna, ben) = (server.mailbox("anna@sender.example"), server.mailbox("ben@lead.example"));
        let account = account(&app, &anna, json!({"signature": "Anna"})).await;
        let id = campaign(&app, &account, &[&ben], workflow()).await;
        let path = format!("/api/v1/campaigns/{id}");
        app.member().patch(&path, json!({ "settings": settings })).await.expect(200);
        Self { server, app, anna, ben, campaign: path }
    }

    async fn tracked() -> Self {
        Self::begin(json!({"track_opens": true, "track_clicks": true})).await
    }

    /// Has the first mail sent; the clock then shows when it was.
    async fn arrived(&self) -> Vec<Stored> {
        for _ in 0..120 {
            tick(&self.app).await;
            if !states(&self.app).await.is_empty() {
                return self.server.await_messages(&self.ben, "INBOX", 1).await;
            }
            self.app.clock.advance(Duration::from_secs(1));
        }
        panic!("nothing was sent");
    }

    /// Has the first mail sent, and answers the paths in its HTML: the picture, and the links.
    async fn sent(&self) -> (String, Vec<String>) {
        let arrived = self.arrived().await;
        let mail = arrived[0].read();
        let html = mail.body_html(0).unwrap().into_owned();
        let picture = paths(&html, "src").pop().unwrap();
        let links = paths(&html, "href").into_iter().filter(|path| path.starts_with("/l/")).collect();
        (picture, links)
    }

    /// Whoever fetches something, and is led nowhere by itself.
    fn reader(&self) -> Caller {
        let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        Caller { http, ..self.app.anonymous() }
    }

    async fn fetch(&self, method: Method, path: &str, program: &str) -> Answer {
        self.reader().request(method, path).header("user-agent", program).send().await
    }

    async fn read(&self, path: &str) -> Answer {
        self.fetch(Method::GET, path, PERSON).await
    }

    /// Lets time pass, and what was fetched be judged.
    async fn later(&self, seconds: u64) {
        self.app.state.mail_reads().settle().await;
        self.app.clock.advance(Duration::from_secs(seconds));
        while self.app.state.mail_reads().judge().await.unwrap().more {}
    }

    /// Mails and times of people, then of machines; opened, and followed.
    async fn counts(&self) -> ([i64; 5], [i64; 5]) {
        let told = self.app.member().get(&format!("{}/statistics", self.campaign)).await.expect(200);
        let of = |counts: &Value| {
            ["tracked", "mails", "times", "machine_mails", "machine_times"].map(|name| counts[name].as_i64().unwrap())
        };
        let node = told["nodes"].as_array().unwrap().iter().find(|node| node["node_id"] == "mail").unwrap();
        assert_eq!(
            (&node["opens"], &node["clicks"]),
            (&told["opens"], &told["clicks"]),
            "of the only one that shows it"
        );
        (of(&told["opens"]), of(&told["clicks"]))
    }

    /// What the lead's timeline tells of it, the first first.
    async fn told(&self) -> Vec<(String, Value)> {
        let lead =
            self.app.member().get("/api/v1/leads").await.expect(200)["data"][0]["id"].as_str().unwrap().to_owned();
        let timeline = self.app.member().get(&format!("/api/v1/leads/{lead}/timeline")).await.expect(200);
        let entries = timeline["data"].as_array().unwrap().iter().rev();
        let of_reads =
            entries.filter(|entry| ["email_opened", "link_clicked"].contains(&entry["type"].as_str().unwrap()));
        of_reads.map(|entry| (entry["type"].as_str().unwrap().to_owned(), entry["data"].clone())).collect()
    }
}

/// The paths of the addresses of ours that stand in an attribute.
fn paths(html: &str, attribute: &str) -> Vec<String> {
    let start = format!("{attribute}=\"https://api.sender.example");
    let parts = html.split(&start).skip(1);
    parts.map(|part| part.split_once('"').unwrap().0.to_owned()).collect()
}

#[tokio::test]
async fn nothing_is_put_into_mails_unless_the_campaign_says_so() {
    let story = Story::begin(json!({"track_opens": null})).await;
    let text = story.arrived().await[0].text();
    assert!(!text.contains("/o/") && !text.contains("/l/"), "{text}");
    assert_eq!(story.counts().await, ([0; 5], [0; 5]));
}

#[tokio::test]
async fn what_is_put_in_is_what_the_preview_says_and_stands_in_the_html_only() {
    let story = Story::tracked().await;
    let app = &story.app;
    let lead = app.member().get("/api/v1/leads").await.expect(200)["data"][0]["id"].clone();
    let preview =
        app.member().post(&format!("{}/preview", story.campaign), json!({"lead_ids": [lead]})).await.expect(200);
    let [first, second] = [0, 1].map(|n| preview["leads"][0]["messages"][n].clone());
    let targets = ["https://shop.example/a?x=1&y=ben", "http://shop.example/b"];
    assert_eq!((&first["tracks_opens"], &first["tracked_links"]), (&json!(true), &json!(targets)));
    assert_eq!((&second["tracks_opens"], &second["tracked_links"]), (&json!(false), &json!([])), "without HTML");

    let (picture, links) = story.sent().await;
    assert_eq!(links.len(), 2);
    for (link, target) in links.iter().zip(targets) {
        let answer = story.read(link).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (302, target));
    }
    let arrived = story.server.await_messages(&story.ben, "INBOX", 1).await.remove(0);
    let mail = arrived.read();
    let mut undone = mail.body_html(0).unwrap().trim_end().replace("\r\n", "\n");
    for (link, target) in links.iter().zip(targets) {
        undone = undone.replace(&format!("https://api.sender.example{link}"), &target.replace('&', "&amp;"));
    }
    let html = first["html"].as_str().unwrap();
    assert_eq!(
        undone,
        format!(r#"{html}<div>Anna</div><img src="https://api.sender.example{picture}" alt="" width="1" height="1">"#)
    );
    assert_eq!(mail.body_text(0).unwrap().replace("\r\n", "\n").trim_end(), "Hallo, https://shop.example/a\n\nAnna");

    // The copy in Sent is the same mail, whatever the campaign says by then.
    app.member().patch(&story.campaign, json!({"settings": null})).await.expect(200);
    app.state.runs().copy_sent().await.unwrap();
    let copy = story.server.await_messages(&story.anna, "Sent", 1).await.remove(0);
    assert_eq!(copy.read().body_html(0), mail.body_html(0));

    minutes(app, 61).await;
    let bump = story.server.await_messages(&story.ben, "INBOX", 2).await.remove(1).text();
    assert!(!bump.contains("/o/") && !bump.contains("/l/") && bump.contains("https://shop.example/a"), "{bump}");
    assert_eq!(states(app).await, vec![("sent".to_owned(), None); 2]);
}

#[tokio::test]
async fn people_are_counted_and_their_first_time_is_told() {
    let story = Story::tracked().await;
    let (picture, links) = story.sent().await;
    story.app.clock.advance(Duration::from_mins(1));
    let image = story.read(&picture).await;
    assert_eq!((image.status.as_u16(), image.header("content-type")), (200, "image/gif"));
    assert!(image.header("cache-control").contains("no-store"), "{:?}", image.headers);
    story.later(4).await;
    assert_eq!(story.told().await, [], "it is not judged yet");
    story.later(2).await;
    story.read(&links[0]).await;
    story.later(6).await;
    story.later(600).await;
    // What Gmail fetches when a mail is opened is a person's.
    story
        .fetch(
            Method::GET,
            &picture,
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
        )
        .await;
    story.read(&links[0]).await;
    story.later(60).await;
    story.read(&links[1]).await;
    story.later(60).await;
    assert_eq!(story.counts().await, ([1, 1, 2, 0, 0], [1, 1, 3, 0, 0]));
    let clicked = |url: &str| ("link_clicked".to_owned(), json!({"node_id": "mail", "url": url}));
    let opened = ("email_opened".to_owned(), json!({"node_id": "mail"}));
    let told = [opened, clicked("https://shop.example/a?x=1&y=ben"), clicked("http://shop.example/b")];
    assert_eq!(story.told().await, told, "each once, in order");
    let of_outsider = story.app.outsider().get("/api/v1/activities").await.expect(200);
    assert!(!of_outsider.to_string().contains("shop.example"), "{of_outsider}");
}

#[tokio::test]
async fn machines_are_counted_apart_and_nothing_is_told_of_them() {
    let story = Story::tracked().await;
    let (picture, links) = story.sent().await;
    // Whoever is so fast has waited for it.
    story.app.clock.advance(Duration::from_secs(19));
    story.read(&picture).await;
    story.read(&links[0]).await;
    story.later(60).await;
    assert_eq!(story.counts().await, ([1, 0, 0, 1, 1], [1, 0, 0, 1, 1]));
    // By what they say of themselves, and by how they ask.
    story.fetch(Method::GET, &picture, "Mozilla/5.0").await;
    let head = story.fetch(Method::HEAD, &links[0], PERSON).await;
    assert_eq!((head.status.as_u16(), head.header("location")), (302, "https://shop.example/a?x=1&y=ben"));
    story.later(60).await;
    assert_eq!(story.counts().await, ([1, 0, 0, 1, 2], [1, 0, 0, 1, 2]));
    let ahead = story.reader().request(Method::GET, &picture).header("user-agent", PERSON);
    ahead.header("sec-purpose", "prefetch").send().await;
    story.later(60).await;
    // By what they fetch at the same time, each request looking like a person's: all links and the picture.
    let (one, other, image) = tokio::join!(story.read(&links[0]), story.read(&links[1]), story.read(&picture));
    assert_eq!((one.status.as_u16(), other.status.as_u16(), image.status.as_u16()), (302, 302, 200));
    story.later(60).await;
    assert_eq!(story.counts().await, ([1, 0, 0, 1, 4], [1, 0, 0, 1, 4]));
    assert_eq!(story.told().await, []);
    // A person who comes later is one.
    story.read(&links[1]).await;
    story.later(60).await;
    assert_eq!((story.counts().await.1, story.told().await.len()), ([1, 1, 1, 1, 4], 1));
}

#[tokio::test]
async fn links_can_be_neither_made_up_nor_led_elsewhere_and_pictures_tell_nothing() {
    let story = Story::tracked().await;
    let (picture, links) = story.sent().await;
    story.app.clock.advance(Duration::from_mins(1));
    let ours = story.read(&picture).await;
    for unknown in ["/o/x", "/o/AAAA", &format!("{picture}A"), &links[0].replace("/l/", "/o/"), "/o/%ff"] {
        let answer = story.read(unknown).await;
        assert_eq!((answer.status, &answer.text), (ours.status, &ours.text), "{unknown}");
        assert_eq!(answer.header("content-type"), "image/gif", "{unknown}");
    }
    for unknown in
        ["/l/x", &format!("{}A", links[0]), &picture.replace("/o/", "/l/"), "/l/%ff", "/l/x?url=https://evil.example/"]
    {
        let answer = story.read(unknown).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (404, ""), "{unknown}");
        assert!(answer.text.contains("<h1>This link is not valid</h1>"), "{unknown}: {}", answer.text);
    }
    let hung_on = format!("{}?url=https://evil.example/&fbclid=1", links[1]);
    assert_eq!(story.read(&hung_on).await.header("location"), "http://shop.example/b", "only the token counts");
    story.app.state.mail_reads().settle().await;
    let kept: Vec<i16> =
        sqlx::query_scalar("select link from mail_reads order by 1").fetch_all(&story.app.pool).await.unwrap();
    assert_eq!(kept, [0, 2]);
}

#[tokio::test]
async fn a_flood_on_one_picture_is_a_few_writes_and_one_row() {
    let story = Story::tracked().await;
    let (picture, links) = story.sent().await;
    story.app.clock.advance(Duration::from_mins(1));
    for program in [PERSON, "curl/8.5.0"] {
        for _ in 0..40 {
            story.fetch(Method::GET, &picture, program).await;
            story.app.clock.advance(Duration::from_millis(50));
        }
    }
    story.later(6).await;
    assert_eq!(story.counts().await.0, [1, 1, 1, 1, 1], "within ten seconds each counts once");
    // Forever it is not counted either.
    sqlx::query("update mail_reads set machines = 1000").execute(&story.app.pool).await.unwrap();
    story.app.clock.advance(Duration::from_mins(5));
    story.fetch(Method::GET, &picture, "curl/8.5.0").await;
    story.later(60).await;
    assert_eq!(story.counts().await.0, [1, 1, 1, 1, 1_000]);
    // Nobody waits for what we note; it is written when the database can.
    let mut held = story.app.pool.begin().await.unwrap();
    sqlx::query("lock table mail_reads in access exclusive mode").execute(&mut *held).await.unwrap();
    assert_eq!(story.read(&links[1]).await.header("location"), "http://shop.example/b");
    held.rollback().await.unwrap();
    story.later(60).await;
    assert_eq!(story.counts().await.1, [1, 1, 1, 0, 0]);
    // Nor does anybody learn that we cannot.
    sqlx::query("alter table mail_reads rename to away").execute(&story.app.pool).await.unwrap();
    assert_eq!(story.read(&picture).await.status, 200);
    assert_eq!(story.read(&links[0]).await.header("location"), "https://shop.example/a?x=1&y=ben");
}

#[tokio::test]
async fn several_workers_tell_of_a_first_time_once() {
    let story = Story::tracked().await;
    let (picture, links) = story.sent().await;
    story.app.clock.advance(Duration::from_mins(1));
    story.read(&picture).await;
    story.later(2).await;
    story.read(&links[0]).await;
    story.app.clock.advance(Duration::from_mins(1));
    story.app.state.mail_reads().settle().await;
    let other = super::replica(&story.app, &story.server).await;
    let judges = (0..8).map(|n| if n % 2 == 0 { story.app.state.mail_reads() } else { other.state.mail_reads() });
    for judged in futures::future::join_all(judges.map(clento::services::MailReadService::judge)).await {
        judged.unwrap();
    }
    assert_eq!(story.told().await.len(), 2);
    assert_eq!(story.counts().await, ([1, 1, 1, 0, 0], [1, 1, 1, 0, 0]));
}
