//! Lines on their way to standard error: nobody waits for its reader, and what
//! waits is bounded in bytes.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

/// Whose line it is. Each has room of its own, so that plugins push out none of
/// the host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Plugin,
    Host,
}

/// What may wait to be written, of each source.
const BYTES_MAX: usize = 8 << 20;

/// How often the log says that lines were dropped.
const TOLD_EVERY: Duration = Duration::from_secs(1);

static DROPPED: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

/// How many lines were dropped, of plugins and of the host, because nobody read
/// them fast enough.
pub(crate) fn dropped() -> [u64; 2] {
    [Source::Plugin, Source::Host].map(|source| DROPPED[source as usize].load(Ordering::Relaxed))
}

/// The lines that wait.
#[derive(Clone, Default)]
pub(super) struct LineQueue(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    lines: VecDeque<(Source, Box<[u8]>)>,
    /// Until they are written.
    bytes: [usize; 2],
    dropped: u64,
    is_writing: bool,
}

impl LineQueue {
    /// Has a thread of its own write the lines, as many as there are at once.
    pub(super) fn write_to(&self, out: impl Write + Send + 'static) -> io::Result<()> {
        let queue = self.clone();
        let thread = std::thread::Builder::new().name("plinth-log".into());
        thread.spawn(move || queue.write_all(out)).map(drop)
    }

    /// Waits until all lines are written, or for so long.
    pub(super) fn flush(&self, within: Duration) {
        let deadline = Instant::now() + within;
        let mut state = self.state();
        while !state.lines.is_empty() || state.is_writing {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.0.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn push(&self, source: Source, line: &[u8]) {
        let mut state = self.state();
        let bytes = &mut state.bytes[source as usize];
        if *bytes + line.len() > BYTES_MAX {
            state.dropped += 1;
            DROPPED[source as usize].fetch_add(1, Ordering::Relaxed);
            return;
        }
        *bytes += line.len();
        state.lines.push_back((source, line.into()));
        drop(state);
        self.0.changed.notify_all();
    }

    fn write_all(&self, mut out: impl Write) {
        let mut told = Instant::now();
        loop {
            let lines = self.take();
            let mut written = [0; 2];
            for (source, line) in &lines {
                written[*source as usize] += line.len();
            }
            let together: Vec<u8> = lines.into_iter().flat_map(|(_, line)| line).collect();
            // That nobody is there to read is no reason to end.
            let _ = out.write_all(&together).and_then(|()| out.flush());
            let dropped = {
                let mut state = self.state();
                state.is_writing = false;
                for (left, written) in state.bytes.iter_mut().zip(written) {
                    *left -= written;
                }
                let may_tell = told.elapsed() > TOLD_EVERY;
                if may_tell {
                    std::mem::take(&mut state.dropped)
                } else {
                    0
                }
            };
            self.0.changed.notify_all();
            if dropped > 0 {
                told = Instant::now();
                tracing::warn!(
                    target: "plinth::log", lines = dropped,
                    "lines were dropped: standard error is not read as fast as it is written"
                );
            }
        }
    }

    /// Waits for lines, and takes all there are.
    fn take(&self) -> VecDeque<(Source, Box<[u8]>)> {
        let mut state = self.state();
        while state.lines.is_empty() {
            let waited = self.0.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        state.is_writing = true;
        std::mem::take(&mut state.lines)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'w> MakeWriter<'w> for LineQueue {
    type Writer = LineWriter;

    fn make_writer(&'w self) -> LineWriter {
        LineWriter(self.clone(), Source::Host)
    }

    fn make_writer_for(&'w self, line: &Metadata<'_>) -> LineWriter {
        let source = match line.target() {
            "plinth::plugin" => Source::Plugin,
            _ => Source::Host,
        };
        LineWriter(self.clone(), source)
    }
}

/// Takes one line.
pub(super) struct LineWriter(LineQueue, Source);

impl Write for LineWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(self.1, line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Takes nothing until it is let.
    struct Held(mpsc::Receiver<()>, Arc<Mutex<Vec<u8>>>);

    impl Write for Held {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            self.1
                .lock()
                .expect("not poisoned")
                .extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn nobody_waits_for_a_reader_that_does_not_read() {
        let (queue, written) = (LineQueue::default(), Arc::default());
        let (let_go, held) = mpsc::channel();
        queue
            .write_to(Held(held, Arc::clone(&written)))
            .expect("a thread");
        let begun = Instant::now();
        for _ in 0..20_000 {
            queue.push(Source::Plugin, &[b'p'; 1_000]);
        }
        queue.push(Source::Host, b"the host's own\n");
        queue.flush(Duration::from_millis(50));
        assert!(begun.elapsed() < Duration::from_secs(20));
        assert!(queue.state().bytes[Source::Plugin as usize] <= BYTES_MAX);
        assert!(queue.state().dropped > 10_000);
        drop(let_go);
        queue.flush(Duration::from_secs(20));
        let written = written.lock().expect("not poisoned");
        assert!(
            written.ends_with(b"the host's own\n"),
            "none of its lines is lost"
        );
        assert!(written.len() <= BYTES_MAX + 100);
    }

    #[test]
    fn a_reader_that_is_gone_ends_nothing() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let queue = LineQueue::default();
        queue.write_to(Gone).expect("a thread");
        for _ in 0..3 {
            queue.push(Source::Host, b"a line\n");
            queue.flush(Duration::from_secs(10));
        }
        assert_eq!(queue.state().bytes, [0, 0]);
    }
}
