//! Plugins that compute for ever, or end where they stand.

use super::*;

async fn many(path: &str) {
    harmless(async |site| {
        let answers = at_once(20, async || site.0.get(path).await).await;
        for answer in answers {
            assert!(answer.status.is_server_error(), "{answer:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn loops_without_end() {
    many("/hostile/loop").await;
}

#[tokio::test]
async fn panics() {
    many("/hostile/panic").await;
}

#[tokio::test]
async fn an_index_out_of_bounds() {
    many("/hostile/index").await;
}

#[tokio::test]
async fn recursion_without_end() {
    many("/hostile/overflow").await;
}

#[tokio::test]
async fn exits() {
    many("/hostile/exit").await;
}

#[tokio::test]
async fn answers_that_are_none() {
    for kind in ["status", "split", "length", "name"] {
        many(&format!("/hostile/reply/{kind}")).await;
    }
}
