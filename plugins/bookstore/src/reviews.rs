//! Reviews of a book: list, add.

use plinth::prelude::*;
use serde::Deserialize;

use crate::models::{Book, Review};
use crate::page::{Page, PageSize};

/// Which part of the reviews to list.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ReviewFilter {
    limit: PageSize,
    offset: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReviewDraft {
    reviewer: String,
    rating: i32,
    #[serde(default)]
    body: String,
}

/// List a book's reviews, the most helpful first.
#[get("/api/v1/books/{id}/reviews")]
pub(crate) fn list_reviews(
    id: i64,
    Query(filter): Query<ReviewFilter>,
    db: Db,
) -> Result<JsonRows> {
    let book = Book::objects().filter(Book::id.eq(id)).get_or_404(&db)?;
    let page = Page {
        limit: filter.limit,
        offset: filter.offset,
    };
    let helpful = [Review::helpful.desc(), Review::id.desc()];
    page.of(book.reviews.objects()?.order_by(helpful), &db)
}

/// Review a book.
#[post("/api/v1/books/{id}/reviews")]
pub(crate) fn create_review(
    id: i64,
    Json(draft): Json<ReviewDraft>,
    db: Db,
) -> Result<Created<Review>> {
    draft.check()?;
    let review = create!(Review {
        book: id,
        reviewer: draft.reviewer,
        rating: draft.rating,
        body: draft.body,
    });
    match review.insert(&db) {
        Err(error) if error.is_foreign_key_violation() => {
            Err(Problem::not_found("There is no such book.").into())
        }
        Err(error) => Err(error),
        Ok(review) => Ok(Created::at(format!("/api/v1/books/{id}/reviews"), review)),
    }
}

/// Count a review as helpful.
#[post("/api/v1/reviews/{id}/helpful")]
pub(crate) fn mark_helpful(id: i64, db: Db) -> Result<Json<i32>> {
    // In the database, so that of two votes at once none is lost.
    let helpful = Review::objects()
        .filter(Review::id.eq(id))
        .update([Review::helpful.set(Review::helpful + 1)])
        .returning_values(Review::helpful)
        .one(&db)?;
    Ok(Json(helpful))
}

impl ReviewDraft {
    fn check(&self) -> Result<(), Problem> {
        Validation::new()
            .check(
                "reviewer",
                !self.reviewer.trim().is_empty(),
                "must not be empty",
            )
            .check(
                "rating",
                (1..=5).contains(&self.rating),
                "must be from 1 to 5",
            )
            .finish()
    }
}
