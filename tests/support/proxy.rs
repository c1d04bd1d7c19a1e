//! A TCP proxy that can be cut, as a database's machine can.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};
use url::Url;

/// A way to a database. Its task ends with the test.
pub(crate) struct Proxy {
    address: SocketAddr,
    database: Url,
    target: Arc<Mutex<(String, u16)>>,
    open: watch::Sender<bool>,
}

impl Proxy {
    /// An open way to the database that `url` names.
    pub(crate) async fn to(url: &SecretString) -> Self {
        let database: Url = url.expose_secret().parse().unwrap();
        let target = Arc::new(Mutex::new(target(&database)));
        let leads_to = Arc::clone(&target);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (open, is_open) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let target = leads_to.lock().unwrap().clone();
                tokio::spawn(pass(client, target, is_open.clone()));
            }
        });
        Self { address, database, target, open }
    }

    /// The database's URL through here.
    pub(crate) fn url(&self) -> SecretString {
        let mut url = self.database.clone();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(self.address.port())).unwrap();
        SecretString::from(url.to_string())
    }

    /// The database is elsewhere from now on.
    pub(crate) fn lead_to(&self, url: &SecretString) {
        *self.target.lock().unwrap() = target(&url.expose_secret().parse().unwrap());
    }

    /// Breaks all connections and refuses new ones.
    pub(crate) fn cut(&self) {
        self.open.send_replace(false);
    }

    /// Lets connections through again.
    pub(crate) fn mend(&self) {
        self.open.send_replace(true);
    }
}

fn target(url: &Url) -> (String, u16) {
    (url.host_str().unwrap().to_owned(), url.port().unwrap())
}

async fn pass(mut client: TcpStream, target: (String, u16), mut is_open: watch::Receiver<bool>) {
    if !*is_open.borrow_and_update() {
        return;
    }
    let Ok(mut server) = TcpStream::connect(target).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = is_open.changed() => {}
    }
}
