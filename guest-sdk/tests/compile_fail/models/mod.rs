//! The models that the mistakes are made with.
#![allow(dead_code, reason = "each mistake needs a few of them")]

use plinth::prelude::*;

#[derive(Model)]
#[model(table = "authors")]
pub struct Author {
    #[model(key, auto)]
    pub id: i64,
    pub name: String,
}

#[derive(Model)]
#[model(table = "books")]
pub struct Book {
    #[model(key, auto)]
    pub id: i64,
    pub title: String,
    pub subtitle: Option<String>,
    pub pages: i32,
    pub author: ForeignKey<Author>,
}

#[derive(Model)]
#[model(table = "reviews")]
pub struct Review {
    #[model(key, auto)]
    pub id: i64,
    pub book: ForeignKey<Book>,
}
