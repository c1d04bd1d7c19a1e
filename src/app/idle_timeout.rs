//! An end to waiting for who is silent. hyper's own limits begin when it knows the protocol and end with the request's head; these hold
//! from the first byte to the last.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// Bytes after which a caller has begun to speak: as many as an HTTP/2 connection begins with, by which hyper tells the protocol.
const OPENING: usize = 24;

/// A stream that fails if its first bytes do not come in time, or if afterwards it is silent for too long: a long answer that is being
/// read is a sign of life.
pub(super) struct IdleTimeout<S> {
    stream: S,
    idle: Duration,
    read: Wait,
    write: Wait,
    received: usize,
}

/// How long a read or a write has been waiting.
struct Wait {
    end: Pin<Box<Sleep>>,
    waiting: bool,
}

impl Wait {
    fn for_at_most(time: Duration, waiting: bool) -> Self {
        Self { end: Box::pin(sleep(time)), waiting }
    }

    /// Waits on, or fails once it has been too long.
    fn poll<T>(&mut self, context: &mut Context<'_>, most: Duration) -> Poll<io::Result<T>> {
        if !self.waiting {
            self.end.set(sleep(most));
            self.waiting = true;
        }
        ready!(self.end.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S> IdleTimeout<S> {
    /// `opening` for the first bytes, `idle` for any other wait.
    pub(super) fn new(stream: S, opening: Duration, idle: Duration) -> Self {
        let (read, write) = (Wait::for_at_most(opening, true), Wait::for_at_most(idle, false));
        Self { stream, idle, read, write, received: 0 }
    }

    fn written(&mut self, written: Poll<io::Result<usize>>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if written.is_ready() && self.received >= OPENING {
            self.read.waiting = false;
        }
        self.waited(written, context)
    }

    fn waited<T>(&mut self, done: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if done.is_pending() {
            return self.write.poll(context, self.idle);
        }
        self.write.waiting = false;
        done
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for IdleTimeout<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        if read.is_pending() {
            return this.read.poll(context, this.idle);
        }
        this.received = this.received.saturating_add(buffer.filled().len() - before);
        // Until then the first wait goes on, however the bytes trickle in.
        if this.received >= OPENING {
            this.read.waiting = false;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for IdleTimeout<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, buffer);
        self.written(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.written(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.waited(flushed, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.waited(shut, context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const IDLE: Duration = Duration::from_millis(300);

    #[tokio::test]
    async fn a_long_answer_that_is_read_is_no_silence() {
        let (ours, mut theirs) = duplex(64);
        let mut stream = IdleTimeout::new(ours, IDLE, IDLE);
        theirs.write_all(&[b'x'; OPENING]).await.unwrap();
        stream.read_exact(&mut [0; OPENING]).await.unwrap();
        let (mut read, mut write) = tokio::io::split(stream);
        let reading = tokio::spawn(async move { read.read(&mut [0; 1]).await });
        for _ in 0..8 {
            write.write_all(b"part").await.unwrap();
            theirs.read_exact(&mut [0; 4]).await.unwrap();
            sleep(IDLE / 4).await;
        }
        assert!(!reading.is_finished());
        assert_eq!(reading.await.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn an_answer_that_nobody_reads_is_given_up() {
        let (ours, _theirs) = duplex(64);
        let mut stream = IdleTimeout::new(ours, IDLE, IDLE);
        assert_eq!(stream.write_all(&[0; 1_000]).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
