//! Unipile behind a real HTTP server: accounts, people, invitations, chats and posts, its own way of saying no, and what goes wrong between
//! two servers. Its log of what it did is the truth about what was sent. Each topic has a file; shapes are those that Unipile documents.

mod accounts;
mod chats;
mod emails;
mod errors;
mod invitations;
mod posts;
mod server;
mod trouble;
mod users;
pub(crate) mod world;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::Router;
use clento::{
    config::{ServerConfig, UnipileConfig},
    integrations::unipile::{Unipile, UnipileSettings},
    utils::clock::SharedClock,
};
use tokio::{net::TcpListener, task::JoinHandle};
use url::Url;

pub(crate) use trouble::{On, Trouble};
pub(crate) use world::{Act, VISIT, World};

/// The key that the fake accepts.
pub(crate) const API_KEY: &str = "fake-unipile-key-0123456789";

/// What its webhooks prove themselves by.
pub(crate) const WEBHOOK_SECRET: &str = "a-secret-of-thirty-two-characters-or-more";

type Shared = axum::extract::State<Arc<Mutex<World>>>;

/// A running fake; it stops when dropped.
pub(crate) struct FakeUnipile {
    address: SocketAddr,
    world: Arc<Mutex<World>>,
    task: JoinHandle<()>,
}

impl FakeUnipile {
    /// One whose time is `clock`'s.
    pub(crate) async fn start(clock: SharedClock) -> Self {
        let world = Arc::new(Mutex::new(World::new(clock)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(server::serve(listener, router(&world), Arc::clone(&world)));
        Self { address, world, task }
    }

    /// What belongs into `UNIPILE_DSN`.
    pub(crate) fn dsn(&self) -> Url {
        format!("http://{}", self.address).parse().unwrap()
    }

    /// Sets a server up to speak with it, and to be reached by it.
    pub(crate) fn set_up(&self, server: &mut ServerConfig) {
        let webhook_secret = Some(WEBHOOK_SECRET.into());
        server.unipile = Some(UnipileConfig { dsn: self.dsn(), api_key: API_KEY.into(), webhook_secret });
        server.mail.public_url = Some("https://api.clento.test/".parse().unwrap());
    }

    /// A client of it.
    pub(crate) fn client(&self) -> Unipile {
        Unipile::new(UnipileSettings { dsn: self.dsn(), api_key: API_KEY.into() }).unwrap()
    }

    /// Everything it knows, to be arranged and looked at. Not to be held over an await.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Makes the next request that is `on` go wrong.
    pub(crate) fn trouble(&self, on: On, trouble: Trouble) {
        self.world().troubles.push_back((on, trouble));
    }
}

impl Drop for FakeUnipile {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn router(world: &Arc<Mutex<World>>) -> Router {
    Router::new()
        .nest(
            "/api/v1",
            Router::new()
                .merge(accounts::router())
                .merge(users::router())
                .merge(invitations::router())
                .merge(chats::router())
                .merge(posts::router())
                .merge(emails::router()),
        )
        .fallback(|| async { errors::Refused::new(404, "resource_not_found") })
        .with_state(Arc::clone(world))
}
