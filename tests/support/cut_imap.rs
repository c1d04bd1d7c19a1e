//! A line to a real IMAP server that can break amid a mail, refuse a command in its place, or be down.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::mail_server::IMAP;

/// What a mail begins with in an answer.
const MAIL: &[u8] = b"BODY[]";

/// What becomes of a command, instead of an answer of the server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trip {
    /// `NO`.
    No,
    /// `BAD`.
    Bad,
    /// `OK`, and nothing of what was asked for.
    Nothing,
    /// The line breaks before an answer.
    HangUp,
}

/// The commands that hold these words are not passed on.
type Tripped = Arc<Mutex<Option<(&'static str, Trip)>>>;

/// A line to an IMAP server. Its task ends with the test.
pub(crate) struct CutImap {
    port: u16,
    /// How often it still breaks amid a mail.
    cuts: Arc<AtomicUsize>,
    tripped: Tripped,
    up: watch::Sender<bool>,
}

impl CutImap {
    /// An open line to the server at `address`, without TLS, so that the answers can be seen.
    pub(crate) async fn to(address: Ipv4Addr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let cuts = Arc::new(AtomicUsize::new(0));
        let (up, is_up) = watch::channel(true);
        let left = Arc::clone(&cuts);
        let tripped = Tripped::default();
        let trips = Arc::clone(&tripped);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *is_up.borrow() {
                    tokio::spawn(pass(client, address, (Arc::clone(&left), Arc::clone(&trips)), is_up.clone()));
                }
            }
        });
        Self { port, cuts, tripped, up }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The line breaks amid the next mails that are fetched, so many times.
    pub(crate) fn cut_mails(&self, times: usize) {
        self.cuts.store(times, Ordering::SeqCst);
    }

    /// How often it is still to break.
    pub(crate) fn cuts_left(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }

    /// From now on commands that hold `words` end so; none if no longer.
    pub(crate) fn trip(&self, how: Option<(&'static str, Trip)>) {
        *self.tripped.lock().unwrap() = how;
    }

    /// Breaks every line and refuses new ones, or lets them through again.
    pub(crate) fn set_up(&self, up: bool) {
        self.up.send_replace(up);
    }
}

async fn pass(
    mut client: TcpStream,
    address: Ipv4Addr,
    (cuts, tripped): (Arc<AtomicUsize>, Tripped),
    mut is_up: watch::Receiver<bool>,
) {
    // What was said before this line was opened does not break it.
    if !*is_up.borrow_and_update() {
        return;
    }
    let Ok(mut server) = TcpStream::connect((address, IMAP)).await else { return };
    let (mut from_client, mut from_server) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    // The end of what was read before: what is looked for may come in two pieces.
    let mut before = Vec::new();
    loop {
        tokio::select! {
            _ = is_up.changed() => return,
            read = client.read(&mut from_client) => {
                let Ok(read @ 1..) = read else { return };
                let asked = String::from_utf8_lossy(&from_client[..read]).into_owned();
                let trip = tripped.lock().unwrap().filter(|(words, _)| asked.contains(words));
                if let Some((_, trip)) = trip {
                    let tag = asked.split(' ').next().unwrap();
                    let answer = match trip {
                        Trip::No => "NO [UNAVAILABLE] Server busy",
                        Trip::Bad => "BAD Command Error",
                        Trip::Nothing => "OK Completed",
                        Trip::HangUp => return,
                    };
                    if client.write_all(format!("{tag} {answer}\r\n").as_bytes()).await.is_err() { return }
                    continue;
                }
                if server.write_all(&from_client[..read]).await.is_err() { return }
            }
            read = server.read(&mut from_server) => {
                let Ok(read @ 1..) = read else { return };
                let said = &from_server[..read];
                let all = [&before[..], said].concat();
                let mail = all.windows(MAIL.len()).position(|window| window == MAIL);
                let cut = mail.filter(|_| {
                    cuts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
                });
                if let Some(at) = cut {
                    let _ = client.write_all(&said[..(at + 60).saturating_sub(before.len()).min(read)]).await;
                    return;
                }
                before = all[all.len().saturating_sub(MAIL.len() - 1)..].to_vec();
                if client.write_all(said).await.is_err() { return }
            }
        }
    }
}
