//! Log lines, gathered for a moment and written together by a thread of their own: a line costs its request neither a system call nor the
//! waking of another thread.

use std::{
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use tracing_subscriber::fmt::MakeWriter;

/// How long lines are gathered.
const GATHERED_FOR: Duration = Duration::from_millis(20);
/// With so many bytes gathered, who logs waits until they are taken to be written: no line is lost, and a reader who has stopped does not fill
/// the memory.
const FULL: usize = 1024 * 1024;

/// Where lines are gathered.
#[derive(Debug, Clone, Default)]
pub(super) struct LogLines(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    gathered: Mutex<Gathered>,
    /// There is something to write, or nothing more to come.
    filled: Condvar,
    /// There is room again.
    emptied: Condvar,
}

#[derive(Debug, Default)]
struct Gathered {
    lines: Vec<u8>,
    ended: bool,
}

/// Drop it last: it waits until every line is written.
#[derive(Debug)]
pub struct LogGuard {
    lines: LogLines,
    writer: Option<JoinHandle<()>>,
}

impl LogLines {
    /// Begins to write to `sink`.
    ///
    /// # Errors
    /// No thread can be had.
    pub(super) fn to(sink: impl Write + Send + 'static) -> io::Result<(Self, LogGuard)> {
        let lines = Self::default();
        let source = lines.clone();
        let writer = thread::Builder::new().name("log".to_owned()).spawn(move || source.pour(sink))?;
        Ok((lines.clone(), LogGuard { lines, writer: Some(writer) }))
    }

    fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.0.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, line: &[u8]) {
        let full = |gathered: &mut Gathered| gathered.lines.len() >= FULL && !gathered.ended;
        let mut gathered = self.0.emptied.wait_while(self.lock(), full).unwrap_or_else(PoisonError::into_inner);
        let is_first = gathered.lines.is_empty();
        gathered.lines.extend_from_slice(line);
        let is_full = gathered.lines.len() >= FULL;
        drop(gathered);
        // In between, the writer wakes by itself.
        if is_first || is_full {
            self.0.filled.notify_one();
        }
    }

    fn pour(&self, mut sink: impl Write) {
        let mut taken = Vec::new();
        loop {
            let idle = |gathered: &mut Gathered| gathered.lines.is_empty() && !gathered.ended;
            let gathered = self.0.filled.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
            if gathered.lines.is_empty() {
                return;
            }
            let few = |gathered: &mut Gathered| gathered.lines.len() < FULL && !gathered.ended;
            let waited = self.0.filled.wait_timeout_while(gathered, GATHERED_FOR, few);
            let (mut gathered, _) = waited.unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut gathered.lines, &mut taken);
            drop(gathered);
            self.0.emptied.notify_all();
            // Where it would be told that logs cannot be written is the log.
            let _ = sink.write_all(&taken).and_then(|()| sink.flush());
            taken.clear();
        }
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.lines.lock().ended = true;
        self.lines.0.filled.notify_one();
        self.lines.0.emptied.notify_all();
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl Write for &LogLines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.append(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'l> MakeWriter<'l> for LogLines {
    type Writer = &'l Self;

    fn make_writer(&'l self) -> Self::Writer {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was written, by how many writes, and how much at a time at the most.
    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<(Vec<u8>, usize, usize)>>);

    impl Write for Sink {
        fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
            let mut written = self.0.lock().unwrap();
            written.0.extend_from_slice(lines);
            written.1 += 1;
            written.2 = written.2.max(lines.len());
            Ok(lines.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_is_written_in_order_and_many_at_a_time() {
        let sink = Sink::default();
        let (lines, guard) = LogLines::to(sink.clone()).unwrap();
        let expected = (0..1_000).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n");
        for line in expected.split_inclusive('\n') {
            (&lines).write_all(line.as_bytes()).unwrap();
        }
        drop(guard);
        let written = sink.0.lock().unwrap();
        assert_eq!(String::from_utf8_lossy(&written.0), expected);
        assert!(written.1 < 500, "{} writes", written.1);
    }

    #[test]
    fn who_logs_faster_than_is_written_waits_and_loses_nothing() {
        let sink = Sink::default();
        let (lines, guard) = LogLines::to(sink.clone()).unwrap();
        let line = vec![b'x'; 64 * 1024];
        for _ in 0..100 {
            (&lines).write_all(&line).unwrap();
        }
        drop(guard);
        let (written, _, most) = &*sink.0.lock().unwrap();
        assert_eq!(written.len(), 100 * line.len());
        assert!(*most < FULL + line.len(), "{most} bytes at a time");
    }
}
