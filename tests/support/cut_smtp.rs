//! A line to a real mail server that breaks at a chosen point of the dialogue, once.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::mail_server::SMTP;

/// Where the line breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Before the server has said anything.
    Greeting,
    /// When the client begins a mail; the server does not hear of it.
    BeforeMail,
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
    next: Arc<Mutex<Option<Cut>>>,
}

impl CutSmtp {
    /// An open line to the server at `address`, without TLS, so that the dialogue can be seen.
    pub(crate) async fn to(address: Ipv4Addr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let next = Arc::new(Mutex::new(None));
        let cut = Arc::clone(&next);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect((address, SMTP)).await else { return };
                tokio::spawn(pass(client, server, Arc::clone(&cut)));
            }
        });
        Self { port, next }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The next dialogue breaks there.
    pub(crate) fn cut_next(&self, cut: Cut) {
        *self.next.lock().unwrap() = Some(cut);
    }
}

/// Passes on what each side says in turn, which is how SMTP goes without pipelining, up to the cut.
async fn pass(mut client: TcpStream, mut server: TcpStream, next: Arc<Mutex<Option<Cut>>>) {
    let cut_is = |wanted: Cut| {
        let mut next = next.lock().unwrap();
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
                } else {
                    asked = String::from_utf8_lossy(said).to_ascii_uppercase();
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
                if client.write_all(said).await.is_err() { return }
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
