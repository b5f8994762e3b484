//! What `plinth dev` and the tests need beyond serving: building plugins,
//! watching their sources, and a database of one's own.

pub mod build;
pub mod database;
pub mod postgres;
pub mod watch;
