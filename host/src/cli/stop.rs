//! The signals that end the program, on a thread of their own: they are heard
//! whatever the others do.

use std::process;
use std::time::Duration;

use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// The status of a program that SIGINT ended.
const INTERRUPTED: i32 = 130;

/// Ready at the first SIGINT or SIGTERM. At the second one the program ends at
/// once, whatever is in flight, and so it does when it has not ended `within`
/// the time that it may take.
pub(super) async fn requested(within: Duration) {
    let (stop, stopped) = oneshot::channel();
    let listening = std::thread::Builder::new().name("plinth-signals".into());
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("signals can be listened to");
    let thread = listening.spawn(move || runtime.block_on(listen(stop, within)));
    thread.expect("a thread can be started");
    // It is dropped only while the program ends.
    let _ = stopped.await;
}

async fn listen(stop: oneshot::Sender<()>, within: Duration) {
    let mut signals = Signals::new();
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
