//! A bookshop's catalogue over REST: models, handlers, and data to try it with.
//!
//! `plinth dev plugins/bookstore`, then `curl http://127.0.0.1:8000/api/v1/books`.

mod authors;
mod books;
mod demo;
mod isbn;
mod models;
mod page;
mod reviews;
mod shelves;

use authors::{get_author, list_authors, list_books_of};
use books::{change_book, create_book, delete_book, get_book, list_books};
use models::{Author, Book, Category, Review};
use reviews::{create_review, list_reviews, mark_helpful};
use shelves::{list_categories, show_figures};

plinth::plugin! {
    models: [Author, Category, Book, Review],
    routes: [
        list_books,
        get_book,
        create_book,
        change_book,
        delete_book,
        list_reviews,
        create_review,
        mark_helpful,
        list_authors,
        get_author,
        list_books_of,
        list_categories,
        show_figures,
    ],
    seed: demo::load,
}
