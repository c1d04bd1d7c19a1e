//! A connection to a mail server, plain or within TLS.

use std::{
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use super::nesting::Nesting;

/// The end of a message (RFC 5321, 4.1.1.4), which lettre writes on its own. In a message itself it cannot stand, since its dots are
/// doubled.
const END_OF_DATA: &[u8] = b"\r\n.\r\n";

/// As many bytes are read between two writes: more than any command of ours can have for an answer. The protocols themselves let a server
/// announce half a gigabyte, which would have to be kept until it is whole.
const MOST_READ: usize = 8 * 1024 * 1024;

/// A connection to a mail server. It knows whether the end of a message was given to it: before that, a server has nothing to deliver.
pub struct Wire {
    stream: Stream,
    /// What is read before anything of the stream.
    first: io::Cursor<Vec<u8>>,
    ended: Ended,
    /// Bytes read since something was last written.
    read: usize,
    /// What is counted of what is read, of an IMAP server's.
    nesting: Option<Nesting>,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Whether the end of a message may be on the wire.
#[derive(Debug, Clone, Default)]
pub(super) struct Ended(Arc<AtomicBool>);

impl Ended {
    pub(super) fn is(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Before the next message.
    pub(super) fn reset(&self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl Wire {
    pub(super) fn plain(stream: TcpStream) -> Self {
        Self {
            stream: Stream::Plain(stream),
            first: io::Cursor::default(),
            ended: Ended::default(),
            read: 0,
            nesting: None,
        }
    }

    /// A secured connection that `first` is read from before anything else.
    pub(super) fn tls(stream: TlsStream<TcpStream>, first: Vec<u8>) -> Self {
        Self {
            stream: Stream::Tls(Box::new(stream)),
            first: io::Cursor::new(first),
            ended: Ended::default(),
            read: 0,
            nesting: None,
        }
    }

    /// From now on what is nested too deep is not read.
    pub(super) fn bounds_nesting(&mut self) {
        self.nesting = Some(Nesting::default());
    }

    /// Passes on what was read, unless nobody could bear to read it.
    fn passed_on(&mut self, read: &[u8]) -> Poll<io::Result<()>> {
        if self.nesting.as_mut().is_none_or(|nesting| nesting.bears(read)) {
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(Err(io::Error::other("the answer is nested too deep")))
    }

    /// What tells whether the end of a message was written.
    pub(super) fn ended(&self) -> Ended {
        self.ended.clone()
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("tls", &matches!(self.stream, Stream::Tls(_))).finish_non_exhaustive()
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.stream {
            Stream::Plain(stream) => stream.peer_addr(),
            Stream::Tls(stream) => stream.get_ref().0.peer_addr(),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let position = usize::try_from(this.first.position()).unwrap_or(usize::MAX);
        let left = this.first.get_ref().get(position..).unwrap_or_default();
        if !left.is_empty() {
            let part = left.len().min(buffer.remaining());
            let before = buffer.filled().len();
            buffer.put_slice(&left[..part]);
            this.first.set_position((position + part) as u64);
            return this.passed_on(buffer.filled().get(before..).unwrap_or_default());
        }
        if this.read > MOST_READ {
            return Poll::Ready(Err(io::Error::other("the answer is too long")));
        }
        let before = buffer.filled().len();
        let read = match &mut this.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        };
        let new = buffer.filled().get(before..).unwrap_or_default();
        this.read = this.read.saturating_add(new.len());
        match read {
            Poll::Ready(Ok(())) => this.passed_on(new),
            other => other,
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if buffer == END_OF_DATA {
            this.ended.0.store(true, Ordering::SeqCst);
        }
        this.read = 0;
        match &mut this.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, buffer),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    #[tokio::test]
    async fn what_talks_without_end_is_hung_up_on_and_each_word_of_ours_lets_it_talk_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            while stream.write_all(&[b'x'; 8 * 1024]).await.is_ok() {}
        });
        let mut wire = Wire::plain(TcpStream::connect(address).await.unwrap());
        let mut kept = vec![0; MOST_READ];
        for _ in 0..2 {
            wire.write_all(b"a1 NOOP\r\n").await.unwrap();
            wire.read_exact(&mut kept).await.unwrap();
        }
        let refused = wire.read_exact(&mut kept).await.unwrap_err();
        assert_eq!(refused.to_string(), "the answer is too long");
    }
}
