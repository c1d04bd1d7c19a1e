//! Accepting connections. hyper-util rather than `axum::serve`, which knows no time limit for a request's head and gives no
//! deadline to a graceful stop.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::idle_timeout::IdleTimeout;
use crate::config::ServerConfig;

/// How often an HTTP/2 caller is asked for a sign of life, and how long the answer may take.
const ALIVE: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(10));
/// How long to rest when the machine has no more file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `router` until `stop` is cancelled, then finishes the requests in flight, for the time of grace at most.
pub async fn serve_on(listener: TcpListener, router: Router, stop: CancellationToken, config: &ServerConfig) {
    let builder = builder(config.head_timeout);
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(config.max_connections));
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                let stream = IdleTimeout::new(stream, config.head_timeout, config.idle_timeout);
                connect(&builder, stream, peer, place, &router, &graceful);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(config.shutdown_grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still in flight when the time to stop was over");
    }
}

fn builder(head_timeout: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(head_timeout);
    let (every, within) = ALIVE;
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(100);
    builder.http2().keep_alive_interval(every).keep_alive_timeout(within);
    builder
}

/// The next caller, once there is a place for one: the others wait where they cost us nothing.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    // Small answers should not wait for company.
    let _ = stream.set_nodelay(true);
    Ok((stream, peer, place))
}

fn connect(
    builder: &Builder<TokioExecutor>,
    stream: IdleTimeout<TcpStream>,
    peer: SocketAddr,
    place: OwnedSemaphorePermit,
    router: &Router,
    graceful: &GracefulShutdown,
) {
    let router = router.clone();
    let service = tower::service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service));
    let watched = graceful.watch(connection.into_owned());
    tokio::spawn(async move {
        if let Err(error) = watched.await {
            tracing::debug!(%error, "a connection ended in error");
        }
        drop(place);
    });
}
