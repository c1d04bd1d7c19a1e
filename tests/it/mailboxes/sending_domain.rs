//! The domain that a mailbox sends from, as a name server tells of it.

use serde_json::{Value, json};

use super::PATH;
use crate::support::{MailServer, NameServer, TestApp};

/// A mailbox at `sender.example`, and what its domain's name server says.
struct Domain {
    app: TestApp,
    dns: NameServer,
    path: String,
    _mail: MailServer,
}

impl Domain {
    async fn new() -> Self {
        Self::of("anna@sender.example", NameServer::start().await).await
    }

    async fn of(address: &str, dns: NameServer) -> Self {
        let mail = MailServer::start().await;
        let app = TestApp::start_with(|settings| {
            mail.trust(&mut settings.mail);
            settings.mail.dns_servers = vec![dns.address];
        })
        .await;
        let account = app.member().post(PATH, mail.mailbox(address).request()).await.expect(201);
        let path = format!("{PATH}/{}/sending-domain", account["id"].as_str().unwrap());
        Self { app, dns, path, _mail: mail }
    }

    async fn check(&self, query: &str) -> Value {
        self.app.member().get(&format!("{}{query}", self.path)).await.expect(200)
    }
}

/// Status and codes of a record.
fn verdict(record: &Value) -> (String, Vec<String>) {
    let codes =
        record["problems"].as_array().unwrap().iter().map(|problem| problem["code"].as_str().unwrap().to_owned());
    (record["status"].as_str().unwrap().to_owned(), codes.collect())
}

fn verdict_of(status: &str, codes: &[&str]) -> (String, Vec<String>) {
    (status.to_owned(), codes.iter().map(|code| (*code).to_owned()).collect())
}

/// A public key of RSA with 2048 bits.
const KEY: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA817wntLrIdJOJDnh03AbJhk15ZqgLSJCXPxcXeXBBpnKcxoVyY6zpxxmHAc5Ax0rYXoSBiLqkN88mNbYF9dQ147EHpafMF77xz5MvhPkN5TfDbvr2olLNPdxzT4olwkJJGF/veKIz/IPJbYIa+b80PlUaBtgfBNbE5zzO543QVI4QhraKkr4YlOXjTCGkX84RVke9SneuV0Lb/K4NEqYO8hOK7I7hXj+6wNflEKyVSzUONJA47fGenZ/aNfWdO4US9FXBB5GcrhtmEd/4IFNcBig/4AnIcGZdFkcy6sH4EPbTZQ5ElpiJU+dgbUeEYWYzEdOGwigGcFyd+/nbGtXSQIDAQAB";

#[tokio::test]
async fn a_domain_that_is_set_up_is_ready() {
    let domain = Domain::new().await;
    domain.dns.text("sender.example", "another-record=1");
    domain.dns.text("sender.example", "v=spf1 include:relay.example mx ~all");
    domain.dns.text("relay.example", "v=spf1 ip4:192.0.2.0/24 -all");
    domain.dns.text("_dmarc.sender.example", "v=DMARC1; p=quarantine; rua=mailto:reports@sender.example");
    domain.dns.text("s1._domainkey.sender.example", &format!("v=DKIM1; k=rsa; p={KEY}"));
    domain.dns.exchanger("sender.example", 20, "second.sender.example.");
    domain.dns.exchanger("sender.example", 10, "first.sender.example.");
    let checked = domain.check("").await;
    for record in ["spf", "dmarc", "mx"] {
        assert_eq!(verdict(&checked[record]), verdict_of("ok", &[]), "{record}");
    }
    assert_eq!(checked["dkim"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&checked["dkim"][0]["name"], &checked["dkim"][0]["status"]),
        (&json!("s1._domainkey.sender.example"), &json!("ok"))
    );
    assert_eq!(checked["mx"]["found"], json!(["first.sender.example.", "second.sender.example."]));
    assert_eq!((&checked["domain"], &checked["ready"]), (&json!("sender.example"), &json!(true)));
}

#[tokio::test]
async fn an_empty_domain_is_told_what_to_publish() {
    let domain = Domain::new().await;
    let checked = domain.check("").await;
    assert_eq!(verdict(&checked["spf"]), verdict_of("missing", &["no_record"]));
    assert_eq!(verdict(&checked["dkim"][0]), verdict_of("unknown", &["selector_unknown"]));
    assert_eq!(verdict(&checked["dmarc"]), verdict_of("missing", &["no_record"]));
    assert_eq!(checked["dmarc"]["publish"], "v=DMARC1; p=none");
    assert_eq!(verdict(&checked["mx"]), verdict_of("missing", &["no_mail_server"]));
    assert_eq!(checked["ready"], false);
}

#[tokio::test]
async fn what_is_wrong_with_a_record_is_named() {
    let chain = |domain: &Domain| {
        for i in 0..12 {
            domain.dns.text(&format!("hop{i}.example"), &format!("v=spf1 include:hop{}.example -all", i + 1));
        }
    };
    for (texts, status, codes) in [
        (&["v=spf1 -all", "v=spf1 mx -all"] as &[&str], "wrong", &["several_records"] as &[&str]),
        (&["v=spf1 ip4:192.0.2.0/24/9 -all"], "wrong", &["unreadable"]),
        (&["v=spf1 unknown=modifier mx -all"], "ok", &[]),
        (&["v=spf1 everybody:sender.example -all"], "wrong", &["unreadable"]),
        (&["v=spf1 mx +all"], "wrong", &["lets_everybody"]),
        (&["v=spf1 mx"], "weak", &["no_verdict"]),
        (&["v=spf1 mx ?all"], "weak", &["no_verdict"]),
        (&["v=spf1 include:hop0.example -all"], "wrong", &["too_many_lookups"]),
        (&["v=spf1 include:nothing.example -all"], "wrong", &["include_broken"]),
        (
            &["v=spf1 a:a.example a:b.example mx ptr exists:c.example redirect=hop10.example"],
            "wrong",
            &["include_broken"],
        ),
        (&["v=spf10 -all"], "missing", &["no_record"]),
        (&["V=SPF1 MX -ALL"], "ok", &[]),
    ] {
        let domain = Domain::new().await;
        chain(&domain);
        for text in texts {
            domain.dns.text("sender.example", text);
        }
        let checked = domain.check("").await;
        assert_eq!(verdict(&checked["spf"]), verdict_of(status, codes), "{texts:?}: {checked}");
    }
}

#[tokio::test]
async fn a_selector_that_is_named_is_looked_at_alone() {
    let domain = Domain::new().await;
    domain.dns.text("dkim._domainkey.sender.example", &format!("v=DKIM1; p={KEY}"));
    domain.dns.text("gone._domainkey.sender.example", "v=DKIM1; p=");
    domain.dns.text("bent._domainkey.sender.example", "v=DKIM1; k=rsa; p=AAAA");
    for (selector, status, codes) in [
        ("other", "missing", &["no_record"] as &[&str]),
        ("gone", "wrong", &["revoked"]),
        ("bent", "wrong", &["unreadable"]),
        ("dkim", "ok", &[]),
    ] {
        let checked = domain.check(&format!("?dkim_selector={selector}")).await;
        assert_eq!(checked["dkim"].as_array().unwrap().len(), 1);
        assert_eq!(verdict(&checked["dkim"][0]), verdict_of(status, codes), "{selector}");
    }
    let refused = domain.app.member().get(&format!("{}?dkim_selector=a_b..c", domain.path)).await;
    refused.expect_problem(400, "invalid_parameter");
}

#[tokio::test]
async fn a_policy_of_the_domain_above_holds() {
    let domain = Domain::of("anna@outreach.sender.co.uk", NameServer::start().await).await;
    domain.dns.text("_dmarc.sender.co.uk", "v=DMARC1; p=reject");
    domain.dns.text("_dmarc.co.uk", "v=DMARC1; p=none");
    let checked = domain.check("").await;
    assert_eq!(verdict(&checked["dmarc"]), verdict_of("ok", &[]));
    assert_eq!(checked["dmarc"]["name"], "_dmarc.sender.co.uk");
}

#[tokio::test]
async fn what_no_name_server_tells_is_no_verdict() {
    let checked = Domain::of("anna@sender.example", NameServer::start_broken().await).await.check("").await;
    for record in ["spf", "dmarc", "mx"] {
        assert_eq!(verdict(&checked[record]), verdict_of("unknown", &["no_answer"]), "{record}");
    }
    assert_eq!(checked["ready"], false);
}

#[tokio::test]
async fn an_account_without_a_mailbox_has_no_domain() {
    let app = TestApp::start().await;
    let sandbox = json!({"provider": "sandbox", "channel": "linkedin", "display_name": "Anna"});
    let account = app.member().post(PATH, sandbox).await.expect(201);
    let path = format!("{PATH}/{}/sending-domain", account["id"].as_str().unwrap());
    app.member().get(&path).await.expect_problem(409, "not_a_mailbox");
}
