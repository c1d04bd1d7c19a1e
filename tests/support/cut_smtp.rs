//! A line to a real mail server that breaks at a chosen point of the dialogue, once; that can wait before a sign-in, and that can make the server
//! one of those that give mails Message-IDs of their own.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use uuid::Uuid;

use super::mail_server::SMTP;

/// Where the line breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Before the server has said anything.
    Greeting,
    /// When the client begins a mail; the server does not hear of it.
    BeforeMail,
    /// When the client begins a mail, with a 421 first; the server does not hear of it.
    Busy,
    /// The same, on a line that has carried a mail before.
    BusyAgain,
    /// When the server has taken the recipient.
    AfterRecipient,
    /// When the client announces the message; the server does not hear of it.
    AtData,
    /// In the middle of the message: its end reaches nobody.
    InData,
    /// When the client has written the message's end; the server does not get it.
    AfterEnd,
    /// When the server has the whole message; its answer does not come through.
    BeforeVerdict,
    /// When the answer has come through.
    AfterVerdict,
}

/// A line to a mail server. Its task ends with the test.
pub(crate) struct CutSmtp {
    port: u16,
    way: Arc<Way>,
}

/// How the line behaves.
#[derive(Debug)]
struct Way {
    next: Mutex<Option<Cut>>,
    renames: AtomicBool,
    /// The next sign-in waits for `go`, and says that it is `there`.
    waits: AtomicBool,
    there: Semaphore,
    go: Semaphore,
}

impl CutSmtp {
    /// An open line to the server at `address`, without TLS, so that the dialogue can be seen.
    pub(crate) async fn to(address: Ipv4Addr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (renames, waits) = (AtomicBool::new(false), AtomicBool::new(false));
        let (there, go) = (Semaphore::new(0), Semaphore::new(0));
        let way = Arc::new(Way { next: Mutex::new(None), renames, waits, there, go });
        let of = Arc::clone(&way);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect((address, SMTP)).await else { return };
                tokio::spawn(pass(client, server, Arc::clone(&of)));
            }
        });
        Self { port, way }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The next dialogue breaks there.
    pub(crate) fn cut_next(&self, cut: Cut) {
        *self.way.next.lock().unwrap() = Some(cut);
    }

    /// Whether it is still to break.
    pub(crate) fn is_to_break(&self) -> bool {
        self.way.next.lock().unwrap().is_some()
    }

    /// From now on mails get Message-IDs of the server's own, as Microsoft's servers give them.
    pub(crate) fn rename(&self) {
        self.way.renames.store(true, Ordering::SeqCst);
    }

    /// The next sign-in does not reach the server until [`Self::go_on`].
    pub(crate) fn hold_sign_in(&self) {
        self.way.waits.store(true, Ordering::SeqCst);
    }

    /// Waits until somebody signs in.
    pub(crate) async fn signs_in(&self) {
        self.way.there.acquire().await.unwrap().forget();
    }

    /// Lets the sign-in through that is held.
    pub(crate) fn go_on(&self) {
        self.way.go.add_permits(1);
    }
}

/// Passes on what each side says in turn, which is how SMTP goes without pipelining, up to the cut.
async fn pass(mut client: TcpStream, mut server: TcpStream, way: Arc<Way>) {
    let cut_is = |wanted: Cut| {
        let mut next = way.next.lock().unwrap();
        if *next == Some(wanted) {
            *next = None;
            return true;
        }
        false
    };
    if cut_is(Cut::Greeting) {
        return;
    }
    let (mut in_data, mut body) = (false, Vec::new());
    let (mut mails, mut named) = (0, None);
    let (mut from_client, mut from_server) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut asked = String::new();
    loop {
        tokio::select! {
            read = client.read(&mut from_client) => {
                let Ok(read @ 1..) = read else { return };
                let said = &from_client[..read];
                if in_data {
                    body.extend_from_slice(said);
                    let ended = body.ends_with(b"\r\n.\r\n");
                    if cut_is(Cut::InData) {
                        // Half of what came, and the line is gone. The rest of it never held the end.
                        let half = said.len() / 2;
                        let _ = server.write_all(&said[..half]).await;
                        return;
                    }
                    if ended && cut_is(Cut::AfterEnd) {
                        return;
                    }
                    if ended {
                        in_data = false;
                        "END".clone_into(&mut asked);
                    }
                    if way.renames.load(Ordering::SeqCst) {
                        if ended {
                            let (mail, id) = renamed(&body);
                            named = Some(id);
                            if server.write_all(&mail).await.is_err() { return }
                        }
                        continue;
                    }
                } else {
                    asked = String::from_utf8_lossy(said).to_ascii_uppercase();
                    if asked.starts_with("AUTH") && way.waits.swap(false, Ordering::SeqCst) {
                        way.there.add_permits(1);
                        way.go.acquire().await.unwrap().forget();
                    }
                    if asked.starts_with("MAIL") {
                        mails += 1;
                        if cut_is(Cut::Busy) || mails > 1 && cut_is(Cut::BusyAgain) {
                            let _ = client.write_all(b"421 4.4.2 Connection timed out\r\n").await;
                            return;
                        }
                    }
                    let cut = asked.starts_with("MAIL") && cut_is(Cut::BeforeMail);
                    if cut || (asked.starts_with("DATA") && cut_is(Cut::AtData)) {
                        return;
                    }
                }
                if server.write_all(said).await.is_err() { return }
            }
            read = server.read(&mut from_server) => {
                let Ok(read @ 1..) = read else { return };
                let said = &from_server[..read];
                if asked == "END" && cut_is(Cut::BeforeVerdict) {
                    return;
                }
                let taken = named.take_if(|_| asked == "END" && said.starts_with(b"250"));
                let taken = taken.map(|id| format!("250 2.0.0 OK <{id}> [Hostname=PN3PR01MB9597.INDPRD01.prod.outlook.com]\r\n"));
                if client.write_all(taken.as_deref().map_or(said, str::as_bytes)).await.is_err() { return }
                if asked.starts_with("RCPT") && cut_is(Cut::AfterRecipient) {
                    return;
                }
                if asked.starts_with("DATA") && said.starts_with(b"354") {
                    in_data = true;
                    body.clear();
                }
                if asked == "END" && cut_is(Cut::AfterVerdict) {
                    return;
                }
            }
        }
    }
}

/// A mail under another Message-ID, with that which it had in a header of its own; and the other.
fn renamed(mail: &[u8]) -> (Vec<u8>, String) {
    let id = format!("{}@PN3PR01MB9597.INDPRD01.PROD.OUTLOOK.COM", Uuid::new_v4().simple());
    let mail = String::from_utf8(mail.to_vec()).unwrap();
    let (before, rest) = mail.split_once("Message-ID: ").expect("a Message-ID");
    (format!("{before}Message-ID: <{id}>\r\nX-Microsoft-Original-Message-ID: {rest}").into_bytes(), id)
}
