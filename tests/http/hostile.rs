//! Ways of being hostile, each against a host in a process of its own: whatever
//! a plugin or a client does, its neighbours are answered in time, the host goes
//! on, and its memory stays within a bound.

use std::time::{Duration, Instant};

use http::Method;
use plinth_tests::{Answer, ServeProcess};
use serde_json::{Value, json};

mod clients;
mod computing;
mod errors;
mod logs;
mod memory;
mod rows;
mod statements;
mod types;

/// How long a neighbour may wait for its answer: long enough for a debug build
/// on a machine that runs the other tests.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// How much memory more the host may use at most, whatever is done to it.
const GROWTH_BYTES_MAX: u64 = 256 << 20;

/// Short enough to reach in a test.
const SETTINGS: &str = "
[server]
send_timeout_ms = 2_000
body_timeout_ms = 2_000
header_timeout_ms = 2_000

[plugins.hostile.limits]
wall_ms_max = 10_000

[plugins.replies.limits]
reply_bytes_max = 1_000_000

[databases.default.limits]
statement_timeout_ms = 8_000
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "is the host of the other tests here, in a process of its own"]
async fn serves() {
    plinth_tests::serve().await;
}

/// A host with a plugin that does everything and two that do no harm.
struct Site(ServeProcess);

impl Site {
    async fn start() -> Self {
        let plugins = ["hostile", "replies", "hello"];
        let process = ServeProcess::start("hostile::serves", &plugins, SETTINGS).await;
        let site = Self(process);
        // What is made at the first request is none of the attack's.
        for path in ["/hello/hello/Ada", "/hostile/fine"] {
            assert_eq!(site.0.get(path).await.status, 200, "{path}");
        }
        site.script(&json!([{}])).await;
        site
    }

    /// Has the plugin do something to the database.
    async fn script(&self, steps: &Value) -> Answer {
        let mut client = self.0.client().await;
        client.json(Method::POST, "/hostile/script", steps).await
    }

    /// Has the host write an answer of rows.
    async fn reply(&self, wanted: &Value) -> Answer {
        let mut client = self.0.client().await;
        client.json(Method::POST, "/replies/raw/x", wanted).await
    }
}

/// Does what is hostile, and checks what it costs the others.
async fn harmless(attack: impl AsyncFn(&Site)) {
    let mut site = Site::start().await;
    site.0.reset_peak();
    let before = site.0.peak_bytes();
    let worst = tokio::select! {
        worst = neighbour(&site) => worst,
        () = attack(&site) => Duration::ZERO,
    };
    assert!(worst < ANSWERED_WITHIN, "a neighbour waited {worst:?}");
    let begun = Instant::now();
    assert_eq!(site.0.get("/hello/hello/Ada").await.status, 200);
    assert!(begun.elapsed() < ANSWERED_WITHIN, "the next one waited");
    let growth = site.0.peak_bytes().saturating_sub(before);
    assert!(
        growth < GROWTH_BYTES_MAX,
        "it took {} MiB more",
        growth >> 20
    );
    assert!(site.0.is_running());
}

/// Asks a neighbour again and again. Ends when that takes too long.
async fn neighbour(site: &Site) -> Duration {
    loop {
        let begun = Instant::now();
        let asked = tokio::time::timeout(ANSWERED_WITHIN, site.0.get("/hello/hello/Ada")).await;
        let Ok(answer) = asked else {
            return begun.elapsed();
        };
        assert_eq!(answer.status, 200);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Does something so many times at once.
async fn at_once<T>(times: usize, once: impl AsyncFn() -> T) -> Vec<T> {
    futures_util::future::join_all((0..times).map(|_| once())).await
}
