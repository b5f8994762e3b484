//! What `bindgen!` generates for the world `plinth:host/plugin`: the traits a
//! host implements and the calls into a plugin.
//!
//! The only `bindgen!` of the crate; everything else names these types.
#![allow(
    missing_docs,
    unreachable_pub,
    reason = "generated code; the contract is documented in wit/"
)]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "plugin",
    imports: {
        "plinth:host/database": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    with: {
        "plinth:host/database.pending": crate::capability::database::Pending,
        "plinth:host/database.transaction": crate::capability::database::Transaction,
    },
});
