//! Waits for the signals that end the program.

use tokio::signal::unix::{SignalKind, signal};

/// Ready at the first SIGINT or SIGTERM. At the second one the program ends at
/// once, whatever is in flight.
pub(super) async fn requested() {
    wait().await;
    tokio::spawn(async {
        wait().await;
        std::process::exit(130);
    });
}

async fn wait() {
    let mut interrupt = signal(SignalKind::interrupt()).expect("a handler for SIGINT can be set");
    let mut terminate = signal(SignalKind::terminate()).expect("a handler for SIGTERM can be set");
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
