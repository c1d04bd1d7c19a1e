//! From a server's name to a connection that may be spoken on.

use std::{net::SocketAddr, time::Duration};

use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::{
    Mail,
    error::{MailError, MailFault, MailProtocol, words},
    wire::Wire,
};
use crate::{
    models::{MailSecurity, MailServer},
    utils::public_address::is_public,
};

/// How long one address is given to take a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// How much a server may say before `STARTTLS`, in bytes.
const OPENING: usize = 16 * 1024;

impl Mail {
    /// Connects, and secures the connection as `server` says.
    pub(super) async fn connect(&self, server: &MailServer, protocol: MailProtocol) -> Result<Wire, MailError> {
        if server.security == MailSecurity::None && !self.anywhere {
            return Err(MailFault::NotSecure.into());
        }
        let mut stream = open(&self.addresses(server).await?).await?;
        let _ = stream.set_nodelay(true);
        let greeting = match (server.security, protocol) {
            (MailSecurity::None, _) => return Ok(Wire::plain(stream)),
            (MailSecurity::Tls, _) => Vec::new(),
            (MailSecurity::Starttls, MailProtocol::Smtp) => ask_smtp_for_tls(&mut stream).await?,
            (MailSecurity::Starttls, MailProtocol::Imap) => ask_imap_for_tls(&mut stream).await?,
        };
        let name = ServerName::try_from(server.host.clone()).map_err(|_| MailFault::UnknownHost)?;
        let secured = self.tls.connect(name, stream).await;
        let secured = secured.map_err(|error| MailFault::Tls(words(&error.to_string())))?;
        Ok(Wire::tls(secured, greeting))
    }

    /// Every address of a server. One that is not public spoils the others: a name that mixes them is up to something.
    async fn addresses(&self, server: &MailServer) -> Result<Vec<SocketAddr>, MailError> {
        let found = timeout(CONNECT, lookup_host((server.host.as_str(), server.port))).await;
        let found: Vec<_> = found.map_err(|_| MailFault::TimedOut)?.map_err(|_| MailFault::UnknownHost)?.collect();
        if found.is_empty() {
            return Err(MailFault::UnknownHost.into());
        }
        if !self.anywhere && !found.iter().all(|address| is_public(address.ip())) {
            return Err(MailFault::NotPublic.into());
        }
        Ok(found)
    }
}

/// The first of the addresses that takes a connection.
async fn open(addresses: &[SocketAddr]) -> Result<TcpStream, MailError> {
    for address in addresses {
        if let Ok(Ok(stream)) = timeout(CONNECT, TcpStream::connect(address)).await {
            return Ok(stream);
        }
    }
    Err(MailFault::Unreachable.into())
}

/// The dialogue up to TLS (RFC 3207). Answers what the server said last: once TLS stands it greets nobody again, and that does for it.
async fn ask_smtp_for_tls(stream: &mut TcpStream) -> Result<Vec<u8>, MailError> {
    refuse_unless(&smtp_reply(stream).await?, "220")?;
    stream.write_all(b"EHLO localhost\r\n").await?;
    let offers = smtp_reply(stream).await?;
    if !offers.to_ascii_uppercase().lines().any(|line| line.get(4..).is_some_and(|offer| offer.trim() == "STARTTLS")) {
        return Err(MailFault::NoStarttls.into());
    }
    stream.write_all(b"STARTTLS\r\n").await?;
    let go = smtp_reply(stream).await?;
    refuse_unless(&go, "220")?;
    Ok(go.into_bytes())
}

fn refuse_unless(reply: &str, code: &str) -> Result<(), MailError> {
    match reply.get(..3) {
        Some(said) if said == code => Ok(()),
        Some(said) if said.starts_with('4') => Err(MailFault::NotNow(words(reply)).into()),
        _ => Err(MailFault::Broken(words(reply)).into()),
    }
}

/// A reply of one or more lines: the last has a space behind its code (RFC 5321, 4.2.1).
async fn smtp_reply(stream: &mut TcpStream) -> Result<String, MailError> {
    read_until(stream, |line| line.as_bytes().get(3).is_none_or(|mark| *mark != b'-')).await
}

/// The same for IMAP (RFC 9051, 6.2.1). Nothing is to be said twice here: the greeting was read, and [`super::ImapClient`] expects one.
async fn ask_imap_for_tls(stream: &mut TcpStream) -> Result<Vec<u8>, MailError> {
    let greeting = read_until(stream, |_| true).await?;
    if !greeting.to_ascii_uppercase().starts_with("* OK") {
        return Err(MailFault::NotNow(words(&greeting)).into());
    }
    stream.write_all(b"S1 STARTTLS\r\n").await?;
    let answer = read_until(stream, |line| line.starts_with("S1 ")).await?;
    let last = answer.lines().next_back().unwrap_or_default();
    if !last.to_ascii_uppercase().starts_with("S1 OK") {
        return Err(MailFault::NoStarttls.into());
    }
    Ok(greeting.into_bytes())
}

/// Lines up to one that `is_last`. Byte by byte, since what stands behind it belongs to TLS; a server that says more than it was asked
/// for is refused there, as RFC 3207 wants it against injected commands.
async fn read_until(stream: &mut TcpStream, is_last: impl Fn(&str) -> bool) -> Result<String, MailError> {
    let (mut read, mut begin) = (Vec::new(), 0);
    loop {
        read.push(stream.read_u8().await?);
        if read.ends_with(b"\n") {
            let line = String::from_utf8_lossy(&read[begin..]);
            if is_last(line.trim_end()) {
                return Ok(String::from_utf8_lossy(&read).into_owned());
            }
            begin = read.len();
        }
        if read.len() > OPENING {
            return Err(MailFault::Broken("it says too much".to_owned()).into());
        }
    }
}
