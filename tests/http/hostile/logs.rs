//! A log that nobody reads, and lines that are none of the host's.

use super::*;

/// A host that logs into a pipe.
async fn site(settings: &str) -> ServeProcess {
    let plugins = ["hostile", "hello"];
    ServeProcess::start_unread("hostile::serves", &plugins, settings).await
}

#[tokio::test]
async fn a_log_that_nobody_reads() {
    let mut site = site("[server]\ndrain_timeout_ms = 1_000").await;
    // More than the pipe holds, in lines of the access log and of the plugin.
    for path in ["/hostile/fine", "/hostile/log/500"] {
        let mut client = site.client().await;
        for _ in 0..1_000 {
            let asked = tokio::time::timeout(ANSWERED_WITHIN, client.get(path)).await;
            assert_eq!(asked.expect("in time").status, 200);
        }
    }
    let asked = tokio::time::timeout(ANSWERED_WITHIN, site.get("/hello/hello/Ada")).await;
    assert_eq!(asked.expect("in time").status, 200);
    site.signal("TERM").await;
    site.ended_within(Duration::from_secs(15)).await;
}

#[tokio::test]
async fn a_log_whose_reader_is_gone() {
    let mut site = site("").await;
    site.close_log();
    for _ in 0..50 {
        assert_eq!(site.get("/hostile/log/10").await.status, 200);
    }
    site.signal("TERM").await;
    site.ended_within(Duration::from_secs(15)).await;
}

#[tokio::test]
async fn hanging_up_ends_nothing() {
    let mut site = site("").await;
    site.signal("HUP").await;
    while let Some(line) = site.next_log_line().await {
        if line.contains("SIGHUP is ignored") {
            break;
        }
    }
    assert_eq!(site.get("/hello/hello/Ada").await.status, 200);
}

#[tokio::test]
async fn a_plugin_that_logs_too_much_is_told_and_others_are_not_hurt() {
    let settings = "[plugins.hostile.limits]\nlog_bytes_per_second_max = 100_000";
    let mut site = site(settings).await;
    assert_eq!(site.get("/hostile/log/100").await.status, 200);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(site.get("/hostile/log/1").await.status, 200);
    assert_eq!(site.get("/hello/hello/Ada").await.status, 200);
    let mut was_told = false;
    let (mut lines, mut access) = (0, 0);
    while let Some(line) = site.next_log_line().await {
        lines += usize::from(line.contains("xxxxxxxx"));
        access += usize::from(line.contains("plinth::access"));
        was_told |= line.contains("lines of the plugin were dropped");
        if line.contains("/hello/hello/Ada") {
            break;
        }
    }
    assert!(
        was_told && lines < 20 && access >= 3,
        "{lines} lines, {access} requests"
    );
}
