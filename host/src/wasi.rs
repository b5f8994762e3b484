//! The few WASI functions that Rust's standard library needs in a guest.
//!
//! Nothing of the machine is behind them: the environment is empty, standard
//! error is the log, and leaving is a trap.
//! Every other WASI function that a component imports traps when it is called,
//! so a plugin has no files and no sockets, whatever it links.
//!
//! Small synchronous functions instead of the `wasmtime-wasi` crate: that one
//! costs every store a context of its own (half a microsecond of a request).

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Result, anyhow};
use wasmtime::StoreContextMut;
use wasmtime::component::types::{ComponentInstance, ComponentItem};
use wasmtime::component::{
    Component, ComponentType, Lift, Linker, LinkerInstance, Lower, Resource, ResourceType,
};

use crate::capability::log::stderr_line;
use crate::state::State;

/// Longer lines of standard error are cut.
const LINE_BYTES_MAX: usize = 16 << 10;

/// The most random bytes in one call.
const RANDOM_BYTES_MAX: u64 = 64 << 10;

/// What the guest printed to standard error and has not ended with a newline.
#[derive(Default)]
pub(crate) struct Stderr {
    line: Vec<u8>,
    last: String,
}

impl Stderr {
    /// The last whole line: after a panic, its message.
    pub(crate) fn last_line(&self) -> &str {
        &self.last
    }
}

/// An output stream of the guest: there is but standard error.
enum OutputStream {}

/// An error of a stream, of which there is none.
enum StreamFailure {}

/// Something to wait for. Our streams are always ready.
enum Pollable {}

#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    LastOperationFailed(Resource<StreamFailure>),
    #[component(name = "closed")]
    Closed,
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

/// Defines what `component` imports of WASI. Of any other package nothing is
/// defined, so that what this host does not offer is refused when it is linked.
///
/// # Errors
///
/// When an interface of WASI is not what it should be.
pub(crate) fn add_to_linker(linker: &mut Linker<State>, component: &Component) -> Result<()> {
    let engine = linker.engine().clone();
    // What is offered stands above the traps.
    linker.allow_shadowing(true);
    for (name, item) in component.component_type().imports(&engine) {
        let ComponentItem::ComponentInstance(imported) = item.ty else {
            continue;
        };
        if !name.starts_with("wasi:") {
            continue;
        }
        let interface = name
            .split_once('@')
            .map_or(name, |(interface, _)| interface);
        let mut instance = linker.instance(name).map_err(anyhow::Error::from)?;
        traps(&mut instance, interface, &imported, &engine)
            .and_then(|()| resources(&mut instance, &imported, &engine))
            .and_then(|()| functions(&mut instance, interface))
            .map_err(|error| anyhow!("{interface}: {error}"))?;
    }
    linker.allow_shadowing(false);
    Ok(())
}

/// Defines each function of an interface as a trap.
fn traps(
    linker: &mut LinkerInstance<'_, State>,
    interface: &str,
    imported: &ComponentInstance,
    engine: &wasmtime::Engine,
) -> wasmtime::Result<()> {
    for (name, item) in imported.exports(engine) {
        match item.ty {
            ComponentItem::ComponentFunc(_) => {
                let called = format!("{interface}#{name}");
                linker.func_new(name, move |_, _, _, _| {
                    Err(wasmtime::format_err!("plugins have no {called}"))
                })?;
            }
            ComponentItem::Resource(_) => {
                linker.resource(name, ResourceType::host::<()>(), |_, _| Ok(()))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Defines the resources that several interfaces name, as the same type in each.
fn resources(
    linker: &mut LinkerInstance<'_, State>,
    imported: &ComponentInstance,
    engine: &wasmtime::Engine,
) -> wasmtime::Result<()> {
    for (name, item) in imported.exports(engine) {
        match (name, item.ty) {
            ("error", ComponentItem::Resource(_)) => {
                linker.resource(
                    "error",
                    ResourceType::host::<StreamFailure>(),
                    |_, _| Ok(()),
                )?;
            }
            ("output-stream", ComponentItem::Resource(_)) => {
                linker.resource(
                    "output-stream",
                    ResourceType::host::<OutputStream>(),
                    |_, _| Ok(()),
                )?;
            }
            ("pollable", ComponentItem::Resource(_)) => {
                linker.resource("pollable", ResourceType::host::<Pollable>(), |_, _| Ok(()))?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn functions(linker: &mut LinkerInstance<'_, State>, interface: &str) -> wasmtime::Result<()> {
    match interface {
        "wasi:cli/environment" => environment(linker),
        "wasi:cli/exit" => exit(linker),
        "wasi:cli/stderr" => linker.func_wrap("get-stderr", |_: Store<'_>, ()| {
            Ok((Resource::<OutputStream>::new_own(0),))
        }),
        "wasi:io/streams" => streams(linker),
        "wasi:io/poll" => poll(linker),
        "wasi:clocks/monotonic-clock" => monotonic_clock(linker),
        "wasi:clocks/wall-clock" => wall_clock(linker),
        "wasi:random/random" => random(linker),
        "wasi:random/insecure-seed" => linker.func_wrap("insecure-seed", |_: Store<'_>, ()| {
            Ok(((rand_u64(), rand_u64()),))
        }),
        _ => Ok(()),
    }
}

type Store<'a> = StoreContextMut<'a, State>;

fn environment(linker: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    linker.func_wrap("get-environment", |_: Store<'_>, ()| {
        Ok((Vec::<(String, String)>::new(),))
    })?;
    linker.func_wrap("get-arguments", |_: Store<'_>, ()| {
        Ok((Vec::<String>::new(),))
    })?;
    linker.func_wrap("initial-cwd", |_: Store<'_>, ()| Ok((None::<String>,)))
}

fn exit(linker: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    linker.func_wrap(
        "exit",
        |_: Store<'_>, (_,): (std::result::Result<(), ()>,)| -> wasmtime::Result<()> {
            Err(wasmtime::format_err!(
                "the plugin called exit, which ends only its request"
            ))
        },
    )
}

fn streams(linker: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    type Write = (Resource<OutputStream>, Vec<u8>);
    type Outcome = std::result::Result<(), StreamError>;
    for name in ["write", "blocking-write-and-flush"] {
        linker.func_wrap(
            &format!("[method]output-stream.{name}"),
            |mut store: Store<'_>, (_, bytes): Write| {
                print(store.data_mut(), &bytes);
                Ok((Outcome::Ok(()),))
            },
        )?;
    }
    for name in ["flush", "blocking-flush"] {
        linker.func_wrap(
            &format!("[method]output-stream.{name}"),
            |_: Store<'_>, (_,): (Resource<OutputStream>,)| Ok((Outcome::Ok(()),)),
        )?;
    }
    linker.func_wrap(
        "[method]output-stream.subscribe",
        |_: Store<'_>, (_,): (Resource<OutputStream>,)| Ok((Resource::<Pollable>::new_own(0),)),
    )?;
    linker.func_wrap(
        "[method]output-stream.check-write",
        |_: Store<'_>, (_,): (Resource<OutputStream>,)| {
            Ok((std::result::Result::<u64, StreamError>::Ok(
                LINE_BYTES_MAX as u64,
            ),))
        },
    )
}

fn poll(linker: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    linker.func_wrap(
        "[method]pollable.block",
        |_: Store<'_>, (_,): (Resource<Pollable>,)| Ok(()),
    )?;
    linker.func_wrap(
        "[method]pollable.ready",
        |_: Store<'_>, (_,): (Resource<Pollable>,)| Ok((true,)),
    )
}

fn monotonic_clock(linker: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    let start = Instant::now();
    linker.func_wrap("now", move |_: Store<'_>, ()| {
        Ok((u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX),))
    })?;
    linker.func_wrap("resolution", |_: Store<'_>, ()| Ok((1_u64,)))
}

fn wall_clock(linker: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    linker.func_wrap("now", |_: Store<'_>, ()| {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Ok((Datetime {
            seconds: now.as_secs(),
            nanoseconds: now.subsec_nanos(),
        },))
    })?;
    linker.func_wrap("resolution", |_: Store<'_>, ()| {
        Ok((Datetime {
            seconds: 0,
            nanoseconds: 1,
        },))
    })
}

fn random(linker: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    linker.func_wrap("get-random-u64", |_: Store<'_>, ()| Ok((rand_u64(),)))?;
    linker.func_wrap("get-random-bytes", |_: Store<'_>, (length,): (u64,)| {
        if length > RANDOM_BYTES_MAX {
            return Err(wasmtime::format_err!(
                "more than {RANDOM_BYTES_MAX} random bytes at once"
            ));
        }
        let mut bytes = vec![0; usize::try_from(length).expect("checked above")];
        getrandom::fill(&mut bytes).expect("the operating system has randomness");
        Ok((bytes,))
    })
}

/// Eight bytes of the operating system's randomness.
fn rand_u64() -> u64 {
    getrandom::u64().expect("the operating system has randomness")
}

/// Hands whole lines to the log.
fn print(state: &mut State, bytes: &[u8]) {
    for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
        let (text, ended) = match piece.strip_suffix(b"\n") {
            Some(text) => (text, true),
            None => (piece, false),
        };
        let room = LINE_BYTES_MAX.saturating_sub(state.stderr.line.len());
        state
            .stderr
            .line
            .extend_from_slice(&text[..text.len().min(room)]);
        if ended {
            end_line(state);
        }
    }
}

fn end_line(state: &mut State) {
    let line = std::mem::take(&mut state.stderr.line);
    let line = String::from_utf8_lossy(&line).into_owned();
    if !line.is_empty() {
        stderr_line(state, &line);
        state.stderr.last = line;
    }
}
