//! The signals that end the program, on a thread of their own: they are heard
//! whatever the others do.

use std::future::Future;
use std::process;
use std::sync::mpsc;
use std::time::Duration;

use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// The status of a program that SIGINT ended.
const INTERRUPTED: i32 = 130;

/// Listens from here on; the result is ready at the first SIGINT or SIGTERM. At the
/// second one the program ends at once, whatever is in flight, and so it does when
/// it has not ended `within` the time that it may take.
pub(super) fn requested(within: Duration) -> impl Future<Output = ()> {
    let (stop, stopped) = oneshot::channel();
    let (listening, listens) = mpsc::channel();
    let thread = std::thread::Builder::new().name("plinth-signals".into());
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("signals can be listened to");
    let spawned = thread.spawn(move || runtime.block_on(listen(listening, stop, within)));
    spawned.expect("a thread can be started");
    // None is missed that comes when this has returned.
    let _ = listens.recv();
    async {
        // It is dropped only while the program ends.
        let _ = stopped.await;
    }
}

async fn listen(listening: mpsc::Sender<()>, stop: oneshot::Sender<()>, within: Duration) {
    let mut signals = Signals::new();
    let _ = listening.send(());
    signals.end().await;
    let _ = stop.send(());
    tokio::select! {
        () = signals.end() => process::exit(INTERRUPTED),
        () = tokio::time::sleep(within) => {
            tracing::error!("the program does not end by itself; it is ended");
            process::exit(1);
        }
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> Self {
        let signal = |kind| signal(kind).expect("a handler for a signal can be set");
        Self {
            interrupt: signal(SignalKind::interrupt()),
            terminate: signal(SignalKind::terminate()),
            hang_up: signal(SignalKind::hangup()),
        }
    }

    /// Waits for one that ends the program.
    async fn end(&mut self) {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return,
                _ = self.terminate.recv() => return,
                _ = self.hang_up.recv() => tracing::warn!(
                    "SIGHUP is ignored: the configuration is read at the start alone; restart to read it anew"
                ),
            }
        }
    }
}
