//! A receiver of webhooks on a port of its own: takes, refuses, stalls and hangs up as it is told, and keeps what it was sent.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};

/// How a call is answered.
#[derive(Debug, Clone)]
pub(crate) enum Hook {
    /// With this status.
    Status(u16),
    /// The same, with this `Retry-After`.
    Wait(u16, u32),
    /// By a redirect to there.
    Redirect(String),
    /// Not at all: the connection is reset once the call was read.
    Reset,
    /// Not at all, for as long as the test lasts.
    Stall,
}

/// A call that came in.
#[derive(Debug, Clone)]
pub(crate) struct Called {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) raw: Vec<u8>,
}

impl Called {
    pub(crate) fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    pub(crate) fn body(&self) -> Value {
        serde_json::from_slice(&self.raw).unwrap()
    }
}

#[derive(Debug, Default)]
struct Shared {
    calls: Mutex<Vec<Called>>,
    answers: Mutex<VecDeque<Hook>>,
    always: Mutex<Option<Hook>>,
    came: Notify,
}

/// A running receiver; it stops when dropped.
pub(crate) struct FakeHook {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl FakeHook {
    pub(crate) async fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                open.spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self { address, shared, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// What came in, in order.
    pub(crate) fn calls(&self) -> Vec<Called> {
        self.shared.calls.lock().unwrap().clone()
    }

    /// The next call is answered so, and the one after it as before.
    pub(crate) fn answer_once(&self, answer: Hook) {
        self.shared.answers.lock().unwrap().push_back(answer);
    }

    /// Every call is answered so from now on; well, if nothing is said.
    pub(crate) fn answer(&self, answer: impl Into<Option<Hook>>) {
        *self.shared.always.lock().unwrap() = answer.into();
    }

    /// Waits until a call has come in.
    pub(crate) async fn called(&self) {
        self.shared.came.notified().await;
    }
}

impl Drop for FakeHook {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let mut stream = BufReader::new(stream);
    let Some(called) = read(&mut stream).await else { return };
    shared.calls.lock().unwrap().push(called);
    let next = shared.answers.lock().unwrap().pop_front();
    let answer = next.or_else(|| shared.always.lock().unwrap().clone());
    shared.came.notify_one();
    let head = match answer {
        None => "204 No Content\r\n".to_owned(),
        Some(Hook::Status(status)) => format!("{status} Status\r\nContent-Length: 0\r\n"),
        Some(Hook::Wait(status, seconds)) => {
            format!("{status} Status\r\nContent-Length: 0\r\nRetry-After: {seconds}\r\n")
        }
        Some(Hook::Redirect(to)) => format!("307 Elsewhere\r\nContent-Length: 0\r\nLocation: {to}\r\n"),
        Some(Hook::Reset) => {
            stream.get_ref().set_zero_linger().unwrap();
            return;
        }
        Some(Hook::Stall) => std::future::pending().await,
    };
    let _ = stream.get_mut().write_all(format!("HTTP/1.1 {head}Connection: close\r\n\r\n").as_bytes()).await;
    let _ = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut [0])).await;
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Called> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let path = line.strip_prefix("POST ")?.split(' ').next()?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let mut raw = vec![0; headers.get("content-length")?.parse().ok()?];
    stream.read_exact(&mut raw).await.ok()?;
    Some(Called { path, headers, raw })
}
