//! Whether the databases answer.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use tokio::sync::Mutex;

use crate::capability::database::Database;
use crate::host::Host;
use crate::problem::Problem;

/// A result is good for so long: whoever asks often must not keep the databases
/// busy.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// How long a database may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The last result. Held while the databases are asked, so that all who ask
/// meanwhile wait for the one result.
#[derive(Default)]
pub(super) struct Health(Mutex<Option<(Instant, Checked)>>);

/// The databases that answered, and those that did not.
#[derive(Clone, Default)]
struct Checked {
    answering: BTreeSet<String>,
    silent: BTreeSet<String>,
}

impl Health {
    /// Asks every database, unless that was done just now.
    ///
    /// # Errors
    ///
    /// When one does not answer, naming it.
    pub(super) async fn check(&self, host: &Host) -> Result<String, Problem> {
        let checked = self.latest(check(host)).await;
        if checked.silent.is_empty() {
            return Ok(json!({ "status": "ok", "databases": checked.answering }).to_string());
        }
        Err(Problem::databases_silent(checked.silent))
    }

    async fn latest(&self, check: impl Future<Output = Checked>) -> Checked {
        let mut last = self.0.lock().await;
        match &*last {
            Some((when, checked)) if when.elapsed() < GOOD_FOR => checked.clone(),
            _ => {
                let checked = check.await;
                *last = Some((Instant::now(), checked.clone()));
                checked
            }
        }
    }
}

/// Asks through each plugin's own pool: one of them may have no way in where the
/// others have.
async fn check(host: &Host) -> Checked {
    let asked = host.databases().map(|(plugin, name, database)| async move {
        match answer(database).await {
            Ok(()) => Ok(name.to_owned()),
            Err(cause) => {
                tracing::warn!(target: "plinth::admin", plugin, database = name, "no answer: {cause}");
                Err(format!("{name} (for plugin {plugin})"))
            }
        }
    });
    let mut checked = Checked::default();
    for answered in join_all(asked).await {
        match answered {
            Ok(name) => checked.answering.insert(name),
            Err(name) => checked.silent.insert(name),
        };
    }
    checked
}

async fn answer(database: &Database) -> Result<(), String> {
    match tokio::time::timeout(TIMEOUT, database.check()).await {
        Ok(answer) => answer.map_err(|cause| format!("{cause:#}")),
        Err(_) => Err(format!("none within {} s", TIMEOUT.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn who_asks_often_is_told_the_same_result() {
        let checks = AtomicU32::new(0);
        let health = Health::default();
        let began = Instant::now();
        let ask = || async {
            health
                .latest(async {
                    checks.fetch_add(1, Ordering::Relaxed);
                    tokio::task::yield_now().await;
                    Checked::default()
                })
                .await;
        };
        join_all((0..100).map(|_| ask())).await;
        let seconds = u32::try_from(began.elapsed().as_secs()).expect("few");
        assert!(checks.load(Ordering::Relaxed) <= 1 + seconds);
        *health.0.lock().await = None;
        ask().await;
        assert!(checks.load(Ordering::Relaxed) >= 2);
    }
}
