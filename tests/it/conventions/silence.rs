//! Who connects and says nothing.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::support::TestApp;

/// How long anything may take: other tests may be busy on the same machine.
const PATIENCE: Duration = Duration::from_secs(30);
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// A SETTINGS frame that changes nothing.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

async fn impatient() -> TestApp {
    TestApp::start_with(|server| {
        server.head_timeout = Duration::from_millis(100);
        server.idle_timeout = Duration::from_millis(300);
    })
    .await
}

async fn connect(app: &TestApp) -> TcpStream {
    TcpStream::connect(app.base.trim_start_matches("http://")).await.unwrap()
}

/// Waits until the server hangs up.
async fn is_dropped(mut stream: TcpStream) {
    let mut heard = [0; 1024];
    let reading = async { while stream.read(&mut heard).await.is_ok_and(|bytes| bytes > 0) {} };
    timeout(PATIENCE, reading).await.expect("the server hangs up");
}

#[tokio::test]
async fn who_says_nothing_is_hung_up_on() {
    let app = impatient().await;
    let half_a_preface = &PREFACE[..12];
    let unfinished = b"GET /health HTTP/1.1\r\nHost: a\r\n".as_slice();
    for said in [b"".as_slice(), b"P", half_a_preface, unfinished, b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"] {
        let mut stream = connect(&app).await;
        stream.write_all(said).await.unwrap();
        is_dropped(stream).await;
    }
    let mut stream = connect(&app).await;
    stream.write_all(&[PREFACE, SETTINGS].concat()).await.unwrap();
    is_dropped(stream).await;
}

#[tokio::test]
async fn who_trickles_is_hung_up_on() {
    let app = impatient().await;
    let stream = connect(&app).await;
    let (read, mut write) = stream.into_split();
    let trickle = tokio::spawn(async move {
        for byte in PREFACE {
            if write.write_all(&[*byte]).await.is_err() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    });
    let mut read = read;
    let mut heard = [0; 64];
    let ended = timeout(PATIENCE, read.read(&mut heard)).await.expect("the server hangs up");
    assert!(ended.is_err() || ended.is_ok_and(|bytes| bytes == 0));
    assert!(trickle.await.unwrap(), "before the last byte was said");
}

#[tokio::test]
async fn more_callers_than_there_are_places_wait() {
    let app = TestApp::start_with(|server| server.max_connections = 2).await;
    let (first, second) = (connect(&app).await, connect(&app).await);
    let waiting = tokio::spawn(app.anonymous().request(reqwest::Method::GET, "/health").send());
    // A request of one who has a place is answered, while the other's is not.
    let mut second = second;
    second.write_all(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut heard = [0; 12];
    timeout(PATIENCE, second.read_exact(&mut heard)).await.unwrap().unwrap();
    assert_eq!(&heard, b"HTTP/1.1 200");
    assert!(!waiting.is_finished());
    drop(first);
    timeout(PATIENCE, waiting).await.expect("a place became free").unwrap().expect(200);
}
