//! Where statements leave the plugin: the host's functions, or off wasm
//! whatever a test put in their place.

#[cfg(target_family = "wasm")]
mod wasm;
#[cfg(target_family = "wasm")]
pub(super) use wasm::{Started, Transaction, execute, pipeline, query, start, statistics};

#[cfg(not(target_family = "wasm"))]
mod captured;
#[cfg(not(target_family = "wasm"))]
mod native;
#[cfg(not(target_family = "wasm"))]
pub(crate) use captured::Capture;
#[cfg(not(target_family = "wasm"))]
pub(crate) use native::{Driver, install};
#[cfg(not(target_family = "wasm"))]
pub(super) use native::{Started, Transaction, execute, pipeline, query, start, statistics};

#[cfg(all(test, not(target_family = "wasm")))]
pub(crate) mod script;
