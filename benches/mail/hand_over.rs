//! How fast mails are written and handed in, beside lettre's own pool of connections: the same mails, the same server, in turns.
//!
//! `cargo bench --bench hand_over [-- MAILS CONNECTIONS]`, with the servers of `benches/mail/mailboxes.py` running.

use std::{
    env,
    error::Error,
    net::Ipv4Addr,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::DateTime;
use clento::{
    config::MailConfig,
    integrations::mail::{Draft, Mail, MailLogin, Reply},
    models::{MailSecurity, MailServer},
};
use futures::future::try_join_all;
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, MultiPart},
    transport::smtp::{PoolConfig, authentication::Credentials},
};
use tokio::task::spawn;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const FROM: &str = "box0001@sender.example";
const TO: &str = "sink@lead.example";
const PORT: u16 = 20587;
const ROUNDS: usize = 5;

fn words(number: usize) -> (String, String) {
    let text = format!(
        "Hello number {number},\n\n{}\nBest regards,\nBox One",
        "a line that says very little about anything.\n".repeat(12)
    );
    let html = format!("<p>{}</p>", text.replace('\n', "<br>"));
    (text, html)
}

/// Ours: each mail made as a step's is, over connections that stay signed in.
async fn ours(mail: &Mail, mails: usize, connections: usize) -> Outcome<()> {
    let server = MailServer {
        host: Ipv4Addr::LOCALHOST.to_string(),
        port: PORT,
        security: MailSecurity::None,
        username: FROM.to_owned(),
    };
    let lines = (0..connections).map(|line| {
        let (mail, server) = (mail.clone(), server.clone());
        spawn(async move {
            let mut client = mail.smtp(&server, &MailLogin::Password("clento".to_owned().into())).await?;
            for number in (line..mails).step_by(connections) {
                let (text, html) = words(number);
                let draft = Draft {
                    from: ("Box One", FROM),
                    to: (Some("Sink"), TO),
                    reply_to: None,
                    subject: "Measured",
                    text: Some(&text),
                    html: Some(&html),
                    signature: None,
                    message_id: &format!("{number}@sender.example"),
                    refs: &[],
                    date: DateTime::UNIX_EPOCH,
                    unsubscribe: None,
                    marks: None,
                };
                let written = draft.write()?;
                match client.send(&written.from, &written.to, &written.bytes, || true).await {
                    Some(Reply::Taken(_)) => {}
                    other => return Err(format!("{other:?}").into()),
                }
            }
            client.quit().await;
            Ok(())
        })
    });
    try_join_all(lines).await?.into_iter().collect()
}

/// lettre's pool, with as many connections.
async fn bare(mails: usize, connections: usize) -> Outcome<()> {
    let pool = PoolConfig::new().max_size(u32::try_from(connections)?);
    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(Ipv4Addr::LOCALHOST.to_string())
        .port(PORT)
        .credentials(Credentials::new(FROM.to_owned(), "clento".to_owned()))
        .pool_config(pool)
        .build();
    let (transport, from, to) = (Arc::new(transport), mailbox("Box One", FROM)?, mailbox("Sink", TO)?);
    let lines = (0..connections).map(|line| {
        let (transport, from, to) = (Arc::clone(&transport), from.clone(), to.clone());
        spawn(async move {
            for number in (line..mails).step_by(connections) {
                let (text, html) = words(number);
                let message = Message::builder()
                    .from(from.clone())
                    .to(to.clone())
                    .subject("Measured")
                    .message_id(Some(format!("<{number}@sender.example>")))
                    .multipart(MultiPart::alternative_plain_html(text, html))?;
                transport.send(message).await?;
            }
            Ok(())
        })
    });
    try_join_all(lines).await?.into_iter().collect()
}

fn mailbox(name: &str, address: &str) -> Outcome<Mailbox> {
    Ok(Mailbox::new(Some(name.to_owned()), address.parse()?))
}

#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench measures real time, and tells")]
fn main() -> Outcome<()> {
    // Cargo adds `--bench` to the arguments.
    let given: Vec<usize> = env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let (mails, connections) = (given.first().copied().unwrap_or(2_000), given.get(1).copied().unwrap_or(4));
    let config = MailConfig {
        anywhere: true,
        poll: Duration::from_mins(1),
        extra_authorities: Vec::new(),
        dns_servers: Vec::new(),
        public_url: None,
        google: None,
        microsoft: None,
    };
    let mail = Mail::new(&config).map_err(|error| error.to_string())?;
    tokio::runtime::Runtime::new()?.block_on(async {
        for round in 1..=ROUNDS {
            let began = Instant::now();
            ours(&mail, mails, connections).await?;
            let halfway = Instant::now();
            bare(mails, connections).await?;
            let (ours, bare) = (halfway - began, halfway.elapsed());
            let share = 100.0 * bare.as_secs_f64() / ours.as_secs_f64();
            println!("round {round}: {mails} mails in {ours:.2?}, bare lettre in {bare:.2?}: {share:.0} % of its rate");
        }
        Ok(())
    })
}
