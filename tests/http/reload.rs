use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use plinth_host::host::Reload;
use plinth_tests::{TestHost, component};

use crate::limits::create_held;

/// The bytes of a plugin, made another version of it by a section that no
/// program reads: a custom section of a component has the number 0.
async fn version(plugin: &str, number: u8) -> Vec<u8> {
    let mut wasm = tokio::fs::read(component(plugin).await)
        .await
        .expect("built");
    wasm.extend_from_slice(&[0, 3, 1, b'v', number]);
    wasm
}

#[tokio::test]
async fn the_same_bytes_swap_nothing() {
    let host = TestHost::start("hello").await;
    let same = tokio::fs::read(component("hello").await)
        .await
        .expect("built");
    assert_eq!(host.reload(same).await, Reload::Unchanged);
    assert_eq!(host.get("/").await.generation(), 1);
    assert_eq!(
        host.reload(version("hello", 1).await).await,
        Reload::Swapped(2)
    );
    assert_eq!(host.get("/").await.generation(), 2);
}

#[tokio::test]
async fn bytes_that_are_no_plugin_leave_the_old_one_serving() {
    let host = TestHost::start("hello").await;
    let mut cut = version("hello", 1).await;
    cut.truncate(cut.len() / 2);
    for wasm in [
        vec![],
        b"not wasm".to_vec(),
        b"\0asm\x0d\0\x01\0".to_vec(),
        cut,
    ] {
        let error = host
            .host()
            .reload("hello", wasm)
            .await
            .expect_err("refused");
        assert!(format!("{error:#}").contains("hello"), "{error:#}");
    }
    assert_eq!(host.get("/").await.generation(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reloads_under_load_fail_no_request() {
    let host = TestHost::start("hello").await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = Vec::new();
    for _ in 0..8 {
        let (mut client, stop) = (host.client().await, Arc::clone(&stop));
        clients.push(tokio::spawn(async move {
            let (mut served, mut last) = (0_u32, 0);
            while !stop.load(Ordering::Relaxed) {
                let answer = client.get("/hello/Ada").await;
                assert_eq!(answer.status, 200, "{answer:?}");
                assert!(
                    answer.generation() >= last,
                    "a connection never goes back a generation"
                );
                (served, last) = (served + 1, answer.generation());
            }
            (served, last)
        }));
    }
    for number in 1..=5 {
        assert_eq!(
            host.reload(version("hello", number).await).await,
            Reload::Swapped(u64::from(number) + 1)
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        let (served, last) = client.await.expect("no request failed");
        assert!(served > 5, "only {served} requests were served");
        assert_eq!(last, 6);
    }
}

#[tokio::test]
async fn a_request_in_flight_finishes_on_the_old_version() {
    let host = TestHost::start("hostile").await;
    create_held(&host).await;
    let mut client = host.client().await;
    let holding = tokio::spawn(async move { client.get("/hold/2").await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    host.reload(version("hostile", 1).await).await;
    assert_eq!(host.get("/fine").await.generation(), 2);
    let held = holding.await.expect("no panic");
    assert_eq!((held.text(), held.generation()), ("held", 1));
}

/// The component, with each occurrence of a name in place of another of its
/// length.
async fn renamed(plugin: &str, name: &str, other: &str) -> Vec<u8> {
    assert_eq!(name.len(), other.len());
    let wasm = std::fs::read(plinth_tests::component(plugin).await).expect("built");
    let mut out = Vec::with_capacity(wasm.len());
    let mut rest = &wasm[..];
    while let Some(at) = rest
        .windows(name.len())
        .position(|part| part == name.as_bytes())
    {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(other.as_bytes());
        rest = &rest[at + name.len()..];
    }
    assert!(!out.is_empty(), "{name} is in it");
    out.extend_from_slice(rest);
    out
}

#[tokio::test]
async fn a_component_of_another_contract_is_refused_by_name() {
    let host = TestHost::start("hostile").await;
    for (name, other, said) in [
        (
            "plinth:host/log@0.4.0",
            "plinth:host/log@0.3.0",
            "built for plinth:host@0.3.0, and this host speaks plinth:host@0.4.0",
        ),
        (
            "plinth:host/handler@0.4.0",
            "plinth:host/handler@9.4.0",
            "built for plinth:host@9.4.0",
        ),
        (
            "plinth:host/log@0.4.0",
            "plinth:host/lug@0.4.0",
            "imports what this host does not offer",
        ),
        (
            "copy-write",
            "copy-writk",
            "imports what this host does not offer",
        ),
        (
            "plinth:host/log@0.4.0",
            "plinth:hast/log@0.4.0",
            "imports what this host does not offer",
        ),
    ] {
        let wasm = renamed("hostile", name, other).await;
        let refused = host.host().reload("hostile", wasm).await;
        let told = format!("{:#}", refused.map(drop).expect_err("refused"));
        assert!(told.contains(said), "{other}: {told}");
        assert_eq!(host.get("/fine").await.status, 200, "the old one serves");
    }
}

#[tokio::test]
async fn a_component_that_is_no_file_is_refused_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let fifo = folder.path().join("fifo.wasm");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.expect("runs").success());
    for path in [&fifo, &folder.path().to_path_buf(), &"/dev/zero".into()] {
        let text = format!(
            "data_dir = {folder:?}\n[plugins.a]\ncomponent = {path:?}",
            folder = folder.path()
        );
        let config = plinth_host::config::Config::parse(&text).expect("valid");
        let starting = plinth_host::host::Host::start(config);
        let started = tokio::time::timeout(std::time::Duration::from_secs(10), starting).await;
        let told = format!(
            "{:#}",
            started.expect("at once").map(drop).expect_err("refused")
        );
        assert!(told.contains("is no file"), "{told}");
    }
}
