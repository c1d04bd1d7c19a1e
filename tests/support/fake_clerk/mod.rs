//! Clerk's Backend API in memory, behind a real HTTP server: organizations, members, invitations, Clerk's own way of
//! saying no, and what goes wrong between two servers. Each change leaves the event that Clerk would send by webhook.

mod errors;
mod routes;
mod world;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use url::Url;

pub(crate) use world::{Request, World};

/// The secret key that the fake accepts.
pub(crate) const SECRET_KEY: &str = "sk_test_fake0123456789";

/// What goes wrong with every request until told otherwise.
#[derive(Debug, Clone)]
pub(crate) enum Trouble {
    /// Answers with this status and body.
    Answer(u16, String),
    /// 429 with this `Retry-After` in seconds.
    Busy(u64),
    /// Carries the request out and answers after this time.
    Stall(Duration),
    /// Sends the caller elsewhere.
    Redirect(String),
}

/// A running fake; it stops when dropped.
pub(crate) struct FakeClerk {
    address: SocketAddr,
    world: Arc<Mutex<World>>,
    task: JoinHandle<()>,
}

impl FakeClerk {
    pub(crate) async fn start() -> Self {
        let world = Arc::new(Mutex::new(World::default()));
        let router = routes::router(Arc::clone(&world));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, world, task }
    }

    /// What belongs into `CLERK_API_URL`.
    pub(crate) fn url(&self) -> Url {
        format!("http://{}", self.address).parse().unwrap()
    }

    /// Everything it knows, to be arranged and looked at. Not to be held over an await.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Makes every request go wrong, or none.
    pub(crate) fn trouble(&self, trouble: Option<Trouble>) {
        self.world().trouble = trouble;
    }

    /// The requests since the last call, in order.
    pub(crate) fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.world().requests)
    }

    /// The webhook events since the last call, in order: each the whole body, to be signed.
    pub(crate) fn take_events(&self) -> Vec<Value> {
        std::mem::take(&mut self.world().events)
    }
}

impl Drop for FakeClerk {
    fn drop(&mut self) {
        self.task.abort();
    }
}
