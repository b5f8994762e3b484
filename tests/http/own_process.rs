//! Tests of memory, which need a process without the other tests of this one.

/// Runs an ignored test of this program in a process of its own.
pub(crate) async fn run(test: &str) {
    let program = std::env::current_exe().expect("this program");
    let run = tokio::process::Command::new(program)
        .args(["--exact", test, "--ignored", "--nocapture"])
        .output();
    let output = run.await.expect("runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{complaint}"
    );
}

/// The memory of this process that is in use, in bytes.
pub(crate) fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().split(' ').next());
    kilobytes.expect("there").parse::<u64>().expect("a number") * 1024
}
