//! Every test speaks HTTP to a real host with a real Postgres.

mod bookstore;
mod cancellation;
mod commits;
mod connections;
mod copy;
mod counts;
mod database;
mod databases;
mod hello;
mod hostile;
mod isolation;
mod lanes;
mod limits;
mod metrics;
mod orm;
mod own_process;
mod pool;
mod reload;
mod replica;
mod replies;
mod server;
mod sessions;
mod stale;
mod timeouts;
mod tls;
mod transactions;
