//! Plugins that want all the memory there is.

use super::*;

#[tokio::test]
async fn memory_without_end() {
    harmless(async |site| {
        for _ in 0..5 {
            assert_eq!(site.0.get("/hostile/memory").await.status, 507);
        }
    })
    .await;
}

#[tokio::test]
async fn answers_as_large_as_they_may_be() {
    harmless(async |site| {
        for _ in 0..20 {
            site.0.get("/hostile/big/16000000").await;
        }
    })
    .await;
}

#[tokio::test]
async fn answers_larger_than_they_may_be() {
    harmless(async |site| {
        at_once(2, async || site.0.get("/hostile/big/30000000").await).await;
    })
    .await;
}

#[tokio::test]
async fn headers_without_end() {
    harmless(async |site| {
        for path in ["/hostile/headers/20000/10", "/hostile/headers/2/10000000"] {
            at_once(2, async || site.0.get(path).await).await;
        }
    })
    .await;
}

#[tokio::test]
async fn log_lines_without_end() {
    harmless(async |site| {
        at_once(8, async || site.0.get("/hostile/log/2000").await).await;
    })
    .await;
}
