//! A real mail server for a test alone: Exim takes mail in, Dovecot keeps it and shows it, over TLS by an authority of the test's own, on an
//! address of this machine that no other test uses. Passwords and access tokens open it.

mod config;
mod launch;
mod tokens;

use std::{fs, net::Ipv4Addr, time::Duration};

use clento::{
    config::MailConfig,
    integrations::mail::{ImapClient, Mail, MailLogin},
    models::{MailSecurity, MailServer as ServerModel},
};
use futures::TryStreamExt as _;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};

use self::launch::Running;
pub(crate) use self::tokens::TokenServer;

/// Where Exim takes mail: with `STARTTLS` or plain, and within TLS.
pub(crate) const SMTP: u16 = 10_587;
pub(crate) const SMTPS: u16 = 10_465;
/// Where Dovecot shows it.
pub(crate) const IMAP: u16 = 10_143;
pub(crate) const IMAPS: u16 = 10_993;

/// The password of every mailbox.
pub(crate) const PASSWORD: &str = "correct horse ✓";

/// How long mail may take from one to the other.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running mail server; gone with the test.
pub(crate) struct MailServer {
    pub(crate) address: Ipv4Addr,
    pub(crate) tokens: TokenServer,
    authority: CertificateDer<'static>,
    running: Running,
}

/// A mailbox of it.
#[derive(Debug, Clone)]
pub(crate) struct TestMailbox {
    pub(crate) email: String,
    address: Ipv4Addr,
}

/// A message as it lies in a mailbox.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) uid: u32,
    pub(crate) raw: Vec<u8>,
}

impl Stored {
    /// The message, read.
    pub(crate) fn read(&self) -> mail_parser::Message<'_> {
        mail_parser::MessageParser::default().parse(&self.raw).expect("a message")
    }

    /// It as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }
}

impl MailServer {
    /// A server without mailboxes.
    pub(crate) async fn start() -> Self {
        Self::start_offering("").await
    }

    /// One that does not tell by itself what comes (RFC 2177).
    pub(crate) async fn start_without_idle() -> Self {
        Self::start_offering("imap_capability = IMAP4rev1 SASL-IR LITERAL+ LIST-EXTENDED SPECIAL-USE UIDPLUS\n").await
    }

    /// One whose settings of Dovecot have these lines besides.
    async fn start_offering(lines: &str) -> Self {
        let tokens = TokenServer::start().await;
        let (address, folder) = launch::place();
        let authority = certify(address, folder.path());
        config::write(folder.path(), address, tokens.address());
        let settings = folder.path().join("dovecot.conf");
        fs::write(&settings, fs::read_to_string(&settings).unwrap() + lines).unwrap();
        let running = Running::launch(folder, address).await;
        Self { address, tokens, authority, running }
    }

    /// The authority that its certificate is from.
    pub(crate) fn authority(&self) -> CertificateDer<'static> {
        self.authority.clone()
    }

    /// Lets a service trust it.
    pub(crate) fn trust(&self, mail: &mut MailConfig) {
        mail.extra_authorities = vec![self.authority()];
    }

    /// A new mailbox, opened by [`PASSWORD`], and by the access tokens that [`Self::tokens`] gives for it.
    pub(crate) fn mailbox(&self, email: &str) -> TestMailbox {
        self.running.add_line("secrets", &format!("{email}: {PASSWORD}"));
        self.running.add_line("recipients", email);
        TestMailbox { email: email.to_owned(), address: self.address }
    }

    /// From now on the mailbox is opened by another password.
    pub(crate) fn change_password(&self, mailbox: &TestMailbox, password: &str) {
        let lines = fs::read_to_string(self.running.folder().join("secrets")).unwrap();
        let others = lines.lines().filter(|line| !line.starts_with(&format!("{}:", mailbox.email)));
        let others = others.flat_map(|line| [line, "\n"]).collect::<String>();
        self.running.write("secrets", &format!("{others}{}: {password}\n", mailbox.email));
    }

    /// From now on what is sent to `recipient` is answered with `answer`, such as `451 4.7.1 Slow down`; nothing takes it back.
    pub(crate) fn answer(&self, recipient: &str, answer: &str) {
        let file = if answer.starts_with('4') { "deferred" } else { "denied" };
        self.running.add_line(file, &format!("{recipient}: {answer}"));
    }

    /// From now on mail to `recipient` is taken, and then comes back for good.
    pub(crate) fn bounce(&self, recipient: &str) {
        self.running.add_line("bouncing", &format!("{recipient}: No such mailbox here"));
    }

    /// The folder that a mailbox's mail lies in: a maildir.
    pub(crate) fn maildir(&self, mailbox: &TestMailbox) -> std::path::PathBuf {
        self.running.folder().join("mail").join(&mailbox.email)
    }

    /// What its programs have to say, for a test that fails.
    pub(crate) fn log(&self) -> String {
        ["exim-main.log", "exim-reject.log", "exim-panic.log", "dovecot.log"]
            .map(|file| fs::read_to_string(self.running.folder().join(file)).unwrap_or_default())
            .concat()
    }

    fn client(&self) -> Mail {
        let mut config = clento::config::Config::from_vars(clento::config::Vars::given([])).unwrap().server.mail;
        self.trust(&mut config);
        Mail::new(&config).unwrap()
    }

    /// A connection of the mailbox's owner, as with a mail program.
    pub(crate) async fn open(&self, mailbox: &TestMailbox) -> ImapClient {
        let login = MailLogin::Password(PASSWORD.into());
        let opened = self.client().imap(&mailbox.imap(), &login).await;
        opened.unwrap_or_else(|error| panic!("{}\n{}", error.told(), self.log()))
    }

    /// Puts a message into one of a mailbox's folders, as if it had arrived.
    pub(crate) async fn deliver(&self, mailbox: &TestMailbox, folder: &str, raw: &[u8]) {
        let mut client = self.open(mailbox).await;
        client.session().append(folder, None, None, raw).await.unwrap();
        client.logout().await;
    }

    /// What lies in a folder of a mailbox, in the order in which it came.
    pub(crate) async fn messages(&self, mailbox: &TestMailbox, folder: &str) -> Vec<Stored> {
        let mut client = self.open(mailbox).await;
        let session = client.session();
        session.select(folder).await.unwrap();
        let fetched: Vec<_> = session.uid_fetch("1:*", "(UID BODY.PEEK[])").await.unwrap().try_collect().await.unwrap();
        let mut stored: Vec<Stored> =
            fetched.iter().filter_map(|fetch| Some(Stored { uid: fetch.uid?, raw: fetch.body()?.to_vec() })).collect();
        stored.sort_by_key(|stored| stored.uid);
        client.logout().await;
        stored
    }

    /// The same, as soon as there are so many.
    pub(crate) async fn await_messages(&self, mailbox: &TestMailbox, folder: &str, count: usize) -> Vec<Stored> {
        let all = async {
            loop {
                let messages = self.messages(mailbox, folder).await;
                if messages.len() >= count {
                    return messages;
                }
                // Exim tells nobody when a delivery is done.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, all).await.unwrap_or_else(|_| panic!("no {count} messages\n{}", self.log()))
    }
}

impl TestMailbox {
    /// An address at the server, be there a mailbox or not.
    pub(crate) fn named(email: &str, address: Ipv4Addr) -> Self {
        Self { email: email.to_owned(), address }
    }

    /// How it is read.
    pub(crate) fn imap(&self) -> ServerModel {
        let host = self.address.to_string();
        ServerModel { host, port: IMAPS, security: MailSecurity::Tls, username: self.email.clone() }
    }

    /// What connects it by TLS and password.
    pub(crate) fn request(&self) -> Value {
        let server = |port: u16| json!({"host": self.address.to_string(), "port": port, "security": "tls"});
        json!({"provider": "mailbox", "email": self.email, "password": PASSWORD, "smtp": server(SMTPS), "imap": server(IMAPS)})
    }
}

/// An authority of the test's own, and a certificate of it for `address`.
fn certify(address: Ipv4Addr, folder: &std::path::Path) -> CertificateDer<'static> {
    let (authority_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut authority = CertificateParams::new([]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = authority.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let leaf = CertificateParams::new([address.to_string(), "localhost".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    fs::write(folder.join("cert.pem"), leaf.pem()).unwrap();
    fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    fs::write(folder.join("authority.pem"), root.pem()).unwrap();
    root.der().clone()
}
