//! What Postgres makes of the ORM's SQL, on rows for which a wrong translation
//! gives another answer. The queries run natively: what the host adds is tested
//! over HTTP.

mod bulk;
mod concurrency;
mod constraints;
mod copy;
mod cursors;
mod distinct;
mod expressions;
mod faults;
mod hostile;
mod key_sequence;
mod keys;
mod limits;
mod loading;
mod lookups;
mod models;
mod names;
mod narrowings;
mod nested;
mod nulls;
mod plans;
mod properties;
mod queries;
mod skips;
mod ties;
mod to_many;
mod transactions;
mod types;
mod undone;
mod upserts;
mod variants;
mod versions;
