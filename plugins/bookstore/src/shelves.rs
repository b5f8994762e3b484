//! The shop at a glance: its categories, and figures of all books.

use plinth::orm::{avg, coalesce, count, max, min};
use plinth::prelude::*;
use serde::Serialize;

use crate::models::{Book, Category, Review};

/// A category, and what is in it.
#[derive(Serialize)]
pub(crate) struct Shelf {
    #[serde(flatten)]
    category: Category,
    books: i64,
    cheapest: Option<Decimal>,
}

/// Figures of all books.
#[derive(Serialize)]
pub(crate) struct Figures {
    books: i64,
    published: i64,
    featured: i64,
    average_price: Decimal,
    dearest: Option<Decimal>,
    average_rating: Option<Decimal>,
}

/// List the categories by name, each with how many published books it has.
#[get("/api/v1/categories")]
pub(crate) fn list_categories(db: Db) -> Result<Json<Vec<Shelf>>> {
    let published = || Category::books().filter(Book::published.is_true());
    let shelves = Category::objects()
        .annotate((published().count(), published().aggregate(min(Book::price))))
        .order_by([Category::name.asc()])
        .all(&db)?;
    let shelf = |(category, (books, cheapest))| Shelf {
        category,
        books,
        cheapest,
    };
    Ok(Json(shelves.into_iter().map(shelf).collect()))
}

/// Show figures of all books.
#[get("/api/v1/figures")]
pub(crate) fn show_figures(db: Db) -> Result<Json<Figures>> {
    let figures = (
        count(),
        count().filter(Book::published.is_true()),
        count().filter(Book::featured.is_true()),
        coalesce(avg(Book::price), 0),
        max(Book::price),
    );
    let (books, published, featured, average_price, dearest) =
        Book::objects().aggregate(figures, &db)?;
    Ok(Json(Figures {
        books,
        published,
        featured,
        average_price: average_price.round_dp(2),
        dearest,
        average_rating: Review::objects().aggregate(avg(Review::rating), &db)?,
    }))
}
