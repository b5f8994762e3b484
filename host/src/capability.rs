//! What a plugin can ask of the host: one module per WIT interface, of the same
//! name as its file in `wit/`.
//!
//! A capability knows neither the server nor its siblings.

pub mod config;
pub mod database;
pub mod log;
pub mod request;

impl crate::bindings::plinth::host::types::Host for crate::state::State {}
