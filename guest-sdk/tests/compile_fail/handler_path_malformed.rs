//! Paths that are none.

use plinth::prelude::*;

#[get("books")]
fn no_slash() {}

#[get("/books/{id")]
fn no_brace(id: i64) -> String {
    format!("{id}")
}

#[get("/books/{id}.json")]
fn part_of_a_segment(id: i64) -> String {
    format!("{id}")
}

#[get("/{*rest}/more")]
fn rest_in_the_middle(rest: String) -> String {
    format!("{rest}")
}

#[get("/{id}/{id}")]
fn twice(id: i64) -> String {
    format!("{id}")
}

#[get("/books?limit={limit}")]
fn query(limit: i64) -> String {
    format!("{limit}")
}

#[get(books)]
fn no_text() {}

#[delete]
fn nothing() {}

fn main() {}
