//! What `wit-bindgen` generates for the world `plinth:host/plugin`.
//!
//! Generated here once, so that a plugin never runs the generator itself.
//! Plugins use the modules that wrap it; only [`plugin!`](crate::plugin!)
//! names it.
#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    reason = "generated code; the contract is documented in wit/"
)]

wit_bindgen::generate!({
    path: "../wit",
    world: "plugin",
    pub_export_macro: true,
    default_bindings_module: "plinth::bindings",
});
