use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, Once, PoisonError};

use serde_json::Value;
use tracing_subscriber::EnvFilter;

use crate::Answer;

/// Lines that are kept, of all tests of the process together.
const LINES_MAX: usize = 10_000;

static LINES: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());

/// Keeps the host's log lines from here on, for [`log_lines`]. To be called
/// before the request in question.
///
/// # Panics
///
/// When something else has set up logging in this process.
pub fn keep_log() {
    static START: Once = Once::new();
    START.call_once(|| {
        let lines = tracing_subscriber::fmt().json().flatten_event(true);
        let lines = lines.with_env_filter(EnvFilter::new("plinth=info"));
        lines.with_writer(|| Line).init();
    });
}

/// What the log says of the request that was answered: of those lines that
/// have this target, the fields.
///
/// # Panics
///
/// When a line is no JSON.
pub fn log_lines(answer: &Answer, target: &str) -> Vec<Value> {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    let lines = lines.iter().map(|line| serde_json::from_str(line));
    let lines = lines.map(|line: serde_json::Result<Value>| line.expect("JSON"));
    let id = answer.header("x-request-id");
    lines
        .filter(|line| line["request_id"] == id && line["target"] == target)
        .collect()
}

/// Takes one line.
struct Line;

impl io::Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes).into_owned();
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
