//! Authors, to read only.

use plinth::prelude::*;
use serde::Deserialize;

use crate::models::Author;
use crate::page::{Page, PageSize};

/// Which part of the authors to list.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AuthorFilter {
    limit: PageSize,
    offset: u64,
    search: Option<String>,
}

/// List authors by name.
#[get("/api/v1/authors")]
pub(crate) fn list_authors(Query(filter): Query<AuthorFilter>, db: Db) -> Result<Page<Author>> {
    let mut authors = Author::objects();
    if let Some(search) = &filter.search {
        authors = authors.filter(Author::name.icontains(search));
    }
    let items = authors
        .order_by([Author::name.asc(), Author::id.asc()])
        .offset(filter.offset)
        .limit(filter.limit.get())
        .all(&db)?;
    Ok(Page {
        items,
        limit: filter.limit,
        offset: filter.offset,
    })
}

/// Show an author.
#[get("/api/v1/authors/{id}")]
pub(crate) fn get_author(id: i64, db: Db) -> Result<Json<Author>> {
    let author = Author::objects()
        .filter(Author::id.eq(id))
        .get_or_404(&db)?;
    Ok(Json(author))
}
