//! Every test speaks HTTP to a real host with a real Postgres.

mod bookstore;
mod database;
mod hello;
mod limits;
mod orm;
mod reload;
mod server;
