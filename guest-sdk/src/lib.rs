//! The guest SDK of Plinth.
// The macros name the crate as plugins do.
#[cfg(test)]
extern crate self as plinth;

#[doc(hidden)]
pub mod bindings;
pub mod config;
pub mod database;
mod error;
pub mod http;
pub mod log;
pub mod orm;
#[doc(hidden)]
pub mod plugin;
pub mod prelude;
mod request;

pub use database::Db;
pub use error::{Error, Result};
pub use jiff::Timestamp;
pub use jiff::civil::Date;
pub use orm::Model;
pub use plinth_sdk_macros::{Choices, Model, create, delete, get, patch, post, put};
pub use request::Request;
pub use rust_decimal::Decimal;
pub use uuid::Uuid;
