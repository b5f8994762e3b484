//! A plugin and clients that do everything they must not, beside a plugin that is
//! asked whether it notices.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::connection::{Connection, post_json, request};

/// Requests to the hostile plugin that are under way at once.
const ATTACKERS: usize = 8;

/// How long a client holds on to what it does not take, or to half a request.
const HOLDS: Duration = Duration::from_secs(3);

/// How often the neighbour is asked.
const ASKED_EVERY: Duration = Duration::from_millis(20);

/// What the hostile plugin is asked to do.
const PATHS: [&str; 12] = [
    "/hostile/loop",
    "/hostile/memory",
    "/hostile/panic",
    "/hostile/overflow",
    "/hostile/exit",
    "/hostile/index",
    "/hostile/log/200",
    "/hostile/big/16000000",
    "/hostile/headers/20000/10",
    "/hostile/reply/split",
    "/hostile/pending/forget",
    "/hostile/leak",
];

/// What it is asked to do to Postgres.
const SCRIPTS: [&str; 9] = [
    r#"[{"sql":"SELECT repeat('x', 100000000)"}]"#,
    r#"[{"sql":"SELECT generate_series(1, 1000000000), repeat('x', 1000)"}]"#,
    r#"[{"sql":"SELECT generate_series(1, 50000)","way":"execute","times":50}]"#,
    r#"[{"sql":"SELECT repeat('x', 5000000)","way":"start","times":32},{"way":"compute","timeout_ms":200}]"#,
    r#"[{"sql":"SELECT {n}","types":65535,"times":5}]"#,
    r#"[{"sql":"SELECT pg_sleep(30)"}]"#,
    r#"[{"way":"begin"},{"sql":"SET LOCAL statement_timeout = 0"},{"sql":"SELECT pg_sleep(60)"}]"#,
    r#"[{"way":"begin"},{"way":"copy out","sql":"COPY (SELECT repeat('x', 100000000)) TO STDOUT"}]"#,
    r#"[{"sql":"SELECT set_config('work_mem', '64kB', false)"}]"#,
];

/// What the neighbour noticed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Noticed {
    /// Answers.
    pub answers: u64,
    /// Those that were none, or wrong.
    pub wrong: u64,
    /// The longest wait for one.
    pub worst: Duration,
}

/// All of it, until it is stopped.
pub(super) struct Hostility {
    stopped: Arc<AtomicBool>,
    attacks: JoinSet<()>,
    neighbour: tokio::task::JoinHandle<Noticed>,
}

impl Hostility {
    /// Begins.
    pub(super) fn start(address: SocketAddr) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let mut attacks = JoinSet::new();
        for number in 0..ATTACKERS {
            attacks.spawn(attack(address, number, Arc::clone(&stopped)));
        }
        for client in [Client::TakesNothing, Client::SendsHalf, Client::Announces] {
            attacks.spawn(client.bother(address, Arc::clone(&stopped)));
        }
        let neighbour = tokio::spawn(ask(address, Arc::clone(&stopped)));
        Self {
            stopped,
            attacks,
            neighbour,
        }
    }

    /// Ends it.
    pub(super) async fn stop(mut self) -> Result<Noticed> {
        self.stopped.store(true, Ordering::Relaxed);
        while self.attacks.join_next().await.is_some() {}
        self.neighbour.await.context("the neighbour panicked")
    }
}

/// Asks for one thing after the other. What comes of it is the plugin's own.
async fn attack(address: SocketAddr, number: usize, stopped: Arc<AtomicBool>) {
    let requests: Vec<Bytes> = PATHS
        .iter()
        .map(|path| request(path))
        .chain(
            SCRIPTS
                .iter()
                .map(|script| post_json("/hostile/script", script)),
        )
        .collect();
    for request in requests.iter().cycle().skip(number * 3) {
        if stopped.load(Ordering::Relaxed) {
            return;
        }
        if let Ok(mut connection) = Connection::open(address).await {
            let _ = connection.exchange(request).await;
        }
    }
}

/// What a client does.
#[derive(Clone, Copy, Debug)]
enum Client {
    TakesNothing,
    SendsHalf,
    Announces,
}

impl Client {
    async fn bother(self, address: SocketAddr, stopped: Arc<AtomicBool>) {
        let bytes: &[u8] = match self {
            Self::TakesNothing => b"GET /hostile/big/16000000 HTTP/1.1\r\nhost: a\r\n\r\n",
            Self::SendsHalf => b"GET /hello/hello/Ada HTTP/1.1\r\nhost: a\r\nx-",
            Self::Announces => {
                b"POST /hostile/length HTTP/1.1\r\nhost: a\r\ncontent-length: 2000000\r\n\r\nxx"
            }
        };
        while !stopped.load(Ordering::Relaxed) {
            let mut held = Vec::new();
            for _ in 0..10 {
                if let Ok(mut stream) = TcpStream::connect(address).await {
                    let _ = stream.write_all(bytes).await;
                    held.push(stream);
                }
            }
            tokio::time::sleep(HOLDS).await;
        }
    }
}

/// Asks the plugin that does no harm.
async fn ask(address: SocketAddr, stopped: Arc<AtomicBool>) -> Noticed {
    let mut noticed = Noticed::default();
    let request = request("/hello/hello/Ada");
    while !stopped.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let answer = async { Connection::open(address).await?.ask(&request).await };
        let is_right = answer
            .await
            .is_ok_and(|body| body == r#"{"text":"Hello, Ada!"}"#);
        noticed.answers += 1;
        noticed.wrong += u64::from(!is_right);
        noticed.worst = noticed.worst.max(begun.elapsed());
        tokio::time::sleep(ASKED_EVERY).await;
    }
    noticed
}
