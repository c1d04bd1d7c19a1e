//! What is concluded from each way in which a call can fail.

use std::time::Duration;

use clento::integrations::unipile::{Class, Unipile, UnipileClientError, UnipileFault, UnipileSettings};

use super::{asked, fake};
use crate::support::unipile::{API_KEY, Act, On, Trouble};

fn client(dsn: &str, key: &str) -> Result<Unipile, UnipileClientError> {
    Unipile::new(UnipileSettings { dsn: dsn.parse().unwrap(), api_key: key.into() })
}

#[tokio::test]
async fn what_never_left_is_told_from_what_may_have_arrived() {
    let (fake, _) = fake().await;
    let unipile = fake.client();
    let invite = On::post("/users/invite");
    let troubles = [
        (Trouble::CutBefore, Class::Unknown, 0),
        (Trouble::CutAfter, Class::Unknown, 1),
        (Trouble::RefuseAfter(500, "unexpected_error"), Class::Unknown, 1),
        (Trouble::RefuseAfter(504, "request_timeout"), Class::Unknown, 1),
        (Trouble::SayAfter(502, "<html>Bad gateway</html>"), Class::Unknown, 1),
        (Trouble::SayAfter(200, "<html>Welcome</html>"), Class::Unknown, 1),
        (Trouble::Refuse(503, "no_client_session"), Class::Unknown, 0),
        (Trouble::Refuse(401, "disconnected_account"), Class::AccountOut, 0),
        (Trouble::Refuse(403, "account_restricted"), Class::AccountOut, 0),
        (Trouble::Refuse(422, "limit_exceeded"), Class::Cooldown, 0),
        (Trouble::Refuse(422, "something_new"), Class::Parked, 0),
        (Trouble::Say(404, "not JSON"), Class::Parked, 0),
    ];
    for (number, (trouble, class, done)) in troubles.into_iter().enumerate() {
        let person = format!("ACo_person-{number}");
        fake.world().person(&format!("person-{number}"));
        fake.trouble(invite.clone(), trouble.clone());
        let error = unipile.invite("A1", &person, None).await.unwrap_err();
        assert_eq!(error.class(), class, "{trouble:?}: {error}");
        let deeds = fake.world().done(Act::Invite).iter().filter(|(_, target)| *target == person).count();
        assert_eq!(deeds, done, "{trouble:?}");
    }
    // Nothing of it was asked twice.
    assert_eq!(asked(&fake).len(), 12);

    let dsn = fake.dsn().to_string();
    drop(fake);
    // The port may be somebody else's by now; nobody listens on this one.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let unreached = client(&format!("http://{nobody}"), API_KEY).unwrap().invite("A1", "x", None).await.unwrap_err();
    assert_eq!((unreached.class(), unreached.fault), (Class::NotSent, UnipileFault::Unreached));
    let nowhere = client("https://unipile.invalid", API_KEY).unwrap().invite("A1", "x", None).await.unwrap_err();
    assert_eq!(nowhere.class(), Class::NotSent, "{dsn}");
}

#[tokio::test]
async fn retry_after_is_handed_on() {
    let (fake, _) = fake().await;
    let unipile = fake.client();
    for (said, heard) in [(Some(90), Some(Duration::from_secs(90))), (None, None)] {
        fake.trouble(On::get("/users/anna"), Trouble::Busy(said));
        let error = unipile.profile("A1", "anna", false).await.unwrap_err();
        assert_eq!((error.class(), error.retry_after), (Class::Cooldown, heard));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (fake, _) = fake().await;
    let elsewhere = super::fake().await.0;
    fake.trouble(On::post("/users/invite"), Trouble::Redirect(format!("{}api/v1/users/invite", elsewhere.dsn())));
    let error = fake.client().invite("A1", "ACo_anna", None).await.unwrap_err();
    assert_eq!(error.class(), Class::Unknown);
    assert_eq!(asked(&elsewhere), [""; 0], "neither the key nor the message goes elsewhere");
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let (fake, _) = fake().await;
    let endless: &'static str = format!(r#"{{"items": [], "x": "{}"}}"#, "x".repeat(9 * 1024 * 1024)).leak();
    fake.trouble(On::get("/users"), Trouble::Say(200, endless));
    let error = fake.client().profile("A1", "anna", false).await.unwrap_err();
    assert_eq!(error.fault, UnipileFault::Unreadable);
}

#[tokio::test]
async fn the_key_is_sent_and_never_shown() {
    let (fake, _) = fake().await;
    let wrong = client(fake.dsn().as_str(), "wrong").unwrap().profile("A1", "anna", false).await.unwrap_err();
    assert_eq!((wrong.kind(), wrong.class()), (Some("missing_credentials"), Class::AccountOut));
    assert!(!format!("{:?}", fake.client()).contains(API_KEY));
    fake.trouble(On::post("/users/invite"), Trouble::CutAfter);
    let error = fake.client().invite("A1", "ACo_anna", Some("Between us")).await.unwrap_err();
    let told = format!("{error} {error:?}");
    assert!(!told.contains("Between us") && !told.contains("anna") && !told.contains(API_KEY), "{told}");
}

#[test]
fn the_address_and_the_key_must_be_fit() {
    for dsn in
        ["http://api1.unipile.com:13111", "https://user@api1.unipile.com", "https://api1.unipile.com/?x", "mailto:x"]
    {
        assert!(matches!(client(dsn, API_KEY), Err(UnipileClientError::Insecure)), "{dsn}");
    }
    assert!(matches!(client("https://api1.unipile.com:13111", "a\nb"), Err(UnipileClientError::Key)));
    client("https://api1.unipile.com:13111", API_KEY).unwrap();
}

#[tokio::test]
async fn no_answer_comes_from_a_server_that_stalls_whether_it_did_it_or_not() {
    let (fake, _) = fake().await;
    let sent = fake.client().invite("A1", "ACo_anna", None).await.unwrap();
    let id = sent.invitation_id.unwrap();
    for (trouble, done) in [(Trouble::StallBefore, 0), (Trouble::StallAfter, 1)] {
        fake.trouble(On::delete("/users/invite/sent"), trouble);
        let (unipile, id) = (fake.client(), id.clone());
        asked(&fake);
        let call = tokio::spawn(async move { unipile.cancel_invitation("A1", &id).await });
        while fake.world().requests.is_empty() || fake.world().done(Act::Withdraw).len() < done {
            tokio::task::yield_now().await;
        }
        assert!(!call.is_finished());
        assert_eq!(fake.world().done(Act::Withdraw).len(), done);
        call.abort();
    }
    assert_eq!(fake.world().doubled(), []);
}
